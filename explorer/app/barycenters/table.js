// The table in which every barycenter wins its own column, and the meters.
import { KEYS } from "./mathematics.js";
import { fixed, h, percent, plain } from "./drawing.js";

const COLUMNS = [
  ["mean", "mean", (r) => fixed(r.mean), "Where the fused belief has its center."],
  ["sd", "sd", (r) => fixed(r.sd), "Standard deviation: how unsure the fused belief is."],
  ["modes", "modes", (r) => r.modes, "How many peaks the fused belief has."],
  ["logAt", "log q at each expert’s mean", (r) => r.logAt.map((v) => plain(v)).join("  "), "How possible the fused belief thinks each expert’s guess; very negative means excluded."],
  ["reverse", "Σ w KL(q‖p)", (r) => plain(r.reverse), "Zero-forcing distance: it is large where the fused belief q has mass and an expert p has none."],
  ["forward", "Σ w KL(p‖q)", (r) => plain(r.forward), "Mass-covering distance: it is large where an expert p has mass and the fused belief q has none."],
  ["wasserstein", "Σ w W₂²", (r) => plain(r.wasserstein), "Transport distance: how far mass must be moved, squared, from the fused belief to each expert."],
  ["nobody", "share placed where no expert believes", (r) => [r.nobody], "How much of the fused belief lies where every expert is below 1 % of its own peak."],
  ["notAll", "share placed where some expert does not believe", (r) => [r.notAll], "How much of the fused belief lies where at least one expert is below 1 % of its own peak."],
  ["covered", "share of each expert covered", (r) => r.covered, "The share of each expert’s mass that the fused belief covers."],
];
const CONTESTS = ["reverse", "forward", "wasserstein"];
const reaches = (value, goal) => value <= goal + 1e-6 * Math.max(1, Math.abs(goal));

function tableView(view) {
  let rows = [];
  const cells = KEYS.map(() => COLUMNS.map(() => h("td")));
  const head = h("tr", {}, h("th", { scope: "col", text: "Rule" }),
    ...COLUMNS.map(([, text, , title]) => h("th", { scope: "col", text, title })));
  const body = KEYS.map((key, i) => h("tr", { "data-rule": key },
    h("th", { scope: "row", title: SETUP.ideas[key] }, view.swatch(key), SETUP.labels[key]), ...cells[i]));
  const element = h("div", { class: "bx-table", "data-part": "table", role: "region", tabindex: 0, "aria-label": "Numbers of every rule" },
    h("table", {}, h("caption", { text: "A barycenter is the average nearest to all experts. Nearest by which distance?" }), h("thead", {}, head), h("tbody", {}, ...body)));
  const note = h("p", { class: "bx-note", text: "★ smallest of the column, ☆ smallest among single Gaussians. Sums are weighted means over the experts p. An expert “does not believe” where it is below 1 % of its peak." });

  function meters(cell, values) {
    while (cell.children.length < values.length) cell.append(h("span", { class: "bx-meter" }));
    while (cell.children.length > values.length) cell.lastChild.remove();
    values.forEach((v, k) => {
      cell.children[k].textContent = percent(v);
      cell.children[k].style.setProperty("--v", percent(v).replace(" ", ""));
    });
  }

  // ★ where a rule is smallest of all, ☆ where it is only the smallest single Gaussian
  function medal(name, row, single) {
    if (!CONTESTS.includes(name)) return "";
    const least = Math.min(...rows.map((r) => r[name]));
    if (reaches(row[name], least)) return "★ ";
    const best = Math.min(...rows.filter((r) => single(r.key)).map((r) => r[name]));
    return single(row.key) && reaches(row[name], best) && !reaches(best, least) ? "☆ " : "";
  }

  function paint(found, fused) {
    rows = found;
    const single = (key) => fused[key].weights.length === 1;
    rows.forEach((row, i) => COLUMNS.forEach(([name, , read], j) => {
      const value = read(row);
      if (Array.isArray(value)) return meters(cells[i][j], value);
      const won = medal(name, row, single);
      cells[i][j].textContent = won + value;
      cells[i][j].className = won === "★ " ? "bx-least" : "";
    }));
  }

  const sentence = () =>
    rows.filter((r) => view.state.curves.includes(r.key))
      .map((r) => `${SETUP.labels[r.key]}: mean ${fixed(r.mean)}, sd ${fixed(r.sd)}, ${r.modes} ${r.modes === 1 ? "mode" : "modes"}.`)
      .join(" ");
  return { elements: [element, note], paint, sentence };
}
export { tableView };
