// Whether page 1's challenges are solved, from the state that its widget sends: what lessons.py
// checks in Python (tests/app/lesson/test_checks.py holds both together). Each returns
// [solved, what the numbers are].
import { KEYS, fuse, grid, logDensity, table } from "./mathematics.js";

const two = (value) => value.toFixed(2);

function measure(state) {
  const experts = state.experts.map(([mean, sd, weight = 1]) => ({ mean, sd, weight }));
  const x = grid(experts);
  const fused = Object.fromEntries(KEYS.map((key) => [key, fuse(key, experts, state.prior)]));
  const logs = Object.fromEntries(KEYS.map((key) => [key, logDensity(fused[key], x)]));
  const rows = Object.fromEntries(table(experts, x, fused, logs).map((row) => [row.key, row]));
  const gap = Math.abs(rows.logpool.mean - rows.wb.mean) + Math.abs(rows.logpool.sd - rows.wb.sd);
  return { experts, rows, gap };
}

const CHECKS = {
  false_consensus({ experts, rows }) {
    const nearest = Math.min(...experts.map((e) => Math.abs(rows.poe.mean - e.mean) / e.sd));
    return [nearest >= 3, `The product peaks ${nearest.toFixed(1)} sd from the nearest expert.`];
  },
  sharp_product({ experts, rows }) {
    const surest = Math.min(...experts.map((e) => e.sd));
    return [rows.poe.sd < 0.3 && surest >= 0.5,
      `The product's sd is ${two(rows.poe.sd)}, the surest expert's ${two(surest)}.`];
  },
  coincide({ experts, gap }) {
    const means = experts.map((e) => e.mean);
    const span = Math.max(...means) - Math.min(...means);
    return [gap < 0.02 && span >= 1,
      `Means and widths differ by ${two(gap)}; the experts' means span ${span.toFixed(1)}.`];
  },
  part: ({ gap }) => [gap >= 1, `Means and widths differ by ${two(gap)}.`],
  dragged({ rows }) {
    const ratio = rows.wb.reverse / Math.max(rows.poe.reverse, 1e-9);
    return [ratio >= 10, `Wasserstein pays ${ratio.toFixed(1)} times what the product pays.`];
  },
  two_modes({ experts, rows }) {
    const { modes } = rows.moe;
    return [modes === 2 && experts.length === 4,
      `${experts.length} experts, ${modes} ${modes === 1 ? "mode" : "modes"}.`];
  },
};
export const check = (challenge, state) => CHECKS[challenge](measure(state));
