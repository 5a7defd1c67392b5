// Nodes in one line each. Everything shown is set as text, never as markup.

function furnish(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const h = (tag, attributes, ...children) => furnish(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) =>
  furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export const pressed = (node, on) => node.setAttribute("aria-pressed", on ? "true" : "false");
export const percent = (share) => `${Math.round(100 * share)} %`;
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// A select whose options are [value, text].
export function select(label, options, value, onchange, attributes = {}) {
  const node = h("select", { "aria-label": label, ...attributes, onchange: () => onchange(node.value) },
    ...options.map(([key, text]) => h("option", { value: key, text })));
  node.value = value;
  return node;
}

export function button(text, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, text);
}
