// The state of the Generation page, in a link and out of it: one list of fields. What a link says is
// brought within bounds; what does not read is left at its default. To add to the state: a field.

import { LONGEST, read as readDrawing, write as writeDrawing } from "./strokes.js";

const MOST_ROWS = 6;

const whole = (low, high) => ({
  read: (text) => (/^\d{1,9}$/.test(text) ? Math.min(high, Math.max(low, Number(text))) : undefined),
  write: String,
});

const number = (low, high, digits = 2) => ({
  read: (text) => (Number.isFinite(parseFloat(text)) ? Number(Math.min(high, Math.max(low, parseFloat(text))).toFixed(digits)) : undefined),
  write: (value) => String(Number(value.toFixed(digits))),
});

const one = (options) => ({ read: (text) => (options.includes(text) ? text : undefined), write: String });

// Some of the options, in their order, joined by commas (or +, as other pages do); "none" for none.
const some = (options, least, most = Infinity) => ({
  read(text) {
    const found = text === "none" ? [] : options.filter((option) => text.split(/[,+ ]/).includes(option));
    const few = text === "none" ? least : Math.max(1, least);
    return found.length >= few && found.length <= most ? found : undefined;
  },
  write: (values) => values.join(",") || "none",
});

// name~what;name~what for some of the modalities
const each = (names, what) => ({
  read(text) {
    if (text.length > LONGEST) return undefined;
    const found = {};
    for (const part of text.split(";")) {
      const [name, value] = [part.slice(0, part.indexOf("~")), part.slice(part.indexOf("~") + 1)];
      const read = names.includes(name) ? what.read(value) : null;
      if (read !== null && read !== undefined) found[name] = read;
    }
    return Object.keys(found).length ? found : undefined;
  },
  write: (values) => Object.entries(values).map(([name, value]) => `${name}~${what.write(value)}`).join(";"),
});

export function fields({ modalities, models, rules, nItems }) {
  const names = modalities.map(({ name }) => name);
  const keys = models.map(({ key }) => key);
  return {
    view: one(["explore", "predict"]),
    item: whole(0, Math.max(0, nItems - 1)),
    other: whole(0, Math.max(0, nItems - 1)),
    given: some(names, 0),
    swapped: some(names, 0),
    target: one(names),
    mode: one(["rules", "own"]),
    net: one(keys),
    rules: some(rules.map(({ key }) => key), 1, MOST_ROWS),
    models: some(keys, 1, MOST_ROWS),
    whole: one(["0", "1"]),
    axis: { read: (text) => (text === "line" ? text : whole(1, 4096).read(text)), write: String },
    shift: each([...rules.map(({ key }) => key), ...keys], number(-2, 2)),
    mix: number(0, 1),
    temperature: number(0, 2),
    seed: whole(0, 9999),
    drawn: each(names, { read: readDrawing, write: writeDrawing }),
    typed: each(names, { read: (text) => text.slice(0, 256), write: (text) => text.replaceAll(/[;~]/g, " ") }),
    chosen: each(names, whole(0, 4096)),
  };
}

export const NAMES = Object.keys(fields({ modalities: [], models: [], rules: [], nItems: 0 }));

// What is shown where nobody chose; a conflict wherever two inputs can be given.
export function defaults({ data, modalities, models, rules, labels, fusing }) {
  const names = modalities.map(({ name }) => name);
  const given = !labels.length ? [] : names.length > 3 ? names.filter((_, m) => m % 3 === 0).slice(0, 4)
    : names.slice(0, Math.max(1, names.length - 1));
  const wanted = (keys, all, most) => {
    const found = keys.filter((key) => all.includes(key));
    return all.filter((key) => (found.length ? found : all.slice(0, most)).includes(key));
  };
  const keys = models.map(({ key }) => key);
  const from = data === "polydigits" ? 9 : 1;
  const order = labels.map((_, i) => (i + from) % labels.length);
  return {
    view: "explore",
    item: 0,
    other: order.find((i) => labels[i] !== labels[0]) ?? 0,
    given,
    swapped: given.length > 1 ? given.slice(-1) : [],
    target: names.find((name) => !given.includes(name)) ?? names[0],
    mode: fusing.length ? "rules" : "own",
    net: wanted(["moe", "mopoe"], fusing, 1)[0] ?? keys[0],
    rules: wanted(["poe", "logpool", "wb", "moe"], rules.map(({ key }) => key), 4),
    models: wanted(["poe", "moe", "mopoe", "mwb"], keys, 3),
    whole: "0",
    axis: "line",
    shift: {},
    mix: 1,
    temperature: 1,
    seed: 0,
    drawn: {},
    typed: {},
    chosen: {},
  };
}

export function readLink(query, about, base) {
  const state = structuredClone(base);
  for (const [name, field] of Object.entries(fields(about))) {
    const text = query.get(name);
    if (text === null || text.length > LONGEST + 200) continue;
    const value = field.read(text);
    if (value !== undefined) state[name] = value;
  }
  return settled(state, about);
}

// Parameters for the state: only what differs from the default.
export function writeLink(state, about, base) {
  const found = {};
  for (const [name, field] of Object.entries(fields(about))) {
    const text = field.write(state[name]);
    if (text !== field.write(base[name])) found[name] = text || "none";
  }
  return found;
}

// Parts that must fit one another: what is swapped is given.
export function settled(state, { modalities }) {
  const names = modalities.map(({ name }) => name);
  const given = names.filter((name) => state.given.includes(name));
  const swapped = given.filter((name) => state.swapped.includes(name));
  return { ...state, given, swapped };
}
