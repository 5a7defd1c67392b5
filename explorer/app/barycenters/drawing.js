// Small tools of both views: elements, theme, formatting, downloads.

const SVG = "http://www.w3.org/2000/svg";

function assemble(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
const h = (tag, props = {}, ...children) => assemble(document.createElement(tag), props, children);
const s = (tag, props = {}, ...children) =>
  assemble(document.createElementNS(SVG, tag), props, children);

const set = (element, props) => {
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
};
const show = (element, visible) => {
  element.hidden = !visible;
  if (element instanceof SVGElement) element.style.display = visible ? "" : "none";
};

const clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);
const round = (value, digits) => Number(value.toFixed(digits));
const fixed = (value, digits = 2) => value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
const plain = (value) => {
  if (!Number.isFinite(value)) return "∞";
  if (Math.abs(value) >= 1e4) return value.toExponential(1).replace("-", "−").replace("e+", "e");
  return fixed(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
};
const percent = (value) => `${fixed(100 * clamp(value, [0, 1]), 0)} %`;

// light or dark, by the color that the page gives its background
function themeOf(element) {
  const [r, g, b] = getComputedStyle(element).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}

function save(name, type, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function saveDrawing(svg, name, background) {
  const copy = svg.cloneNode(true);
  for (const node of copy.querySelectorAll("[data-hit]")) node.remove();
  copy.setAttribute("xmlns", SVG);
  copy.style.background = background;
  save(name, "image/svg+xml", new XMLSerializer().serializeToString(copy));
}

function slider(label, range, onchange) {
  const [min, max, step] = range;
  const middle = (min + max) / 2;
  const input = h("input", { type: "range", min, max, step, value: middle, "aria-label": label });
  input.addEventListener("input", () => onchange(Number(input.value), false));
  input.addEventListener("change", () => onchange(Number(input.value), true));
  return input;
}

// one handle on a drawing: pointer capture, arrow keys, 44 px to hit
function handle(view, label, onmove) {
  const hit = s("circle", { r: 22, fill: "transparent", "data-hit": "" });
  const dot = s("circle", { r: 10, "stroke-width": 2 });
  const name = s("text", { "text-anchor": "middle", dy: "0.35em", "font-size": 12, "font-weight": 700 });
  const group = s(
    "g",
    { class: "bx-handle", role: "slider", tabindex: 0, "aria-label": label, "aria-valuenow": 0 },
    hit,
    dot,
    name,
  );
  let start = null;
  const at = (event) => {
    const box = group.ownerSVGElement.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  group.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    group.setPointerCapture(event.pointerId);
    group.focus({ preventScroll: true });
    start = { ...onmove.begin(), pointer: at(event) };
    view.dragging(true);
  });
  group.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = at(event);
    onmove.drag(start, x - start.pointer[0], y - start.pointer[1]);
    view.changed();
  });
  const stop = () => {
    if (!start) return;
    start = null;
    view.dragging(false);
    view.released();
  };
  group.addEventListener("pointerup", stop);
  group.addEventListener("pointercancel", stop);
  group.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    const size = event.shiftKey ? 5 : 1;
    onmove.key(step[0] * size, step[1] * size);
    view.changed();
  });
  group.addEventListener("keyup", (event) => {
    if (event.key.startsWith("Arrow")) view.released(400);
  });
  return { group, dot, name };
}
export { clamp, fixed, h, handle, percent, plain, round, s, save, saveDrawing, set, show, slider, themeOf };
