// Experts' beliefs become one: the aggregations of explorer/aggregations.py in as many dimensions as
// a model has. tests/app/generation/test_network.py holds both together.
//
// A belief is { mu, logvar }, one number a dimension. A mixture is { weights, components }, where
// each component is a belief with `members`, the experts that took part in it.
// To add a rule: an entry in AGGREGATIONS.

// ---- barycenters: (experts, weights) -> belief, as explorer/barycenters.py has them --------------

function each(experts, f) {
  const D = experts[0].mu.length, mu = new Float32Array(D), logvar = new Float32Array(D);
  for (let d = 0; d < D; d++) [mu[d], logvar[d]] = f(d);
  return { mu, logvar };
}

const averaged = (experts, weights, f) => experts.reduce((sum, expert, m) => sum + weights[m] * f(expert), 0);

export function geometricMean(experts, weights) {
  return each(experts, (d) => {
    const total = averaged(experts, weights, (e) => Math.exp(-e.logvar[d]));
    const pull = averaged(experts, weights, (e) => Math.exp(-e.logvar[d]) * e.mu[d]);
    return [pull / total, -Math.log(total)];
  });
}

export function wasserstein(experts, weights) {
  return each(experts, (d) => {
    const std = averaged(experts, weights, (e) => Math.exp(e.logvar[d] / 2));
    return [averaged(experts, weights, (e) => e.mu[d]), 2 * Math.log(std)];
  });
}

export function meanVariance(experts, weights) {
  return each(experts, (d) => [
    averaged(experts, weights, (e) => e.mu[d]),
    Math.log(averaged(experts, weights, (e) => Math.exp(e.logvar[d]))),
  ]);
}

export function momentMatch(experts, weights) {
  return each(experts, (d) => {
    const mean = averaged(experts, weights, (e) => e.mu[d]);
    return [mean, Math.log(averaged(experts, weights, (e) => Math.exp(e.logvar[d]) + (e.mu[d] - mean) ** 2))];
  });
}

export function multiviAverage(experts, weights) {
  return each(experts, (d) => {
    const variance = experts.reduce((sum, e, m) => sum + Math.sqrt(weights[m]) * Math.exp(e.logvar[d]), 0);
    return [averaged(experts, weights, (e) => e.mu[d]), Math.log(variance)];
  });
}

export const CORRELATION = 0.5;
export function dependentExperts(experts, weights) {
  const roots = weights.map(Math.sqrt);
  const shared = CORRELATION / (1 + (experts.length - 1) * CORRELATION);
  return each(experts, (d) => {
    const sharp = (e) => Math.exp(-e.logvar[d] / 2);
    const once = averaged(experts, roots, sharp);
    const precision = averaged(experts, weights, (e) => sharp(e) ** 2) - shared * once ** 2;
    const pull = averaged(experts, weights, (e) => sharp(e) ** 2 * e.mu[d])
      - shared * once * averaged(experts, roots, (e) => sharp(e) * e.mu[d]);
    return [pull / precision, Math.log(1 - CORRELATION) - Math.log(precision)];
  });
}

// The square of the mean of square roots: each expert alone, and the geometric means of their pairs,
// weighed by how much these overlap.
export function hoelderPool(experts, weights) {
  const components = [], logs = [];
  for (const members of pairs(experts.length)) {
    const [a, b] = [experts[members[0]], experts[members.at(-1)]];
    components.push({ ...geometricMean([a, b], [0.5, 0.5]), members });
    let log = Math.log(weights[members[0]]) + Math.log(weights[members.at(-1)]) + (members.length > 1 ? Math.LN2 : 0);
    for (let d = 0; d < a.mu.length; d++) {
      const total = Math.exp(a.logvar[d]) + Math.exp(b.logvar[d]);
      log += (Math.LN2 + (a.logvar[d] + b.logvar[d]) / 2 - Math.log(total)) / 2 - (a.mu[d] - b.mu[d]) ** 2 / (4 * total);
    }
    logs.push(log);
  }
  const most = Math.max(...logs), shares = logs.map((log) => Math.exp(log - most));
  const total = shares.reduce((a, b) => a + b);
  return { weights: shares.map((share) => share / total), components };
}

export function hellingerAverage(experts, weights) {
  const { weights: shares, components } = hoelderPool(experts, weights);
  return momentMatch(components, shares);
}

// ---- families: M -> which experts each component fuses --------------------------------------------

const count = (M) => Array.from({ length: M }, (_, m) => m);
export const everything = (M) => [count(M)];
export const singletons = (M) => count(M).map((m) => [m]);

// Every subset that is not empty, smallest first, as itertools.combinations orders them.
export function powerSet(M) {
  const found = [];
  for (let size = 1; size <= M; size++) {
    const grow = (members, next) => {
      if (members.length === size) found.push(members);
      else for (let m = next; m < M; m++) grow([...members, m], m + 1);
    };
    grow([], 0);
  }
  return found;
}

export const pairs = (M) => powerSet(M).filter((members) => members.length <= 2);

// ---- aggregations ---------------------------------------------------------------------------------
// `normalise`: whether the members' weights sum to one; `prior`: whether N(0, I) takes part;
// `pool`: what makes a mixture of all experts at once, in the place of a barycenter and a family.

export const AGGREGATIONS = {
  poe: { barycenter: geometricMean, family: everything, normalise: false, prior: true },
  logpool: { barycenter: geometricMean, family: everything, normalise: true },
  moe: { barycenter: geometricMean, family: singletons, normalise: true },
  mopoe: { barycenter: geometricMean, family: powerSet, normalise: false },
  wb: { barycenter: wasserstein, family: everything, normalise: true },
  mwb: { barycenter: wasserstein, family: powerSet, normalise: true },
  moments: { barycenter: momentMatch, family: everything, normalise: true },
  holder: { pool: hoelderPool },
  hellinger: { barycenter: hellingerAverage, family: everything, normalise: true },
  dependent: { barycenter: dependentExperts, family: everything, normalise: false },
  code: { barycenter: dependentExperts, family: powerSet, normalise: false },
  multivi: { barycenter: multiviAverage, family: everything, normalise: true },
  product: { barycenter: geometricMean, family: everything, normalise: false },
  variance: { barycenter: meanVariance, family: everything, normalise: true },
};

export const priorOf = (D) => ({ mu: new Float32Array(D), logvar: new Float32Array(D) });

function fused(rule, experts, members) {
  const parts = members.map((m) => experts[m]);
  if (rule.prior) parts.unshift(priorOf(parts[0].mu.length));
  const weight = rule.normalise ? 1 / parts.length : 1;
  return { ...rule.barycenter(parts, parts.map(() => weight)), members };
}

// The belief as the training objective uses it; `whole` false: given exactly these, where mixtures
// over subsets use the one component that fuses all, which is what their papers generate from.
export function aggregate(key, experts, whole = true) {
  const rule = AGGREGATIONS[key];
  if (!rule) throw new Error(`no aggregation ${key}; there are ${Object.keys(AGGREGATIONS).join(", ")}`);
  if (rule.pool) return rule.pool(experts, experts.map(() => 1 / experts.length));
  const family = !whole && rule.family === powerSet ? everything : rule.family;
  const components = family(experts.length).map((members) => fused(rule, experts, members));
  return { weights: components.map(() => 1 / components.length), components };
}

const single = (belief, members) => ({ weights: [1], components: [{ ...belief, members }] });

// ---- what a trained model believes ------------------------------------------------------------------

// The two halves of what a joint network gives, or a point where it gives no spread.
const POINT_LOGVAR = -30;
function halved(out, D) {
  if (out.length === D) return { mu: out, logvar: new Float32Array(D).fill(POINT_LOGVAR) };
  return { mu: out.slice(0, D), logvar: out.slice(D) };
}

// How models with networks of their own read what encoders say of the given modalities.
//   experts(network, codes, names) -> beliefs, one for each name; codes: name -> { mu, logvar }
//   joint(network, codes, names) -> belief, or null where they are fused by a rule
const KINDS = {
  MultimodalVAE: { experts: (_, codes, names) => names.map((name) => codes[name]), joint: () => null },
  JMVAE: {
    experts: (_, codes, names) => names.map((name) => codes[name]),
    joint: ({ run, description: { latent_dim: D, modalities } }, codes, names) => {
      if (names.length < modalities.length) return null;
      const means = new Float32Array(D * names.length);
      names.forEach((name, m) => means.set(codes[name].joint, m * D));
      return halved(run("joint_head", means, 1), D);
    },
  },
  MAC: {
    experts: (network, codes, names) => names.map((name) => masked(network, codes, [name])),
    joint: masked,
  },
  Nexus: {
    experts: (network, codes, names) => names.map((name) => messages(network, codes, [name])),
    joint: messages,
  },
};

function masked({ run, description: { latent_dim: D, modalities, mask_given } }, codes, names) {
  const M = modalities.length, inputs = new Float32Array((M + (mask_given ? 1 : 0)) * D);
  const mask = Float32Array.from(modalities, ({ name }) => (names.includes(name) ? 1 : 0));
  modalities.forEach(({ name }, m) => { if (mask[m]) inputs.set(codes[name].mu, m * D); });
  if (mask_given) inputs.set(run("mask_encoder", mask, 1), M * D);
  return halved(run("joint_head", inputs, 1), D);
}

function messages({ run, description: { latent_dim: D } }, codes, names) {
  const sent = names.map((name) => run(`messengers.${name}`, codes[name].mu, 1));
  const mean = sent[0].map((_, c) => sent.reduce((sum, message) => sum + message[c], 0) / sent.length);
  return halved(run("top_encoder", mean, 1), D);
}

// All that encoders say of one observation: what `experts` and `posterior` take.
export function encoded(network, name, values) {
  const found = network.encode(name, values, 1);
  if (network.description.kind === "JMVAE") found.joint = network.encode(name, values, 1, `joint_encoders.${name}`).mu;
  return found;
}

// Each given modality's own belief over z, in the order of `names`.
export function experts(network, codes, names) {
  return KINDS[network.description.kind].experts(network, codes, names);
}

// What a model believes given `names`, by its own rule or by another (only where beliefs are fused).
export function posterior(network, codes, names, { rule = null, whole = false } = {}) {
  const { description } = network;
  const kind = KINDS[description.kind];
  if (!names.length) return single(priorOf(description.latent_dim), []);
  if (rule === null) {
    const joint = kind.joint(network, codes, names);
    if (joint) return single(joint, names.map((_, m) => m));
  }
  const own = description.kind === "JMVAE" ? "product" : description.aggregation;
  return aggregate(rule ?? own, kind.experts(network, codes, names), whole);
}

// Whether other rules than its own can fuse what its encoders say.
export const canFuse = ({ kind, shared = true, latent = "gaussian" }) =>
  (kind === "MultimodalVAE" || kind === "JMVAE") && shared && latent === "gaussian";

// What modality `target` is drawn from: all that is given, or only itself where latents are not shared.
export const source = ({ shared = true }, names, target) => (!shared && names.includes(target) ? [target] : names);

// ---- draws ----------------------------------------------------------------------------------------

// Numbers from 0 to 1 by a seed, the same everywhere (mulberry32).
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Noise of mean 0 and variance 1: normal, or Laplace where beliefs are.
export function noise(random, n, latent = "gaussian") {
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const u = 1 - random();
    if (latent === "laplace") {
      const v = random() - 0.5;
      out[i] = (-Math.sign(v) * Math.log(Math.max(1e-7, 1 - 2 * Math.abs(v)))) / Math.SQRT2;
    } else out[i] = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random());
  }
  return out;
}

// n points of a mixture: { z, component }, which component each came from. Two mixtures and one seed
// share their noise, so that pictures differ by what the mixtures say.
export function draw({ weights, components }, n, { seed = 0, temperature = 1, latent = "gaussian" } = {}) {
  const D = components[0].mu.length, random = uniform(seed);
  const eps = noise(random, n * D, latent);
  const z = new Float32Array(n * D), component = new Uint8Array(n);
  for (let r = 0; r < n; r++) {
    let left = random() * weights.reduce((a, b) => a + b, 0), k = 0;
    while (k < weights.length - 1 && left >= weights[k]) left -= weights[k++];
    component[r] = k;
    const { mu, logvar } = components[k];
    for (let d = 0; d < D; d++) z[r * D + d] = mu[d] + temperature * Math.exp(logvar[d] / 2) * eps[r * D + d];
  }
  return { z, component };
}

export function meanOf({ weights, components }) {
  return components[0].mu.map((_, d) => components.reduce((sum, c, k) => sum + weights[k] * c.mu[d], 0));
}

// ---- one direction of the latent space --------------------------------------------------------------

// A belief along the line from point `from` to point `to`, where these stand at 0 and 1: { mean, sd }.
export function along({ mu, logvar }, from, to) {
  let length = 0, place = 0, variance = 0;
  for (let d = 0; d < mu.length; d++) length += (to[d] - from[d]) ** 2;
  for (let d = 0; d < mu.length; d++) {
    const step = to[d] - from[d];
    place += (mu[d] - from[d]) * step;
    variance += step * step * Math.exp(logvar[d]);
  }
  return { mean: place / length, sd: Math.sqrt(variance) / length };
}
