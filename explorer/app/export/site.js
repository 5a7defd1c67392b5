// What a page of the static edition does in the place of Streamlit: mounts the same components, keeps
// their state in the address, and brings in maps when they are asked for. Everything arrives by
// plain <script> elements, so that a page opens from a disk or a USB stick too; nothing is fetched.
//
// `explorer` is where scripts leave what they bring: explorer.NAME.mount, explorer.data[NAME].
import { readState, writeState } from "./links.js";

const site = globalThis.explorer;
const onDisk = location.protocol === "file:";

// Addresses of pages on a disk cannot be changed by a script; what stands after # can.
const query = () => new URLSearchParams(onDisk && location.hash.length > 1 ? location.hash.slice(1) : location.search);

const keepLink = (fields, state) => keepParameters(fields.map(({ parameter }) => parameter), writeState(fields, state));

function keepParameters(names, parameters) {
  const now = query();
  for (const name of names) now.delete(name);
  for (const [name, text] of Object.entries(parameters)) now.set(name, text);
  const text = String(now);
  if (onDisk) history.replaceState(null, "", `#${text}`);
  else history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

// One component in a shadow root, as Streamlit mounts it.
function attach(id, { css, html = "" }) {
  const host = document.getElementById(id);
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  if (!root.childElementCount) root.innerHTML = `<style>${css}</style>${html}`;
  return root;
}

export function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

// A script that leaves something in explorer.data; each is brought in once.
const bringing = new Map();
function bring(name) {
  if (name in site.data) return Promise.resolve(site.data[name]);
  if (!bringing.has(name)) {
    bringing.set(name, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `assets/${name}.js`;
      script.onload = () => resolve(site.data[name]);
      script.onerror = () => reject(new Error(`The file assets/${name}.js is missing from this copy of the site.`));
      document.head.append(script);
    }));
  }
  return bringing.get(name);
}

// ---- pages ------------------------------------------------------------------------------------

const PAGES = {
  barycenters() {
    const { fields, css, without } = site.data.barycenters;
    const root = attach("figure", { css });
    let revision = 0;
    const show = () => site.barycenters.mount({
      parentElement: root,
      data: { state: readState(fields, query()), revision: ++revision, covered: false, without, explanation: "" },
      setStateValue: (_, state) => keepLink(fields, state),
    });
    show();
    if (onDisk) addEventListener("hashchange", show);
  },

  async "latent-space"() {
    const { fields, css, names, count, subsets, labels, sheet } = site.data["latent-space"];
    let view = readState(fields, query());
    if (view.other === view.model) view.other = "";
    const root = attach("figure", { css, html: '<div class="scatter"></div>' });
    const choose = (field, text) => {
      const box = document.createElement("select");
      for (const key of field === "other" ? ["", ...Object.keys(labels)] : Object.keys(labels))
        box.append(new Option(key ? labels[key] : "nothing", key, false, key === view[field]));
      box.addEventListener("change", () => {
        view = { ...view, [field]: box.value };
        keepLink(fields, view);
        location.reload();
      });
      const label = document.createElement("label");
      label.append(text, box);
      return label;
    };
    document.getElementById("choices").append(choose("model", "Model "), choose("other", "Beside it "));
    const keys = [view.model, view.other].filter(Boolean);
    const tell = (error) => document.getElementById("figure").before(Object.assign(document.createElement("p"), { textContent: error.message }));
    const leave = (name, data) => {
      (globalThis.explorerParcels ??= new Map()).set(name, data);
      globalThis.dispatchEvent(new CustomEvent("explorer-parcel", { detail: name }));
    };
    const deliver = (headers, layout) => headers.flatMap(({ panels: [panel], layers }) => {
      const layer = layers[layout];
      return bring(`maps/${layer.file}`).then((text) => leave(`${panel.id} ${layer.name}`, bytes(text)));
    });
    try {
      const headers = await Promise.all(keys.map((key) => bring(`maps/${key}`)));
      const found = headers.map((header) => site["latent-space"].unpack(bytes(header.packed)));
      const header = { ...found[0], panels: found.map((each) => each.panels[0]), view: {
        layout: view.layout, color: view.color, shuffled: view.shuffled, match: view.match,
        chips: view.chips.map((name) => names.indexOf(name)),
        picked: view.item >= 0 ? Math.max(0, subsets.indexOf(view.given || subsets.at(-1))) * count + view.item : null,
      } };
      const known = headers.map((each, i) => ({ ...each, panels: [found[i].panels[0]] }));
      site["latent-space"].mount({ parentElement: root, data: header, setStateValue: (_, said) => {
        view = { ...view, layout: said.layout, color: said.color, shuffled: said.shuffled, match: said.match,
          chips: said.chips.map((chip) => names[chip]).sort((a, b) => names.indexOf(a) - names.indexOf(b)),
          item: said.picked === null ? -1 : said.picked % count, given: said.picked === null ? "" : subsets[Math.floor(said.picked / count)] };
        keepLink(fields, view);
        Promise.all(deliver(known, view.layout)).catch(tell);
      } });
      await Promise.all(deliver(known, view.layout));
      for (let i = 0; i < sheet.parts; i++) leave(`${header.tiles.id} ${i}`, bytes(await bring(`maps/${sheet.name}${i}`)));
    } catch (error) {
      tell(error);
    }
  },

  // Networks stand in scripts, as data: addresses; samples come by a script for each page of them.
  async generation() {
    const { css, setup, names, worker, networks } = site.data.generation;
    const root = attach("figure", { css });
    const fetched = globalThis.fetch;
    globalThis.fetch = (address, ...rest) => {
      const found = /\/samples\/\w+\/(\d+)\.json$/.exec(String(address));
      if (!found) return fetched(address, ...rest);
      return bring(`samples/${found[1]}`).then((told) => Response.json(told));
    };
    try {
      const files = Object.fromEntries(await Promise.all(networks.map(async (key) => [key, await bring(`networks/${key}`)])));
      const models = setup.models.map((model) => ({ ...model, ...files[model.key] }));
      site.generation.create(root, {
        setup: { ...setup, models, judge: files.classifiers }, worker, query: query(),
        onLink: (parameters) => keepParameters(names, parameters),
      });
    } catch (error) {
      root.append(error.message);
    }
  },
};

// ---- the class ------------------------------------------------------------------------------------

function showClass(page) {
  const name = query().get("class");
  if (!name || !site.data.classes) return;
  const lesson = site.data.classes.lessons[name];
  const host = document.getElementById("class");
  if (!lesson) {
    host.textContent = `This copy of the site has no class of this name; it has ${Object.keys(site.data.classes.lessons).join(", ")}.`;
    return;
  }
  document.body.classList.add("in-class");
  site.classes.mount({ parentElement: attach("class", { css: site.data.classes.css }), data: { lesson, pages: site.data.classes.pages } });
  document.body.dataset.page = page;
}

const page = document.body.dataset.page;
showClass(page);
PAGES[page]?.();
