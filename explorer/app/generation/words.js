// What the counts say, in words: behavior by the thresholds of explorer/evaluation/conflict.py, one
// sentence for all rows, and why.

import { percent } from "./dom.js";

// "digit 4"; where classes have names, the name
export const called = ({ word, classes }, k) => (classes[k].length <= 2 ? `${word} ${classes[k]}` : classes[k]);

export const SURE = 40; // draws of a row before anything is said about it

export function behavior({ a, b, other, total }, calm, { decided, minority, neither, calm: least }) {
  if (a >= decided * total) return "A";
  if (b >= decided * total) return "B";
  if (a + b >= decided * total && Math.min(a, b) >= minority * total) return "alternates";
  if (calm !== null && calm < least) return "lost";
  if (other >= neither * total) return "blends";
  return "wavers";
}

const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);
const verb = (names, one, many) => `${listed(names)} ${names.length > 1 ? many : one}`;

// One sentence about a conflict between class A and class B; rows: [{ name, behavior }].
export function verdict(rows, [a, b]) {
  const said = [
    ["A", (names) => `${verb(names, "takes", "take")} the side of ${a}`],
    ["B", (names) => `${verb(names, "takes", "take")} the side of ${b}`],
    ["alternates", (names) => `${verb(names, "alternates", "alternate")} between both`],
    ["blends", (names) => `${verb(names, "draws", "draw")} mostly something that nobody showed`],
    ["wavers", (names) => `${verb(names, "wavers", "waver")}`],
    ["lost", (names) => `${verb(names, "draws", "draw")} poorly even without a conflict`],
  ];
  const parts = said.map(([key, tell]) => {
    const names = rows.filter((row) => row.behavior === key).map((row) => row.name);
    return names.length ? tell(names) : null;
  });
  return `${parts.filter(Boolean).join("; ")}.`;
}

// One sentence where all inputs agree.
export function agreement(rows, a) {
  const shares = rows.map(({ name, counts }) => [name, counts.a / counts.total]);
  const [best, worst] = [Math.max(...shares.map(([, v]) => v)), Math.min(...shares.map(([, v]) => v))];
  if (worst >= 0.995) return `All rules draw ${a} every time.`;
  if (best < 0.1) return `None of the rules draws ${a}: this network never learned to draw from so few inputs.`;
  if (worst >= 0.8) return `All rules draw ${a} in at least ${percent(worst)} of their draws.`;
  if (best < 0.5) return `None draws ${a} in more than ${percent(best)} of its draws: this network never learned to draw from so few inputs.`;
  const top = shares.filter(([, v]) => v >= best - 0.05).map(([name]) => name);
  const low = shares.filter(([, v]) => v <= worst + 0.05).map(([name]) => name);
  return `${verb(top, "draws", "draw")} ${a} most often (${percent(best)}), ${verb(low, "does", "do")} so in ${percent(worst)} of the draws.`;
}

const WHY = {
  poe: "The product multiplies the beliefs: it is zero wherever one expert says zero, so it settles between the two, nearer to the surer expert, and is surer than both.",
  logpool: "The geometric mean multiplies too, without gaining certainty: one peak between the two, nearer to the surer expert.",
  wb: "The Wasserstein barycenter moves both beliefs half way: one peak in the middle, as wide as the experts are on average. Nobody believes what lies there.",
  moe: "The mixture keeps both beliefs as they are: each draw follows one expert, so it alternates and never blends.",
  mopoe: "The mixture of products keeps each expert and their product: some draws follow one side, some the other, some the product.",
  mwb: "The mixture of Wasserstein barycenters keeps each expert and their barycenter: some draws follow one side, some the other, some the middle.",
  moments: "Moment matching is one Gaussian as wide as the mixture: it covers both experts and everything between, where nothing was learned.",
  holder: "Hoelder pooling keeps the experts and what two of them share, weighed by how much they overlap: far apart, only the experts are left.",
};

// Sentences on the rules that are shown.
export const why = (keys) => [
  ...keys.filter((key) => WHY[key]).map((key) => WHY[key]),
  "Zero-forcing: zero wherever anyone says zero. Mass-covering: keep whatever anyone believes. What the decoder makes of a point between two experts is another matter: it draws the digit that it learned nearby, or none.",
];
