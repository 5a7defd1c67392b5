// One row a rule: the experts' and the fused belief along a line of the latent space, draws with the
// classifier's verdict, and a bar that counts whose side they take.

import { clamp, h, percent, s } from "./dom.js";
import { paint, picture } from "./observations.js";
import { called } from "./words.js";

export const DRAWS = 8;
const WIDTH = 330, HEIGHT = 84, FLOOR = 66;

const bell = (x, { mean, sd }) => Math.exp(-0.5 * ((x - mean) / sd) ** 2) / sd;

export function ruleRow(board, { id, name, colors, dash }) {
  const row = h("article", { class: "gx-row", "data-row": id });
  row.style.setProperty("--color", `light-dark(${colors[0]}, ${colors[1]})`);
  const how = h("span", { class: "gx-quiet gx-how" });
  const swatch = s("svg", { width: 26, height: 8, "aria-hidden": "true", class: "gx-swatch" },
    s("line", { x1: 1, x2: 25, y1: 4, y2: 4, "stroke-dasharray": dash || null }));
  const title = h("h3", null, swatch, name);
  const plot = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "gx-bells", role: "group", "aria-label": `Beliefs, ${name}` });
  const areas = s("g", null), fused = s("path", { class: "gx-fused", "stroke-dasharray": dash || null }), axis = s("g", null);
  const grip = s("g", { class: "gx-grip", tabindex: 0, role: "slider", "aria-label": `Move the belief of ${name} along the line`, "aria-valuemin": -2, "aria-valuemax": 2 },
    s("circle", { r: 16, class: "gx-touch" }), s("circle", { r: 6 }));
  plot.append(areas, fused, axis, grip);
  const mean = cell("gx-mean"), cells = Array.from({ length: DRAWS }, () => cell());
  const draws = h("div", { class: "gx-draws" }, mean.element, ...cells.map((c) => c.element));
  const parts = ["a", "b", "other"].map((k) => h("i", { class: `gx-${k}` }));
  const bar = h("div", { class: "gx-bar", role: "img" }, ...parts);
  const tally = h("p", { class: "gx-tally" });
  const curve = s("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", class: "gx-curve", role: "img" });
  const said = h("span", { class: "gx-behavior" });
  const error = h("p", { class: "gx-error", hidden: true });
  row.append(h("div", { class: "gx-belief" }, h("header", null, title, how), plot), draws,
    h("div", { class: "gx-count" }, said, bar, tally, curve), error);
  const remove = board.canRemove() ? h("button", { type: "button", class: "gx-remove", "aria-label": `Leave out ${name}`, title: "Leave out", onclick: () => board.remove(id) }, "✕") : null;
  if (remove) title.append(remove);

  let domain = [-0.5, 1.5], middle = 0;
  const at = (x) => ((x - domain[0]) / (domain[1] - domain[0])) * WIDTH;
  const move = (shift, moving) => board.change({ shift: { ...board.state.shift, [id]: clamp(Math.round(100 * shift) / 100, -2, 2) } }, { moving });
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    grip.focus();
    const start = event.clientX, from = board.state.shift[id] ?? 0, scale = (domain[1] - domain[0]) / plot.getBoundingClientRect().width;
    const drag = (e) => move(from + (e.clientX - start) * scale, true);
    const drop = () => {
      grip.removeEventListener("pointermove", drag);
      move(board.state.shift[id] ?? 0, false);
    };
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("pointerup", drop, { once: true });
  });
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.05, ArrowRight: 0.05, Home: null }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(step === null ? 0 : (board.state.shift[id] ?? 0) + step * (event.shiftKey ? 4 : 1), false);
  });

  function cell(extra = "") {
    const face = picture("gx-picture"), text = h("span", { class: "gx-read" });
    const element = h("button", { type: "button", class: `gx-draw ${extra}`, onclick: () => board.enlarge(element) }, face, text);
    return { element, face, text };
  }

  function tell(one, values, modality, read, sure, title) {
    paint(one.face, values, modality);
    const label = read === undefined ? "" : board.about.classes[read];
    const side = read === undefined ? "" : board.sideOf(read);
    one.text.textContent = read === undefined ? "" : label;
    one.element.dataset.side = side;
    one.element.title = `${title}${read === undefined ? "" : `, read as ${label} (${percent(sure)})`}`;
    one.element.setAttribute("aria-label", one.element.title);
    one.element.hidden = false;
  }

  return {
    id, name, element: row,
    fail(text) {
      error.hidden = !text;
      error.textContent = text;
    },
    domain: (answer) => {
      const all = [...answer.experts, ...answer.fused.parts.filter((_, k) => answer.fused.weights[k] > 0.02)];
      return all.length ? [Math.min(...all.map((b) => b.mean - 2.6 * b.sd)), Math.max(...all.map((b) => b.mean + 2.6 * b.sd))] : [-3, 3];
    },
    show(answer, modality, shared) {
      domain = shared;
      const shift = board.state.shift[id] ?? 0;
      const xs = Array.from({ length: 331 }, (_, i) => domain[0] + (i / 330) * (domain[1] - domain[0]));
      const mixture = (x) => answer.fused.parts.reduce((sum, part, k) => sum + answer.fused.weights[k] * bell(x - shift, part), 0);
      const heights = xs.map(mixture);
      const experts = answer.experts.length ? answer.experts : [{ ...answer.prior, name: "" }];
      const most = Math.max(...heights, ...experts.map((e) => 1 / e.sd)) || 1;
      const path = (ys) => xs.map((x, i) => `${i ? "L" : "M"}${at(x).toFixed(1)} ${(FLOOR - (ys[i] / most) * (FLOOR - 6)).toFixed(1)}`).join("");
      areas.replaceChildren(...experts.map((e) => {
        const area = s("path", { d: `${path(xs.map((x) => bell(x, e)))}V${FLOOR}H0Z`, class: "gx-expert" });
        area.style.setProperty("--expert", board.expertColor(e.name));
        return area;
      }));
      fused.setAttribute("d", path(heights));
      middle = answer.fused.parts.reduce((sum, part, k) => sum + answer.fused.weights[k] * part.mean, 0) + shift;
      grip.setAttribute("transform", `translate(${at(clamp(middle, ...domain)).toFixed(1)} ${FLOOR})`);
      grip.setAttribute("aria-valuenow", shift);
      grip.setAttribute("aria-valuetext", shift ? `moved by ${percent(shift)} of the way from A to B` : "where the rule puts it");
      const ends = board.ends();
      axis.replaceChildren(s("line", { x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR, class: "gx-axis" }),
        ...ends.map(({ x, text, side }) => s("g", { transform: `translate(${at(x).toFixed(1)} ${FLOOR})`, class: "gx-end", "data-side": side },
          s("line", { y1: -3, y2: 3 }), s("text", { y: 15, "text-anchor": "middle", text }))));
      how.textContent = board.how(answer);
      const each = answer.pictures.length / (1 + answer.from.length), picks = answer.reads ?? [];
      tell(mean, answer.pictures.subarray(0, each), modality, picks[0], answer.sure?.[0], `${name}: picture at the center of the belief`);
      cells.forEach((one, k) => {
        if (k >= answer.from.length) return; // those of the last rest stay until the hand rests again
        const source = answer.from[k].map((n) => board.called(n)).join("+");
        tell(one, answer.pictures.subarray((k + 1) * each, (k + 2) * each), modality, picks[k + 1], answer.sure?.[k + 1], `${name}: draw ${k + 1}${source ? ` from ${source}` : ""}`);
      });
      row.dataset.ready = "";
    },
    stale: (k) => cells.forEach((one, i) => one.element.classList.toggle("gx-stale", i >= k)),
    count(counts, curves, words) {
      const { a, b, other, total } = counts, sides = board.sides();
      [a, b, other].forEach((n, k) => { parts[k].style.width = total ? `${(100 * n) / total}%` : "0"; });
      const shares = [[sides[0], a], [sides[1], b], [null, other]].filter(([k, n]) => (k !== null && k !== undefined) || n);
      const text = total
        ? shares.map(([k, n]) => `${k === null ? (sides.length > 1 ? "neither" : "other") : board.about.classes[k]} ${percent(n / total)}`).join(" · ")
        : "";
      tally.textContent = total ? `${text}, of ${total}` : "";
      bar.hidden = !board.state.given.length;
      bar.setAttribute("aria-label", total ? `${name}: ${text}, of ${total} draws` : `${name}: nothing counted yet`);
      said.textContent = words;
      const paths = curves?.length ? ["a", "b", "other"] : [];
      curve.toggleAttribute("hidden", !paths.length);
      curve.setAttribute("aria-label", paths.length ? `${name} along the slide: shares of A, B and neither` : "");
      curve.replaceChildren(...(paths.length ? [s("line", { x1: 100 * board.state.mix, x2: 100 * board.state.mix, y1: 0, y2: 40, class: "gx-now" })] : []),
        ...paths.map((key) => s("polyline", { class: `gx-line-${key}`, points: curves.map((p) => `${(100 * p.mix).toFixed(1)},${(38 - (36 * p[key]) / p.total).toFixed(1)}`).join(" ") })));
    },
  };
}
