// The Generation page in one view: inputs, one row a rule, a verdict. All of it is computed in the
// visitor's browser, in a worker; what is given, drawn and dragged is in the link.
//
//   create(parent, { setup, worker, query, onLink, onLeave }) -> { destroy }
//
// `setup` is what told.py says of a dataset, `worker` the text of the worker's module, `query` the
// link's parameters; `onLink(parameters)` hears of every state that a link can say, `onLeave()` when
// the visitor follows its experts to the Barycenters page.

import { button, h, percent, pressed, select } from "./dom.js";
import { canFuse } from "./fusion.js";
import { desk } from "./desk.js";
import { inputs } from "./inputs.js";
import { chosen, paint, picture, spelled, unpack } from "./observations.js";
import { DRAWS, ruleRow } from "./rows.js";
import { defaults, readLink, settled, writeLink } from "./state.js";
import { COMPOSED, ink, read as readDrawing } from "./strokes.js";
import { SURE, agreement, behavior, called, verdict, why } from "./words.js";

const MOVING_DRAWS = 4, REST = 160, COUNT = 8, ENOUGH = 400, SLIDE = Array.from({ length: 21 }, (_, i) => i / 20), SLIDE_DRAWS = 24;
const zero = () => ({ a: 0, b: 0, other: 0, total: 0 });

export function create(parent, { setup, worker, query, onLink = () => {}, onLeave = () => {} }) {
  const root = h("div", { class: "gx", "data-state": "loading" });
  parent.append(root);
  const lab = desk(worker);
  const board = {
    about: { ...setup, labels: [], nItems: 0 }, state: null, base: null, packs: new Map(), wanted: {}, sliding: false,
    counting: true, counts: {}, curves: {}, calm: {}, seen: {},
  };
  const fusing = setup.models.filter((m) => canFuse({ kind: m.kind, shared: m.shared, latent: m.latent }));
  let rows = [], panel = null, timer = 0, version = 0, closed = false, answers = [], batch = 0, painted = 0, guess = {}, revealed = false;
  const modality = (name) => setup.modalities.find((m) => m.name === name);
  const live = h("p", { class: "gx-hidden", "aria-live": "polite" });

  // ---- samples -------------------------------------------------------------------------------------
  async function pack(page) {
    if (!board.packs.has(page)) {
      const loading = (async () => {
        const answer = await fetch(new URL(`${setup.samples}/${page}.json`, document.baseURI));
        if (!answer.ok) throw new Error(await answer.text());
        const told = await answer.json();
        return { ...told, at: await unpack(told) };
      })();
      board.packs.set(page, loading);
      loading.then((found) => board.packs.set(page, found), () => board.packs.delete(page));
    }
    return board.packs.get(page);
  }
  const sample = (item) => {
    const found = board.packs.get(Math.floor(item / setup.page));
    return found?.at ? { pack: found, row: item % setup.page, label: found.labels[item % setup.page] } : null;
  };
  board.samples = () => board.about.nItems > 0;
  const whose = (name) => (board.state.swapped.includes(name) ? board.state.other : board.state.item);
  const of = (item, name) => {
    const found = sample(item);
    return found ? found.pack.at[name].values[found.row] : null;
  };

  // ---- inputs ---------------------------------------------------------------------------------------
  board.pen = (name) => {
    const found = sample(board.state.item);
    return found ? found.pack.at[name].pen ?? null : setup.pens[name];
  };
  board.penNote = (name) => {
    const way = board.pen(name);
    if (!board.samples() && way === "invert") return "The pictures behind the digits are not here, so the digit is set on plain grey: unlike anything the network has seen.";
    return { invert: "Colors are inverted under the pen, as the dataset does.", add: "Brighter or darker under the pen, as the dataset does.", ink: "Grey ink, as in the dataset.", path: "The path of the pen is the input." }[way];
  };
  const drawn = (name) => {
    const m = modality(name), drawing = board.state.drawn[name], [, height, width] = m.shape;
    const found = sample(board.state.item), own = found?.pack.at[name];
    const bare = own?.bare?.[found.row] ?? new Float32Array(m.shape.reduce((a, b) => a * b, 1)).fill(m.shape[0] === 1 ? 0 : 0.35);
    const wet = m.kind === "image" ? ink(drawing, height, width) : null;
    return COMPOSED[board.pen(name)](wet, bare, m.shape, { strokes: own?.strokes?.[found.row], drawing });
  };
  const put = (name) => {
    const { state } = board;
    if (name in state.drawn) return drawn(name);
    if (name in state.typed) return spelled(state.typed[name], modality(name));
    if (name in state.chosen) return chosen(Math.min(state.chosen[name], modality(name).shape[0] - 1), modality(name));
    return null;
  };
  board.blends = (name) => {
    const { state } = board;
    return (state.swapped.includes(name) || name in state.drawn) && modality(name).kind === "image" && board.samples() && board.sides().length > 1;
  };
  board.values = (name) => {
    const values = put(name) ?? of(whose(name), name);
    const { mix } = board.state;
    if (!values || mix === 1 || !board.blends(name)) return values;
    const agreeing = of(board.state.item, name);
    return values.map((v, i) => mix * v + (1 - mix) * agreeing[i]);
  };
  board.label = (name) => {
    const { state } = board;
    if (name in state.drawn || name in state.typed || name in state.chosen) return board.seen[name]?.reads ?? null;
    return sample(whose(name))?.label ?? null;
  };
  board.called = (name) => (/^m\d$/.test(name) ? `View ${Number(name[1]) + 1}` : name);
  // Classes of what is given: A, what the sample's own inputs show, then B.
  board.sides = () => {
    const { state } = board;
    const first = state.given.filter((name) => !state.swapped.includes(name) && !(name in state.drawn));
    const labels = [...first, ...state.given].map(board.label).filter((k) => k !== null);
    return [...new Set(labels)].slice(0, 2);
  };
  board.side = (name) => ["A", "B"][board.sides().indexOf(board.label(name))] ?? null;
  board.sideOf = (k) => {
    const at = board.sides().indexOf(k);
    return at < 0 ? "neither" : board.sides().length > 1 ? "AB"[at] : "right";
  };
  board.give = (name) => {
    const { given } = board.state;
    board.change({ given: given.includes(name) ? given.filter((n) => n !== name) : [...given, name] });
  };
  board.contradict = (name) => {
    const { given, swapped } = board.state;
    board.change({ given: [...given, name], swapped: swapped.includes(name) ? swapped.filter((n) => n !== name) : [...swapped, name] });
  };
  const without = (part, name) => Object.fromEntries(Object.entries(part).filter(([key]) => key !== name));
  board.clear = (name) => {
    const { drawn: d, typed, chosen: c } = board.state;
    board.change({ drawn: without(d, name), typed: without(typed, name), chosen: without(c, name) });
  };
  board.draw = (name, drawing, moving) =>
    board.change({ drawn: drawing ? { ...board.state.drawn, [name]: drawing } : without(board.state.drawn, name), given: [...board.state.given, name] }, { moving, put: name });
  board.type = (name, text) =>
    board.change({ typed: text ? { ...board.state.typed, [name]: text } : without(board.state.typed, name), given: [...board.state.given, name] }, { put: name });
  board.choose = (name, k) => board.change({ chosen: { ...board.state.chosen, [name]: k }, given: [...board.state.given, name] }, { put: name });
  board.pictured = (field) => {
    const shown = setup.modalities.find((m) => m.kind === "image") ?? setup.modalities[0];
    return [shown, of(board.state[field], shown.name)];
  };
  async function go(field, item) {
    await pack(Math.floor(item / setup.page));
    const patch = { [field]: item };
    if (field === "item" && sample(item).label === sample(board.state.other)?.label) patch.other = await opponent(item);
    board.change(patch);
  }
  async function find(start, step, fits) {
    const n = board.about.nItems;
    for (let k = 1, item = start; k <= Math.min(n, 1200); k++) {
      item = (item + step + n) % n;
      await pack(Math.floor(item / setup.page));
      if (fits(sample(item).label)) return item;
    }
    return start;
  }
  const opponent = (item) => find(board.state.other, 1, (k) => k !== sample(item).label);
  const fitting = (field) => (k) => (board.wanted[field] === undefined || k === board.wanted[field]) && (field === "item" || k !== sample(board.state.item).label);
  board.step = async (field, step) => go(field, await find(board.state[field], step, fitting(field)));
  board.shuffle = async (field) => go(field, await find(Math.floor(Math.random() * board.about.nItems), 1, fitting(field)));
  board.seek = async (field, k) => {
    board.wanted[field] = k ?? undefined;
    if (k !== null && sample(board.state[field]).label !== k) await board.step(field, 1);
  };

  // ---- questions ------------------------------------------------------------------------------------
  const key = (model) => `${setup.data}/${model}`;
  const judge = setup.judge ? key("classifiers") : null;
  const listed = () => {
    const { state } = board;
    const all = state.mode === "rules" ? setup.rules.filter((r) => state.rules.includes(r.key)) : setup.models.filter((m) => state.models.includes(m.key));
    if (state.given.length || state.mode === "own") return all;
    return [{ key: all[0].key, name: "Prior", colors: ["#5d6069", "#a7abb6"] }]; // nothing to fuse: all rules are one
  };
  const asked = () => listed().map(({ key: id }) => ({
    id, shift: board.state.shift[id] ?? 0, model: key(board.state.mode === "rules" ? board.state.net : id),
    rule: board.state.mode === "rules" ? id : null, whole: board.state.mode === "rules" || board.state.whole === "1",
  }));
  const pair = () => {
    const { given } = board.state, [a, b] = board.sides();
    if (given.length < 2) return null;
    const first = given.find((name) => board.label(name) === a) ?? given[0];
    return [first, given.find((name) => name !== first && board.label(name) === b) ?? given.findLast((name) => name !== first)];
  };
  board.ends = () => {
    const { axis, given } = board.state, two = pair();
    if (axis !== "line") return [{ x: 0, text: "0" }, { x: 1, text: "1" }];
    const tell = (name) => ({ text: `${board.called(name)}${board.label(name) === null ? "" : `: ${board.about.classes[board.label(name)]}`}`, side: board.sides().length > 1 ? board.side(name) : "" });
    if (two) return [{ x: 0, ...tell(two[0]) }, { x: 1, ...tell(two[1]) }];
    if (given.length) return [{ x: 0, text: "prior" }, { x: 1, ...tell(given[0]) }];
    return [{ x: 0, text: "0" }];
  };
  function question(n, extra = {}) {
    const { state } = board, given = state.given.filter((name) => board.values(name));
    return {
      rows: asked(), inputs: Object.fromEntries(given.map((name) => [name, board.values(name)])), ends: pair(), target: state.target, judge, n,
      dimension: state.axis === "line" ? null : state.axis - 1, seed: 1000 * state.seed, temperature: state.temperature, ...extra,
    };
  }
  async function loaded() {
    const needed = new Set(asked().map((row) => row.model));
    const absolute = ({ weights, layers }) => ({ weights: new URL(weights, document.baseURI).href, layers: new URL(layers, document.baseURI).href });
    const models = [...needed].map((id) => lab.load(id, absolute(setup.models.find((m) => key(m.key) === id))));
    await Promise.all([...models, ...(judge ? [lab.load(judge, absolute(setup.judge))] : [])]);
  }
  async function ask(n) {
    const mine = ++version;
    try {
      await loaded();
      if (mine !== version || closed) return;
      const q = question(n);
      lab.ask(q, ({ rows: found, milliseconds }) => {
        if (closed) return;
        root.dataset.milliseconds = milliseconds.toFixed(1);
        paintRows(found, n);
      }, failed);
    } catch (error) { failed(error); }
  }
  function failed(error) {
    root.dataset.state = "failed";
    for (const row of rows) row.fail(error.message);
  }
  function paintRows(found, n) {
    if (board.state.view === "predict" && !revealed) return;
    answers = found;
    const domains = found.map((answer) => rows.find((row) => row.id === answer.id)?.domain(answer) ?? [0, 1]);
    const shared = [Math.min(...domains.map(([low]) => low), -0.15), Math.max(...domains.map(([, high]) => high), 1.15)];
    for (const answer of found) {
      const row = rows.find((each) => each.id === answer.id);
      row?.fail("");
      row?.show(answer, modality(board.state.target), shared);
      row?.stale(n);
    }
    theory();
    root.dataset.painted = ++painted;
    root.dataset.state = n === DRAWS ? "ready" : "moving";
    if (n === DRAWS) requestAnimationFrame(count);
  }
  board.how = (answer) => {
    const parts = answer.fused.weights.filter((w) => w > 0.005).length;
    return parts > 1 ? `${parts} components` : "one Gaussian";
  };

  // ---- counting -------------------------------------------------------------------------------------
  const add = (counts, reads) => {
    const [a, b] = board.sides();
    for (const k of reads ?? []) {
      counts[k === a ? "a" : k === b ? "b" : "other"]++;
      counts.total++;
    }
  };
  function count() {
    const { state } = board;
    const rest = root.dataset.state === "ready" && board.counting && !board.sliding && judge && !closed && (state.view !== "predict" || revealed);
    if (!rest || answers.some((answer) => !answer.reads) || !state.given.length) return showCounts();
    const done = Math.min(...rows.map((row) => board.counts[row.id]?.total ?? 0));
    const calm = board.sides().length > 1 && rows.some((row) => (board.calm[row.id]?.total ?? 0) < SURE);
    if (done >= ENOUGH && !calm) return showCounts();
    const mine = version;
    const q = question(COUNT, { counting: true, seed: 1000 * state.seed + 7 * ++batch });
    const peace = calm && done >= SURE;
    if (peace) { // what the same rules make of side A alone
      const kept = state.given.filter((name) => board.side(name) === "A");
      q.inputs = Object.fromEntries(kept.map((name) => [name, q.inputs[name]]));
      q.ends = null;
    }
    lab.ask(q, ({ rows: found }) => {
      if (mine !== version || closed) return;
      for (const { id, reads } of found) add(((peace ? board.calm : board.counts)[id] ??= zero()), reads);
      showCounts();
      requestAnimationFrame(count);
    }, failed, true);
    return undefined;
  }
  const judged = () => rows.map(({ id, name }) => {
    const counts = board.counts[id] ?? zero(), calm = board.calm[id];
    return { id, name, counts, behavior: counts.total >= SURE ? behavior(counts, calm?.total >= SURE ? calm.a / calm.total : null, setup.thresholds) : null };
  });
  function showCounts() {
    const found = judged(), sides = board.sides();
    const words = { A: `takes side A`, B: `takes side B`, alternates: "alternates", blends: "draws neither", wavers: "wavers", lost: "is lost" };
    for (const row of rows) {
      const told = found.find((each) => each.id === row.id);
      row.count(told.counts, board.curves[row.id], sides.length > 1 && told.behavior ? words[told.behavior] : "");
    }
    const enough = found.length && found.every((each) => each.behavior);
    const text = !judge ? "There is no classifier for this dataset: judge the draws by eye."
      : !board.state.given.length ? "Nothing is given: every draw is of the prior, whatever the rule. Click a tile to give it."
        : !enough ? "Counting draws…"
          : sides.length > 1 ? verdict(found, sides.map((k) => called(board.about, k))) : sides.length ? agreement(found, called(board.about, sides[0])) : "What is given has no label to count by: judge the draws by eye.";
    if (sentence.textContent !== text) sentence.textContent = text;
    stop.textContent = board.counting ? "■ Stop counting" : "▶ Count";
    if (revealed && enough) score(found);
  }
  board.slide = async () => {
    board.sliding = !board.sliding;
    panel.show();
    const before = board.state.mix;
    board.curves = {};
    for (const mix of SLIDE) {
      if (!board.sliding || closed) break;
      board.state.mix = mix;
      panel.show();
      await new Promise((next) => {
        const mine = version;
        lab.ask(question(SLIDE_DRAWS, { seed: 1000 * board.state.seed + Math.round(991 * mix) }), ({ rows: found }) => {
          if (mine === version) {
            paintRows(found.map((answer) => ({ ...answer, from: answer.from.slice(0, DRAWS), reads: answer.reads?.slice(0, DRAWS + 1), pictures: answer.pictures.subarray(0, (answer.pictures.length / (SLIDE_DRAWS + 1)) * (DRAWS + 1)) })), DRAWS);
            for (const { id, reads } of found) {
              const counts = zero();
              add(counts, reads?.slice(1));
              (board.curves[id] ??= []).push({ mix, ...counts });
            }
            showCounts();
          }
          next();
        }, (error) => { failed(error); next(); });
      });
    }
    const finished = board.sliding;
    board.sliding = false;
    board.change({ mix: finished ? 1 : before }, { keep: true });
    if (finished) live.textContent = "Counted along the whole slide. Pictures half way are blends, not real digits.";
  };

  // ---- changes --------------------------------------------------------------------------------------
  board.change = (patch, { moving = false, put: name = null, keep = false } = {}) => {
    const before = board.state;
    board.state = settled({ ...board.state, ...patch }, board.about);
    if (!keep) {
      board.counts = {};
      board.calm = {};
      if (Object.keys(patch).some((k) => !["mix", "shift", "temperature"].includes(k))) board.curves = {};
      batch = 0;
      if (!["seed", "temperature"].some((k) => k in patch)) revealed = board.state.view === "predict" ? false : revealed;
    }
    const targets = hidden();
    if (!targets.includes(board.state.target)) board.state.target = targets[0];
    if (["mode", "rules", "models", "net", "view", "given", "swapped", "item", "other", "target"].some((k) => k in patch && JSON.stringify(before[k]) !== JSON.stringify(board.state[k]))) arrange();
    if (name) look(name);
    show();
    clearTimeout(timer);
    root.dataset.state = "moving";
    if (board.state.view === "predict" && !revealed) return link();
    ask(moving ? MOVING_DRAWS : DRAWS);
    if (moving) timer = setTimeout(() => { link(); ask(DRAWS); }, REST);
    else link();
    return undefined;
  };
  function link() {
    onLink(writeLink(board.state, board.about, board.base));
  }
  // The same beliefs on the Barycenters page, where A stands at -3 and B at 3.
  function theory() {
    const experts = (answers[0]?.experts ?? []).slice(0, 5);
    const place = ({ mean, sd }) => [6 * mean - 3, Math.min(8, Math.max(0.1, 6 * sd)), 1].map((v) => Number(v.toFixed(3))).join(",");
    const outside = experts.length < 2 || experts.some(({ mean }) => Math.abs(6 * mean - 3) > 9);
    page1.hidden = outside || board.state.mode === "own" || board.state.axis !== "line";
    if (!page1.hidden) page1.href = `./?e=${experts.map(place).join(";")}&c=${listed().map((row) => row.key).join(",")}`;
  }
  // What the classifier sees in what was drawn or typed.
  function look(name) {
    const values = put(name);
    if (!values || !judge) { delete board.seen[name]; return; }
    const says = name in board.state.chosen && modality(name).shape[0] === board.about.classes.length ? { reads: board.state.chosen[name] } : null;
    lab.see(judge, name, values).then((read) => {
      const found = says ?? read; // a label that is the class needs no reader
      const changed = found?.reads !== board.seen[name]?.reads;
      if (found) board.seen[name] = found;
      if (changed && !closed) {
        board.counts = {};
        board.calm = {};
        show();
        ask(DRAWS);
      }
    }, failed);
  }
  const hidden = () => {
    const out = setup.modalities.map((m) => m.name).filter((n) => !board.state.given.includes(n));
    return out.length ? out : setup.modalities.map((m) => m.name);
  };

  // ---- the page --------------------------------------------------------------------------------------
  board.expertColor = (name) => {
    const m = Math.max(0, setup.modalities.findIndex((each) => each.name === name)), [light, dark] = setup.experts;
    return name ? `light-dark(${light[m % light.length]}, ${dark[m % dark.length]})` : "var(--quiet)";
  };
  board.canRemove = () => (board.state.given.length || board.state.mode === "own") && board.state[board.state.mode === "rules" ? "rules" : "models"].length > 1;
  board.remove = (id) => {
    const part = board.state.mode === "rules" ? "rules" : "models";
    board.change({ [part]: board.state[part].filter((each) => each !== id) });
  };
  board.enlarge = (element) => {
    const big = picture("gx-picture"), from = element.querySelector("canvas");
    big.width = from.width;
    big.height = from.height;
    big.getContext("2d").drawImage(from, 0, 0);
    const dialog = h("dialog", { class: "gx-large", onclick: () => dialog.close(), onclose: () => dialog.remove() }, big, h("p", { text: element.title }), button("Close", () => dialog.close()));
    root.append(dialog);
    dialog.showModal();
  };

  const sentence = h("p", { class: "gx-verdict", "aria-live": "polite" });
  const reasons = h("ul", { class: "gx-reasons", hidden: true });
  const ask_why = button("Why?", () => {
    reasons.hidden = !reasons.hidden;
    ask_why.setAttribute("aria-expanded", String(!reasons.hidden));
    fillReasons();
  }, { class: "gx-small", "aria-expanded": "false" });
  const fillReasons = () => {
    const keys = listed().map((row) => (board.state.mode === "rules" ? row.key : row.aggregation));
    reasons.replaceChildren(...why([...new Set(keys)]).map((text) => h("li", { text })));
  };
  const page1 = h("a", { class: "gx-small", hidden: true, text: "In Barycenters →", title: "The same experts on the line, where you can drag them", onclick: () => onLeave() });
  const stop = button("■ Stop counting", () => {
    board.counting = !board.counting;
    if (board.counting) count();
    else lab.forget();
    showCounts();
  }, { class: "gx-small" });
  const list = h("div", { class: "gx-rows" });
  const cover = h("form", { class: "gx-cover-all", hidden: true });
  const controls = h("div", { class: "gx-controls" });
  const top = h("div", { class: "gx-top" });
  const point = h("p", { class: "gx-point" });
  const pills = h("div", { class: "gx-pills", role: "group", "aria-label": "Start from" });
  const tabs = h("div", { class: "gx-tabs", role: "group", "aria-label": "Rule shown" });
  const presets = setup.presets.map(({ state, ...rest }) => {
    const drawings = Object.entries(state.drawn ?? {}).map(([name, text]) => [name, readDrawing(text)]);
    const preset = { ...rest, state: { ...state, ...(drawings.length ? { drawn: Object.fromEntries(drawings) } : {}) } };
    const node = button(preset.name, () => {
      board.wanted = {};
      const view = board.state.view;
      board.change({ ...structuredClone(board.base), ...structuredClone(preset.state), view });
      seeAll();
    });
    pills.append(node);
    return { preset, node };
  });
  const seeAll = () => ["drawn", "typed", "chosen"].forEach((part) => Object.keys(board.state[part]).forEach(look));

  // Controls are made anew where their options change; whoever had the focus has it again.
  function arrange() {
    const held = root.getRootNode().activeElement;
    const named = held && root.contains(held) ? held.getAttribute("aria-label") ?? held.textContent : null;
    header();
    arrangeRows();
    controls.replaceChildren(...knobs());
    fillReasons();
    predictForm();
    if (named && !held.isConnected) {
      const again = [...root.querySelectorAll("button, select, input")].find((node) => (node.getAttribute("aria-label") ?? node.textContent) === named);
      again?.focus();
    }
  }
  function arrangeRows() {
    const looks = listed(), wanted = JSON.stringify([looks, board.state.mode, board.canRemove()]);
    if (list.dataset.rows === wanted) return; // the same rows stay, with their pictures
    list.dataset.rows = wanted;
    rows = looks.map((each) => ruleRow(board, { id: each.key, name: each.name, colors: each.colors, dash: each.dash }));
    list.replaceChildren(...rows.map((row) => row.element));
    const first = rows[0]?.id;
    if (!rows.some((row) => row.id === list.dataset.one)) list.dataset.one = first ?? "";
    const mark = () => rows.forEach((row) => row.element.toggleAttribute("data-one", row.id === list.dataset.one));
    tabs.replaceChildren(...rows.map((row) => {
      const node = button(row.name, () => {
        list.dataset.one = row.id;
        mark();
        for (const tab of tabs.children) pressed(tab, tab === node);
      });
      pressed(node, row.id === list.dataset.one);
      return node;
    }));
    mark();
    answers = [];
  }
  function knobs() {
    const { state } = board, change = (patch) => board.change(patch);
    const own = state.mode === "own", part = own ? "models" : "rules", all = own ? setup.models : setup.rules;
    const rest = all.filter((each) => !state[part].includes(each.key));
    const most = Math.max(...setup.models.map((m) => m.dimensions));
    const label = (text, node) => h("label", null, h("span", { class: "gx-quiet", text }), node);
    const temperature = h("input", { type: "range", min: 0, max: 2, step: 0.05, value: state.temperature, "aria-label": "Temperature",
      title: "Factor on the belief's width; 0 draws its center", oninput: () => board.change({ temperature: Number(temperature.value) }, { moving: true }) });
    return [
      label("drawn", select("Which input is drawn", hidden().map((n) => [n, board.called(n)]), state.target, (target) => change({ target }))),
      label("along", select("Direction of the latent space", [["line", "the line A to B"], ...Array.from({ length: most }, (_, d) => [d + 1, `dimension ${d + 1}`])], state.axis,
        (axis) => change({ axis: axis === "line" ? axis : Number(axis), shift: {} }))),
      label("temperature", temperature),
      button("Draw again", () => change({ seed: (board.state.seed + 1) % 10000 }), { class: "gx-small" }),
      rest.length && state[part].length < 6 ? select(own ? "Add a model" : "Add a rule", [["", own ? "+ model" : "+ rule"], ...rest.map((each) => [each.key, each.name])], "",
        (id) => id && change({ [part]: all.map((each) => each.key).filter((each) => each === id || state[part].includes(each)) })) : null,
      own ? label("mixtures over subsets", select("What mixtures over subsets are drawn from", [["0", "as their papers draw"], ["1", "whole, as trained"]], state.whole, (whole) => change({ whole }))) : null,
      judge ? stop : null,
      page1,
    ].filter(Boolean);
  }
  function header() {
    const { state } = board;
    const mode = fusing.length ? select("What is compared", [["rules", "Several rules"], ["own", "Several models"]], state.mode, (m) => board.change({ mode: m, shift: {} })) : null;
    const net = select("Trained with", fusing.map((m) => [m.key, `on one trained with ${m.name}`]), state.net, (k) => board.change({ net: k, shift: {} }));
    net.hidden = state.mode === "own";
    const predict = h("button", { type: "button", class: "gx-small", text: "Predict first", onclick: () => board.change({ view: board.state.view === "predict" ? "explore" : "predict" }) });
    pressed(predict, state.view === "predict");
    top.replaceChildren(...[pills, h("span", { class: "gx-choices" }, mode, net, judge ? predict : null)].filter(Boolean));
  }
  function show() {
    panel.show();
    const { state } = board, plain = JSON.stringify({ ...state, view: "explore" });
    const chosenPreset = presets.find(({ preset }) => plain === JSON.stringify(settled({ ...board.base, ...preset.state }, board.about)));
    presets.forEach(({ preset, node }) => pressed(node, preset === chosenPreset?.preset));
    point.textContent = chosenPreset?.preset.point ?? setup.idea;
    const covered = state.view === "predict" && !revealed;
    cover.hidden = state.view !== "predict";
    list.hidden = controls.hidden = tabs.hidden = covered;
    sentence.parentElement.hidden = covered;
    if (!covered) showCounts();
  }

  // ---- predict first -----------------------------------------------------------------------------------
  const OPTIONS = [["A", "takes side A"], ["B", "takes side B"], ["alternates", "alternates between both"], ["neither", "something else"]];
  function predictForm() {
    guess = {};
    revealed = false;
    if (board.state.view !== "predict") return cover.replaceChildren();
    const sides = board.sides();
    const reveal = h("button", { type: "submit", class: "gx-primary", text: "Reveal", disabled: true });
    const conflict = sides.length > 1;
    const lines = rows.map((row) => h("fieldset", null, h("legend", { text: row.name }), ...OPTIONS.map(([value, text]) =>
      h("label", null, h("input", { type: "radio", name: row.id, value, onchange: () => {
        guess[row.id] = value;
        reveal.disabled = rows.some((each) => !guess[each.id]);
      } }), text)), h("span", { class: "gx-outcome" })));
    const text = conflict
      ? `Side A shows ${called(board.about, sides[0])}, side B ${called(board.about, sides[1])}. What will each row draw of ${board.called(board.state.target)}, in four draws of five or more?`
      : "Predictions are about conflicts: let one given input contradict the others first.";
    cover.replaceChildren(h("p", { class: "gx-ask", text }), ...(conflict ? [...lines, reveal] : []), h("p", { class: "gx-score", "aria-live": "polite" }));
    cover.onsubmit = (event) => {
      event.preventDefault();
      if (rows.some((each) => !guess[each.id])) return;
      revealed = true;
      show();
      ask(DRAWS);
    };
    return undefined;
  }
  function score(found) {
    const groups = { A: "A", B: "B", alternates: "alternates" };
    const right = found.filter((each) => (groups[each.behavior] ?? "neither") === guess[each.id]);
    cover.querySelectorAll("fieldset").forEach((set, k) => {
      set.querySelector(".gx-outcome").textContent = right.includes(found[k]) ? "✓ right" : `✕ it ${OPTIONS.find(([v]) => v === (groups[found[k].behavior] ?? "neither"))[1].replace("something else", "does something else")}`;
    });
    const text = `${right.length} of ${found.length} predicted.`;
    const node = cover.querySelector(".gx-score");
    if (node.textContent !== text) node.textContent = text;
  }

  async function start() {
    if (!setup.models.length) {
      root.append(h("p", { class: "gx-error", text: "No model is trained on this dataset yet." }));
      root.dataset.state = "failed";
      return;
    }
    let absent = "";
    if (setup.samples) {
      try {
        const first = await pack(0);
        Object.assign(board.about, { classes: first.classes, nItems: first.n_items, labels: first.labels });
        if (first.leading !== null) setup.leading = first.leading;
      } catch (error) { absent = error.message; }
    } else absent = `The files of ${setup.label} are not here: type, choose or draw inputs, or give nothing.`;
    if (closed) return;
    board.base = defaults({ ...board.about, fusing: fusing.map((m) => m.key) });
    board.state = readLink(query, board.about, board.base);
    const pages = new Set([board.state.item, board.state.other].map((item) => Math.floor(item / setup.page)));
    if (board.samples()) await Promise.all([...pages].map(pack));
    if (closed) return;
    panel = inputs(board);
    root.append(top, point, ...(absent ? [h("p", { class: "gx-note", text: absent })] : []),
      h("div", { class: "gx-main" }, panel.element,
        h("section", { class: "gx-right", "aria-label": "Beliefs and draws" }, controls, cover, tabs, list,
          h("div", { class: "gx-said" }, sentence, ask_why, reasons))), live);
    arrange();
    show();
    seeAll();
    if (board.state.view !== "predict") ask(DRAWS);
    else root.dataset.state = "ready";
  }
  start().catch(failed);

  return {
    root,
    destroy() {
      closed = true;
      clearTimeout(timer);
      lab.close();
      root.remove();
    },
  };
}
