// Maps of a latent space: every subset of some tuples, one or two panels that share the
// selection. Points are drawn by hand into pixels (a stamp per mark, blended), which software
// does in milliseconds; lines, rings and labels lie on a second canvas above.
//
// Bytes in: uint32 length of a JSON header, the header, then arrays at 4-byte steps (see
// explorer/app/latent_space/widget.py); layouts and thumbnails come in parcels, the layouts that are asked
// for. Point i = subset * T + tuple. Out: state "view", on release and click only. The DOM and the
// view are kept on the node across reruns.

import { COLORINGS, css, el, radios, rgb, rgbOf, unpack } from "./marks.js";
import { arrange } from "./layers.js";
import { describe, fillCard } from "./card.js";
import { Panel } from "./map.js";

const MOST_CHIPS = 10; // more are folded away until they are asked for

class Scatter {
  constructor(root, data, setStateValue) {
    this.began = performance.now();
    this.root = root;
    this.hidden = new Set();
    this.hovered = null;
    this.spotlight = null;
    this.brushed = null;
    this.lassoing = false;
    this.send = setStateValue;
    this.view = { ...data.view };
    this.parts = {
      bar: el("div", { class: "bar" }),
      panels: el("div", { class: "panels" }),
      card: el("aside", { class: "card", "aria-label": "The point under the pointer" }),
      key: el("div", { class: "key", role: "group", "aria-label": "Legend and filter" }),
      aloud: el("p", { class: "aloud", "aria-live": "polite" }),
    };
    const { bar, panels, card, key, aloud } = this.parts;
    root.append(
      bar,
      el("div", { class: "stage" }, panels, card),
      key,
      aloud,
      el(
        "p",
        { class: "hint" },
        "Point to see what went in; click to see what comes out. Drag to move a zoomed map, double-click ",
        "or Ctrl + wheel to zoom, Shift + drag for a lasso, arrow keys to walk. " +
          "In the legend a click hides, a double-click leaves one.",
      ),
    );
    root.addEventListener("transitionend", (event) => event.target === root && this.repaint());
    const arrived = ({ detail: name }) => {
      if (!root.isConnected) return globalThis.removeEventListener("explorer-parcel", arrived);
      if (this.waits && this.data.panels.some(({ id }) => name.startsWith(`${id} `))) this.layout();
      if (name.startsWith(`${this.data.tiles.id} `)) this.fillCard();
    };
    globalThis.addEventListener("explorer-parcel", arrived);
    this.load(data);
  }

  get coloring() {
    return this.view.color;
  }

  load(data) {
    const first = !this.data;
    this.data = data;
    this.brushed = null;
    data.T = data.labels.length;
    data.sizes = data.members.map((members) => members.length);
    data.numbers = [...new Set(data.sizes)].sort((a, b) => a - b);
    if (this.view.picked >= data.T * data.members.length) this.view.picked = null;
    // A fixed shuffle, so that no class always lies on top.
    this.order = Uint32Array.from({ length: data.T * data.members.length }, (_, i) => i);
    for (let i = this.order.length - 1, seed = 1; i > 0; i--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const j = seed % (i + 1),
        kept = this.order[i];
      this.order[i] = this.order[j];
      this.order[j] = kept;
    }
    this.panels ??= [];
    while (this.panels.length > data.panels.length) this.panels.pop().node.remove();
    data.panels.forEach((panel, i) => {
      if (!this.panels[i]) {
        this.panels.push(new Panel(this, i));
        this.parts.panels.append(this.panels[i].node);
      }
      if (this.panels[i].data?.id !== panel.id)
        this.panels[i].load({ ...panel, T: data.T, members: data.members });
    });
    if (first) this.buildBar();
    for (const panel of this.panels) panel.resize();
    this.recolor(false);
    this.layout();
  }

  buildBar() {
    const { data, view } = this,
      keep = (change, act) => (value) => {
        this.view = { ...this.view, [change]: value };
        act();
        this.commit();
      };
    const chips = el(
      "div",
      { class: "chips", role: "group", "aria-label": "Modalities seen" },
      ...data.names.map((name, m) =>
        el(
          "button",
          {
            type: "button",
            title: data.descriptions[m],
            "aria-pressed": String(view.chips.includes(m)),
            onclick: (event) => {
              const had = this.view.chips;
              const chips = had.includes(m) ? had.filter((chip) => chip !== m) : [...had, m];
              event.currentTarget.setAttribute("aria-pressed", String(chips.includes(m)));
              keep("chips", () => this.recolor())(chips);
            },
          },
          name,
        ),
      ),
    );
    this.count = el("p", { class: "count", "aria-live": "polite" });
    this.parts.bar.append(
      radios(
        "Map",
        data.layouts,
        view.layout,
        keep("layout", () => this.layout()),
      ),
      radios(
        "Color by",
        { class: data.word, subset: "subset", size: "subset size", correct: "correctness" },
        view.color,
        keep("color", () => (this.hidden.clear(), this.recolor())),
      ),
      radios(
        "Labels",
        { real: "real", shuffled: "shuffled" },
        view.shuffled ? "shuffled" : "real",
        (value) => keep("shuffled", () => this.recolor())(value === "shuffled"),
      ),
      el(
        "fieldset",
        {},
        el("legend", { "aria-hidden": "true" }, "Modalities seen"),
        data.names.length > MOST_CHIPS ? el("details", {}, el("summary", {}, "Choose"), chips) : chips,
      ),
      radios(
        "Subsets with",
        {
          exactly: "exactly these",
          least: "at least these",
          any: "any of these",
          alone: "one alone",
        },
        view.match,
        keep("match", () => this.recolor()),
      ),
      el(
        "button",
        {
          type: "button",
          class: "lasso",
          "aria-pressed": "false",
          title: "Or drag with Shift held",
          onclick: (event) => {
            this.lassoing = !this.lassoing;
            event.currentTarget.setAttribute("aria-pressed", String(this.lassoing));
            this.root.classList.toggle("lassoing", this.lassoing);
          },
        },
        "Lasso",
      ),
      this.count,
    );
  }

  // A layout that has not arrived is drawn when it has; what stands there stays until then.
  layout() {
    const found = arrange(this.data.panels, this.view.layout);
    this.waits = !found;
    this.root.classList.toggle("waits", this.waits);
    if (!found) return;
    this.panels.forEach((panel, i) => panel.show(found[i]));
    this.root.dataset.drawn ??= Math.round(performance.now() - this.began);
  }

  recolor(draw = true) {
    const { data: d, view } = this,
      { chips } = view,
      least = (members) => chips.every((m) => members.includes(m)),
      matches = {
        exactly: (members) => members.length === chips.length && least(members),
        least,
        any: (members) => members.some((m) => chips.includes(m)),
        alone: ([m, ...others]) => !others.length && (!chips.length || chips.includes(m)),
      }[view.match];
    this.chosen = d.members.map(matches);
    d.shown = view.shuffled ? d.shuffled : d.labels;
    this.readLook();
    for (const panel of this.panels) panel.filter();
    const n = this.chosen.filter(Boolean).length;
    this.count.textContent = n
      ? `${n} of ${d.members.length} subsets, ${(n * d.T).toLocaleString("en")} points`
      : "No subset: choose a modality";
    this.buildKey();
    if (draw) this.redraw();
  }

  readLook() {
    const style = getComputedStyle(this.root),
      background = rgbOf(style.backgroundColor);
    const palette =
      this.data.palette[background[0] + background[1] + background[2] < 384 ? "dark" : "light"];
    this.look = Object.fromEntries(
      Object.entries(palette).map(([name, colors]) => [name, colors.map(rgb)]),
    );
    Object.assign(this.look, { background, ink: rgbOf(style.color), font: style.fontFamily });
    this.entries = COLORINGS[this.coloring].entries(this.data, this.look);
  }

  repaint() {
    this.readLook();
    this.buildKey();
    this.redraw();
  }

  redraw() {
    for (const panel of this.panels) panel.draw();
  }

  buildKey() {
    const { coloring, hidden } = this,
      { key } = this.parts;
    const shown = this.entries
      .map((entry, c) => ({ ...entry, c }))
      .filter(({ c }) => coloring !== "subset" || this.chosen[c]);
    key.replaceChildren(
      el(
        "small",
        {},
        COLORINGS[coloring].title(this.data),
      ),
      ...shown.map(({ name, color, shape, scale = 1, c }) => {
        const swatch = el("canvas", {
          class: "swatch",
          width: 36,
          height: 36,
          "aria-hidden": "true",
        });
        const context = swatch.getContext("2d");
        context.strokeStyle = context.fillStyle = css(color);
        context.lineWidth = 5;
        context.beginPath();
        if (shape === "cross")
          (context.moveTo(9, 9),
            context.lineTo(27, 27),
            context.moveTo(27, 9),
            context.lineTo(9, 27));
        else context.arc(18, 18, 10 * scale, 0, 7);
        shape === "cross" ? context.stroke() : context.fill();
        const spot = (value) => () => {
          this.spotlight = value;
          this.redraw();
        };
        return el(
          "button",
          {
            type: "button",
            "aria-pressed": String(!hidden.has(c)),
            title: "Click to hide or show, double-click for this one alone",
            onmouseenter: spot(c),
            onmouseleave: spot(null),
            onfocus: (e) => e.target.matches(":focus-visible") && spot(c)(),
            onblur: spot(null),
            onclick: (event) => {
              hidden.has(c) ? hidden.delete(c) : hidden.add(c);
              event.currentTarget.setAttribute("aria-pressed", String(!hidden.has(c)));
              this.refilter();
            },
            ondblclick: () => {
              const alone = hidden.size === this.entries.length - 1 && !hidden.has(c);
              hidden.clear();
              if (!alone) this.entries.forEach((_, other) => other !== c && hidden.add(other));
              key
                .querySelectorAll("button")
                .forEach((b, i) => b.setAttribute("aria-pressed", String(!hidden.has(shown[i].c))));
              this.refilter();
            },
          },
          swatch,
          name,
        );
      }),
    );
  }

  refilter() {
    for (const panel of this.panels) panel.filter();
    this.redraw();
  }

  hover(point, aloud = false) {
    if (point === this.hovered) return;
    this.hovered = point;
    for (const panel of this.panels) panel.annotate();
    this.fillCard();
    if (aloud && point !== null) this.parts.aloud.textContent = describe(this.data, point);
  }

  pick(point) {
    if (point === this.view.picked) return;
    this.brushed = point === null ? this.brushed : null;
    this.view = { ...this.view, picked: point };
    this.redraw();
    this.fillCard();
    this.commit();
  }

  // What a lasso caught stays lit in every map, and its classes are counted.
  brush(caught) {
    this.brushed = caught.includes(1) ? caught : null;
    this.redraw();
    this.fillCard();
  }

  letGo() {
    this.hovered = null;
    this.brush(new Uint8Array(0));
    this.pick(null);
  }

  refresh = () => this.fillCard();

  fillCard() {
    fillCard(this.parts.card, this);
  }

  commit() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.send("view", this.view), 120);
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".scatter");
  const found = data.panels ? data : unpack(data), // the static edition has unpacked it
    ids = found.panels.map((panel) => panel.id).join();
  if (!root.scatter) root.scatter = new Scatter(root, found, setStateValue);
  else if (root.dataset.panels !== ids) root.scatter.load(found);
  else return void (root.scatter.send = setStateValue);
  root.scatter.send = setStateValue;
  root.scatter.fillCard();
  root.dataset.panels = ids;
}
