// What maps are drawn with: bytes to arrays, stamps, colorings, small pieces of DOM.

export const LEVELS = 65535;
export const REACH = 14; // CSS px within which a point counts as touched
export const capital = (word) => word[0].toUpperCase() + word.slice(1);
export const still = matchMedia("(prefers-reduced-motion: reduce)");

export function unpack(bytes) {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const array = ([, offset, size]) => new Uint8Array(buffer, 4 + length + offset, size);
  for (const panel of header.panels) panel.predicted = array(panel.predicted);
  header.labels = array(header.labels);
  header.shuffled = array(header.shuffled);
  header.told = header.told.map(([m, holds]) => ({ m, holds: array(holds) }));
  return header;
}

// ---- marks -------------------------------------------------------------------------------------

const SHAPES = {
  disc: (x, y, r) => r + 0.5 - Math.hypot(x, y),
  cross: (x, y, r) =>
    Math.min(
      r * 0.42 + 0.5 - Math.min(Math.abs(x - y), Math.abs(x + y)) * 0.7071,
      1.25 * r + 0.5 - Math.max(Math.abs(x), Math.abs(y)),
    ),
};

export function stamp(shape, radius, width) {
  const reach = Math.ceil(radius * 1.3) + 1,
    at = [],
    cover = [];
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const c = Math.min(1, Math.max(0, SHAPES[shape](x, y, radius)));
      if (c > 0.02) (at.push((y * width + x) * 4), cover.push(c));
    }
  return { at: Int32Array.from(at), cover: Float32Array.from(cover), reach };
}

export const rgb = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
export const rgbOf = (css) =>
  css[0] === "#" ? rgb(css) : css.match(/\d+/g).slice(0, 3).map(Number);
export const css = (color) => `rgb(${color.map(Math.round).join(" ")})`;

// What a point can be colored by. A category has a name, a color, a shape and a size.
export const COLORINGS = {
  class: {
    title: (d) => (d.shown === d.labels ? capital(d.word) : `${capital(d.word)}, dealt at random`),
    entries: (d, look) => d.classes.map((name, c) => ({ name, color: look.classes[c] })),
    of: (d, panel, i) => d.shown[i % d.T],
  },
  subset: {
    title: () => "Subset",
    entries: (d, look) =>
      d.members.map((members, s) => {
        const mean = members
          .map((m) => look.modalities[m % look.modalities.length])
          .reduce((a, b) => a.map((x, j) => x + b[j]))
          .map((x) => x / members.length);
        return { name: d.subsets[s], color: mean };
      }),
    of: (d, panel, i) => (i / d.T) | 0,
  },
  size: {
    title: () => "Number of modalities seen",
    entries: (d, look) =>
      d.numbers.map((n, i) => {
        const last = look.sizes.length - 1; // of more numbers than colors those between are mixed
        const at = d.numbers.length > look.sizes.length ? (last * i) / (d.numbers.length - 1) : i;
        const [low, high] = [look.sizes[Math.floor(at)], look.sizes[Math.ceil(at)]];
        const color = low.map((x, j) => x + (at % 1) * (high[j] - x));
        return { name: String(n), color, scale: 0.7 + 0.18 * at };
      }),
    of: (d, panel, i) => d.numbers.indexOf(d.sizes[(i / d.T) | 0]),
  },
  correct: {
    title: (d) => `Do the nearest training tuples name the right ${d.word}?`,
    entries: (d, look) => [
      { name: "right", color: look.verdicts[0], scale: 0.85 },
      { name: "wrong", color: look.verdicts[1], shape: "cross", scale: 1.5 },
    ],
    of: (d, panel, i) => (panel.predicted[i] === d.labels[i % d.T] ? 0 : 1),
  },
};

// ---- small DOM helpers -------------------------------------------------------------------------

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    name.startsWith("on") ? (node[name] = value) : node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function radios(title, options, value, onpick) {
  const buttons = Object.entries(options).map(([key, label]) =>
    el(
      "button",
      { type: "button", role: "radio", "data-key": key, onclick: () => set(key, true) },
      label,
    ),
  );
  const group = el("div", { class: "group", role: "radiogroup", "aria-label": title }, ...buttons);
  function set(key, told) {
    for (const button of buttons) {
      const on = button.dataset.key === key;
      button.setAttribute("aria-checked", on);
      button.tabIndex = on ? 0 : -1;
    }
    if (told) onpick(key);
  }
  group.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(event.target);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    set(next.dataset.key, true);
  };
  set(value);
  return el("fieldset", {}, el("legend", { "aria-hidden": "true" }, title), group);
}
