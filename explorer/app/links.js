// Reads and writes links where there is no Python, by the same list of fields: links.py says of each
// kind what it is (`plans`), and here is what that means. tests/app/test_links_in_the_browser.py
// holds both together. What cannot be used is left at its default.
const inside = (value, { low, high }) => Math.min(high, Math.max(low, value));
const numeric = (text) => {
  const value = typeof text === "string" && text.trim() !== "" ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw new RangeError("not a number");
  return value;
};
const counted = (values, { least, most }) => {
  if (values.length < least || values.length > most) throw new RangeError("too few or too many");
  return values;
};

const READERS = {
  choice: (text, { options }) => {
    const found = [text, text.replaceAll(" ", "+")].find((each) => options.includes(each)); // as `some` does
    if (found === undefined) throw new RangeError("not an option");
    return found;
  },
  some: (text, plan) => {
    const parts = (plan.separator === "+" ? text.replaceAll(" ", "+") : text).split(plan.separator).filter(Boolean);
    for (const part of parts) READERS.choice(part, plan);
    return counted(plan.options.filter((option) => parts.includes(option)), plan);
  },
  whole: (text, plan) => {
    if (!/^-?\d+$/.test(text)) throw new RangeError("not a whole number");
    return inside(Number(text), plan);
  },
  number: (text, plan) => inside(Number(numeric(text).toFixed(plan.digits)), plan),
  flag: (text) => {
    if (text !== "0" && text !== "1") throw new RangeError("neither 1 nor 0");
    return text === "1";
  },
  optional: (text, { of, word }) => (text === word ? null : readKind(of, text)),
  together: (text, { of, least, defaults }) => {
    const parts = counted(text.split(","), { least, most: of.length });
    return of.map((kind, i) => (i < parts.length ? readKind(kind, parts[i]) : defaults[i]));
  },
  rows: (text, plan) => counted(text.split(";"), plan).map((row) => readKind(plan.of, row)),
};
const readKind = (plan, text) => READERS[plan.kind](text, plan);

const WRITERS = {
  some: (values, { separator }) => values.join(separator),
  number: (value) => String(Number(value.toPrecision(10))),
  flag: (value) => (value ? "1" : "0"),
  optional: (value, { of, word }) => (value === null ? word : writeKind(of, value)),
  together: (values, { of }) => values.map((value, i) => writeKind(of[i], value)).join(","),
  rows: (rows, { of }) => rows.map((row) => writeKind(of, row)).join(";"),
};
const writeKind = (plan, value) => WRITERS[plan.kind]?.(value, plan) ?? String(value);

export function readState(fields, query) {
  return Object.fromEntries(fields.map(({ name, parameter, default: standard, kind }) => {
    const text = query.get(parameter);
    try {
      return [name, text === null || text.length > 2000 ? standard : readKind(kind, text)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return [name, standard];
    }
  }));
}

export function writeState(fields, state) {
  const changed = fields.filter(({ name, default: standard }) => JSON.stringify(state[name]) !== JSON.stringify(standard));
  return Object.fromEntries(changed.map(({ name, parameter, kind }) => [parameter, writeKind(kind, state[name])]));
}
