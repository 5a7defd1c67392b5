// Where the points of maps lie. Layouts and thumbnails arrive in parcels of their own (parcel.js);
// how two maps are laid beside one another is decided here.

import { LEVELS } from "./marks.js";

const parcels = () => (globalThis.explorerParcels ??= new Map());

// The layout that is on the prior's scale, for two models on the same axes. Such a map shows at
// least EXTENT standard deviations of the prior, and WITHIN of the codes of either model: a few
// codes far out would leave nothing to see of the rest.
export const SAME = "same";
export const EXTENT = 2;
const WITHIN = 0.95;

// What a panel shows where it has not the layout that is asked for.
const own = (panel, layout) => (panel.layouts.includes(layout) ? layout : "umap0");

function layer(panel, layout) {
  const name = layout === SAME ? panel.frame.layout : own(panel, layout);
  const bytes = parcels().get(`${panel.id} ${name}`);
  return bytes && new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

// Points turned, mirrored and moved, not scaled, to lie as near the reference as they can; about
// their middle, or about (0, 0). As turn_to in explorer/evaluation/maps.py.
export function turned(points, reference, aboutZero = false) {
  const middle = (of) => {
    const sum = [0, 0];
    for (let i = 0; i < of.length; i++) sum[i & 1] += of[i];
    return sum.map((x) => (aboutZero ? 0 : (2 * x) / of.length));
  };
  const [px, py] = middle(points),
    [rx, ry] = middle(reference);
  let xx = 0,
    xy = 0,
    yx = 0,
    yy = 0;
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i] - px,
      y = points[i + 1] - py,
      u = reference[i] - rx,
      v = reference[i + 1] - ry;
    ((xx += x * u), (xy += x * v), (yx += y * u), (yy += y * v));
  }
  const mirror = Math.hypot(xx - yy, xy + yx) > Math.hypot(xx + yy, xy - yx) ? -1 : 1;
  const angle = Math.atan2(xy - mirror * yx, xx + mirror * yy);
  const c = Math.cos(angle),
    s = Math.sin(angle);
  return Float32Array.from(points, (_, i) => {
    const x = points[i & ~1] - px,
      y = mirror * (points[i | 1] - py);
    return i & 1 ? s * x + c * y + ry : c * x - s * y + rx;
  });
}

export function bounds(points) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    box[i & 1] = Math.min(box[i & 1], points[i]);
    box[2 + (i & 1)] = Math.max(box[2 + (i & 1)], points[i]);
  }
  return box;
}

// What each panel draws: points, the box around them, and the prior on the same axes. Undefined
// while a layer is on its way.
export function arrange(panels, layout) {
  const layers = panels.map((panel) => layer(panel, layout));
  if (!layers.every(Boolean)) return undefined;
  if (layout === SAME) return onSameAxes(panels, layers);
  const [first] = layers;
  return layers.map((points, i) => {
    const turn = i > 0 && own(panels[i], layout) !== "latent";
    const at = turn ? turned(points, first) : Float32Array.from(points);
    return { at, box: bounds(at), prior: null };
  });
}

function onSameAxes(panels, layers) {
  let found = layers.map((steps, i) => {
    const { corner, step } = panels[i].frame;
    return Float32Array.from(steps, (x, j) => corner[j & 1] + step * x);
  });
  found = found.map((points, i) => (i ? turned(points, found[0], true) : points));
  const reaches = found.map((points) => {
    const reach = new Float32Array(points.length / 2);
    for (let i = 0; i < points.length; i++)
      reach[i >> 1] = Math.max(reach[i >> 1], Math.abs(points[i]));
    return reach.sort();
  });
  const most = reaches.map((reach) => reach[Math.ceil(WITHIN * reach.length) - 1]);
  const half = 1.1 * Math.max(EXTENT, ...most);
  const unit = LEVELS / (2 * half);
  return found.map((points, i) => ({
    at: points.map((x) => (x + half) * unit),
    box: [0, 0, LEVELS, LEVELS],
    prior: {
      x: LEVELS / 2,
      y: LEVELS / 2,
      sd: unit,
      beyond: reaches[i].filter((reach) => reach > half).length / reaches[i].length,
      furthest: reaches[i].at(-1),
    },
  }));
}

const bitmaps = new WeakMap();

// The part of the thumbnails' sheet that holds a tuple; until it is there, ``then`` is promised.
export function sheetOf(tiles, item, then) {
  const bytes = parcels().get(`${tiles.id} ${Math.floor(item / tiles.part)}`);
  if (!bytes) return null;
  if (!bitmaps.has(bytes)) {
    bitmaps.set(bytes, null);
    createImageBitmap(new Blob([bytes], { type: "image/webp" })).then((bitmap) => {
      bitmaps.set(bytes, bitmap);
      then();
    });
  }
  return bitmaps.get(bytes);
}
