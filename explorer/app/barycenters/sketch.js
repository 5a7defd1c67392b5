// A curve that is drawn with the pointer, before a class shows what the rules believe. What is drawn
// is scaled to an area of 1, like every other curve. The event "explorer-sketch" has its heights at
// PLACES places from -10 to 10, in percent of the highest.
import { s, set, show } from "./drawing.js";

const PLACES = 41;

export function sketchLayer(area) {
  const sheet = s("rect", { fill: "transparent", style: "cursor: crosshair; touch-action: none", "data-hit": "" });
  const line = s("path", { fill: "none", "stroke-width": 4, "stroke-linejoin": "round", "stroke-linecap": "round" });
  const element = s("g", {}, line, sheet);
  let heights = Array(PLACES).fill(0); // in pixels above the axis
  let drawn = false;
  let last = null;

  function put(event) {
    const box = element.ownerSVGElement.getBoundingClientRect();
    const width = area.width - area.left - area.right;
    const at = Math.round(((event.clientX - box.left - area.left) / width) * (PLACES - 1));
    const to = Math.min(PLACES - 1, Math.max(0, at));
    const height = Math.max(0, area.height - area.bottom - (event.clientY - box.top));
    const [from, before] = last ?? [to, height];
    const steps = Math.max(1, Math.abs(to - from));
    for (let i = 0; i <= steps; i++) {
      heights[Math.round(from + ((to - from) * i) / steps)] = before + ((height - before) * i) / steps;
    }
    last = [to, height];
  }

  let repaint = () => {};
  sheet.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    sheet.setPointerCapture(event.pointerId);
    if (drawn) heights = Array(PLACES).fill(0);
    [drawn, last] = [false, null];
    put(event);
    repaint();
  });
  sheet.addEventListener("pointermove", (event) => {
    if (last === null) return;
    put(event);
    repaint();
  });
  const stop = () => {
    const most = Math.max(...heights);
    if (last === null) return;
    last = null;
    drawn = most > 0;
    repaint();
    if (!drawn) return;
    const detail = heights.map((height) => Math.round((100 * height) / most));
    globalThis.dispatchEvent(new CustomEvent("explorer-sketch", { detail }));
  };
  sheet.addEventListener("pointerup", stop);
  sheet.addEventListener("pointercancel", stop);

  // `py` maps a density to the plot; while the pointer draws, the line follows it as it is
  function paint(view, px, py) {
    repaint = () => view.changed();
    show(sheet, view.sketching === true);
    show(line, drawn || last !== null);
    set(sheet, { x: area.left, y: 0, width: Math.max(0, area.width - area.left - area.right), height: area.height - area.bottom });
    const total = heights.reduce((a, b) => a + b, 0) * (20 / (PLACES - 1)) || 1;
    const y = (height) => (last !== null ? area.height - area.bottom - height : py(height / total));
    const points = heights.map((height, i) => `${px(-10 + (20 * i) / (PLACES - 1)).toFixed(1)} ${y(height).toFixed(1)}`);
    set(line, { d: `M${points.join("L")}`, stroke: view.colors.ink });
  }
  return { element, paint };
}
