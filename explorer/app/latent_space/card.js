// The card beside the maps: what went into the point under the pointer, or what a lasso caught.

import { sheetOf } from "./layers.js";
import { capital, el } from "./marks.js";

const LARGEST = { zoom: 48 / 28, width: 112, height: 64 }; // of a thumbnail, CSS px

function verdicts(d, point) {
  return d.panels.map((panel) => {
    const right = panel.predicted[point] === d.labels[point % d.T];
    return `${panel.label}: neighbors say ${d.classes[panel.predicted[point]]}, ${right ? "right" : "wrong"}`;
  });
}

const called = (d, item) => `${capital(d.word)} ${d.classes[d.labels[item]]}`;

export function describe(d, point) {
  const subset = d.subsets[(point / d.T) | 0];
  return `${called(d, point % d.T)}, seen ${subset}. ${verdicts(d, point).join(". ")}.`;
}

const introduction = ({ data: d }) => [
  el("h2", {}, "What went in"),
  el(
    "p",
    {},
    `Every dot is what a model believes (the mean of its posterior) about one sample of ${d.names.length} ` +
      "modalities, of which it was shown some. Point at one: the sample appears here, and lines " +
      "join it to the same sample seen in part.",
  ),
];

function caught(app) {
  const { data: d, brushed } = app;
  const counts = d.classes.map(() => 0);
  const tuples = new Set();
  let points = 0;
  brushed.forEach((inside, i) => {
    if (!inside) return;
    points++;
    tuples.add(i % d.T);
    counts[d.shown[i % d.T]]++;
  });
  const order = counts.map((n, c) => [n, c]).filter(([n]) => n);
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
    el("button", { type: "button", onclick: () => app.letGo() }, "Let go"),
  ];
}

function picture({ data: d, refresh }, item, m, seen) {
  const { tiles } = d,
    width = tiles.widths[m],
    height = tiles.height;
  const zoom = Math.min(LARGEST.zoom, LARGEST.width / width, LARGEST.height / height);
  const canvas = el("canvas", {
    width,
    height,
    style: `width: ${width * zoom}px; height: ${height * zoom}px`,
    role: "img",
    "aria-label": `${d.names[m]}: ${called(d, item)}, ${d.descriptions[m]}`,
  });
  const sheet = sheetOf(tiles, item, refresh);
  if (sheet) {
    const place = item % tiles.part,
      before = tiles.widths.slice(0, m).reduce((a, b) => a + b, 0);
    const x = (place % tiles.columns) * tiles.widths.reduce((a, b) => a + b) + before,
      y = Math.floor(place / tiles.columns) * height;
    canvas.getContext("2d").drawImage(sheet, x, y, width, height, 0, 0, width, height);
  }
  const words = el("span", {}, d.names[m], el("small", {}, seen ? "seen" : "not seen"));
  words.append(el("small", { class: "what" }, d.descriptions[m]));
  return el("div", { class: seen ? "picture seen" : "picture" }, canvas, words);
}

// What only holds or does not hold: those that do, the seen ones first.
function told({ data: d }, item, members) {
  const holding = d.told.filter(({ holds }) => holds[item]).map(({ m }) => m);
  const words = (seen) =>
    holding.filter((m) => members.includes(m) === seen).map((m) => d.names[m]).join(", ") || "none";
  return el(
    "p",
    { class: "told" },
    el("b", {}, "holds, seen: "),
    words(true),
    el("br"),
    "holds, not seen: ",
    words(false),
  );
}

function onePoint(app, point) {
  const { data: d, view } = app;
  const item = point % d.T,
    subset = (point / d.T) | 0;
  const seen = d.sizes[subset] === d.names.length ? "all" : d.subsets[subset];
  const next =
    point === view.picked
      ? "Picked: what comes out is below the map."
      : "Click to see what comes out.";
  return [
    el("h2", {}, `${called(d, item)}, ${seen} seen`),
    el(
      "div",
      { class: "pictures" },
      ...d.names.map((_, m) =>
        d.tiles.widths[m] ? picture(app, item, m, d.members[subset].includes(m)) : "",
      ),
    ),
    ...(d.told.length ? [told(app, item, d.members[subset])] : []),
    ...verdicts(d, point).map((line) => el("p", {}, line)),
    el("p", {}, next),
  ];
}

export function fillCard(card, app) {
  const point = app.hovered ?? app.view.picked;
  if (app.brushed && app.hovered === null) card.replaceChildren(...caught(app));
  else card.replaceChildren(...(point === null ? introduction(app) : onePoint(app, point)));
}
