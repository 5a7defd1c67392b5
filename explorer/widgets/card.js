// The card beside the maps: what went into the point under the pointer, or what a lasso caught.

import { el } from "./marks.js";

const TILE = 28;

function verdicts(d, point) {
  return d.panels.map((panel) => {
    const right = panel.predicted[point] === d.labels[point % d.T];
    return `${panel.label}: neighbors say ${d.classes[panel.predicted[point]]}, ${right ? "right" : "wrong"}`;
  });
}

export function describe(d, point) {
  const digit = d.classes[d.labels[point % d.T]],
    subset = d.subsets[(point / d.T) | 0];
  return `Digit ${digit}, seen ${subset}. ${verdicts(d, point).join(". ")}.`;
}

const INTRODUCTION = () => [
  el("h2", {}, "What went in"),
  el(
    "p",
    {},
    "Every dot is what a model believes (the mean of its posterior) about five pictures of one " +
      "digit, of which it was shown some. Point at one: its five pictures appear here, and lines " +
      "join it to the same five pictures seen in part.",
  ),
];

function caught({ data: d, brushed, letGo }) {
  const digits = d.classes.map(() => 0);
  const tuples = new Set();
  let points = 0;
  brushed.forEach((inside, i) => {
    if (!inside) return;
    points++;
    tuples.add(i % d.T);
    digits[d.shown[i % d.T]]++;
  });
  const order = digits.map((n, c) => [n, c]).filter(([n]) => n);
  order.sort((a, b) => b[0] - a[0]);
  const [total, different] = [points, tuples.size].map((n) => n.toLocaleString("en"));
  return [
    el("h2", {}, "In the lasso"),
    el("p", {}, `${total} points of ${different} tuples, lit in every map.`),
    el(
      "div",
      { class: "bars" },
      ...order.flatMap(([n, c]) => [
        el("span", {}, d.classes[c]),
        el("span", { class: "length", style: `--share: ${n / order[0][0]}` }),
        el("span", {}, `${((100 * n) / points).toFixed(0)}%`),
      ]),
    ),
    el("button", { type: "button", onclick: letGo }, "Let go"),
  ];
}

function picture(d, item, m, seen) {
  const canvas = el("canvas", {
    width: TILE,
    height: TILE,
    role: "img",
    "aria-label": `${d.names[m]}: digit ${d.classes[d.labels[item]]} on ${d.descriptions[m]}`,
  });
  const sheet = globalThis.explorerThumbnails?.bitmap;
  if (sheet) {
    const tile = item * d.names.length + m,
      columns = sheet.width / TILE;
    const x = (tile % columns) * TILE,
      y = Math.floor(tile / columns) * TILE;
    canvas.getContext("2d").drawImage(sheet, x, y, TILE, TILE, 0, 0, TILE, TILE);
  }
  const words = el("span", {}, d.names[m], el("small", {}, seen ? "seen" : "not seen"));
  words.append(el("small", { class: "what" }, d.descriptions[m]));
  return el("div", { class: seen ? "picture seen" : "picture" }, canvas, words);
}

function onePoint({ data: d, view }, point) {
  const item = point % d.T,
    subset = (point / d.T) | 0;
  const seen = d.sizes[subset] === d.names.length ? "all" : d.subsets[subset];
  const next =
    point === view.picked
      ? "Picked: what comes out is below the map."
      : "Click to see what comes out.";
  return [
    el("h2", {}, `Digit ${d.classes[d.labels[item]]}, ${seen} seen`),
    el(
      "div",
      { class: "pictures" },
      ...d.names.map((_, m) => picture(d, item, m, d.masks[subset] & (1 << m))),
    ),
    ...verdicts(d, point).map((line) => el("p", {}, line)),
    el("p", {}, next),
  ];
}

export function fillCard(card, app) {
  const point = app.hovered ?? app.view.picked;
  if (app.brushed && app.hovered === null) {
    card.replaceChildren(...caught({ ...app, letGo: () => app.letGo() }));
  } else card.replaceChildren(...(point === null ? INTRODUCTION() : onePoint(app, point)));
}
