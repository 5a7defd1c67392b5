// The 1-D view: experts dragged on the plot, curves, labels, rug, dial and geodesics.
import { KEYS, expert, fuse, geodesic, grid, logDensity, powerMean, shares, table } from "./mathematics.js";
import { clamp, fixed, h, handle, percent, round, s, save, saveDrawing, set, show, slider } from "./drawing.js";
import { sketchLayer } from "./sketch.js";
import { tableView } from "./table.js";
import { therefore } from "./therefore.js";

const LIMITS = { mean: [-9, 9], sd: [0.1, 8], weight: [0.05, 1] };
const PATHS = { mixing: "Mixing", geometric: "Geometric", displacement: "Displacement" };
const N_DRAWS = 100;

// common random numbers: the same 100 draws move along while an expert is dragged
function draws() {
  let seed = 1;
  const uniform = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  return Array.from({ length: N_DRAWS }, () => ({
    choice: uniform(),
    z: Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  }));
}
const DRAWS = draws();

function sample({ weights, means, sds }, { choice, z }) {
  let k = 0;
  while (k < weights.length - 1 && choice > weights[k]) choice -= weights[k++];
  return means[k] + sds[k] * z;
}

const dialName = (a) => {
  const names = { "-1": "harmonic", 0: "geometric", 0.5: "Hölder pooling at 1/2", 1: "arithmetic: the mixture", 2: "quadratic" };
  return names[round(a, 2)] ?? (a < 0 ? "zero-forcing" : a < 1 ? "between" : "mass-covering");
};

function lineView(view) {
  const area = { left: 38, right: 14, top: 22, bottom: 30, width: 800, height: 340 };
  let top = 0.6; // of the density axis, or of the log density axis
  let floor = 0;
  let latest = null; // what was computed for the last paint

  // --- elements -------------------------------------------------------------------------------
  const clip = s("rect");
  const clipId = `bx-clip-${Math.random().toString(36).slice(2)}`;
  const layer = (props = {}) => s("g", props);
  const layers = { grid: layer(), experts: layer({ "clip-path": `url(#${clipId})` }), rug: layer(),
    curves: layer({ "clip-path": `url(#${clipId})`, fill: "none" }), labels: layer(), dots: layer() };
  const svg = s("svg", { role: "group", "aria-label": "Densities of the experts and of what fuses them" },
    s("defs", {}, s("clipPath", { id: clipId }, clip)), ...Object.values(layers));
  const curve = {};
  const label = {};
  for (const key of [...KEYS, "dial", "path"]) {
    curve[key] = s("path", { "data-curve": key, "stroke-linejoin": "round" }, ...(SETUP.ideas[key] ? [s("title", { text: `${SETUP.labels[key]}. ${SETUP.ideas[key]}` })] : []));
    label[key] = { line: s("line", { "stroke-width": 1 }), text: s("text", { "font-size": 13, "font-weight": 600,
      "text-anchor": "middle", "paint-order": "stroke", "stroke-width": 4, "stroke-linejoin": "round" }) };
    layers.curves.append(curve[key]);
    layers.labels.append(label[key].line, label[key].text);
  }
  const note = s("text", { "font-size": 13, "font-style": "italic", "text-anchor": "end" });
  layers.labels.append(note);
  const areas = Array.from({ length: 5 }, () => s("path", { "stroke-width": 1.25 }));
  layers.experts.append(...areas);
  const ticks = Array.from({ length: 11 }, () => s("text", { "font-size": 12, "text-anchor": "middle" }));
  const marks = Array.from({ length: 5 }, () => ({ line: s("line"), text: s("text", { "font-size": 12 }) }));
  const base = s("line");
  layers.grid.append(...marks.flatMap((m) => [m.line, m.text]), base, ...ticks);
  const rugs = Object.fromEntries(KEYS.map((key) => [key, s("path", { "stroke-width": 1.2, opacity: 0.7 })]));
  layers.rug.append(...Object.values(rugs));

  const dots = areas.map((_, i) => handle(view, `Expert ${i + 1} on the plot`, {
    begin: () => ({ ...read(i), top, floor }),
    drag: (start, dx, dy) => {
      const plotHeight = area.height - area.top - area.bottom;
      const sd = view.state.view === "log"
        ? start.sd * Math.exp(dy / 90)
        : 1 / Math.max(1e-9, 1 / start.sd - (dy / plotHeight) * start.top * Math.sqrt(2 * Math.PI));
      write(i, { mean: start.mean + (dx / (area.width - area.left - area.right)) * 20, sd });
    },
    key: (dx, dy) => {
      const e = read(i);
      write(i, { mean: e.mean + 0.1 * dx, sd: e.sd * Math.exp(-0.05 * dy) });
    },
  }));
  layers.dots.append(...dots.map((d) => d.group));
  const sketch = sketchLayer(area);
  svg.append(sketch.element);
  const stage = h("div", { class: "bx-stage" }, svg);

  // --- the experts as data, and as sliders -------------------------------------------------------
  const read = (i) => {
    const [mean, sd, weight = 1] = view.state.experts[i];
    return { mean, sd, weight };
  };
  const write = (i, change) => {
    const e = { ...read(i), ...change };
    view.state.experts[i] = ["mean", "sd", "weight"].map((name) => round(clamp(e[name], LIMITS[name]), 3));
  };
  const rows = areas.map((_, i) => {
    const twin = (name, text, range, to = (v) => v) => {
      const input = slider(`Expert ${i + 1} ${text}`, range, (value, released) => {
        write(i, { [name]: to(value) });
        released ? view.released() : view.changed();
      });
      const value = h("output");
      return { input, value, element: h("label", {}, h("span", { text }), input, value) };
    };
    const twins = {
      mean: twin("mean", "mean", [-9, 9, 0.01]),
      sd: twin("sd", "sd", [Math.log(0.1), Math.log(8), 0.001], Math.exp),
      weight: twin("weight", "weight", [0.05, 1, 0.01]),
    };
    const remove = h("button", { class: "bx-quiet", "aria-label": `Remove expert ${i + 1}`, text: "×",
      onclick: () => {
        view.state.experts.splice(i, 1);
        view.state.step = Math.min(view.state.step, view.state.experts.length);
        view.released();
      } });
    const chip = h("span", { class: "bx-chip", text: i + 1, title: "An expert: what one encoder believes about the hidden z. Its weight says how much it counts." });
    const element = h("div", { class: "bx-expert", role: "group", "aria-label": `Expert ${i + 1}` }, chip,
      ...Object.values(twins).map((t) => t.element), remove);
    return { element, twins, chip, remove };
  });
  const add = h("button", { class: "bx-button", text: "Add an expert", onclick: () => {
    const means = view.state.experts.map((e) => e[0]);
    view.state.experts.push([round(clamp((Math.max(...means) + Math.min(...means)) / 2 + 1, LIMITS.mean), 2), 1, 1]);
    view.released();
  } });

  // --- tools ----------------------------------------------------------------------------------------
  const toggle = (text, read, write, help) => {
    const button = h("button", { class: "bx-button", text, title: help, onclick: () => {
      write(!read());
      view.released();
    } });
    return { button, paint: () => set(button, { "aria-pressed": read() }) };
  };
  const state = (name) => () => view.state[name];
  const put = (name) => (value) => (view.state[name] = value);
  const switches = [
    toggle("Log density", () => view.state.view === "log", (on) => (view.state.view = on ? "log" : "density"),
      "Densities of 1e-55 matter to zero-forcing"),
    toggle("Prior expert", state("prior"), put("prior"), "N(0, 1) as one more factor of the product, as in the MVAE"),
    toggle("Draw 100", state("rug"), put("rug"), "100 samples of every curve shown"),
  ];
  const stepText = h("span", { class: "bx-count" });
  const step = (by) => () => {
    const n = view.state.experts.length;
    const next = (view.state.step || n) + by;
    view.state.step = next >= n ? 0 : Math.max(1, next);
    view.released();
  };
  const stepper = h("span", { class: "bx-group", "data-part": "step", role: "group", "aria-label": "Fuse step by step" },
    h("button", { class: "bx-button", "aria-label": "Fuse one expert less", text: "‹", onclick: step(-1) }), stepText,
    h("button", { class: "bx-button", "aria-label": "Fuse one expert more", text: "›", onclick: step(1) }));
  const csv = () => {
    const { x, logs, experts } = latest;
    const columns = [["x", x], ...experts.map((e, i) => [`expert ${i + 1}`, logDensity(expert(e), x).map(Math.exp)]),
      ...view.state.curves.map((key) => [SETUP.labels[key], logs[key].map(Math.exp)])];
    const lines = [...x].map((_, i) => columns.map(([, values]) => values[i]).join(","));
    save("barycenters.csv", "text/csv", [columns.map(([name]) => name).join(","), ...lines].join("\n"));
  };
  const svgButton = h("button", { class: "bx-button", text: "SVG", title: "Save the figure",
    onclick: () => saveDrawing(svg, "barycenters.svg", view.colors.background) });
  const csvButton = h("button", { class: "bx-button", text: "CSV", title: "Save the curves", onclick: csv });
  const downloads = h("span", { class: "bx-group bx-right", "data-part": "downloads" }, svgButton, csvButton);
  const tools = h("div", { class: "bx-tools" }, h("span", { "data-part": "log" }, switches[0].button),
    h("span", { class: "bx-group", "data-part": "switches" }, switches[1].button, switches[2].button), stepper, downloads);

  // --- dial and geodesics -----------------------------------------------------------------------------
  const dialOn = h("input", { type: "checkbox", onchange: () => {
    view.state.dial = dialOn.checked ? Number(dial.value) : null;
    view.released();
  } });
  const dial = slider("Exponent of the power mean", [-4, 4, 0.05], (value, released) => {
    view.state.dial = round(value, 2);
    released ? view.released() : view.changed();
  });
  const dialText = h("output");
  const pathOn = h("input", { type: "checkbox", onchange: () => {
    view.state.path = pathOn.checked ? [pathKind.value, Number(lambda.value)] : null;
    view.released();
  } });
  const lambda = slider("Share of the way from expert 1 to expert 2", [0, 1, 0.01], (value, released) => {
    view.state.path = [pathKind.value, value];
    released ? view.released() : view.changed();
  });
  const lambdaText = h("output");
  const pathKind = h("select", { "aria-label": "Geodesic", onchange: () => {
    view.state.path = [pathKind.value, Number(lambda.value)];
    view.released();
  } }, ...Object.entries(PATHS).map(([value, text]) => h("option", { value, text })));
  const between = h("div", { class: "bx-between", "data-part": "between" },
    h("fieldset", {}, h("legend", {}, h("label", {}, dialOn, "How many must agree?")),
      h("div", { class: "bx-scrub" }, h("span", { text: "all: zero-forcing", title: "Zero-forcing: zero wherever anyone says zero." }), dial, h("span", { text: "anyone: mass-covering", title: "Mass-covering: keeps whatever anyone believes." })),
      dialText),
    h("fieldset", {}, h("legend", {}, h("label", {}, pathOn, "Three ways from expert 1 to expert 2")),
      h("div", { class: "bx-scrub" }, pathKind, lambda), lambdaText));

  const numbers = tableView(view);
  const conclusion = h("p", { class: "bx-therefore", "data-part": "therefore" });

  // --- painting -----------------------------------------------------------------------------------------------
  const px = (x) => area.left + ((x + 10) / 20) * (area.width - area.left - area.right);
  const py = (value) => area.height - area.bottom - ((value - floor) / (top - floor)) * (area.height - area.top - area.bottom);

  function trace(x, log, logarithmic) {
    let text = "";
    let last = -Infinity;
    for (let i = 0; i < x.length; i++) {
      if (x[i] < -10.05 || x[i] > 10.05) continue;
      const at = px(x[i]);
      if (at - last < 0.7) continue; // finer than the screen
      last = at;
      const value = logarithmic ? Math.max(log[i], floor - (top - floor)) : Math.exp(log[i]);
      text += `${text ? "L" : "M"}${at.toFixed(1)} ${py(value).toFixed(1)}`;
    }
    return text;
  }

  const peakOf = (log) => log.reduce((best, v, i) => (v > log[best] ? i : best), 0);

  // the axis fits what is shown; while a dot is held it only gives way where it must
  function fit(shown, experts, logarithmic, held) {
    const highest = Math.max(...shown.map((log) => log[peakOf(log)]));
    if (logarithmic) {
      const { x } = latest;
      const nearest = (mean) => Math.min(x.length - 1, Math.max(0, Math.round(((mean - x[0]) / (x.at(-1) - x[0])) * (x.length - 1))));
      const lowest = Math.min(...shown.flatMap((log) => experts.map((e) => log[nearest(e.mean)])));
      top = highest + 0.08 * Math.max(8, highest - lowest);
      floor = Math.max(highest - 400, Math.min(lowest, highest - 8) - 0.12 * (highest - lowest));
      return false;
    }
    const target = 1.16 * Math.exp(highest);
    floor = 0;
    if (held) {
      if (target > top * 1.1) top = target / 1.1;
      if (target < top * 0.3) top = target / 0.3;
      return false;
    }
    const still = view.still || Math.abs(target - top) < 0.004 * target;
    top = still ? target : top + (target - top) * 0.35;
    return !still;
  }

  function ruler(logarithmic) {
    const ink = view.colors;
    const bottom = area.height - area.bottom;
    const every = area.width < 520 ? 4 : 2;
    ticks.forEach((tick, i) => {
      const value = -10 + 2 * i;
      tick.textContent = fixed(value, 0);
      set(tick, { x: px(value), y: bottom + 18, fill: ink.muted });
      show(tick, (value + 8) % every === 0);
    });
    set(base, { x1: area.left, x2: area.width - area.right, y1: bottom, y2: bottom, stroke: ink.muted });
    const span = top - floor;
    const unit = 10 ** Math.floor(Math.log10(span / 2));
    const stride = [1, 2, 5, 10].map((k) => k * unit).find((k) => span / k <= 4.5);
    marks.forEach(({ line, text }, i) => {
      const value = (Math.ceil(floor / stride) + i + (logarithmic ? 0 : 1)) * stride;
      const visible = value < top;
      show(line, visible);
      show(text, visible);
      set(line, { x1: area.left, x2: area.width - area.right, y1: py(value), y2: py(value), stroke: ink.line });
      set(text, { x: 2, y: py(value) + 4, fill: ink.muted });
      text.textContent = String(round(value, 3)).replace("-", "−");
    });
  }

  function nameCurves(items, dotsAt) {
    const placed = dotsAt.map(({ x, y }) => ({ at: x, row: y + 4, half: 10 }));
    for (const { text, line } of Object.values(label)) [text, line].forEach((e) => show(e, false));
    for (const { key, names, x, y, color } of items.sort((a, b) => a.y - b.y)) {
      const { text, line } = label[key];
      text.textContent = names.join(" = ");
      const half = text.textContent.length * 3.7;
      const at = clamp(x, [area.left + half, area.width - area.right - half]);
      const clash = (row) => placed.some((p) => Math.abs(p.at - at) < p.half + half + 6 && Math.abs(p.row - row) < 16);
      let row = y - 9;
      while (clash(row) && row > 24) row -= 4;
      if (clash(row)) for (row = y + 14; clash(row); ) row += 4;
      placed.push({ at, half, row });
      show(text, true);
      set(text, { x: at, y: row, fill: color, stroke: view.colors.background });
      const away = Math.abs(row - (y - 9)) > 14;
      show(line, away);
      set(line, { x1: x, y1: y, x2: at, y2: row + (row < y ? 4 : -12), stroke: color, opacity: 0.6 });
    }
  }

  // curves that cannot be told apart share one label
  function coinciding(items) {
    const groups = [];
    for (const item of items) {
      const peak = Math.exp(item.log[peakOf(item.log)]);
      const same = groups.find((g) => item.log.every((v, i) => Math.abs(Math.exp(v) - Math.exp(g.log[i])) < 2e-3 * peak));
      if (same) same.names.push(item.names[0]);
      else groups.push(item);
    }
    return groups;
  }

  function paint(held) {
    const { state: now, colors, covered } = view;
    const everyone = now.experts.map((_, i) => read(i));
    const experts = now.step ? everyone.slice(0, now.step) : everyone;
    const x = grid(everyone);
    const fused = Object.fromEntries(KEYS.map((key) => [key, fuse(key, experts, now.prior)]));
    const logs = Object.fromEntries(KEYS.map((key) => [key, logDensity(fused[key], x)]));
    const logPs = everyone.map((e) => logDensity(expert(e), x));
    latest = { x, fused, logs, experts };
    const logarithmic = now.view === "log";
    const visible = covered ? [] : KEYS.filter((key) => now.curves.includes(key));
    const extra = {};
    if (!covered && now.dial !== null) extra.dial = powerMean(logPs.slice(0, experts.length), shares(experts), x, now.dial);
    if (!covered && now.path) extra.path = geodesic(now.path[0], logPs[0], logPs[1], x, now.path[1]);
    const shown = [...visible.map((key) => logs[key]), ...Object.values(extra), ...logPs];
    const moving = fit(shown, everyone, logarithmic, held);

    area.bottom = 30 + (now.rug ? 8 * visible.length + 4 : 0);
    set(svg, { width: area.width, height: area.height, viewBox: `0 0 ${area.width} ${area.height}`,
      "font-family": colors.font });
    set(clip, { x: area.left, y: 0, width: area.width - area.left - area.right, height: area.height - area.bottom + 1 });
    ruler(logarithmic);

    areas.forEach((path, i) => {
      show(path, i < everyone.length);
      if (i >= everyone.length) return;
      const outline = trace(x, logPs[i], logarithmic);
      const end = area.height - area.bottom;
      const faint = i >= experts.length;
      set(path, { d: logarithmic ? outline : `${outline}L${px(10)} ${end}L${px(-10)} ${end}Z`,
        fill: logarithmic ? "none" : colors.experts[i], "fill-opacity": faint ? 0.04 : 0.16,
        stroke: colors.experts[i], "stroke-opacity": faint ? 0.35 : 0.8 });
    });
    const dotsAt = placeDots(everyone, logarithmic, experts.length);

    const items = [];
    for (const key of [...KEYS, "dial", "path"]) {
      const log = extra[key] ?? (visible.includes(key) ? logs[key] : null);
      show(curve[key], log !== null);
      if (log === null) continue;
      const color = colors.rules[key] ?? colors.ink;
      set(curve[key], { d: trace(x, log, logarithmic), stroke: color, "stroke-width": key in extra ? 5 : 2.5,
        "stroke-opacity": key in extra ? 0.45 : 1, "stroke-dasharray": SETUP.dashes[key] ?? "" });
      const best = peakOf(log);
      const name = key === "dial" ? `power mean, ${fixed(now.dial)}` : key === "path" ? `${PATHS[now.path[0]]}, λ = ${fixed(now.path[1])}` : SETUP.labels[key];
      items.push({ key, names: [name], log, color, x: px(x[best]), y: py(logarithmic ? log[best] : Math.exp(log[best])) });
    }
    const groups = coinciding(items);
    nameCurves(groups, dotsAt);
    const twin = groups.find((g) => g.names.length > 1);
    note.textContent = twin ? `${twin.names.length} curves, one line: ${twin.names.join(" = ")}` : covered ? "Predict first: the curves appear once you have answered." : "";
    set(note, { x: area.width - area.right, y: 16, fill: colors.muted });

    KEYS.forEach((key) => {
      const row = visible.indexOf(key);
      show(rugs[key], now.rug && row >= 0);
      if (!now.rug || row < 0) return;
      const y = area.height - area.bottom + 26 + 8 * row;
      const points = DRAWS.map((draw) => px(sample(fused[key], draw))).filter((p) => p > area.left && p < area.width - area.right);
      set(rugs[key], { d: points.map((p) => `M${p.toFixed(1)} ${y}v6`).join(""), stroke: colors.rules[key] });
    });

    sketch.paint(view, px, py);
    numbers.elements.forEach((e) => show(e, !covered));
    svgButton.disabled = csvButton.disabled = covered;
    const found = covered ? [] : table(experts, x, fused, logs);
    if (!covered) numbers.paint(found, fused);
    conclusion.textContent = covered ? "" : therefore(found.filter((row) => visible.includes(row.key)), experts, (key) => fused[key].weights.length > 1);
    paintControls(everyone);
    return moving;
  }

  function placeDots(everyone, logarithmic, active) {
    const taken = [];
    dots.forEach(({ group, dot, name }, i) => {
      show(group, i < everyone.length);
      if (i >= everyone.length) return;
      const e = everyone[i];
      const peak = 1 / (e.sd * Math.sqrt(2 * Math.PI));
      let x = px(e.mean);
      const y = py(logarithmic ? Math.log(peak) : peak);
      while (taken.some((t) => Math.hypot(t.x - x, t.y - y) < 20)) x += 21; // twins stand side by side
      taken.push({ x, y });
      set(group, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, "aria-valuenow": e.mean,
        "aria-valuemin": LIMITS.mean[0], "aria-valuemax": LIMITS.mean[1],
        "aria-valuetext": `mean ${fixed(e.mean)}, standard deviation ${fixed(e.sd)}; left and right move the mean, up and down the certainty` });
      set(dot, { fill: view.colors.experts[i], stroke: view.colors.background, opacity: i < active ? 1 : 0.5 });
      set(name, { fill: view.colors.background });
      name.textContent = i + 1;
    });
    return taken;
  }

  function paintControls(everyone) {
    const n = everyone.length;
    const w = shares(everyone);
    rows.forEach(({ element, twins, chip, remove }, i) => {
      show(element, i < n);
      if (i >= n) return;
      const e = everyone[i];
      chip.style.background = view.colors.experts[i];
      const values = { mean: [e.mean, fixed(e.mean)], sd: [Math.log(e.sd), fixed(e.sd)], weight: [e.weight, percent(w[i])] };
      for (const [name, { input, value }] of Object.entries(twins)) {
        input.value = values[name][0];
        input.setAttribute("aria-valuetext", values[name][1]);
        value.textContent = values[name][1];
      }
      remove.disabled = n <= 2;
    });
    add.disabled = n >= 5;
    switches.forEach((sw) => sw.paint());
    stepText.textContent = `${view.state.step || n} of ${n} fused`;
    const { dial: a, path } = view.state;
    dialOn.checked = a !== null;
    if (a !== null) dial.value = a;
    dialText.textContent = a === null ? "Power mean of the experts’ densities, one exponent: 0 is the geometric mean, 1 the mixture." : `exponent ${fixed(a)}: ${dialName(a)}`;
    pathOn.checked = path !== null;
    if (path) [pathKind.value, lambda.value] = path;
    lambdaText.textContent = path ? `λ = ${fixed(path[1])}` : "Fade one into the other, go through where both believe, or carry the mass across.";
  }

  function resize(width) {
    area.width = Math.max(280, Math.floor(width));
    area.height = area.width < 560 ? 290 : 350;
  }

  const element = h("div", { class: "bx-line" }, stage, conclusion, tools,
    h("div", { class: "bx-experts", "data-part": "experts" }, ...rows.map((r) => r.element), h("div", { class: "bx-tools bx-add" }, add)), between, ...numbers.elements);
  return { element, paint, sentence: () => numbers.sentence(), resize };
}
export { lineView };
