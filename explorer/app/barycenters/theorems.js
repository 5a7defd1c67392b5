// Four statements of the papers, with the experts that are on the plot: each can be opened and moved.
import {
  KEYS, expert, fuse, gaussian, grid, jointBound, kl, logDensity, logEvidence, mmdGap, rateTo, shares, widths,
} from "./mathematics.js";
import { fixed, h, s, set, show, slider } from "./drawing.js";

// which subsets (rows) meet which average (columns); a cell is a rule, and the model that trains it
const AVERAGES = ["Product", "Dependent experts", "Geometric mean", "Wasserstein", "Moments", "Hölder at 1/2"];
const SCHEME = [
  ["all together", { poe: "MVAE", dependent: "CoDE’s consensus", logpool: "—", wb: "WB-VAE", moments: "—", hellinger: "HELVAE" }],
  ["each alone", { moe: "MMVAE, whatever the average" }],
  ["each and every pair", { holder: "Hölder+" }],
  ["every subset", { mopoe: "MoPoE-VAE", mwb: "MWB-VAE" }],
];
const PLACE = { poe: 0, mopoe: 0, moe: 0, dependent: 1, logpool: 2, wb: 3, mwb: 3, moments: 4, hellinger: 5, holder: 5 };

function bars(view, label) {
  const svg = s("svg", { width: "100%", height: 10, role: "img", "aria-label": label });
  const paint = (rows, cap = null) => {
    const [left, right, line] = [170, 76, 22];
    const width = Math.max(320, svg.clientWidth || 560) - left - right;
    const most = Math.max(cap?.value ?? 0, ...rows.map((row) => row.value).filter(Number.isFinite)) || 1;
    const x = (value) => left + (Math.min(value, most) / most) * width;
    const least = Math.min(...rows.map((row) => row.value));
    set(svg, { height: line * rows.length + (cap ? 20 : 4), "font-family": view.colors.font, "font-size": 12.5 });
    svg.replaceChildren(...rows.flatMap((row, i) => [
      s("text", { x: left - 8, y: line * i + 15, "text-anchor": "end", fill: view.colors.ink }),
      s("rect", { x: left, y: line * i + 4, height: 14, rx: 2, width: Math.max(1, x(row.value) - left), fill: row.color ?? view.colors.muted }),
      s("text", { x: x(row.value) + 6, y: line * i + 15, fill: view.colors.ink }),
    ]));
    rows.forEach((row, i) => {
      svg.children[3 * i].textContent = row.name;
      svg.children[3 * i + 2].textContent = `${row.value === least ? "★ " : ""}${fixed(row.value)}`;
    });
    if (!cap) return;
    const note = s("text", { x: left, y: line * rows.length + 15, fill: view.colors.ink });
    note.textContent = cap.name;
    svg.append(s("line", { x1: x(cap.value), x2: x(cap.value), y1: 0, y2: line * rows.length, stroke: view.colors.ink, "stroke-dasharray": "4 3" }), note);
  };
  return { element: svg, paint };
}

function theoremsView(view) {
  const q = { mean: 0, sd: 1 };
  const isOpen = (part) => part.element.open;
  const name = (key) => SETUP.labels[key];
  const color = (key) => view.colors.rules[key];
  const panel = (title, text, ...children) => {
    const element = h("details", { class: "bx-theorem" }, h("summary", { text: title }), h("p", { class: "bx-note", text }), ...children);
    element.addEventListener("toggle", () => view.changed());
    return element;
  };

  // --- which subsets, which average ------------------------------------------------------------
  const cells = {};
  const cell = (key, model) => {
    cells[key] = h("button", { class: "bx-rule", title: SETUP.ideas[key], onclick: () => {
      view.state.curves = [key];
      view.released();
    } }, view.swatch(key), h("span", {}, name(key), h("br"), h("small", { text: model })));
    return cells[key];
  };
  const schemeRows = SCHEME.map(([family, rules]) => h("tr", {}, h("th", { scope: "row", text: family }),
    ...AVERAGES.flatMap((_, j) => {
      const key = Object.keys(rules).find((each) => PLACE[each] === j);
      if (key === "moe") return [h("td", { colspan: AVERAGES.length }, cell(key, rules[key]))];
      if (rules.moe) return [];
      return [h("td", {}, ...(key ? [cell(key, rules[key])] : []))];
    })));
  const scheme = { element: panel("The scheme: which subsets, which average",
    "A rule is a family of subsets and an average; a mixture of one Gaussian for each subset comes out. Choose a cell to see its curve alone. MoPoE’s table has the first column, the barycentric paper adds the fourth.",
    h("div", { class: "bx-table", role: "region", tabindex: 0, "aria-label": "The scheme" },
      h("table", { class: "bx-scheme" }, h("thead", {}, h("tr", {}, h("th"), ...AVERAGES.map((text) => h("th", { scope: "col", text })))), h("tbody", {}, ...schemeRows)))),
  paint: () => {
    for (const [key, button] of Object.entries(cells)) set(button, { "aria-pressed": view.state.curves.includes(key) });
  } };

  // --- any density gives a bound -----------------------------------------------------------------
  const gapBars = bars(view, "How far each density’s bound is below the evidence");
  const told = h("p", { class: "bx-note", "aria-live": "polite" });
  const move = (property, range, text) => {
    const input = slider(text, range, (value) => {
      q[property] = value;
      view.changed();
    });
    input.value = q[property];
    return h("label", {}, h("span", { text }), input);
  };
  const bound = { element: panel("Any density gives a bound",
    "Let each expert be the likelihood of what its modality showed, and N(0, 1) the prior. Whatever density q is, the ELBO of q is below log p(x), by KL(q‖posterior): nothing else about q matters, not even how it was fused. Move your own q.",
    h("div", { class: "bx-tools" }, move("mean", [-9, 9, 0.05], "mean of q"), move("sd", [0.1, 8, 0.05], "sd of q")), told, gapBars.element),
  paint: (experts, x, logs, dx) => {
    const top = logEvidence(experts);
    const own = jointBound(logDensity(gaussian([q.mean, q.sd]), x), experts, x, dx);
    told.textContent = `log p(x) = ${fixed(top)}. The bound of your q is ${fixed(own)}, a gap of ${fixed(top - own)} nats; the bars are gaps.`;
    gapBars.paint([{ name: "your q", value: Math.max(0, top - own), color: view.colors.ink },
      ...KEYS.map((key) => ({ name: name(key), color: color(key), value: Math.max(0, top - jointBound(logs[key], experts, x, dx)) }))]);
  } };

  // --- the best prior is the mixture -------------------------------------------------------------
  const rateBars = bars(view, "What each prior costs all experts together");
  const lemma = { element: panel("The best shared prior is the mixture of experts",
    "MM-VAMP pays Σ KL(qₘ‖h) for a prior h that all modalities share. Of all densities the mixture of the experts makes that smallest, and it never costs more than M log M, however far apart they are; the others have no such limit. Experts count the same here.",
    rateBars.element),
  paint: (experts, x, _, dx) => {
    const even = experts.map((e) => ({ ...e, weight: 1 }));
    const cost = (key) => rateTo(logDensity(fuse(key, even), x), even, x, dx);
    const rows = [...KEYS.map((key) => ({ name: name(key), color: color(key), value: cost(key) })),
      { name: "N(0, 1)", value: rateTo(logDensity(gaussian([0, 1]), x), even, x, dx) }];
    const limit = experts.length * Math.log(experts.length);
    const far = rows.filter((row) => row.value > 6 * limit).map((row) => row.name);
    rateBars.paint(rows.filter((row) => row.value <= 6 * limit), { value: limit, name: `M log M = ${fixed(limit)}${far.length ? `; more than six times that: ${far.join(", ")}` : ""}` });
  } };

  // --- what MAC-WAE pays beyond its goal ---------------------------------------------------------
  const gapTwo = bars(view, "MMD squared: mean over masks, of the mean, and the gap");
  const mac = { element: panel("MAC-WAE pays for every mask",
    "Let each expert be where one mask’s codes lie. The goal is that all codes together look like the prior; the loss asks it of each mask’s codes. By convexity the loss is larger, by exactly the spread of the masks’ mean embeddings: so codes of different masks are pushed into the same place.",
    gapTwo.element),
  paint: (experts) => {
    const { mean, together, spread } = mmdGap(experts, shares(experts));
    gapTwo.paint([
      { name: "mean over masks (loss)", value: mean, color: view.colors.ink },
      { name: "all codes together (goal)", value: together, color: color("moe") },
      { name: "spread of embeddings", value: spread },
    ]);
  } };

  const parts = [scheme, bound, lemma, mac];
  const element = h("section", { class: "bx-theorems", "data-part": "theorems", "aria-label": "Statements of the papers" }, ...parts.map((part) => part.element));
  function paint() {
    show(element, view.state.tab === "line" && !view.covered);
    const opened = parts.filter(isOpen);
    if (element.hidden || !opened.length) return;
    const all = view.state.experts.map(([mean, sd, weight]) => ({ mean, sd, weight: weight ?? 1 }));
    const experts = view.state.step ? all.slice(0, view.state.step) : all;
    const x = grid(all);
    const dx = widths(x);
    const logs = Object.fromEntries(KEYS.map((key) => [key, logDensity(fuse(key, experts, view.state.prior), x)]));
    for (const part of opened) part.paint(experts, x, logs, dx);
  }
  return { element, paint };
}
export { theoremsView };
