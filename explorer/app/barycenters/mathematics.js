// The mathematics of page 1: the same definitions as explorer/playground.py and
// explorer/densities.py, held to 1e-12 of them by tests/app/barycenters/test_widget.py.
//
// An expert is {mean, sd, weight}; a fused density is a mixture {weights, means, sds}, one
// component if it is a Gaussian. On the grid a density is the Float64Array of its logarithm.

const HALF_LOG_2PI = Math.log(2 * Math.PI) / 2;
const NOTHING = 4.5; // an expert has nothing this far below its peak: 3 sd of a Gaussian
const LOG_2 = Math.log(2);

export const sum = (values) => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
const logAddExp = (a, b) => {
  if (a === b) return a + LOG_2;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
};

// --- barycenters and aggregations ----------------------------------------------------------

export function shares(experts) {
  const total = sum(experts.map((e) => e.weight));
  return experts.map((e) => e.weight / total);
}

function geometric(experts, powers) {
  const precision = sum(experts.map((e, i) => powers[i] / e.sd ** 2));
  const pull = sum(experts.map((e, i) => (powers[i] * e.mean) / e.sd ** 2));
  return [pull / precision, 1 / Math.sqrt(precision)];
}

function wasserstein(experts, w) {
  return [sum(experts.map((e, i) => w[i] * e.mean)), sum(experts.map((e, i) => w[i] * e.sd))];
}

function moments(experts, w) {
  const mean = sum(experts.map((e, i) => w[i] * e.mean));
  const variance = sum(experts.map((e, i) => w[i] * (e.sd ** 2 + (e.mean - mean) ** 2)));
  return [mean, Math.sqrt(variance)];
}

const product = (experts, w) => geometric(experts, w.map((v) => v * w.length));
export const gaussian = ([mean, sd]) => ({ weights: [1], means: [mean], sds: [sd] });

// smallest subsets first, in the order of explorer.aggregations.subsets
export function subsets(n) {
  const found = [];
  const grow = (start, chosen, size) => {
    if (chosen.length === size) found.push(chosen);
    else for (let i = start; i < n; i++) grow(i + 1, [...chosen, i], size);
  };
  for (let size = 1; size <= n; size++) grow(0, [], size);
  return found;
}

// a mixture of one barycenter per subset; a subset counts as its members' mean weight
function overSubsets(experts, rule) {
  const mixture = { weights: [], means: [], sds: [] };
  for (const members of subsets(experts.length)) {
    const chosen = members.map((i) => experts[i]);
    const [mean, sd] = rule(chosen, shares(chosen));
    mixture.weights.push(sum(chosen.map((e) => e.weight)) / chosen.length);
    mixture.means.push(mean);
    mixture.sds.push(sd);
  }
  const total = sum(mixture.weights);
  mixture.weights = mixture.weights.map((w) => w / total);
  return mixture;
}

// (sum w sqrt p)^2 multiplied out: each expert alone, then the geometric mean of each pair
function hoelder(experts, w) {
  const mixture = { weights: [], means: [], sds: [] };
  const add = (weight, [mean, sd]) => {
    mixture.weights.push(weight);
    mixture.means.push(mean);
    mixture.sds.push(sd);
  };
  experts.forEach((e, i) => add(w[i] ** 2, [e.mean, e.sd]));
  experts.forEach((a, i) => {
    for (let j = i + 1; j < experts.length; j++) {
      const b = experts[j];
      const squares = a.sd ** 2 + b.sd ** 2;
      const overlap = Math.sqrt((2 * a.sd * b.sd) / squares) * Math.exp(-((a.mean - b.mean) ** 2) / (4 * squares));
      add(2 * w[i] * w[j] * overlap, geometric([a, b], [0.5, 0.5]));
    }
  });
  const total = sum(mixture.weights);
  mixture.weights = mixture.weights.map((v) => v / total);
  return mixture;
}

// errors correlated by 1/2: Winkler's consensus
const CORRELATION = 0.5;
function dependent(experts, w) {
  const powers = w.map((v) => v * w.length);
  const sharp = experts.map((e, i) => Math.sqrt(powers[i]) / e.sd);
  const shared = CORRELATION / (1 + (experts.length - 1) * CORRELATION);
  const once = sum(sharp);
  const precision = sum(sharp.map((s) => s * s)) - shared * once ** 2;
  const pull = sum(experts.map((e, i) => sharp[i] ** 2 * e.mean)) -
    shared * once * sum(experts.map((e, i) => sharp[i] * e.mean));
  return [pull / precision, Math.sqrt((1 - CORRELATION) / precision)];
}

// scvi-tools: means by the weights, variances by their square roots
function multivi(experts, w) {
  const variance = sum(experts.map((e, i) => Math.sqrt(w[i]) * e.sd ** 2));
  return [sum(experts.map((e, i) => w[i] * e.mean)), Math.sqrt(variance)];
}

const RULES = {
  poe: (experts, w, prior) =>
    gaussian(
      prior
        ? geometric([{ mean: 0, sd: 1 }, ...experts], [1, ...w.map((v) => v * w.length)])
        : product(experts, w),
    ),
  logpool: (experts, w) => gaussian(geometric(experts, w)),
  moe: (experts, w) => ({
    weights: w,
    means: experts.map((e) => e.mean),
    sds: experts.map((e) => e.sd),
  }),
  mopoe: (experts) => overSubsets(experts, product),
  wb: (experts, w) => gaussian(wasserstein(experts, w)),
  mwb: (experts) => overSubsets(experts, wasserstein),
  moments: (experts, w) => gaussian(moments(experts, w)),
  holder: hoelder,
  hellinger: (experts, w) => gaussian(meanAndSd(hoelder(experts, w))),
  dependent: (experts, w) => gaussian(dependent(experts, w)),
  multivi: (experts, w) => gaussian(multivi(experts, w)),
};
export const KEYS = Object.keys(RULES);

export const fuse = (key, experts, prior = false) => RULES[key](experts, shares(experts), prior);

// --- densities on a grid ---------------------------------------------------------------------

export function grid(experts) {
  const low = Math.min(-10, ...experts.map((e) => e.mean - 7 * e.sd));
  const high = Math.max(10, ...experts.map((e) => e.mean + 7 * e.sd));
  const finest = Math.min(0.025, ...experts.map((e) => e.sd / 4));
  const n = Math.min(4001, Math.ceil((high - low) / finest) + 1);
  const step = (high - low) / (n - 1);
  const x = Float64Array.from({ length: n }, (_, i) => low + i * step);
  x[n - 1] = high;
  return x;
}

export function widths(x) {
  const last = x.length - 1;
  return x.map((_, i) => ((i < last ? x[i + 1] - x[i] : 0) + (i > 0 ? x[i] - x[i - 1] : 0)) / 2);
}

export function logDensity({ weights, means, sds }, x) {
  const offsets = weights.map((w, k) => Math.log(w) - Math.log(sds[k]) - HALF_LOG_2PI);
  const terms = new Float64Array(weights.length);
  return x.map((at) => {
    let peak = -Infinity;
    for (let k = 0; k < terms.length; k++) {
      const z = (at - means[k]) / sds[k];
      terms[k] = offsets[k] - 0.5 * z * z;
      if (terms[k] > peak) peak = terms[k];
    }
    if (terms.length === 1) return peak;
    let total = 0;
    // below exp(-40) of the largest a term changes no digit
    for (let k = 0; k < terms.length; k++) if (terms[k] > peak - 40) total += Math.exp(terms[k] - peak);
    return peak + Math.log(total);
  });
}

export const expert = (e) => gaussian([e.mean, e.sd]);

export function normalise(logP, x) {
  const dx = widths(x);
  const peak = logP.reduce((a, b) => Math.max(a, b), -Infinity);
  let mass = 0;
  for (let i = 0; i < x.length; i++) mass += Math.exp(logP[i] - peak) * dx[i];
  const shift = peak + Math.log(mass);
  return logP.map((value) => value - shift);
}

export function powerMean(logPs, w, x, exponent) {
  const logMean = x.map((_, i) => {
    const values = logPs.map((p) => p[i]);
    if (exponent === Infinity) return Math.max(...values);
    if (exponent === -Infinity) return Math.min(...values);
    if (Math.abs(exponent) < 1e-6) return sum(values.map((v, m) => w[m] * v));
    const terms = values.map((v, m) => exponent * v + Math.log(w[m]));
    return terms.reduce(logAddExp) / exponent;
  });
  return normalise(logMean, x);
}

export function logOdds(logP, x) {
  const dx = widths(x);
  const n = x.length;
  const below = new Float64Array(n);
  const odds = new Float64Array(n);
  let total = -Infinity;
  for (let i = 0; i < n; i++) {
    const mass = logP[i] + Math.log(dx[i]);
    below[i] = logAddExp(total, mass - LOG_2);
    total = logAddExp(total, mass);
  }
  total = -Infinity;
  for (let i = n - 1; i >= 0; i--) {
    const mass = logP[i] + Math.log(dx[i]);
    odds[i] = below[i] - logAddExp(total, mass - LOG_2);
    total = logAddExp(total, mass);
  }
  return odds;
}

// numpy.interp at increasing points
function interpolate(points, xs, ys) {
  const last = xs.length - 1;
  let j = 0;
  return points.map((point) => {
    if (point <= xs[0]) return ys[0];
    if (point >= xs[last]) return ys[last];
    while (j < last - 1 && xs[j + 1] <= point) j++;
    return ((ys[j + 1] - ys[j]) / (xs[j + 1] - xs[j])) * (point - xs[j]) + ys[j];
  });
}

const levelsOf = (odds) =>
  Float64Array.from(odds.flatMap((o) => Array.from(o.filter(Number.isFinite)))).sort();

function valuesAt(levels, odds, values) {
  if (odds.every(Number.isFinite)) return interpolate(levels, odds, values);
  const known = [...odds.keys()].filter((i) => Number.isFinite(odds[i]));
  return interpolate(levels, known.map((i) => odds[i]), known.map((i) => values[i]));
}

export function quantileAverage(logPs, w, x) {
  const used = [...logPs.keys()].filter((m) => w[m] > 0);
  const odds = used.map((m) => logOdds(logPs[m], x));
  const levels = levelsOf(odds);
  const places = odds.map((o) => valuesAt(levels, o, x));
  const heights = odds.map((o, k) => valuesAt(levels, o, logPs[used[k]]));
  const points = levels.map((_, i) => sum(used.map((m, k) => w[m] * places[k][i])));
  const logQ = levels.map(
    (_, i) => -used.map((m, k) => Math.log(w[m]) - heights[k][i]).reduce(logAddExp),
  );
  let reach = 0;
  for (let i = 1; i < x.length; i++) reach = Math.max(reach, (x[i] - x[i - 1]) / 2);
  const drawn = interpolate(x, points, logQ).map((value, i) =>
    x[i] < points[0] - reach || x[i] > points[points.length - 1] + reach ? -Infinity : value,
  );
  return normalise(drawn, x);
}

export function geodesic(kind, logStart, logEnd, x, t) {
  if (t === 0 || t === 1) return normalise(t ? logEnd : logStart, x);
  const ends = [logStart, logEnd];
  const w = [1 - t, t];
  if (kind === "displacement") return quantileAverage(ends, w, x);
  return powerMean(ends, w, x, kind === "mixing" ? 1 : 0);
}

// --- divergences and meters --------------------------------------------------------------------

export function kl(logQ, logP, dx) {
  let total = 0;
  for (let i = 0; i < dx.length; i++) {
    if (logQ[i] !== -Infinity) total += Math.exp(logQ[i]) * (logQ[i] - logP[i]) * dx[i];
  }
  return total;
}

const sigmoid = (v) => (v < 0 ? Math.exp(v) / (1 + Math.exp(v)) : 1 / (1 + Math.exp(-v)));

// where a density reaches log odds v, which lie just under odds[k]
function quantile(odds, x, k, v) {
  if (k === 0 || k === x.length) return x[Math.min(k, x.length - 1)];
  const span = odds[k] - odds[k - 1];
  return span > 0 ? ((x[k] - x[k - 1]) / span) * (v - odds[k - 1]) + x[k - 1] : x[k];
}

// one walk through the levels of both, finite log odds only; a trapezoid sum over the levels
export function wasserstein2Squared(oddsQ, oddsP, x) {
  let [i, j, total, lastLevel, lastGap] = [0, 0, 0, null, 0];
  while (i < x.length || j < x.length) {
    const fromQ = j === x.length || (i < x.length && oddsQ[i] <= oddsP[j]);
    const v = fromQ ? oddsQ[i] : oddsP[j];
    const gap = (quantile(oddsQ, x, i, v) - quantile(oddsP, x, j, v)) ** 2;
    const level = sigmoid(v);
    if (lastLevel !== null) total += ((gap + lastGap) / 2) * (level - lastLevel);
    [lastLevel, lastGap] = [level, gap];
    if (fromQ) i++;
    else j++;
  }
  return total;
}

export function jensenShannon(logQ, logP, dx) {
  const middle = logQ.map((q, i) => logAddExp(q, logP[i]) - LOG_2);
  return (kl(logQ, middle, dx) + kl(logP, middle, dx)) / 2;
}

export function hellingerSquared(logQ, logP, dx) {
  let total = 0;
  for (let i = 0; i < dx.length; i++) {
    total += (Math.exp(logQ[i] / 2) - Math.exp(logP[i] / 2)) ** 2 * dx[i];
  }
  return total / 2;
}

export const belowPeak = (logP) => {
  const peak = logP.reduce((a, b) => Math.max(a, b), -Infinity);
  return logP.map((value) => value - peak);
};

// the mass of q where a density, given relative to its peak, is under exp(-4.5)
export function strayMass(logQ, relative, x) {
  let total = 0;
  for (let i = 1; i < x.length; i++) {
    const low = Math.min(relative[i - 1], relative[i]) + NOTHING;
    const high = Math.max(relative[i - 1], relative[i]) + NOTHING;
    if (low >= 0) continue;
    const share = high <= 0 ? 1 : Math.min(1, -low / (high - low));
    total += share * ((Math.exp(logQ[i - 1]) + Math.exp(logQ[i])) / 2) * (x[i] - x[i - 1]);
  }
  return total;
}

export function coveredMass(logQ, logP, weight, dx) {
  let total = 0;
  for (let i = 0; i < dx.length; i++) {
    total += Math.min(weight * Math.exp(logP[i]), Math.exp(logQ[i])) * dx[i];
  }
  return total / weight;
}

export function countModes(logP, dip = 1e-3) {
  let modes = 0;
  let rising = true;
  let extreme = -Infinity;
  for (const value of logP) {
    const turned = rising ? value < extreme - dip : value > extreme + dip;
    if (turned) {
      modes += rising ? 1 : 0;
      rising = !rising;
    }
    if (turned || value > extreme === rising) extreme = value;
  }
  return modes + (rising ? 1 : 0);
}

// --- the table in which every barycenter wins its own column -------------------------------------

export function meanAndSd({ weights, means, sds }) {
  const mean = sum(weights.map((w, k) => w * means[k]));
  const variance = sum(weights.map((w, k) => w * (sds[k] ** 2 + (means[k] - mean) ** 2)));
  return [mean, Math.sqrt(variance)];
}

// W2 has a closed form between Gaussians; mixtures go through their quantiles
function transport(mixture, oddsQ, e, oddsP, x) {
  if (mixture.weights.length === 1) {
    return (mixture.means[0] - e.mean) ** 2 + (mixture.sds[0] - e.sd) ** 2;
  }
  return wasserstein2Squared(oddsQ, oddsP, x);
}

export function table(experts, x, fused, logs) {
  const dx = widths(x);
  const w = shares(experts);
  const logPs = experts.map((e) => logDensity(expert(e), x));
  const odds = logPs.map((p) => logOdds(p, x));
  const heights = logPs.map(belowPeak);
  const best = x.map((_, i) => Math.max(...heights.map((h) => h[i])));
  const worst = x.map((_, i) => Math.min(...heights.map((h) => h[i])));
  return KEYS.map((key) => {
    const [mean, sd] = meanAndSd(fused[key]);
    const log = logs[key];
    const oddsQ = fused[key].weights.length > 1 ? logOdds(log, x) : null;
    return {
      key,
      mean,
      sd,
      modes: countModes(log),
      logAt: experts.map((e) => logDensity(fused[key], Float64Array.of(e.mean))[0]),
      reverse: sum(logPs.map((p, i) => w[i] * kl(log, p, dx))),
      forward: sum(logPs.map((p, i) => w[i] * kl(p, log, dx))),
      wasserstein: sum(experts.map((e, i) => w[i] * transport(fused[key], oddsQ, e, odds[i], x))),
      nobody: strayMass(log, best, x),
      notAll: strayMass(log, worst, x),
      covered: logPs.map((p, i) => coveredMass(log, p, w[i], dx)),
    };
  });
}

// --- statements of the papers ----------------------------------------------------------------------

// log of the integral of p(z) and every expert as a likelihood of z, with p = N(0, 1)
export function logEvidence(experts) {
  const precision = 1 + sum(experts.map((e) => e.sd ** -2));
  const mean = sum(experts.map((e) => e.mean / e.sd ** 2)) / precision;
  const atZero = (m, sd) => -0.5 * (m / sd) ** 2 - Math.log(sd) - HALF_LOG_2PI;
  return atZero(0, 1) + sum(experts.map((e) => atZero(e.mean, e.sd))) - atZero(mean, 1 / Math.sqrt(precision));
}

// the ELBO of any density, by its definition
export function jointBound(logQ, experts, x, dx) {
  const logPs = [gaussian([0, 1]), ...experts.map(expert)].map((mixture) => logDensity(mixture, x));
  let total = 0;
  for (let i = 0; i < dx.length; i++) {
    if (logQ[i] === -Infinity) continue;
    total += Math.exp(logQ[i]) * (sum(logPs.map((p) => p[i])) - logQ[i]) * dx[i];
  }
  return total;
}

// what a shared prior costs all experts together
export const rateTo = (logH, experts, x, dx) =>
  sum(experts.map((e) => kl(logDensity(expert(e), x), logH, dx)));

// squared MMD to N(0, 1) with the kernel exp(-(u - v)^2 / 2), in closed form for Gaussians
export function mmdGap(experts, w) {
  const meet = (a, b) => {
    const width = 1 + a.sd ** 2 + b.sd ** 2;
    return Math.exp(-((a.mean - b.mean) ** 2) / (2 * width)) / Math.sqrt(width);
  };
  const prior = { mean: 0, sd: 1 };
  const own = meet(prior, prior);
  const mean = sum(experts.map((e, i) => w[i] * (meet(e, e) + own - 2 * meet(e, prior))));
  const pairs = sum(experts.map((a, i) => sum(experts.map((b, j) => w[i] * w[j] * meet(a, b)))));
  const together = pairs + own - 2 * sum(experts.map((e, i) => w[i] * meet(e, prior)));
  const spread = sum(experts.map((e, i) => w[i] * meet(e, e))) - pairs;
  return { mean, together, spread };
}

// --- two dimensions -----------------------------------------------------------------------------
// A Gaussian is {mean: [x, y], cov: [xx, xy, yy]}.

export const ellipse = ({ x, y, a, b, angle }) => {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return {
    mean: [x, y],
    cov: [a * a * c * c + b * b * s * s, (a * a - b * b) * c * s, a * a * s * s + b * b * c * c],
  };
};
const determinant = ([xx, xy, yy]) => xx * yy - xy * xy;
const inverse = (cov) => {
  const d = determinant(cov);
  return [cov[2] / d, -cov[1] / d, cov[0] / d];
};
const root = (cov) => {
  const s = Math.sqrt(Math.max(0, determinant(cov)));
  const t = Math.sqrt(cov[0] + cov[2] + 2 * s);
  return [(cov[0] + s) / t, cov[1] / t, (cov[2] + s) / t];
};
const sandwich = ([a, b, d], [xx, xy, yy]) => {
  const [p, q, r, s] = [a * xx + b * xy, a * xy + b * yy, b * xx + d * xy, b * xy + d * yy];
  return [p * a + q * b, p * b + q * d, r * b + s * d];
};
const combine = (covs, w) => [0, 1, 2].map((j) => sum(covs.map((c, i) => w[i] * c[j])));
const apply = ([xx, xy, yy], [x, y]) => [xx * x + xy * y, xy * x + yy * y];
const average = (means, w) => [0, 1].map((j) => sum(means.map((m, i) => w[i] * m[j])));

export function bures(experts, w, tol = 1e-9, maxIter = 500) {
  let cov = combine(experts.map((e) => e.cov), w);
  for (let step = 1; step <= maxIter; step++) {
    const r = root(cov);
    const mean = combine(experts.map((e) => root(sandwich(r, e.cov))), w);
    // mean @ mean, then between the inverse roots
    const square = sandwich(mean, [1, 0, 1]);
    const updated = sandwich(inverse(r), square);
    const change = Math.max(...updated.map((v, j) => Math.abs(v - cov[j])));
    cov = updated;
    if (change <= tol * Math.max(...cov.map(Math.abs))) {
      return { mean: average(experts.map((e) => e.mean), w), cov, steps: step };
    }
  }
  throw new Error(`no convergence in ${maxIter} steps of the Bures fixed point`);
}

export function geometric2(experts, powers) {
  const precisions = experts.map((e) => inverse(e.cov));
  const cov = inverse(combine(precisions, powers));
  const pull = average(experts.map((e, i) => apply(precisions[i], e.mean)), powers);
  return { mean: apply(cov, pull), cov };
}

// [weight, Gaussian] of each expert and of each pair
export function hoelder2(experts, w) {
  const parts = experts.map((e, i) => [w[i] ** 2, e]);
  experts.forEach((a, i) => {
    for (let j = i + 1; j < experts.length; j++) {
      const b = experts[j];
      const middle = combine([a.cov, b.cov], [0.5, 0.5]);
      const gap = [a.mean[0] - b.mean[0], a.mean[1] - b.mean[1]];
      const along = apply(inverse(middle), gap);
      const ratio = (determinant(a.cov) * determinant(b.cov)) ** 0.25 / Math.sqrt(determinant(middle));
      const overlap = ratio * Math.exp(-(gap[0] * along[0] + gap[1] * along[1]) / 8);
      parts.push([2 * w[i] * w[j] * overlap, geometric2([a, b], [0.5, 0.5])]);
    }
  });
  const total = sum(parts.map(([weight]) => weight));
  return parts.map(([weight, g]) => [weight / total, g]);
}

export function moments2(experts, w) {
  const mean = average(experts.map((e) => e.mean), w);
  const spread = experts.map(({ mean: m, cov }) => {
    const [dx, dy] = [m[0] - mean[0], m[1] - mean[1]];
    return [cov[0] + dx * dx, cov[1] + dx * dy, cov[2] + dy * dy];
  });
  return { mean, cov: combine(spread, w) };
}

// what a VAE with diagonal covariances computes: standard deviations averaged axis by axis
export function diagonal(experts, w) {
  const sd = (j) => sum(experts.map((e, i) => w[i] * Math.sqrt(e.cov[j])));
  return { mean: average(experts.map((e) => e.mean), w), cov: [sd(0) ** 2, 0, sd(2) ** 2] };
}

export function bures2Squared(p, q) {
  const cross = root(sandwich(root(p.cov), q.cov));
  const gap = (p.mean[0] - q.mean[0]) ** 2 + (p.mean[1] - q.mean[1]) ** 2;
  return gap + p.cov[0] + p.cov[2] + q.cov[0] + q.cov[2] - 2 * (cross[0] + cross[2]);
}

export function kl2(q, p) {
  const precision = inverse(p.cov);
  const gap = [p.mean[0] - q.mean[0], p.mean[1] - q.mean[1]];
  const along = apply(precision, gap);
  const trace = precision[0] * q.cov[0] + 2 * precision[1] * q.cov[1] + precision[2] * q.cov[2];
  const logRatio = Math.log(determinant(p.cov) / determinant(q.cov));
  return 0.5 * (trace + gap[0] * along[0] + gap[1] * along[1] - 2 + logRatio);
}

export function density2({ mean, cov }) {
  const precision = inverse(cov);
  const scale = 1 / (2 * Math.PI * Math.sqrt(determinant(cov)));
  return (x, y) => {
    const [dx, dy] = [x - mean[0], y - mean[1]];
    const along = apply(precision, [dx, dy]);
    return scale * Math.exp(-0.5 * (dx * along[0] + dy * along[1]));
  };
}
