// A question with its answers: chosen, sent, and explained when that is allowed.
import { el } from "./dom.js";

// `chosen` is the index of the answer or null; `explained` whether right and wrong are told.
export function questionView({ text, options }, { chosen, explained, waiting, onchoose }) {
  const verdict = el("p", { class: "verdict", "aria-live": "polite" });
  if (chosen !== null && explained) {
    const { right, why } = options[chosen];
    verdict.classList.add(right ? "right" : "wrong");
    verdict.append(el("strong", {}, right ? "Right. " : "Not quite. "), why);
  } else if (chosen !== null && waiting) verdict.append(waiting);
  return el("div", { class: "question", role: "group", "aria-label": text },
    el("p", { class: "asked" }, text),
    el("div", { class: "options" }, ...options.map((option, i) =>
      el("button", {
        type: "button", "aria-pressed": String(chosen === i),
        class: explained && chosen !== null && option.right ? "option is-right" : "option",
        onclick: () => onchoose(i),
      }, option.text))),
    verdict);
}
