// What models drew, and what a classifier reads in it. One sprite image per answer holds all tiles,
// of any size; `data.kind` chooses the view. Everything shown is text from Python set by textContent.

import { colored, described, el, names, percent, picture, svg, widened, MOST_NAMED } from "./pieces.js";
import { inputs, shares } from "./told.js";

const VIEWS = { draws, conflict, rates, marginals, strip };
const SIDES = ["A", "B", "neither"];

export default function ({ parentElement, data, setStateValue }) {
  let root = parentElement.querySelector(".gallery");
  if (!root) {
    root = el("div", "gallery");
    parentElement.append(root);
    new ResizeObserver(() => root.resized?.()).observe(root);
  }
  root.setStateValue = setStateValue;
  const text = JSON.stringify(data);
  if (root.shown === text) return;
  root.shown = text;
  root.resized = null;
  show(root, data, text);
}

async function show(root, data, text) {
  let sheet = null;
  if (data.sprite) {
    sheet = new Image();
    sheet.src = data.sprite;
    await sheet.decode(); // the old pictures stay until the new ones can be painted
  }
  if (root.shown !== text) return;
  root.dataset.kind = data.kind;
  root.dataset.state = data.precomputed ? "precomputed" : "live";
  const focused = root.getRootNode().activeElement?.dataset?.item;
  root.replaceChildren(...VIEWS[data.kind](data, picture(sheet, data), root));
  const chosen = root.querySelector('.strip [aria-pressed="true"]');
  if (chosen) chosen.parentElement.scrollLeft = chosen.offsetLeft - chosen.parentElement.clientWidth / 2;
  if (focused) root.querySelector(`[data-item="${focused}"]`)?.focus();
  if (data.precomputed) setTimeout(() => root.setStateValue("live", Date.now()), 80);
}

// "digit 4", and where classes have names, the name (as called() in subjects.py)
const called = ({ word, classes }, k) => (classes[k].length <= 2 ? `${word} ${classes[k]}` : classes[k]);
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

function status(data) {
  if (data.precomputed) return el("p", "status", el("b", "", "precomputed"), " live draws follow");
  return el("p", "status", data.milliseconds ? `computed live in ${data.milliseconds} ms` : "");
}

function swatch(model) {
  const line = svg("line", { x1: 1, y1: 6, x2: 33, y2: 6, "stroke-dasharray": model.dash });
  return colored(svg("svg", { class: "swatch", width: 34, height: 12, "aria-hidden": true }, line), model.colors);
}

// Which of the observed modalities a draw came from: one dot each, filled if it took part.
function dots(source, experts) {
  const row = el("span", "dots");
  for (const { name } of experts) row.append(el("i", source.includes(name) ? "in" : ""));
  return row;
}

// ---- draws ------------------------------------------------------------------------------------

function draws(data, cut) {
  const given = el("div", "inputs", el("h2", "", "Given"));
  given.append(...inputs(data.given, cut));
  const hidden = el("div", "inputs hidden", el("h2", "", data.nothing_hidden ? "To reconstruct" : "Hidden from the models"));
  hidden.append(...inputs(data.hidden, cut));
  const truth = Object.fromEntries(data.hidden.map((x) => [x.name, x]));
  const top = el("div", "top", given, hidden, status(data));
  const bands = data.models.map((model) => band(model, data, truth, cut));
  if (data.note) top.append(el("p", "note", data.note));
  return [top, ...bands];
}

function band(model, data, truth, cut) {
  const section = colored(el("section", "band"), model.colors);
  section.append(el("header", "", swatch(model), el("h2", "", model.name)));
  if (model.error) {
    section.append(el("p", "error", model.error));
    return section;
  }
  const mixture = model.components.length > 1;
  section.firstChild.append(el("span", "how", belief(model)));
  const judged = model.rows.filter((row) => row.ceiling !== null);
  const total = judged.reduce((sum, row) => sum + row.draws.length, 0);
  const agree = judged.reduce((sum, row) => sum + row.agree, 0);
  const ceilings = model.rows.map((row) => row.ceiling).filter((ceiling) => ceiling !== null);
  if (ceilings.length) {
    const ceiling = ceilings.reduce((a, b) => a + b) / ceilings.length;
    const share = el("span", "share", el("b", "", `${agree} of ${total}`), ` draws read as ${called(data, data.label)}`);
    share.append(el("small", "", ` (${percent(agree / total)}; on real test samples the classifier reaches ${percent(ceiling)})`));
    section.firstChild.append(share);
  }
  const told = model.told ? [shares(model.told, truth)] : [];
  if (!model.rows.length) {
    section.append(el("div", "body", el("div", "", ...told), confidence(model)));
    return section;
  }
  const n = model.rows[0].draws.length;
  const head = el("div", "row head", el("span"), el("span", "", "truth"), el("span", "", "mean"), el("span", "", plural(n, "draw")));
  const rows = el("div", "rows", head);
  rows.style.setProperty("--n", n);
  widened(rows, Math.max(...model.rows.map((row) => cut.wide(row.mean.tile))));
  for (const row of model.rows) {
    const drawn = el("div", "drawn");
    for (const d of row.draws) drawn.append(tile(d, data, cut, mixture && model.experts.length <= MOST_NAMED ? dots(d.source, model.experts) : null));
    const label = el("div", "label", el("b", "", row.name));
    if (row.ceiling !== null) label.append(el("span", "", `${row.agree} of ${n} read as ${data.classes[data.label]}`));
    const real = truth[row.name].tile;
    const seen = widened(el("div", "tile truth", cut(real)), cut.wide(real));
    const pictures = el("div", "row", label, seen, tile(row.mean, data, cut), drawn);
    rows.append(described(pictures, inWords(model, row, data)));
  }
  section.append(el("div", "body", el("div", "", rows, ...told), confidence(model)));
  return section;
}

function belief({ components, spread, alone }) {
  if (alone) return "each view from its own belief alone";
  if (components.length > 1) {
    const shown = components.slice(0, 7).map(names).join(", ");
    return `a mixture of ${components.length} beliefs: ${shown}${components.length > 7 ? ", ..." : ""}`;
  }
  return `${spread === null ? "one point" : "one belief"} from ${names(components[0])}`;
}

function tile(d, { label, classes }, cut, below = null) {
  const right = d.reads === label;
  const box = el("div", `tile ${d.reads === undefined ? "" : right ? "right" : "wrong"}`, cut(d.tile));
  widened(box, cut.wide(d.tile));
  if (d.reads !== undefined) {
    box.append(el("span", "verdict", `${right ? "✓" : "✗"} ${classes[d.reads]}`), el("small", "", percent(d.confidence)));
  }
  if (below) box.append(below);
  const from = d.source ? `from ${names(d.source)}` : "";
  const verdict = d.reads === undefined ? "" : `reads as ${classes[d.reads]}, confidence ${percent(d.confidence)}`;
  box.title = [d.words, verdict, from].filter(Boolean).join(", ");
  return box;
}

function inWords(model, row, { label, classes }) {
  const start = `${model.name}, ${row.name}: truth, decoded posterior mean and ${plural(row.draws.length, "draw")}`;
  const said = (d) => [d.words, d.reads !== undefined && `${classes[d.reads]} ${d.reads === label ? "right" : "wrong"}`].filter(Boolean).join(" ");
  if (!said(row.mean)) return start;
  return `${start}. The mean: ${said(row.mean)}. The draws: ${row.draws.map(said).join(", ")}.`;
}

function confidence(model) {
  const aside = el("aside", "", el("h3", "", "Who is confident?"), el("p", "", "posterior sd, mean over dimensions"));
  const list = el("dl");
  const many = model.experts.length > MOST_NAMED;
  const surest = many ? model.experts.filter((x) => x.sd !== null).sort((a, b) => a.sd - b.sd).slice(0, 8) : model.experts;
  const bars = surest.map((x) => [x.name, x.sd, x.colors]);
  for (const [name, sd, colors] of [...bars, ["fused", model.spread, model.colors]]) {
    const bar = colored(el("i", name === "fused" ? "fused" : ""), colors);
    bar.style.width = `${Math.min(100, 100 * sd)}%`;
    list.append(el("dt", "", name), el("dd", "", el("span", "track", bar), sd === null ? "a point" : sd.toFixed(2)));
  }
  aside.append(list);
  if (many) aside.append(el("p", "", surest.length ? `The surest ${surest.length} of ${model.experts.length}.` : "Every code is a point."));
  return aside;
}

// ---- conflict ---------------------------------------------------------------------------------

function conflict(data, cut) {
  const [a, b] = data.labels.map((label) => data.classes[label]);
  const given = el("div", "inputs", el("h2", "", `Given: ${called(data, data.labels[0])} against ${b}`));
  given.append(...inputs(data.given, cut));
  const legend = el("ul", "legend");
  [`side A, reads as ${a}`, `side B, reads as ${b}`, `neither, any other ${data.word}`].forEach((text, i) =>
    legend.append(el("li", "", el("i", `segment ${SIDES[i]}`), text)),
  );
  const bars = el("div", "bars");
  if (data.covered) return [el("div", "top", given), el("p", "covered", "The counts are covered until you reveal them.")];
  for (const model of data.models) bars.append(sides(model, data, cut));
  return [el("div", "top", given, status(data)), legend, bars];
}

function sides(model, data, cut) {
  const line = colored(el("section", "side"), model.colors);
  line.append(el("header", "", swatch(model), el("h2", "", model.name)));
  if (model.error) {
    line.append(el("p", "error", model.error));
    return line;
  }
  const said = verdict(model, data);
  const bar = described(el("div", "bar"), `${model.name}: ${model.sides[0]} draws on side A, ${model.sides[1]} on side B, ${model.sides[2]} on neither`);
  model.sides.forEach((count, i) => {
    if (!count) return;
    const segment = el("span", `segment ${SIDES[i]}`);
    segment.style.flexGrow = count;
    if (count / data.votes > 0.1) segment.append(el("b", "", count));
    segment.title = `${SIDES[i]}: ${count} of ${data.votes}`;
    bar.append(segment);
  });
  const examples = el("div", "examples");
  for (const d of model.draws) {
    const side = d.reads === data.labels[0] ? "A" : d.reads === data.labels[1] ? "B" : "neither";
    const read = data.classes[d.reads];
    const mark = el("span", `mark ${side}`, side === "neither" ? read : `${read} · ${side}`);
    const box = widened(el("div", "tile", cut(d.tile), mark), cut.wide(d.tile));
    box.title = `${d.words ? `${d.words}, ` : ""}reads as ${read}, from ${names(d.source)}`;
    examples.append(box);
  }
  described(examples, `Examples: ${model.draws.map((d) => data.classes[d.reads]).join(", ")}`);
  const calm = el("small", "", ` (without the swap ${model.calm} of ${data.calm_votes} read as ${data.classes[data.labels[0]]})`);
  line.append(el("div", "tally", bar, el("p", "", el("b", "", said[0]), said[1], calm)), examples);
  return line;
}

// The word comes from Python, by thresholds that are the same for every model.
function verdict({ sides: [a, b, neither], behavior, stranger }, { labels, votes, classes }) {
  const [one, other] = labels.map((label) => classes[label]);
  const mostly = stranger === null ? "" : `, mostly ${classes[stranger]}`;
  const both = `: ${a} draws of ${one}, ${b} of ${other}${neither ? `; ${neither} of neither${mostly}` : ""}`;
  const none = `: ${neither} of ${votes} draws read as neither${mostly}`;
  const words = {
    "takes side A": `: ${a} of ${votes} draws read as ${one}`,
    "takes side B": `: ${b} of ${votes} draws read as ${other}`,
    alternates: both,
    blends: none,
    "is lost": none,
    wavers: both,
  };
  return [behavior, words[behavior]];
}

// ---- rates ------------------------------------------------------------------------------------

const BEHAVIORS = { "takes side A": "A", "takes side B": "B", alternates: "alternates", blends: "neither", wavers: "wavers", "is lost": "lost" };

function rates(data) {
  const legend = el("ul", "legend");
  for (const [word, look] of Object.entries(BEHAVIORS)) legend.append(el("li", "", el("i", `segment ${look}`), word));
  const bars = el("div", "bars");
  for (const model of data.models) {
    const name = el("h3", "", model.name);
    if (model.whole) name.append(el("small", "", " whole mixture"));
    const parts = Object.entries(model.shares).map(([word, share]) => `${word} in ${percent(share)}`);
    const bar = described(el("div", "bar"), `${model.name}${model.whole ? ", whole mixture" : ""}: ${parts.join(", ")}`);
    for (const [word, share] of Object.entries(model.shares)) {
      if (!share) continue;
      const segment = el("span", `segment ${BEHAVIORS[word]}`);
      segment.style.flexGrow = share;
      segment.title = `${word} in ${percent(share)} of conflicts`;
      if (share > 0.1) segment.append(el("b", "", percent(share)));
      bar.append(segment);
    }
    const calm = el("p", "calm", `${percent(model.calm)} right without a swap`);
    bars.append(colored(el("section", "side", el("header", "", swatch(model), name), bar, calm), model.colors));
  }
  const note = el("p", "how", `${data.n_samples} pairs of test samples, ${data.n_draws} draws each; precomputed. One view of side A is swapped for side B.`);
  return [legend, bars, note];
}

// ---- marginals --------------------------------------------------------------------------------

function marginals(data, _cut, root) {
  const panels = data.models.map((model) => {
    const panel = colored(el("section", "panel"), model.colors);
    panel.append(el("header", "", swatch(model), el("h3", "", model.name)));
    if (model.error) {
      panel.append(el("p", "error", model.error));
      return panel;
    }
    const apart = distance(model, data.several);
    const rest = model.left_out ? `; drawn are the outermost, ${model.left_out} others lie between` : "";
    panel.append(el("p", "how", `latent dimension ${model.dimension}, ${apart}${rest}`));
    const figure = el("div", "figure");
    panel.append(figure);
    const list = el("ul", "legend");
    for (const x of model.experts) list.append(colored(el("li", "", el("i", "line"), `${x.name}: ${value(x.mu, x.sd)}`), x.colors));
    const [mean, sd] = moments(model.fused);
    list.append(colored(el("li", "", el("i", "line fused"), `fused: ${value(mean, sd)}`), model.colors));
    panel.append(list);
    if (model.link) {
      const link = el("a", "", "Open these experts on Barycenters");
      link.href = model.link;
      panel.append(link, el("p", "how", model.axis));
    }
    panel.draw = () => figure.replaceChildren(curves(model, figure.clientWidth || 320));
    return panel;
  });
  const draw = () => panels.forEach((panel) => panel.draw?.());
  root.resized = draw;
  requestAnimationFrame(draw);
  return [el("div", "panels", ...panels)];
}

function distance({ gap, points }, several) {
  const length = gap.toFixed(1);
  if (points) return several ? `codes up to ${length} apart` : `a code ${length} from 0`;
  return several ? `experts up to ${length} sd apart` : `${length} from the prior`;
}

const value = (mu, sd) => (sd === null ? `a point at ${mu.toFixed(2)}` : `${mu.toFixed(2)} ± ${sd.toFixed(2)}`);

function moments({ weights, mu, sd }) {
  const mean = weights.reduce((sum, w, k) => sum + w * mu[k], 0);
  if (sd.includes(null)) return [mean, null];
  const second = weights.reduce((sum, w, k) => sum + w * (sd[k] ** 2 + (mu[k] - mean) ** 2), 0);
  return [mean, Math.sqrt(second)];
}

const DENSITIES = {
  normal: (x, mu, sd) => Math.exp(-0.5 * ((x - mu) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI)),
  laplace: (x, mu, sd) => Math.exp((-Math.SQRT2 * Math.abs(x - mu)) / sd) / (sd * Math.SQRT2),
};

function curves(model, width) {
  const height = 190;
  const [left, right, top, bottom] = [8, 8, 16, 24];
  const all = [...model.experts, ...model.fused.mu.map((mu, k) => ({ mu, sd: model.fused.sd[k] }))];
  const reach = (x) => (x.sd === null ? 1 : 3.2 * x.sd); // a point has no width of its own
  const low = Math.min(...all.map((x) => x.mu - reach(x)));
  const high = Math.max(...all.map((x) => x.mu + reach(x)));
  const grid = Array.from({ length: 241 }, (_, i) => low + ((high - low) * i) / 240);
  const density = DENSITIES[model.laplace ? "laplace" : "normal"];
  const heights = (mu, sd) => (sd === null ? [] : grid.map((t) => density(t, mu, sd)));
  const lines = model.experts.map((x) => ({ ...x, at: x.mu, values: heights(x.mu, x.sd) }));
  const { weights, mu, sd } = model.fused;
  const stems = mu.filter((_, k) => sd[k] === null);
  const fused = stems.length ? [] : grid.map((t) => weights.reduce((sum, w, k) => sum + w * density(t, mu[k], sd[k]), 0));
  const peak = Math.max(1e-9, ...lines.flatMap((line) => line.values), ...fused);
  const x = (t) => left + ((t - low) / (high - low)) * (width - left - right);
  const y = (v) => height - bottom - (v / peak) * (height - top - bottom);
  const path = (values) => values.map((v, i) => `${i ? "L" : "M"}${x(grid[i]).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  const stem = (t, share) => `M${x(t).toFixed(1)} ${y(0)}V${y(share * peak)}`;
  const shape = (line) => (line.values.length ? path(line.values) : stem(line.mu, 0.75));
  const plot = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  described(plot, `Densities in latent dimension ${model.dimension}: ${model.experts.map((e) => `${e.name} ${value(e.mu, e.sd)}`).join(", ")}`);
  plot.append(svg("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
  for (const t of ticks(low, high)) {
    plot.append(svg("line", { class: "axis", x1: x(t), x2: x(t), y1: height - bottom, y2: height - bottom + 4 }));
    plot.append(svg("text", { class: "tick", x: x(t), y: height - 6 }, `${t}`));
  }
  if (fused.length) plot.append(svg("path", { class: "area", d: `${path(fused)}L${x(high)} ${y(0)}L${x(low)} ${y(0)}Z` }));
  for (const line of lines) plot.append(colored(svg("path", { class: "expert", d: shape(line) }), line.colors));
  const whole = fused.length ? path(fused) : stems.map((t) => stem(t, 0.95)).join("");
  plot.append(svg("path", { class: "fused", d: whole, "stroke-dasharray": model.dash }));
  let free = 0; // names of neighboring peaks step aside, or are left to the legend
  const long = (line) => Math.max(24, 8 * line.name.length);
  const room = lines.reduce((sum, line) => sum + long(line), 0) < width - left - right;
  for (const line of room ? [...lines].sort((a, b) => a.at - b.at) : []) {
    const half = long(line) / 2;
    const place = Math.min(Math.max(x(line.at), free + half), width - right - half);
    free = place + half;
    const tip = line.values.length ? Math.max(...line.values) : 0.75 * peak;
    plot.append(svg("text", { class: "name", x: place, y: y(tip) - 4 }, line.name));
  }
  return plot;
}

function ticks(low, high) {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => +((first + i) * step).toPrecision(6));
}

// ---- strip ------------------------------------------------------------------------------------

function strip(data, cut, root) {
  return [
    el(
      "div",
      "strip",
      ...data.items.map(({ item, tile: place, label }) => {
        const button = widened(el("button", "", cut(place), el("span", "", data.classes[label])), cut.wide(place));
        button.type = "button";
        button.dataset.item = item;
        button.setAttribute("aria-pressed", item === data.selected);
        button.setAttribute("aria-label", `sample ${item}, ${called(data, label)}`);
        button.onclick = () => {
          for (const other of root.querySelectorAll("button")) other.setAttribute("aria-pressed", other === button);
          root.setStateValue("picked", [item, Date.now()]);
        };
        return button;
      }),
    ),
  ];
}
