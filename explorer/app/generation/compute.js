// What the Generation page computes away from the page itself, in a worker: beliefs, pictures and
// verdicts of one question. Networks are kept by name; encoders run again only for what changed.
//
//   const lab = laboratory();
//   await lab.load("polydigits/moe", { weights: url, layers: url });
//   lab.answer(question) -> one answer for each row
//
// question: { rows: [{ id, model, rule, whole, shift }], inputs: { name: values }, ends: [name, name],
//   dimension, target, n, seed, temperature, latentOnly, judge }

import { load } from "./network.js";
import { along, draw, encoded, experts, meanOf, posterior, priorOf, source } from "./fusion.js";

export function laboratory(fetched = fetch) {
  const networks = new Map();
  const codes = new Map(); // model -> name -> { values, code }

  async function get(url, kind) {
    const answer = await fetched(url);
    if (!answer.ok) throw new Error((await answer.text()).slice(0, 300) || `${answer.status}`);
    return answer[kind]();
  }

  async function read(key, { weights, layers }) {
    if (networks.has(key)) return;
    const [bytes, description] = await Promise.all([get(weights, "arrayBuffer"), get(layers, "json")]);
    networks.set(key, load(bytes, description));
  }

  function code(model, name, values) {
    if (!codes.has(model)) codes.set(model, {});
    const kept = codes.get(model);
    const same = kept[name] && kept[name].values.every((v, i) => v === values[i]);
    if (!same) kept[name] = { values, code: encoded(networks.get(model), name, values) };
    return kept[name].code;
  }

  // From which point to which the line goes that beliefs are shown along, and what stands at its ends.
  function line(own, names, { ends, dimension }, D) {
    const nothing = new Float32Array(D);
    if (dimension !== null && dimension !== undefined) {
      const to = new Float32Array(D);
      to[Math.min(dimension, D - 1)] = 1;
      return [nothing, to];
    }
    const place = (name) => own[names.indexOf(name)].mu;
    if (ends) return ends.map(place);
    if (names.length) return [nothing, place(names[0])];
    const to = new Float32Array(D);
    to[0] = 1;
    return [nothing, to];
  }

  function row({ id, model, rule = null, whole = true, shift = 0 }, question) {
    const network = networks.get(model);
    const { latent_dim: D, style_dim: E = 0, latent } = network.description;
    const names = Object.keys(question.inputs);
    const told = Object.fromEntries(names.map((name) => [name, code(model, name, question.inputs[name])]));
    const own = names.length ? experts(network, told, names) : [];
    const given = source(network.description, names, question.target);
    const belief = posterior(network, told, given, { rule, whole });
    const [from, to] = line(own, names, question, D);
    const place = (b) => along(b, from, to);
    const answer = {
      id,
      experts: own.map((b, m) => ({ name: names[m], ...place(b) })),
      prior: place(priorOf(D)),
      fused: { weights: belief.weights, parts: belief.components.map(place) },
    };
    const moved = (z) => {
      if (shift) for (let i = 0; i < z.length; i++) z[i] += shift * (to[i % D] - from[i % D]);
      return z;
    };
    const noise = { seed: question.seed, temperature: question.temperature, latent };
    const { z, component } = question.n ? draw(belief, question.n, noise) : { z: new Float32Array(0), component: [] };
    const all = new Float32Array(D + z.length);
    all.set(moved(meanOf(belief)));
    all.set(moved(z), D);
    const from1 = question.counting ? D : 0; // while counting nobody looks at the mean
    const n = question.n + (from1 ? 0 : 1);
    let styles = null;
    if (E) {
      styles = new Float32Array(n * E);
      const { z: e } = draw({ weights: [1], components: [priorOf(E)] }, question.n, { ...noise, seed: noise.seed + 1 });
      styles.set(e, from1 ? 0 : E);
    }
    const pictures = n ? network.decode(question.target, all.subarray(from1), n, styles) : new Float32Array(0);
    answer.from = Array.from(component, (k) => belief.components[k].members.map((m) => given[m]));
    const judge = networks.get(question.judge);
    if (judge?.description.shapes[question.target] && n) {
      const shares = judge.read(question.target, pictures, n), classes = shares.length / n;
      answer.reads = [];
      answer.sure = [];
      for (let r = 0; r < n; r++) {
        const one = shares.subarray(r * classes, (r + 1) * classes);
        const best = one.reduce((k, share, i) => (share > one[k] ? i : k), 0);
        answer.reads.push(best);
        answer.sure.push(one[best]);
      }
    }
    if (!question.counting) answer.pictures = pictures;
    return answer;
  }

  return {
    load: read,
    has: (key) => networks.has(key),
    about: (key) => ({ ...networks.get(key).description, networks: undefined }),
    answer: (question) => question.rows.map((each) => row(each, question)),
    // The classifier's class of one observation: what a drawn or typed input shows.
    see(judge, name, values) {
      const network = networks.get(judge);
      if (!network?.description.shapes[name]) return null;
      const shares = network.read(name, values, 1);
      const best = shares.reduce((k, share, i) => (share > shares[k] ? i : k), 0);
      return { reads: best, sure: shares[best] };
    },
  };
}
