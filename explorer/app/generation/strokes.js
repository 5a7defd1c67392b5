// What a pen draws: strokes in a link, and the picture that a dataset would make of them.
//
// A stroke is a list of [x, y], 0 to 63 across the picture. In a link every point is two letters of
// 64, strokes are separated by a dot, and the pen's width, in half pixels of 28, goes first.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const FINEST = 63;
export const LONGEST = 1800; // letters of all drawings of a link together
export const PENS = [3, 4, 5, 6, 7, 8];
export const PEN = 5;

export function write({ pen, strokes }) {
  const letter = (v) => LETTERS[Math.max(0, Math.min(FINEST, Math.round(v)))];
  return [LETTERS[2 * pen], ...strokes.map((stroke) => stroke.map(([x, y]) => letter(x) + letter(y)).join(""))].join(".");
}

// Null for what is no drawing.
export function read(text) {
  const [pen, ...strokes] = text.split(".");
  if (pen.length !== 1 || text.length > LONGEST || ![...text].every((c) => c === "." || LETTERS.includes(c))) return null;
  if (strokes.some((stroke) => !stroke || stroke.length % 2)) return null;
  const width = LETTERS.indexOf(pen) / 2;
  if (!(width >= PENS[0] && width <= PENS.at(-1))) return null;
  const place = (stroke, i) => [LETTERS.indexOf(stroke[i]), LETTERS.indexOf(stroke[i + 1])];
  return { pen: width, strokes: strokes.map((s) => Array.from({ length: s.length / 2 }, (_, i) => place(s, 2 * i))) };
}

// Fewer points for the same line: those that lie within `least` of the straight way are left out.
export function simplified(stroke, least = 0.7) {
  if (stroke.length < 3) return stroke;
  const [[ax, ay], [bx, by]] = [stroke[0], stroke.at(-1)];
  let far = 0, at = 0;
  for (let i = 1; i < stroke.length - 1; i++) {
    const away = distance(stroke[i][0], stroke[i][1], ax, ay, bx, by);
    if (away > far) [far, at] = [away, i];
  }
  if (far <= least) return [stroke[0], stroke.at(-1)];
  return [...simplified(stroke.slice(0, at + 1), least).slice(0, -1), ...simplified(stroke.slice(at), least)];
}

function distance(x, y, ax, ay, bx, by) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

// How much ink lies on each pixel, 0 to 1, [height * width].
export function ink({ pen, strokes }, height, width) {
  const out = new Float32Array(height * width);
  const scale = width / (FINEST + 1), radius = (pen / 28) * width / 2;
  for (const stroke of strokes) {
    for (let k = 0; k < Math.max(1, stroke.length - 1); k++) {
      const [ax, ay] = stroke[k].map((v) => (v + 0.5) * scale), [bx, by] = (stroke[k + 1] ?? stroke[k]).map((v) => (v + 0.5) * scale);
      const [left, right] = [Math.min(ax, bx) - radius - 1, Math.max(ax, bx) + radius + 1];
      const [top, bottom] = [Math.min(ay, by) - radius - 1, Math.max(ay, by) + radius + 1];
      for (let y = Math.max(0, top | 0); y < Math.min(height, bottom + 1); y++)
        for (let x = Math.max(0, left | 0); x < Math.min(width, right + 1); x++) {
          const wet = Math.max(0, Math.min(1, radius + 0.5 - distance(x + 0.5, y + 0.5, ax, ay, bx, by)));
          if (wet > out[y * width + x]) out[y * width + x] = wet;
        }
    }
  }
  return out;
}

// How a dataset sets a digit on what is behind it: (ink, background, shape, extra) -> values.
export const COMPOSED = {
  // colors are inverted under the pen
  invert: (wet, bare, [channels]) => bare.map((v, i) => (wet[i % (bare.length / channels)] > 0.5 ? 1 - v : v)),
  // brighter or darker under the pen, by as much as the sample's own digit is
  add: (wet, bare, [channels], { strokes }) =>
    bare.map((v, i) => {
      const size = bare.length / channels;
      return Math.max(0, Math.min(1, v + strokes[(i / size) | 0] * wet[i % size]));
    }),
  // grey ink on nothing
  ink: (wet) => wet,
  // the path of the pen itself: points at equal distances, y up
  path: (wet, bare, [, points], { drawing }) => path(drawing, points),
};

function path({ strokes }, points) {
  const all = strokes.flat(), ways = [0];
  for (let i = 1; i < all.length; i++) ways.push(ways[i - 1] + Math.hypot(all[i][0] - all[i - 1][0], all[i][1] - all[i - 1][1]));
  const out = new Float32Array(2 * points);
  for (let p = 0, i = 0; p < points; p++) {
    const way = (ways.at(-1) * p) / (points - 1);
    while (i < all.length - 2 && ways[i + 1] < way) i++;
    const next = all[i + 1] ?? all[i], t = ways[i + 1] > ways[i] ? (way - ways[i]) / (ways[i + 1] - ways[i]) : 0;
    out[p] = (all[i][0] + t * (next[0] - all[i][0])) / FINEST;
    out[points + p] = 1 - (all[i][1] + t * (next[1] - all[i][1])) / FINEST;
  }
  return out;
}
