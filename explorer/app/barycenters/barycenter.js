// The Barycenters page in the browser. One module for Streamlit (components v2) and JupyterLab
// (anywidget): Streamlit calls the default export with a component, anywidget without arguments.
//
// Python joins mathematics.js, drawing.js, table.js, line.js, plane.js, demonstration.js and this file, in this order, after
// `const SETUP = {...}` with labels, colors, presets and defaults (explorer/app/barycenters/widget.py).
// What is sent: the state, on release, and only then. What comes back: a command with a new
// revision (a preset, a question, a link), or the old one, which changes nothing.
import { KEYS } from "./mathematics.js";
import { h, s, set, show, themeOf } from "./drawing.js";
import { lineView } from "./line.js";
import { planeView } from "./plane.js";
import { theoremsView } from "./theorems.js";
import { demonstration } from "./demonstration.js";

const copy = (value) => JSON.parse(JSON.stringify(value));
const mounted = new WeakMap();

function create(parent) {
  const view = {
    state: copy(SETUP.defaults),
    covered: false,
    without: [],
    revision: null,
    commit: () => {},
    colors: null,
    still: matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
  let held = false;
  let queued = false;
  let sent = JSON.stringify(view.state);
  let timer = 0;

  // --- what the views may ask for ----------------------------------------------------------
  view.dragging = (on) => (held = on);
  view.changed = () => {
    if (!queued) requestAnimationFrame(paint);
    queued = true;
  };
  view.released = (patience = 120) => {
    view.changed();
    clearTimeout(timer);
    timer = setTimeout(() => {
      const message = JSON.stringify(view.state);
      if (message === sent) return;
      sent = message;
      live.textContent = view.covered ? "" : current().sentence();
      globalThis.dispatchEvent(new CustomEvent("explorer-barycenters", { detail: JSON.parse(message) }));
      view.commit(JSON.parse(message));
    }, patience);
  };
  const swatches = [];
  view.swatch = (key) => {
    const line = s("line", { x1: 1, x2: 25, y1: 5, y2: 5, "stroke-width": 3, "stroke-dasharray": SETUP.dashes[key] ?? "3 5" });
    swatches.push([line, key]);
    return s("svg", { width: 26, height: 10, "aria-hidden": "true", class: "bx-swatch" }, line);
  };

  // --- frame -----------------------------------------------------------------------------------
  const views = { line: lineView(view), plane: planeView(view) };
  const theorems = theoremsView(view);
  const current = () => views[view.state.tab];
  const tab = (name, text) =>
    h("button", { class: "bx-tab", text, onclick: () => {
      view.state.tab = name;
      arrange();
      view.released();
    } });
  const tabs = { line: tab("line", "1-D"), plane: tab("plane", "2-D") };
  const point = h("p", { class: "bx-point" });
  let explanation = "";
  const start = { step: 0, dial: null, path: null, prior: false, view: "density" };
  // a preset is at hand when the experts are its experts, however they came there
  const equal = (rows, wanted) => rows.length === wanted.length
    && rows.every((row, i) => row.every((value, j) => value === (wanted[i][j] ?? 1)));
  const isAt = ({ setup }) => (setup.ellipses
    ? equal(view.state.ellipses, setup.ellipses)
    : equal(view.state.experts, setup.experts));
  const preset = (one) => ({ ...one, button: h("button", { class: "bx-button", text: one.label, title: one.point, onclick: () => {
    Object.assign(view.state, copy({ ...start, ...one.setup }));
    explanation = "";
    view.released();
  } }) });
  const known = { line: SETUP.presets.map(preset), plane: SETUP.planePresets.map(preset) };
  const group = (name) => h("div", { class: "bx-presets", role: "group", "aria-label": "Presets" },
    ...known[name].map((one) => one.button));
  const presets = { line: group("line"), plane: group("plane") };
  const legend = KEYS.map((key) =>
    h("button", { class: "bx-rule", "data-rule": key, title: SETUP.ideas[key], onclick: () => {
      const { curves } = view.state;
      view.state.curves = KEYS.filter((k) => (k === key ? !curves.includes(k) : curves.includes(k)));
      view.released();
    } }, view.swatch(key), SETUP.labels[key]));
  const live = h("p", { class: "bx-hidden", "aria-live": "polite" });
  const inside = h("a", { class: "bx-inside", "data-part": "presets", hidden: "", text: "Two such experts inside a trained model →" });
  const frame = h("div", { class: "bx-frame" },
    h("div", { class: "bx-top" }, h("div", { class: "bx-tabs", "data-part": "tab", role: "group", "aria-label": "Dimensions" }, ...Object.values(tabs)),
      h("div", { "data-part": "presets" }, ...Object.values(presets)), inside),
    point, h("div", { class: "bx-rules", "data-part": "curves", role: "group", "aria-label": "Curves shown" }, ...legend),
    ...Object.values(views).map((v) => v.element), theorems.element, live);
  const root = h("div", { class: "bx" }, frame);
  parent.append(root);

  // --- painting ----------------------------------------------------------------------------------
  function recolor() {
    const theme = themeOf(root);
    const style = getComputedStyle(root);
    view.colors = { rules: SETUP.colors[theme], experts: SETUP.experts[theme], background: style.backgroundColor,
      ink: style.color, muted: style.getPropertyValue("--bx-muted-" + theme).trim(), line: style.getPropertyValue("--bx-line-" + theme).trim(), font: style.fontFamily };
    root.dataset.theme = theme;
    for (const [line, key] of swatches) set(line, { stroke: view.colors.rules[key] ?? view.colors.ink });
  }
  function arrange() {
    // in the plane these have an outline; mixtures are shown as the image
    for (const button of legend) show(button, view.state.tab === "line" || ["poe", "logpool", "wb", "moments"].includes(button.dataset.rule));
    for (const name of Object.keys(views)) {
      show(views[name].element, name === view.state.tab);
      show(presets[name], name === view.state.tab);
      set(tabs[name], { "aria-pressed": name === view.state.tab });
    }
    for (const v of Object.values(views)) v.resize(root.clientWidth);
  }
  function paint() {
    queued = false;
    legend.forEach((button, i) => set(button, { "aria-pressed": view.state.curves.includes(KEYS[i]) && !view.covered }));
    const at = known[view.state.tab].filter(isAt);
    for (const one of known[view.state.tab]) set(one.button, { "aria-pressed": at.includes(one) });
    point.textContent = explanation || (view.covered || view.without.includes("presets") ? "" : at[0]?.point ?? "");
    show(point, point.textContent !== "");
    inside.href = link();
    if (current().paint(held)) view.changed();
    theorems.paint();
  }

  view.tell = (text) => (explanation = text);
  // where the page itself stands, not a notebook or a file: it plays, and leads to the models
  view.atHome = () => {
    inside.hidden = false;
    demonstration(view, root, SETUP.defaults);
  };
  // the state that the visitor left there, else the same rules on one network
  function link() {
    const left = sessionStorage.getItem("explorer-generation");
    return `./generation${left || `?rules=${view.state.curves.join(",") || "moe"}`}`;
  }

  function leaveOut(without) {
    view.without = without;
    for (const part of root.querySelectorAll("[data-part]")) part.classList.toggle("bx-out", without.includes(part.dataset.part));
  }
  // a class (explorer/app/lesson) covers the curves, asks for a sketch, and does without most tools
  function heed() {
    const wanted = globalThis.explorerClass;
    if (!wanted) return;
    view.covered = wanted.covered;
    view.sketching = wanted.sketch;
    leaveOut(wanted.without);
    view.changed();
  }
  globalThis.addEventListener("explorer-class", heed);

  // a command from Python counts once; reruns repeat the last one
  view.obey = ({ revision, state, covered, without, explanation: text }) => {
    if (revision === view.revision) return;
    view.revision = revision;
    view.state = { ...copy(SETUP.defaults), ...copy(state) };
    view.covered = covered;
    explanation = text;
    sent = JSON.stringify(view.state);
    leaveOut(without);
    arrange();
    heed();
    view.changed();
  };
  root.addEventListener("transitionend", (event) => {
    if (event.target !== root || !event.propertyName.includes("color")) return;
    recolor();
    view.changed();
  });
  recolor();
  let width = 0;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    arrange();
    view.changed();
  }).observe(root);
  return view;
}

function mount(parent, command, commit) {
  if (!mounted.has(parent)) mounted.set(parent, create(parent));
  const view = mounted.get(parent);
  view.commit = commit;
  view.obey(command);
}

function render({ model, el }) {
  const commit = (state) => {
    model.set("state", state);
    model.save_changes();
  };
  const obey = () => mount(el, model.get("command"), commit);
  model.on("change:command", obey);
  obey();
}

export default function (component) {
  if (component === undefined) return { render };
  const { parentElement, data, setStateValue } = component;
  const arrives = !mounted.has(parentElement);
  mount(parentElement, data, (state) => setStateValue("state", state));
  if (arrives && data.home) mounted.get(parentElement).atHome();
}
