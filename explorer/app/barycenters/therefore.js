// One line under the plot: what follows from the rules that are on it.

const listed = (rows) => {
  const names = rows.map((row, i) => (i ? SETUP.labels[row.key].replace(/^(Product|Mixture|Geometric|Moment)/, (w) => w.toLowerCase()) : SETUP.labels[row.key]));
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
};
const verb = (rows, one, many) => (rows.length === 1 ? one : many);

// rows: of the table, for the rules that are shown; isMixture: key -> several components
function therefore(rows, experts, isMixture) {
  if (!rows.length) return "Switch on a rule to see what it makes of these experts.";
  const single = rows.filter((row) => !isMixture(row.key));
  const mixed = rows.filter((row) => isMixture(row.key));
  const surest = Math.min(...experts.map((e) => e.sd));
  const vaguest = Math.max(...experts.map((e) => e.sd));
  const strayed = single.filter((row) => row.nobody > 0.5);
  const apart = mixed.filter((row) => row.modes > 1 && row.nobody < 0.2);
  const surer = single.filter((row) => row.sd < 0.97 * surest);
  const wider = single.filter((row) => row.sd > 1.2 * vaguest);
  const said = [];
  if (strayed.length) said.push(`${listed(strayed)} ${verb(strayed, "peaks", "peak")} where no expert believes: a false consensus.`);
  else if (surer.length) said.push(`${listed(surer)} ${verb(surer, "is", "are")} surer than every expert: each is counted as another witness.`);
  if (apart.length) said.push(`${listed(apart)} ${verb(apart, "keeps", "keep")} the answers apart: whatever anyone believes stays possible.`);
  if (said.length < 2 && wider.length) said.push(`${listed(wider)} ${verb(wider, "is", "are")} wider than every expert: the width holds how far they lie apart.`);
  if (said.length < 2 && vaguest > 3 * surest) {
    const [sure, vague] = [experts.find((e) => e.sd === surest), experts.find((e) => e.sd === vaguest)];
    const pulled = single.filter((row) => Math.abs(row.mean - sure.mean) > 0.25 * Math.abs(vague.mean - sure.mean) && Math.abs(vague.mean - sure.mean) > 1);
    if (pulled.length) said.push(`${listed(pulled)} ${verb(pulled, "is", "are")} pulled towards an expert who knows little.`);
    else said.push("One expert knows little, and moves little.");
  }
  if (!said.length) said.push(`${listed(rows)} ${verb(rows, "lies", "lie")} between the experts: they agree well enough.`);
  return said.join(" ");
}
export { therefore };
