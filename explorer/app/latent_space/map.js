// One map on two canvases: points below, lines, rings and labels above.

import { COLORINGS, REACH, css, el, stamp, still } from "./marks.js";
import { EXTENT } from "./layers.js";
import { peaks } from "./peaks.js";

const MOST_NAMES = 10; // of single modalities around a picked point

export class Panel {
  constructor(app, index) {
    this.app = app;
    this.index = index;
    this.zoom = { k: 1, x: 0, y: 0 };
    this.points = el("canvas", { class: "points" });
    this.marks = el("canvas", { class: "marks", tabindex: "0", role: "application" });
    this.title = el("strong");
    this.note = el("small");
    const button = (label, name, act) =>
      el("button", { type: "button", "aria-label": name, title: name, onclick: act }, label);
    this.node = el(
      "figure",
      { class: "panel" },
      el(
        "figcaption",
        {},
        el("span", {}, this.title, " ", this.note),
        el(
          "span",
          { class: "zoom" },
          button("+", "Zoom in", () => this.zoomBy(1.6)),
          button("−", "Zoom out", () => this.zoomBy(1 / 1.6)),
          button("Reset", "Reset to the whole map", () => this.reset()),
        ),
      ),
      el("div", { class: "plot" }, this.points, this.marks),
    );
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.marks);
  }

  load(data) {
    const n = data.T * data.members.length;
    this.data = data;
    this.title.textContent = data.label;
    this.marks.setAttribute(
      "aria-label",
      `Map of the latent space of ${data.label}. Arrow keys move from point to point, Enter picks one, ` +
        "plus and minus zoom, zero resets, Escape lets go.",
    );
    this.at = new Float32Array(2 * n); // where points are, in steps of the quantisation
    this.sx = new Float32Array(n); // and on the screen, in device px
    this.sy = new Float32Array(n);
    this.visible = new Uint8Array(n);
    this.category = new Uint16Array(n);
    this.settled = false;
    this.box = null; // nothing is drawn until a layout arrives
    this.points.getContext("2d").clearRect(0, 0, this.width, this.height);
  }

  // Glide to where points shall be: the eye can follow which cluster went where.
  show({ at: to, box: boxTo, prior }) {
    const from = this.at.slice(),
      boxFrom = this.box ?? boxTo;
    this.prior = prior;
    this.note.textContent = prior?.beyond
      ? `${(100 * prior.beyond).toFixed(1)}% lie beyond, up to ${prior.furthest.toFixed(0)} sd`
      : "";
    cancelAnimationFrame(this.gliding);
    const begin = performance.now(),
      span = this.settled && !still.matches ? 450 : 0;
    this.settled = true;
    const step = (now) => {
      const t = span ? Math.min(1, Math.max(0, (now - begin) / span)) : 1;
      const ease = t * t * (3 - 2 * t);
      for (let i = 0; i < to.length; i++) this.at[i] = from[i] + (to[i] - from[i]) * ease;
      this.box = boxFrom.map((a, i) => a + (boxTo[i] - a) * ease);
      this.labels = null;
      this.gliding = t < 1 ? requestAnimationFrame(step) : 0;
      this.draw();
    };
    step(begin);
  }

  resize() {
    const dpr = Math.min(2, devicePixelRatio || 1),
      box = this.marks.getBoundingClientRect();
    const width = Math.round(box.width * dpr),
      height = Math.round(box.height * dpr);
    if (!width || (width === this.width && height === this.height)) return;
    Object.assign(this, { dpr, width, height, image: new ImageData(width, height) });
    for (const canvas of [this.points, this.marks]) Object.assign(canvas, { width, height });
    if (this.settled) this.draw();
  }

  project() {
    const { k, x, y } = this.zoom,
      [x0, y0, x1, y1] = this.box,
      pad = 22 * this.dpr;
    const scale = Math.min(
      (this.width - 2 * pad) / (x1 - x0 || 1),
      (this.height - 2 * pad) / (y1 - y0 || 1),
    );
    const a = scale * k;
    const bx = this.width / 2 + x * this.dpr - ((x0 + x1) / 2) * a;
    const by = this.height / 2 + y * this.dpr + ((y0 + y1) / 2) * a;
    this.toScreen = (x, y) => [x * a + bx, by - y * a]; // the canvas's y axis points down
    this.pixelsPerStep = a;
    for (let i = 0; i < this.sx.length; i++) {
      this.sx[i] = this.at[2 * i] * a + bx;
      this.sy[i] = by - this.at[2 * i + 1] * a;
    }
  }

  // Which points the subset filter and the legend let through, and what each is colored by.
  filter() {
    const { data: d, coloring, hidden, chosen } = this.app;
    let shown = 0;
    for (let i = 0; i < this.visible.length; i++) {
      const category = COLORINGS[coloring].of(d, this.data, i);
      this.category[i] = category;
      shown += this.visible[i] = +(chosen[(i / d.T) | 0] && !hidden.has(category));
    }
    this.shown = shown;
    this.labels = null;
  }

  draw() {
    if (!this.width || !this.box) return;
    this.project();
    const { app, width, height, image, sx, sy } = this;
    const pixels = new Uint8Array(image.data.buffer);
    const crowd = this.shown > 8000 ? 1.7 : this.shown > 2500 ? 2.3 : 3.1;
    const radius = crowd * this.dpr * Math.min(1.8, this.zoom.k ** 0.35);
    const strength = this.shown > 8000 ? 0.6 : 0.8;
    const [r, g, b] = app.look.background;
    new Uint32Array(pixels.buffer).fill((255 << 24) | (b << 16) | (g << 8) | r);
    const stamps = app.entries.map((e) => stamp(e.shape ?? "disc", radius * (e.scale ?? 1), width));
    // Whole numbers throughout: ten times faster than fractions in clamped bytes.
    const put = (wanted, alpha) => {
      const shares = stamps.map(({ cover }) => Uint16Array.from(cover, (c) => 256 * c * alpha));
      for (const i of app.order) {
        if (!this.visible[i] || !wanted(i)) continue;
        const category = this.category[i];
        const { at, reach } = stamps[category];
        const share = shares[category];
        const x = (sx[i] + 0.5) | 0;
        const y = (sy[i] + 0.5) | 0;
        if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
        const [r, g, b] = app.entries[category].color;
        const base = (y * width + x) * 4;
        for (let p = 0; p < at.length; p++) {
          const q = base + at[p];
          pixels[q] += ((r - pixels[q]) * share[p]) >> 8;
          pixels[q + 1] += ((g - pixels[q + 1]) * share[p]) >> 8;
          pixels[q + 2] += ((b - pixels[q + 2]) * share[p]) >> 8;
        }
      }
    };
    const { spotlight, brushed } = app;
    const lit = brushed
      ? (i) => brushed[i]
      : spotlight !== null
        ? (i) => this.category[i] === spotlight
        : null;
    if (lit) {
      put((i) => !lit(i), 0.07);
      put(lit, 0.9);
    } else put(() => true, strength);
    this.points.getContext("2d").putImageData(image, 0, 0);
    this.annotate();
  }

  annotate() {
    const context = this.marks.getContext("2d"),
      { app, dpr, sx, sy } = this,
      d = app.data;
    context.clearRect(0, 0, this.width, this.height);
    context.lineJoin = "round";
    const halo = css(app.look.background),
      ink = css(app.look.ink);
    const text = (label, x, y, size, color = ink, weight = 700) => {
      context.font = `${weight} ${size * dpr}px ${app.look.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineWidth = 4 * dpr;
      context.strokeStyle = halo;
      context.strokeText(label, x, y);
      context.fillStyle = color;
      context.fillText(label, x, y);
    };
    if (this.prior && !this.gliding) this.drawPrior(context, text, ink);
    if (app.coloring === "class" && !app.view.shuffled) {
      this.labels ??= peaks(this);
      this.labels.forEach((where, c) => {
        if (where) text(d.classes[c], ...where, 21);
      });
      if (this.gliding || this.zoom.k !== 1) this.labels = null;
    }
    const web = (point, strong) => {
      const item = point % d.T,
        all = (d.members.length - 1) * d.T + item;
      context.strokeStyle = ink;
      context.globalAlpha = strong ? 0.75 : 0.4;
      context.lineWidth = (strong ? 1.3 : 0.9) * dpr;
      context.beginPath();
      for (let s = 0; s < d.members.length - 1; s++) {
        const i = s * d.T + item;
        if (app.chosen[s]) (context.moveTo(sx[all], sy[all]), context.lineTo(sx[i], sy[i]));
      }
      context.stroke();
      context.globalAlpha = 1;
      for (let s = 0; s < d.members.length; s++) {
        const i = s * d.T + item;
        if (app.chosen[s] || i === all) this.ring(context, i, (strong ? 3.2 : 2.4) * dpr, true);
      }
      if (strong)
        for (let s = 0; s < d.members.length; s++) {
          const i = s * d.T + item;
          if (app.chosen[s] && d.sizes[s] === 1 && d.names.length <= MOST_NAMES) text(d.subsets[s], sx[i], sy[i] - 12 * dpr, 12);
          if (i === all) text("all", sx[i], sy[i] - 12 * dpr, 12);
        }
    };
    if (this.loop) this.drawLoop(context);
    const { picked } = app.view;
    if (picked !== null) (web(picked, true), this.ring(context, picked, 8 * dpr));
    if (app.hovered !== null && app.hovered !== picked)
      (web(app.hovered, false), this.ring(context, app.hovered, 7 * dpr));
  }

  // Circles of one and two standard deviations around the prior's mean.
  drawPrior(context, text, ink) {
    const [x, y] = this.toScreen(this.prior.x, this.prior.y);
    for (let n = 1; n <= EXTENT; n++) {
      const radius = n * this.prior.sd * this.pixelsPerStep;
      context.strokeStyle = css(this.app.look.ink);
      context.lineWidth = 1.5 * this.dpr;
      context.setLineDash(n === 1 ? [] : [6 * this.dpr, 4 * this.dpr]);
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.stroke();
      context.setLineDash([]);
      text(`${n} sd`, x + radius * Math.SQRT1_2, y + radius * Math.SQRT1_2, 12, ink, 400);
    }
  }

  drawLoop(context) {
    context.strokeStyle = css(this.app.look.ink);
    context.lineWidth = 1.5 * this.dpr;
    context.setLineDash([5 * this.dpr, 4 * this.dpr]);
    context.beginPath();
    for (const at of this.loop) context.lineTo(...at);
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }

  // Visible points inside the loop, by the even-odd rule.
  inside() {
    const { loop, sx, sy } = this,
      found = new Uint8Array(sx.length);
    for (let i = 0; i < sx.length; i++) {
      if (!this.visible[i]) continue;
      for (let a = 0, b = loop.length - 1; a < loop.length; b = a++) {
        const [xa, ya] = loop[a],
          [xb, yb] = loop[b];
        if (ya > sy[i] !== yb > sy[i] && sx[i] < ((xb - xa) * (sy[i] - ya)) / (yb - ya) + xa)
          found[i] ^= 1;
      }
    }
    return found;
  }

  ring(context, i, radius, filled = false) {
    const { app } = this;
    context.beginPath();
    context.arc(this.sx[i], this.sy[i], radius, 0, 7);
    context.lineWidth = 2 * this.dpr;
    context.strokeStyle = css(filled ? app.look.background : app.look.ink);
    context.stroke();
    if (!filled) return;
    context.fillStyle = css(app.entries[this.category[i]].color);
    context.fill();
  }

  nearest(x, y) {
    let best = (REACH * this.dpr) ** 2,
      found = null;
    for (let i = 0; i < this.sx.length; i++) {
      if (!this.visible[i]) continue;
      const distance = (this.sx[i] - x) ** 2 + (this.sy[i] - y) ** 2;
      if (distance < best) ((best = distance), (found = i));
    }
    return found;
  }

  // The next visible point in a direction: near, and not far off it.
  neighbor(from, dx, dy) {
    let best = Infinity,
      found = from;
    for (let i = 0; i < this.sx.length; i++) {
      if (!this.visible[i] || i === from) continue;
      const x = this.sx[i] - this.sx[from],
        y = this.sy[i] - this.sy[from];
      const along = x * dx + y * dy,
        off = Math.abs(x * dy - y * dx);
      if (along > 3 * this.dpr && off <= along && along + 2 * off < best)
        ((best = along + 2 * off), (found = i));
    }
    return found;
  }

  zoomBy(factor, x = 0, y = 0) {
    const k = Math.min(40, Math.max(1, this.zoom.k * factor)),
      f = k / this.zoom.k;
    this.zoom =
      k === 1
        ? { k, x: 0, y: 0 }
        : { k, x: x - (x - this.zoom.x) * f, y: y - (y - this.zoom.y) * f };
    this.node.classList.toggle("zoomed", k > 1);
    this.labels = null;
    this.redraw();
  }

  reset() {
    this.zoomBy(0);
  }

  redraw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  place(event) {
    // CSS px from the middle of the plot
    const box = this.marks.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  }

  spot(event) {
    // device px
    const [x, y] = this.place(event);
    return [this.width / 2 + x * this.dpr, this.height / 2 + y * this.dpr];
  }

  under(event) {
    return this.nearest(...this.spot(event));
  }

  listen() {
    const { marks } = this,
      down = new Map();
    let moved = 0;
    marks.onpointerdown = (event) => {
      down.set(event.pointerId, this.place(event));
      moved = 0;
      if (event.shiftKey || this.app.lassoing) this.loop = [this.spot(event)];
      if (this.loop || event.pointerType === "mouse" || this.zoom.k > 1)
        marks.setPointerCapture(event.pointerId);
    };
    marks.onpointermove = (event) => {
      const here = this.place(event),
        before = down.get(event.pointerId);
      if (!before) return this.app.hover(this.under(event));
      if (this.loop) {
        this.loop.push(this.spot(event));
        this.annotate();
      } else if (down.size === 2) {
        const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
        this.zoomBy(
          spread(here) / spread(before),
          (here[0] + other[0]) / 2,
          (here[1] + other[1]) / 2,
        );
      } else if (this.zoom.k > 1) {
        this.zoom = {
          ...this.zoom,
          x: this.zoom.x + here[0] - before[0],
          y: this.zoom.y + here[1] - before[1],
        };
        this.labels = null;
        this.redraw();
      }
      moved += Math.hypot(here[0] - before[0], here[1] - before[1]);
      down.set(event.pointerId, here);
    };
    marks.onpointerup = (event) => {
      const here = down.delete(event.pointerId);
      if (this.loop && moved >= 5) this.app.brush(this.inside());
      else if (here && moved < 5) this.app.pick(this.under(event));
      this.loop = null;
      this.annotate();
    };
    marks.onpointercancel = (event) => {
      down.delete(event.pointerId);
      this.loop = null;
    };
    marks.onpointerleave = () => this.app.hover(null);
    marks.ondblclick = (event) => this.zoomBy(2, ...this.place(event));
    // Scrolling the page must stay possible: the wheel zooms with Ctrl, or once the map has focus.
    marks.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && marks.getRootNode().activeElement !== marks) return;
        event.preventDefault();
        this.zoomBy(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), ...this.place(event));
      },
      { passive: false },
    );
    marks.onkeydown = (event) => {
      const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[
        event.key
      ];
      const from = this.app.hovered ?? this.app.view.picked ?? this.visible.indexOf(1);
      if (step && from >= 0)
        this.app.hover(this.app.hovered === null ? from : this.neighbor(from, ...step), true);
      else if (event.key === "Enter" || event.key === " ") this.app.pick(this.app.hovered);
      else if (event.key === "Escape") this.app.letGo();
      else if (event.key === "+" || event.key === "=") this.zoomBy(1.6);
      else if (event.key === "-") this.zoomBy(1 / 1.6);
      else if (event.key === "0") this.reset();
      else return;
      event.preventDefault();
    };
  }
}
