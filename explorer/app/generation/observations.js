// Observations of every kind: unpacked from what the server sends, typed by a hand, and shown.

import { h } from "./dom.js";

const size = (shape) => shape.reduce((a, b) => a * b, 1);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

// ---- a page of samples: name -> list of Float32Array ----------------------------------------------

async function sprite({ data, shape: [channels, height, width], n, columns }) {
  const blob = await (await fetch(data)).blob();
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  return Array.from({ length: n }, (_, k) => {
    const { data: rgba } = pen.getImageData((k % columns) * width, ((k / columns) | 0) * height, width, height);
    const P = height * width, values = new Float32Array(channels * P);
    for (let c = 0; c < channels; c++) for (let i = 0; i < P; i++) values[c * P + i] = rgba[4 * i + c] / 255;
    return values;
  });
}

const rows = (numbers, n, each) => Array.from({ length: n }, (_, k) => Float32Array.from(numbers.subarray(k * each, (k + 1) * each)));

const oneHot = (places, width) => {
  const values = new Float32Array(places.length * width);
  places.forEach((k, i) => (values[i * width + k] = 1));
  return values;
};

const UNPACK = {
  sprite,
  levels: ({ data, shape, n }) => rows(bytes(data), n, size(shape)).map((row) => row.map((v) => v / 255)),
  floats: ({ data, shape, n }) => rows(new Float32Array(bytes(data).buffer), n, size(shape)),
  symbols: ({ data, shape: [length, width], n }) => rows(bytes(data), n, length).map((row) => oneHot(row, width)),
  class: ({ data, shape: [width], n }) => rows(bytes(data), n, 1).map((row) => oneHot(row, width)),
};

export async function unpack(page) {
  const found = {};
  for (const [name, { values, bare, pen, strokes }] of Object.entries(page.modalities)) {
    const behind = bare ? await UNPACK[bare.how](bare) : null;
    let all;
    if (values.how === "inverted") { // the digit is where the background's colors are inverted
      const bits = bytes(values.data), P = bare.shape[1] * bare.shape[2], stride = Math.ceil(P / 8);
      all = behind.map((row, k) => row.map((v, i) => {
        const p = i % P;
        return (bits[k * stride + (p >> 3)] >> (7 - (p & 7))) & 1 ? 1 - v : v;
      }));
    } else all = await UNPACK[values.how](values);
    found[name] = { values: all, bare: behind, pen, strokes };
  }
  return found;
}

// ---- what can be typed or chosen --------------------------------------------------------------------

// A text as one-hot symbols from the first place on; letters that the alphabet lacks are left out.
export function spelled(text, { symbols, shape: [length, width] }) {
  const blank = Math.max(0, symbols.indexOf(" "));
  const places = [...text.toLowerCase()].map((c) => symbols.indexOf(c)).filter((k) => k >= 0).slice(0, length);
  return oneHot([...places, ...Array(length - places.length).fill(blank)], width);
}

export function told(values, { symbols, shape: [length, width] }) {
  let text = "";
  for (let i = 0; i < length; i++) {
    const row = values.subarray(i * width, (i + 1) * width);
    text += symbols[row.reduce((k, v, j) => (v > row[k] ? j : k), 0)];
  }
  return text;
}

export const chosen = (k, { shape: [width] }) => oneHot([k], width);

// ---- how observations look ----------------------------------------------------------------------------

const SHADES = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [165, 154, 112], [254, 232, 56]];
const PAPER = "#faf7f0", INK = "#22252b";

function pixels(canvas, height, width, color) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) image.data.set([...color(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function heat(canvas, values, height, width, at) {
  pixels(canvas, height, width, (i) => {
    const level = 4 * Math.min(1, Math.max(0, values[at(i)])), k = Math.min(3, level | 0);
    return SHADES[k].map((v, c) => v + (level - k) * (SHADES[k + 1][c] - v));
  });
}

function sheet(canvas, width, height) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = INK;
  return pen;
}

function bars(canvas, values, low) {
  const pen = sheet(canvas, 96, 96), n = values.length;
  for (let k = 0; k < n; k++) {
    const v = Math.min(1, Math.max(low, values[k])), zero = low < 0 ? 48 : 96, tall = low < 0 ? 48 : 96;
    pen.fillRect((k * 96) / n, v >= 0 ? zero - v * tall : zero, Math.max(0.6, 96 / n - (n < 25 ? 1 : 0)), Math.max(1, Math.abs(v) * tall));
  }
}

function written(canvas, lines) {
  const pen = sheet(canvas, 96, 96);
  const long = Math.max(...lines.map(([text]) => text.length), 4);
  const tall = Math.min(30, 150 / long, 90 / lines.length);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  lines.forEach(([text, strength], i) => {
    pen.font = `600 ${tall}px sans-serif`;
    pen.globalAlpha = Math.max(0.25, strength);
    pen.fillText(text, 48, 48 + (i - (lines.length - 1) / 2) * tall * 1.15, 92);
  });
}

const PAINT = {
  image(canvas, values, { shape: [channels, height, width] }) {
    const P = height * width, c = (i, k) => 255 * Math.min(1, Math.max(0, values[(channels === 1 ? 0 : k) * P + i]));
    pixels(canvas, height, width, (i) => [c(i, 0), c(i, 1), c(i, 2)]);
  },
  text(canvas, values, modality) {
    const [length, width] = modality.shape, text = told(values, modality);
    const strength = Array.from({ length }, (_, i) => Math.max(...values.subarray(i * width, (i + 1) * width)));
    const sure = strength.reduce((a, b) => a + b) / length;
    if (length <= 12) return written(canvas, [[text.trim() || "blank", sure]]);
    const words = text.trim().split(/\s+/), lines = [""];
    for (const word of words) {
      if (lines.at(-1).length + word.length > 16) lines.push("");
      lines[lines.length - 1] += `${word} `;
    }
    return written(canvas, lines.slice(0, 7).map((line) => [line.trim(), sure]));
  },
  label(canvas, values, { parts }) {
    const best = values.reduce((k, v, i) => (v > values[k] ? i : k), 0);
    written(canvas, [[String(parts[best] ?? best), values[best]]]);
  },
  attributes: (canvas, values) => bars(canvas, values, 0),
  vector: (canvas, values) => bars(canvas, values.map((v) => v / 3), -1),
  spikes: (canvas, values, { shape: [neurons, bins] }) => heat(canvas, values.map((v) => Math.sqrt(Math.min(1, v))), neurons, bins, (i) => i),
  audio: (canvas, values, { shape: [, bands, frames] }) =>
    heat(canvas, values, bands, frames, (i) => (bands - 1 - ((i / frames) | 0)) * frames + (i % frames)),
  trajectory(canvas, values, { shape: [, points] }) {
    const pen = sheet(canvas, 96, 96), at = (p) => [8 + 80 * values[p], 88 - 80 * values[points + p]];
    pen.lineWidth = 5;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = INK;
    pen.beginPath();
    for (let p = 0; p < points; p++) pen.lineTo(...at(p));
    pen.stroke();
    pen.fillStyle = "#c4320a";
    pen.beginPath();
    pen.arc(...at(0), 5, 0, 7);
    pen.fill();
  },
};

export function paint(canvas, values, modality) {
  PAINT[modality.kind](canvas, values, modality);
  return canvas;
}

export const picture = (className) => h("canvas", { class: className, width: 28, height: 28, "aria-hidden": "true" });

// One observation in a few words, for those who do not see it.
export function inWords(values, modality) {
  if (modality.kind === "text") return `“${told(values, modality).trim()}”`;
  if (modality.kind === "label") {
    const best = values.reduce((k, v, i) => (v > values[k] ? i : k), 0);
    return String(modality.parts[best] ?? best);
  }
  return modality.about || modality.name;
}
