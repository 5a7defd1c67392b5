// What went in, and what many modalities that only hold or do not hold were drawn as.

import { described, el, percent, widened } from "./pieces.js";

// Tiles, and in one list what is only said to hold or not.
export function inputs(list, cut) {
  const told = list.filter(({ share }) => share !== undefined);
  const figures = list.filter(({ share }) => share === undefined).map((x) => input(x, cut));
  if (!told.length) return figures;
  const words = told.map(({ name, share, about, side }) => {
    const word = el("li", `${share > 0.5 ? "holds" : ""} ${side ? `side${side}` : ""}`, `${share > 0.5 ? "✓" : "✗"} ${name}`);
    word.title = about;
    if (side === "B") word.append(el("b", "", " B"));
    return word;
  });
  return [...figures, el("ul", "told", ...words)];
}

// A line for each modality that only says whether it holds: the truth, the mean and every draw.
export function shares(told, truth) {
  const right = told.filter(({ name, shares: [mean] }) => mean > 0.5 === truth[name].share > 0.5).length;
  const list = el("ul", "shares");
  for (const { name, shares: [mean, ...draws] } of told) {
    const holds = truth[name].share > 0.5;
    const bar = el("span", "track", el("i", "level"));
    bar.firstChild.style.width = percent(mean).replace(" ", "");
    const ticks = el("span", "ticks");
    for (const share of draws) {
      const tick = el("i", share > 0.5 === holds ? "" : "wrong");
      tick.style.height = `${Math.max(8, 100 * share)}%`;
      ticks.append(tick);
    }
    const agree = draws.filter((share) => share > 0.5 === holds).length;
    const line = el("li", mean > 0.5 === holds ? "" : "wrong", el("span", "mark", holds ? "✓" : "✗"), el("span", "what", name), bar, ticks);
    line.title = `${name}: ${holds ? "holds" : "does not hold"}; the mean says ${percent(mean)}, ${agree} of ${draws.length} draws are right`;
    list.append(described(line, line.title));
  }
  const head = `${right} of ${told.length} right at the mean. ✓ or ✗: the truth; the bar: how likely the mean finds it; then each draw.`;
  return el("div", "told-band", el("p", "how", head), list);
}

function input({ name, about, tile, side, words }, cut) {
  const figure = widened(el("figure", side ? `side${side}` : "", cut(tile, "large")), cut.wide(tile));
  figure.append(el("figcaption", "", el("b", "", name), ` ${about}`));
  if (side) figure.append(el("span", "badge", side));
  figure.title = words ?? about;
  return described(figure, [name, about, words, side && `side ${side}`].filter(Boolean).join(", "));
}
