// The 2-D view: ellipses with handles, the density of one rule, full covariances.
import {
  bures, bures2Squared, density2, diagonal, ellipse, geometric2, hoelder2, kl2, moments2, shares, subsets, sum,
} from "./mathematics.js";
import { clamp, fixed, h, handle, percent, plain, round, s, saveDrawing, set, show, slider } from "./drawing.js";

const REACH = 6; // the plane shows [-6, 6] both ways
const PIXELS = 96;
const BOUNDS = { x: [-6, 6], y: [-6, 6], a: [0.2, 5], b: [0.2, 5], angle: [-180, 180], weight: [0.05, 1] };
const NAMES = Object.keys(BOUNDS);

const scaled = (w) => w.map((v) => v * w.length);
const PLANE_RULES = {
  poe: (p, w, prior) =>
    prior ? geometric2([{ mean: [0, 0], cov: [1, 0, 1] }, ...p], [1, ...scaled(w)]) : geometric2(p, scaled(w)),
  logpool: geometric2,
  wb: (p, w) => bures(p, w),
  moments: moments2,
  shortcut: diagonal,
};

// [weight, Gaussian] of every component
function components(key, gaussians, experts, prior) {
  const w = shares(experts);
  if (key === "moe") return gaussians.map((g, i) => [w[i], g]);
  if (key === "holder") return hoelder2(gaussians, w);
  if (key !== "mopoe" && key !== "mwb") return [[1, PLANE_RULES[key](gaussians, w, prior)]];
  const parts = subsets(experts.length).map((members) => {
    const chosen = members.map((i) => experts[i]);
    const within = shares(chosen);
    const rule = key === "mopoe" ? geometric2(members.map((i) => gaussians[i]), scaled(within)) : bures(members.map((i) => gaussians[i]), within);
    return [sum(chosen.map((e) => e.weight)) / chosen.length, rule];
  });
  const total = sum(parts.map(([weight]) => weight));
  return parts.map(([weight, g]) => [weight / total, g]);
}

// standard deviations along the axes, longest first, and the angle of the first
function axes([xx, xy, yy]) {
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  return { a: Math.sqrt(middle + half), b: Math.sqrt(Math.max(0, middle - half)), angle: Math.atan2(2 * xy, xx - yy) / 2 };
}

function planeView(view) {
  let size = 420;
  let latest = {};
  const canvas = h("canvas", { width: PIXELS, height: PIXELS, "aria-hidden": "true" });
  const layers = { grid: s("g"), rules: s("g", { fill: "none" }), experts: s("g"), labels: s("g"), handles: s("g") };
  const svg = s("svg", { role: "group", "aria-label": "Experts in two dimensions" }, ...Object.values(layers));
  const cross = [s("line"), s("line")];
  layers.grid.append(...cross);
  const stage = h("div", { class: "bx-plane-stage" }, canvas, svg);
  const px = (x) => ((x + REACH) / (2 * REACH)) * size;
  const py = (y) => ((REACH - y) / (2 * REACH)) * size;
  const unit = () => size / (2 * REACH);

  const read = (i) => Object.fromEntries(NAMES.map((name, j) => [name, view.state.ellipses[i][j] ?? 1]));
  const write = (i, change) => {
    const e = { ...read(i), ...change };
    e.angle = ((((e.angle + 180) % 360) + 360) % 360) - 180;
    view.state.ellipses[i] = NAMES.map((name) => round(clamp(e[name], BOUNDS[name]), 3));
  };
  const radians = (degrees) => (degrees * Math.PI) / 180;

  const shapes = Array.from({ length: 5 }, (_, i) => {
    const outline = s("ellipse", { "stroke-width": 1.5, "fill-opacity": 0.08 });
    layers.experts.append(outline);
    const center = handle(view, `Expert ${i + 1}, center`, {
      begin: () => read(i),
      drag: (start, dx, dy) => write(i, { x: start.x + dx / unit(), y: start.y - dy / unit() }),
      key: (dx, dy) => write(i, { x: read(i).x + 0.1 * dx, y: read(i).y + 0.1 * dy }),
    });
    const long = handle(view, `Expert ${i + 1}, first axis`, {
      begin: () => read(i),
      drag: (start, dx, dy) => {
        const t = radians(start.angle);
        const [ax, ay] = [start.a * Math.cos(t) + dx / unit(), start.a * Math.sin(t) - dy / unit()];
        write(i, { a: Math.hypot(ax, ay), angle: (Math.atan2(ay, ax) * 180) / Math.PI });
      },
      key: (dx, dy) => write(i, { a: read(i).a * Math.exp(0.05 * dy), angle: read(i).angle - 3 * dx }),
    });
    const short = handle(view, `Expert ${i + 1}, second axis`, {
      begin: () => read(i),
      drag: (start, dx, dy) => {
        const t = radians(start.angle + 90);
        write(i, { b: Math.abs(start.b + (dx * Math.cos(t) - dy * Math.sin(t)) / unit()) });
      },
      key: (dx, dy) => write(i, { b: read(i).b * Math.exp(0.05 * (dx + dy)) }),
    });
    set(long.dot, { r: 6 });
    set(short.dot, { r: 6 });
    layers.handles.append(long.group, short.group, center.group);
    return { outline, center, long, short };
  });

  const RULE_KEYS = ["poe", "logpool", "wb", "shortcut", "moments"];
  const nameOf = (key) => SETUP.labels[key] ?? "Diagonal shortcut";
  const colorOf = (key) => view.colors.rules[key] ?? view.colors.ink;
  const rules = Object.fromEntries(RULE_KEYS.map((key) => {
    const outline = s("ellipse", { "data-curve": key, "stroke-width": 2.5, "stroke-dasharray": SETUP.dashes[key] ?? "3 5" });
    layers.rules.append(outline);
    return [key, outline];
  }));
  const drawable = Object.entries(SETUP.labels).filter(([key]) => SETUP.images.includes(key));
  const picker = h("select", { "aria-label": "Density shown as an image", onchange: () => {
    view.state.image = picker.value;
    view.released();
  } }, ...drawable.map(([value, text]) => h("option", { value, text })));

  const headings = ["Rule", "sd along the axes", "Σ w KL(q‖p)", "Σ w KL(p‖q)", "Σ w W₂²"];
  const rows = RULE_KEYS.map((key) => {
    const cells = headings.slice(1).map(() => h("td"));
    return { key, cells, row: h("tr", { "data-rule": key }, h("th", { scope: "row" }, view.swatch(key), nameOf(key)), ...cells) };
  });
  const tableElement = h("table", {}, h("caption", { text: "Single Gaussians; mixtures have no closed form here" }),
    h("thead", {}, h("tr", {}, ...headings.map((text) => h("th", { scope: "col", text })))), h("tbody", {}, ...rows.map((r) => r.row)));

  const twins = shapes.map((_, i) => {
    const parts = NAMES.map((name) => {
      const [low, high] = BOUNDS[name];
      const label = { a: "sd 1", b: "sd 2", angle: "angle", weight: "weight" }[name] ?? name;
      const input = slider(`Expert ${i + 1} ${label}`, [low, high, name === "angle" ? 1 : 0.01], (value, released) => {
        write(i, { [name]: value });
        released ? view.released() : view.changed();
      });
      const value = h("output");
      return { name, input, value, element: h("label", {}, h("span", { text: label }), input, value) };
    });
    const chip = h("span", { class: "bx-chip", text: i + 1 });
    const remove = h("button", { class: "bx-quiet", "aria-label": `Remove expert ${i + 1}`, text: "×", onclick: () => {
      view.state.ellipses.splice(i, 1);
      view.released();
    } });
    return { parts, chip, remove, element: h("div", { class: "bx-expert bx-six", role: "group", "aria-label": `Expert ${i + 1}` }, chip, ...parts.map((p) => p.element), remove) };
  });
  const add = h("button", { class: "bx-button", text: "Add an expert", onclick: () => {
    view.state.ellipses.push([0, 2, 1, 1, 0, 1]);
    view.released();
  } });
  const conclusion = h("p", { class: "bx-therefore", "data-part": "therefore" });
  const svgButton = h("button", { class: "bx-button", "data-part": "downloads", text: "SVG", title: "Save the outlines",
    onclick: () => saveDrawing(svg, "barycenters-2d.svg", view.colors.background) });

  function outline(node, { mean, cov }, color) {
    const { a, b, angle } = axes(cov);
    set(node, { rx: a * unit(), ry: b * unit(), stroke: color,
      transform: `translate(${px(mean[0]).toFixed(1)} ${py(mean[1]).toFixed(1)}) rotate(${((-angle * 180) / Math.PI).toFixed(2)})` });
  }

  function paintImage(key, gaussians, experts) {
    const parts = components(key, gaussians, experts, view.state.prior).map(([w, g]) => [w, density2(g)]);
    const context = canvas.getContext("2d");
    const image = context.createImageData(PIXELS, PIXELS);
    const values = new Float64Array(PIXELS * PIXELS);
    let highest = 0;
    for (let j = 0; j < PIXELS; j++) {
      const y = REACH - ((j + 0.5) / PIXELS) * 2 * REACH;
      for (let i = 0; i < PIXELS; i++) {
        const x = ((i + 0.5) / PIXELS) * 2 * REACH - REACH;
        let value = 0;
        for (const [w, density] of parts) value += w * density(x, y);
        values[j * PIXELS + i] = value;
        if (value > highest) highest = value;
      }
    }
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(colorOf(key).slice(at, at + 2), 16));
    values.forEach((value, i) => image.data.set([r, g, b, 215 * (value / highest)], 4 * i));
    context.putImageData(image, 0, 0);
  }

  function paint() {
    const { state: now, colors, covered } = view;
    const experts = now.ellipses.map((_, i) => read(i));
    const gaussians = experts.map((e) => ellipse({ ...e, angle: radians(e.angle) }));
    const w = shares(experts);
    for (const node of [svg, canvas]) {
      node.style.width = `${size}px`;
      node.style.height = `${size}px`;
    }
    set(svg, { viewBox: `0 0 ${size} ${size}`, width: size, height: size, "font-family": colors.font });
    set(cross[0], { x1: 0, x2: size, y1: py(0), y2: py(0), stroke: colors.line });
    set(cross[1], { y1: 0, y2: size, x1: px(0), x2: px(0), stroke: colors.line });

    show(canvas, !covered);
    svgButton.disabled = covered;
    if (!covered) paintImage(now.image, gaussians, experts);
    latest = Object.fromEntries(RULE_KEYS.map((key) => [key, PLANE_RULES[key](gaussians, w, now.prior)]));
    for (const key of RULE_KEYS) {
      const visible = !covered && (key === "shortcut" ? now.curves.includes("wb") : now.curves.includes(key));
      show(rules[key], visible);
      if (visible) outline(rules[key], latest[key], colorOf(key));
    }
    shapes.forEach(({ outline: node, center, long, short }, i) => {
      const used = i < experts.length;
      for (const part of [node, center.group, long.group, short.group]) show(part, used);
      if (!used) return;
      const e = experts[i];
      const color = colors.experts[i];
      outline(node, gaussians[i], color);
      set(node, { fill: color });
      const t = radians(e.angle);
      const places = [[center, 0, 0], [long, e.a * Math.cos(t), e.a * Math.sin(t)], [short, -e.b * Math.sin(t), e.b * Math.cos(t)]];
      for (const [{ group, dot, name }, dx, dy] of places) {
        const shift = beside(group === center.group, i, experts);
        set(group, { transform: `translate(${(px(e.x + dx) + shift).toFixed(1)} ${py(e.y + dy).toFixed(1)})`,
          "aria-valuenow": group === long.group ? e.a : group === short.group ? e.b : e.x,
          "aria-valuetext": `center ${fixed(e.x)}, ${fixed(e.y)}; standard deviations ${fixed(e.a)} and ${fixed(e.b)}; angle ${fixed(e.angle, 0)} degrees` });
        set(dot, { fill: group === center.group ? color : colors.background, stroke: group === center.group ? colors.background : color });
        set(name, { fill: colors.background });
        name.textContent = group === center.group ? i + 1 : "";
      }
    });
    paintTable(gaussians, w);
    conclusion.textContent = covered ? "" : inOneLine();
    paintControls(experts, w);
    return false;
  }

  // centers that coincide stand side by side
  function beside(isCenter, i, experts) {
    if (!isCenter) return 0;
    const before = experts.slice(0, i).filter((e) => Math.hypot(e.x - experts[i].x, e.y - experts[i].y) * unit() < 18);
    return 21 * before.length;
  }

  function paintTable(gaussians, w) {
    const totals = Object.fromEntries(RULE_KEYS.map((key) => [key, [
      sum(gaussians.map((p, i) => w[i] * kl2(latest[key], p))),
      sum(gaussians.map((p, i) => w[i] * kl2(p, latest[key]))),
      sum(gaussians.map((p, i) => w[i] * bures2Squared(latest[key], p))),
    ]]));
    const least = [0, 1, 2].map((j) => Math.min(...RULE_KEYS.map((key) => totals[key][j])));
    for (const { key, cells, row } of rows) {
      show(row, !view.covered);
      const { a, b } = axes(latest[key].cov);
      cells[0].textContent = `${fixed(a)} × ${fixed(b)}`;
      totals[key].forEach((value, j) => {
        const wins = value <= least[j] + 1e-6 * Math.max(1, least[j]);
        cells[j + 1].textContent = wins ? `★ ${plain(value)}` : plain(value);
        cells[j + 1].className = wins ? "bx-least" : "";
      });
    }
  }

  function paintControls(experts, w) {
    twins.forEach(({ parts, chip, remove, element }, i) => {
      show(element, i < experts.length);
      if (i >= experts.length) return;
      chip.style.background = view.colors.experts[i];
      for (const { name, input, value } of parts) {
        input.value = experts[i][name];
        const text = name === "weight" ? percent(w[i]) : name === "angle" ? `${fixed(experts[i].angle, 0)}°` : fixed(experts[i][name]);
        input.setAttribute("aria-valuetext", text);
        value.textContent = text;
      }
      remove.disabled = experts.length <= 2;
    });
    add.disabled = experts.length >= 5;
    picker.value = view.state.image;
  }

  const area = ({ cov: [xx, xy, yy] }) => Math.sqrt(Math.max(0, xx * yy - xy * xy));
  function inOneLine() {
    const [full, shortcut] = [area(latest.wb), area(latest.shortcut)];
    const bigger = shortcut / full - 1;
    if (Math.abs(bigger) < 0.005) return "No expert leans: averaging standard deviations axis by axis gives the Wasserstein barycenter itself.";
    return `The experts lean, and the diagonal shortcut forgets it: its ellipse is ${percent(Math.abs(bigger))} ${bigger > 0 ? "larger" : "smaller"} than the Wasserstein barycenter.`;
  }

  const sentence = () => {
    const [wb, product] = [axes(latest.wb.cov), axes(latest.poe.cov)];
    return `Product: standard deviations ${fixed(product.a)} and ${fixed(product.b)}. Wasserstein: ${fixed(wb.a)} and ${fixed(wb.b)}, found in ${latest.wb.steps} steps of the fixed point.`;
  };
  const resize = (width) => {
    size = Math.floor(Math.min(460, width < 760 ? width : width * 0.5));
  };
  const element = h("div", { class: "bx-plane" }, conclusion,
    h("div", { class: "bx-pair" }, stage, h("div", { class: "bx-side" },
      h("div", { class: "bx-tools" }, h("label", {}, h("span", { text: "Density shown: " }), picker), svgButton),
      h("div", { class: "bx-table", "data-part": "table", role: "region", tabindex: 0, "aria-label": "Numbers in two dimensions" }, tableElement),
      h("p", { class: "bx-note", text: "The Wasserstein barycenter of full covariances is a fixed point (Bures). The shortcut averages standard deviations axis by axis, which is exact only when the axes are the coordinates." }))),
    h("div", { class: "bx-experts", "data-part": "experts" }, ...twins.map((t) => t.element), h("div", { class: "bx-tools bx-add" }, add)));
  return { element, paint, sentence, resize };
}
export { planeView };
