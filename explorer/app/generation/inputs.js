// The left side: one tile a modality, in a fixed place. A tile is given or hidden, shows the sample or
// contradicts it, and is drawn or typed into where its kind allows.

import { button, clamp, h, pressed, select } from "./dom.js";
import { inWords, paint, picture } from "./observations.js";
import { FINEST, PEN, PENS, simplified, write } from "./strokes.js";
import { called } from "./words.js";

const ICONS = { swap: "⇄", pen: "✎", clear: "✕" };

export function inputs(board) {
  const tiles = new Map(board.about.modalities.map((m) => [m.name, tile(board, m)]));
  const samples = strip(board);
  const morph = slider(board);
  const nothing = button("Nothing given", () => board.change({ given: [], swapped: [] }), { class: "gx-small" });
  const element = h("section", { class: "gx-inputs", "aria-label": "Inputs" },
    h("div", { class: "gx-head" }, h("h2", { text: "Given to the model" }), nothing),
    h("div", { class: "gx-tiles" }, ...[...tiles.values()].map((t) => t.element)),
    morph.element, samples.element);
  return {
    element,
    show() {
      for (const t of tiles.values()) t.show();
      morph.show();
      samples.show();
      nothing.disabled = !board.state.given.length;
    },
  };
}

function tile(board, modality) {
  const { name } = modality;
  const face = picture("gx-picture");
  const toggle = h("button", { type: "button", class: "gx-face", onclick: () => board.give(name) }, face, h("span", { class: "gx-cover", "aria-hidden": "true" }));
  const status = h("span", { class: "gx-status" });
  const swap = button(ICONS.swap, () => board.contradict(name), { class: "gx-tool", title: "Contradict: take this input from the other sample" });
  const pen = button(ICONS.pen, () => easel(board, modality, element), { class: "gx-tool", title: "Draw into this input" });
  const clear = button(ICONS.clear, () => board.clear(name), { class: "gx-tool", title: "Back to the sample" });
  const entry = modality.kind === "text"
    ? h("input", { type: "text", class: "gx-entry", maxlength: modality.shape[0], placeholder: "type", "aria-label": `Type into ${name}`,
        oninput: () => board.type(name, entry.value), onkeydown: (e) => e.stopPropagation() })
    : modality.kind === "label"
      ? select(`Choose ${name}`, [["", board.samples() ? "as the sample" : "choose"], ...Array.from({ length: modality.shape[0] }, (_, k) => [k, modality.parts[k] ?? k])], "",
          (k) => (k === "" ? board.clear(name) : board.choose(name, Number(k))), { class: "gx-entry" })
      : null;
  const side = h("b", { class: "gx-side" });
  const element = h("div", { class: "gx-tile" }, toggle,
    h("div", { class: "gx-about" }, h("span", { class: "gx-name" }, side, h("b", { text: board.called(name) }), modality.about ? ` ${modality.about}` : ""),
      status, entry), h("span", { class: "gx-tools" }, swap, pen, clear));
  return {
    element,
    show() {
      const { state } = board, given = state.given.includes(name), values = board.values(name);
      const which = board.side(name);
      if (values) paint(face, values, modality);
      else paint(face, new Float32Array(modality.shape.reduce((a, b) => a * b, 1)).fill(0.5), modality);
      element.dataset.state = given ? "given" : "hidden";
      element.dataset.side = given && which ? which : "";
      const own = name in state.drawn ? "drawn" : name in state.typed ? "typed" : name in state.chosen ? "chosen" : state.swapped.includes(name) ? "other sample" : "";
      const label = board.label(name);
      const read = label === null ? "" : own === "drawn" ? `classifier sees ${board.about.classes[label]}` : called(board.about, label);
      side.textContent = given && which ? which : "";
      status.textContent = !values ? "nothing here yet" : given ? [own, read].filter(Boolean).join(", ") : "hidden";
      pressed(toggle, given);
      toggle.disabled = !values;
      toggle.setAttribute("aria-label", `${board.called(name)}, ${values ? inWords(values, modality) : "empty"}, ${status.textContent}${which && given ? `, side ${which}` : ""}. Press to ${given ? "hide" : "give"}.`);
      swap.hidden = !board.samples() || own === "drawn" || own === "typed";
      pressed(swap, state.swapped.includes(name));
      swap.setAttribute("aria-label", `Contradict ${board.called(name)}`);
      pen.hidden = !board.pen(name);
      pressed(pen, own === "drawn");
      pen.setAttribute("aria-label", `Draw into ${board.called(name)}`);
      clear.hidden = !["drawn", "typed", "chosen"].includes(own);
      clear.setAttribute("aria-label", `Undo what was put into ${board.called(name)}`);
      if (entry && modality.kind === "text" && entry.getRootNode().activeElement !== entry) entry.value = state.typed[name] ?? "";
      if (entry && modality.kind === "label") entry.value = state.chosen[name] ?? "";
    },
  };
}

// A large tile to draw into, over the inputs; the models see every move of the pen.
function easel(board, modality, beside) {
  const { name, shape } = modality, old = board.state.drawn[name] ?? null;
  let strokes = structuredClone(old?.strokes ?? []), width = old?.pen ?? PEN, line = null;
  let at = [32, 32], down = false;
  const canvas = h("canvas", { class: "gx-easel-picture", tabindex: 0, role: "application",
    "aria-label": "Drawing. Drag to draw; or arrow keys move the pen, the space bar lowers and lifts it." });
  const cross = h("span", { class: "gx-cross", "aria-hidden": "true" });
  const size = select("Width of the pen", PENS.map((p) => [p, `pen ${p}`]), width, (p) => { width = Number(p); commit(false); });
  const undo = button("Undo", () => { strokes.pop(); commit(false); });
  const clear = button("Clear", () => { strokes = []; commit(false); });
  const done = button("Done", () => close(), { class: "gx-primary" });
  const hint = h("p", { class: "gx-quiet", text: board.penNote(name) });
  const box = h("div", { class: "gx-easel", role: "dialog", "aria-label": `Draw into ${board.called(name)}` },
    h("div", { class: "gx-stage" }, canvas, cross), hint, h("div", { class: "gx-easel-bar" }, size, undo, clear, done));

  function commit(moving) {
    const drawing = strokes.length ? { pen: width, strokes } : null;
    board.draw(name, drawing, moving);
    const values = board.values(name);
    if (values) paint(canvas, values, modality);
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [clamp(((event.clientX - box.left) / box.width) * (FINEST + 1), 0, FINEST), clamp(((event.clientY - box.top) / box.height) * (FINEST + 1), 0, FINEST)];
  };
  const end = () => {
    if (!line) return;
    const [last] = strokes.splice(-1);
    strokes.push(simplified(last).map((p) => p.map(Math.round)));
    line = null;
    while (strokes.length > 1 && write({ pen: width, strokes }).length > 900) strokes.shift();
    commit(false);
  };
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.focus();
    canvas.setPointerCapture(event.pointerId);
    line = [place(event)];
    strokes.push(line);
    commit(true);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!line) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) line.push(place(each));
    commit(true);
  });
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2] }[event.key];
    if (way) {
      at = at.map((v, k) => clamp(v + way[k], 0, FINEST));
      if (down) { line.push([...at]); commit(true); }
    } else if (event.key === " ") {
      down = !down;
      if (down) { line = [[...at]]; strokes.push(line); commit(true); } else end();
    } else return;
    cross.style.left = `${(100 * at[0]) / (FINEST + 1)}%`;
    cross.style.top = `${(100 * at[1]) / (FINEST + 1)}%`;
    cross.dataset.down = down;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  function close() {
    if (down) { down = false; end(); }
    box.remove();
    beside.querySelector(".gx-face").focus();
  }
  const old_ = beside.getRootNode().querySelector(".gx-easel");
  old_?.remove();
  beside.closest(".gx-inputs").append(box);
  canvas.style.aspectRatio = shape.length === 3 ? `${shape[2]} / ${shape[1]}` : "1";
  commit(false);
  canvas.focus();
}

// Which sample, and which one contradicts it.
function strip(board) {
  const lines = ["item", "other"].map((field) => {
    const word = field === "item" ? "A" : "B";
    const face = picture("gx-thumb");
    const any = select(`Class of sample ${word}`, [["", "any"], ...board.about.classes.map((c, k) => [k, called(board.about, k)])], "",
      (k) => board.seek(field, k === "" ? null : Number(k)));
    const element = h("div", { class: "gx-sample" }, h("b", { class: "gx-side", text: word }), face,
      button("‹", () => board.step(field, -1), { "aria-label": `Previous sample ${word}` }),
      button("›", () => board.step(field, 1), { "aria-label": `Next sample ${word}` }),
      button("⤨", () => board.shuffle(field), { "aria-label": `Any other sample ${word}`, title: "Shuffle" }), any);
    element.dataset.side = word;
    return { field, element, face, any };
  });
  const element = h("div", { class: "gx-strip" }, ...lines.map((line) => line.element));
  return {
    element,
    show() {
      element.hidden = !board.samples();
      for (const { field, element: line, face, any } of lines) {
        line.hidden = field === "other" && !board.state.swapped.length;
        const [modality, values] = board.pictured(field);
        if (values) paint(face, values, modality);
        any.value = board.wanted[field] ?? "";
      }
    },
  };
}

// From agreeing to contradicting: blends the contradicting inputs into what they would agree with.
function slider(board) {
  const range = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": "Morph the contradicting inputs from agreeing to contradicting",
    oninput: () => board.change({ mix: Number(range.value) }, { moving: true }), onchange: () => board.change({ mix: Number(range.value) }) });
  const play = button("▶ Slide", () => board.slide(), { class: "gx-small", title: "Count along the whole slide" });
  const element = h("div", { class: "gx-morph" }, h("span", { class: "gx-quiet", text: "Morph" }), h("b", { class: "gx-side", "data-side": "A", text: "A" }), range,
    h("b", { class: "gx-side", "data-side": "B", text: "B" }), play);
  return {
    element,
    show() {
      element.hidden = !board.state.given.some((name) => board.blends(name));
      range.value = board.state.mix;
      range.setAttribute("aria-valuetext", `${Math.round(100 * board.state.mix)} percent contradicting`);
      play.textContent = board.sliding ? "■ Stop" : "▶ Slide";
    },
  };
}
