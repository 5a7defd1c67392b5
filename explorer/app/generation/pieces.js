// Small pieces of what a gallery shows: nodes, tiles out of a sprite, and words.

export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

export function colored(node, colors) {
  node.style.setProperty("--color", `light-dark(${colors[0]}, ${colors[1]})`);
  return node;
}

export const SMALL = 64; // pixels: smaller tiles are shown pixel by pixel
export const WIDE = 1.9; // how many times wider than others a tile is that is several times wider than high
export const PAGE = { from: 600, wide: 2.7 }; // pixels from which a tile is a text of several lines; its width

// A function that cuts tile number i out of the sheet.
export function picture(sheet, { tiles }) {
  const cut = (i, className = "") => {
    const canvas = el("canvas", `picture ${className}`);
    const [x, y, width, height] = tiles[i];
    canvas.width = width;
    canvas.height = height;
    canvas.style.aspectRatio = width / height;
    if (height < SMALL && width < SMALL) canvas.classList.add("pixels");
    canvas.getContext("2d").drawImage(sheet, x, y, width, height, 0, 0, width, height);
    return canvas;
  };
  cut.wide = (i) => (tiles[i][2] >= PAGE.from ? PAGE.wide : tiles[i][2] > 2 * tiles[i][3] ? WIDE : 1);
  return cut;
}

export function widened(node, factor) {
  node.style.setProperty("--wide", factor); // always: what is around may be wide
  return node;
}

export function described(node, text) {
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", text);
  return node;
}

export const percent = (x) => `${Math.round(100 * x)} %`;
export const MOST_NAMED = 10; // of modalities: more are counted
export const names = (list) => (list.length > MOST_NAMED ? `${list.length} modalities` : list.join("+"));
