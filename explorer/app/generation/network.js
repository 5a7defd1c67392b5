// Trained networks in plain JavaScript: reads the checkpoint file that Python reads and computes the
// same numbers (tests/app/generation/test_network.py holds both together for every shipped model).
//
//   load(bytes, description) -> network
//   network.encode(name, values, n) -> { mu, logvar }, of styles too where a model has them
//   network.decode(name, z, n, styles) -> values, what the modality's likelihood expects
//   network.read(name, values, n) -> class probabilities, of classifiers
//   network.run(path, values, n) -> numbers of any network that the description lists
//
// `bytes` is a safetensors file (ArrayBuffer or Uint8Array): fp32, fp16, or int8 with a tensor
// NAME.scale that holds a factor for each row. `description` is what
// `python -m explorer pretrained describe DATASET MODEL` prints (explorer/networks/description.py).
// Values are Float32Array, n observations one after the other. Nothing is global and nothing is
// fetched, so that a page, a worker, a notebook and node can all use it. To add a kind of layer: an
// entry in LAYERS here, and one there.

// ---- the file ----------------------------------------------------------------------------------

// What the 65,536 half precision numbers are.
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
});

function halves(buffer) {
  const bits = new Uint16Array(buffer), numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = HALVES[bits[i]];
  return numbers;
}

const READERS = {
  F32: (buffer) => new Float32Array(buffer),
  F16: halves,
  I8: (buffer) => new Float32Array(new Int8Array(buffer)),
};

// The tensors of a safetensors file, each turned into numbers when it is asked for.
export function tensors(bytes) {
  const file = ArrayBuffer.isView(bytes) // not as it is: slice of node's Buffer would not copy
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = file.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > file.byteLength - 8) throw new Error(`not a safetensors file: ${file.byteLength} bytes`);
  const head = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  return function tensor(name) {
    const entry = head[name];
    if (!entry) throw new Error(`the checkpoint has no tensor ${name}; it is not the one that was described`);
    const reader = READERS[entry.dtype];
    if (!reader) throw new Error(`tensor ${name} is ${entry.dtype}; expected F32, F16 or I8`);
    const [start, end] = entry.data_offsets.map((offset) => 8 + length + offset);
    if (end > file.byteLength) throw new Error(`the checkpoint ends before tensor ${name}`);
    const data = reader(file.slice(start, end).buffer); // slice, as an offset need not be aligned
    if (entry.dtype === "I8") {
      const scale = tensor(`${name}.scale`).data;
      const row = data.length / scale.length;
      for (let i = 0; i < data.length; i++) data[i] *= scale[(i / row) | 0];
    }
    return { shape: entry.shape, data };
  };
}

// ---- arithmetic --------------------------------------------------------------------------------

// y[n, O] = x[n, I] W[O, I]^T + b: two rows by four outputs at a time keep eight sums in registers.
function multiply(x, n, I, W, b, O) {
  const y = new Float32Array(n * O);
  let r = 0;
  for (; r + 1 < n; r += 2) {
    const p = r * I, q = p + I, u = r * O, v = u + O;
    let o = 0;
    for (; o + 3 < O; o += 4) {
      const w0 = o * I, w1 = w0 + I, w2 = w1 + I, w3 = w2 + I;
      let a0 = b[o], a1 = b[o + 1], a2 = b[o + 2], a3 = b[o + 3], c0 = a0, c1 = a1, c2 = a2, c3 = a3;
      for (let i = 0; i < I; i++) {
        const s = x[p + i], t = x[q + i], k0 = W[w0 + i], k1 = W[w1 + i], k2 = W[w2 + i], k3 = W[w3 + i];
        a0 += k0 * s; a1 += k1 * s; a2 += k2 * s; a3 += k3 * s;
        c0 += k0 * t; c1 += k1 * t; c2 += k2 * t; c3 += k3 * t;
      }
      y[u + o] = a0; y[u + o + 1] = a1; y[u + o + 2] = a2; y[u + o + 3] = a3;
      y[v + o] = c0; y[v + o + 1] = c1; y[v + o + 2] = c2; y[v + o + 3] = c3;
    }
    for (; o < O; o++) {
      let a = b[o], c = a;
      for (let i = 0, w = o * I; i < I; i++, w++) { a += W[w] * x[p + i]; c += W[w] * x[q + i]; }
      y[u + o] = a; y[v + o] = c;
    }
  }
  if (r < n) {
    const p = r * I, u = r * O;
    let o = 0;
    for (; o + 3 < O; o += 4) {
      const w0 = o * I, w1 = w0 + I, w2 = w1 + I, w3 = w2 + I;
      let a0 = b[o], a1 = b[o + 1], a2 = b[o + 2], a3 = b[o + 3];
      for (let i = 0; i < I; i++) {
        const s = x[p + i];
        a0 += W[w0 + i] * s; a1 += W[w1 + i] * s; a2 += W[w2 + i] * s; a3 += W[w3 + i] * s;
      }
      y[u + o] = a0; y[u + o + 1] = a1; y[u + o + 2] = a2; y[u + o + 3] = a3;
    }
    for (; o < O; o++) {
      let a = b[o];
      for (let i = 0, w = o * I; i < I; i++, w++) a += W[w] * x[p + i];
      y[u + o] = a;
    }
  }
  return y;
}

// [n, rows, columns] -> [n, columns, rows]
function swapped(x, n, rows, columns) {
  const y = new Float32Array(x.length);
  for (let r = 0; r < n; r++) {
    const start = r * rows * columns;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) y[start + j * rows + i] = x[start + i * columns + j];
  }
  return y;
}

// ---- layers ------------------------------------------------------------------------------------
// Each maker is called once, with the layer's description and the file; it returns
// (x, n, shape) -> [y, shape], where shape is that of one observation.

const size = (shape) => shape.reduce((a, b) => a * b, 1);
const pair = (shape) => (shape.length === 2 ? [shape[0], 1, shape[1]] : shape); // a line is an image of height 1
const like = (shape, [channels, height, width]) =>
  shape.length === 2 ? [channels, width] : [channels, height, width];

const each = (f) => () => (x, n, shape) => [x.map(f), shape];

function bias(layer, tensor, n) {
  return layer.bias ? tensor(layer.bias).data : new Float32Array(n);
}

function linear(layer, tensor) {
  const { shape: [O, I], data } = tensor(layer.weight);
  const W = data, b = bias(layer, tensor, O);
  return { W, b, rows: O, step: (x, n) => [multiply(x, n, I, W, b, O), [O]] };
}

function convolution(layer, tensor) {
  const { shape: [O, C, ...kernel], data: W } = tensor(layer.weight);
  const b = bias(layer, tensor, O);
  const [kh, kw] = kernel.length === 1 ? [1, kernel[0]] : kernel;
  const [sh, sw] = layer.stride, [ph, pw] = layer.padding;
  const K = C * kh * kw;
  const step = (x, n, shape) => {
    const [, H, width] = pair(shape);
    const height = ((H + 2 * ph - kh) / sh | 0) + 1, wide = ((width + 2 * pw - kw) / sw | 0) + 1, P = height * wide;
    const columns = new Float32Array(n * P * K);
    for (let r = 0, q = 0; r < n; r++)
      for (let y = 0; y < height; y++)
        for (let z = 0; z < wide; z++, q += K)
          for (let c = 0; c < C; c++)
            for (let i = 0; i < kh; i++) {
              const yy = y * sh + i - ph;
              if (yy < 0 || yy >= H) continue;
              const from = ((r * C + c) * H + yy) * width + z * sw - pw, to = q + (c * kh + i) * kw;
              const first = Math.max(0, pw - z * sw), last = Math.min(kw, width + pw - z * sw);
              for (let j = first; j < last; j++) columns[to + j] = x[from + j];
            }
    return [swapped(multiply(columns, n * P, K, W, b, O), n, P, O), like(shape, [O, height, wide])];
  };
  return { W, b, rows: O, step };
}

// A transposed convolution spreads what a convolution gathers: columns first, then their sums.
function transposed(layer, tensor) {
  const { shape: [C, O, ...kernel], data } = tensor(layer.weight);
  const b = bias(layer, tensor, O);
  const [kh, kw] = kernel.length === 1 ? [1, kernel[0]] : kernel;
  const [sh, sw] = layer.stride, [ph, pw] = layer.padding, [eh, ew] = layer.output_padding;
  const K = O * kh * kw;
  const W = swapped(data, 1, C, K); // [O kh kw, C], so that a row is one output's
  const nothing = new Float32Array(K);
  const step = (x, n, shape) => {
    const [, H, width] = pair(shape);
    const P = H * width, height = (H - 1) * sh - 2 * ph + kh + eh, wide = (width - 1) * sw - 2 * pw + kw + ew;
    const columns = multiply(swapped(x, n, C, P), n * P, C, W, nothing, K);
    const out = new Float32Array(n * O * height * wide);
    for (let r = 0, q = 0; r < n; r++) {
      for (let o = 0; o < O; o++) out.fill(b[o], (r * O + o) * height * wide, (r * O + o + 1) * height * wide);
      for (let y = 0; y < H; y++)
        for (let z = 0; z < width; z++, q += K)
          for (let o = 0; o < O; o++)
            for (let i = 0; i < kh; i++) {
              const yy = y * sh + i - ph;
              if (yy < 0 || yy >= height) continue;
              const to = ((r * O + o) * height + yy) * wide + z * sw - pw, from = q + (o * kh + i) * kw;
              const first = Math.max(0, pw - z * sw), last = Math.min(kw, wide + pw - z * sw);
              for (let j = first; j < last; j++) out[to + j] += columns[from + j];
            }
    }
    return [out, like(shape, [O, height, wide])];
  };
  return { W, b, rows: O, step };
}

// Scale and shift of a batch normalisation that has stopped learning, for each channel.
function constants(layer, tensor) {
  const [mean, variance] = [tensor(layer.mean).data, tensor(layer.variance).data];
  const gain = layer.weight ? tensor(layer.weight).data : mean.map(() => 1);
  const shift = layer.bias ? tensor(layer.bias).data : mean.map(() => 0);
  const scale = gain.map((g, c) => g / Math.sqrt(variance[c] + layer.eps));
  return { scale, shift: shift.map((s, c) => s - mean[c] * scale[c]) };
}

function norm(layer, tensor) {
  const { scale, shift } = constants(layer, tensor);
  return (x, n, shape) => {
    const [C] = shape, P = size(shape) / C, y = new Float32Array(x.length);
    for (let q = 0; q < n * C; q++) {
      const s = scale[q % C], t = shift[q % C];
      for (let i = q * P; i < (q + 1) * P; i++) y[i] = s * x[i] + t;
    }
    return [y, shape];
  };
}

function pixelShuffle({ factor: f }) {
  return (x, n, [C, H, W]) => {
    const c = C / (f * f), y = new Float32Array(x.length);
    for (let r = 0; r < n * c; r++)
      for (let a = 0; a < f; a++)
        for (let b = 0; b < f; b++)
          for (let i = 0; i < H; i++)
            for (let j = 0; j < W; j++)
              y[(r * H * f + i * f + a) * W * f + j * f + b] = x[((r * f + a) * f + b) * H * W + i * W + j];
    return [y, [c, H * f, W * f]];
  };
}

// Windows from `start` to `end` along each side, each gathered into one number.
function pooled(x, n, [C, H, W], [height, wide], window, gather) {
  const y = new Float32Array(n * C * height * wide);
  for (let r = 0, q = 0; r < n * C; r++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < wide; j++, q++) {
        const [top, bottom] = window(i, H, height), [left, right] = window(j, W, wide);
        y[q] = gather(x, r * H * W, W, top, bottom, left, right);
      }
  return [y, [C, height, wide]];
}

function sum(x, start, W, top, bottom, left, right) {
  let total = 0;
  for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) total += x[start + i * W + j];
  return total;
}

function greatest(x, start, W, top, bottom, left, right) {
  let most = -Infinity;
  for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) most = Math.max(most, x[start + i * W + j]);
  return most;
}

const mean = (x, start, W, top, bottom, left, right) =>
  sum(x, start, W, top, bottom, left, right) / ((bottom - top) * (right - left));

const share = (i, from, to) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];

function averagePool({ kernel: k, stride: s, padding: p }) {
  const window = (i, from) => [Math.max(0, i * s - p), Math.min(from, i * s - p + k)];
  const gather = (...place) => sum(...place) / (k * k); // what lies outside counts as nothing
  return (x, n, shape) => {
    const places = shape.slice(1).map((side) => Math.floor((side + 2 * p - k) / s) + 1);
    return pooled(x, n, shape, places, window, gather);
  };
}

function upsample({ factor: f }) {
  return (x, n, [C, H, W]) => pooled(x, n, [C, H, W], [H * f, W * f], (i) => [(i / f) | 0, ((i / f) | 0) + 1], sum);
}

// Several ways through other layers, each weighed, added up.
function added(layer, tensor) {
  const ways = layer.branches.map(({ scale, layers }) => ({ scale, run: chain(layers, tensor) }));
  return (x, n, shape) => {
    const [[first, out], ...others] = ways.map(({ run }) => run(x, n, shape));
    const y = first.map((value) => ways[0].scale * value);
    others.forEach(([other], k) => { for (let i = 0; i < y.length; i++) y[i] += ways[k + 1].scale * other[i]; });
    return [y, out];
  };
}

// The error function by its series (small) and continued fraction (large): 1e-7, as fp32 has.
function erf(x) {
  const z = Math.abs(x);
  let value;
  if (z < 2.5) {
    let term = z, total = z;
    for (let k = 1; k < 40; k++) { term *= (-z * z) / k; total += term / (2 * k + 1); }
    value = (2 / Math.sqrt(Math.PI)) * total;
  } else {
    let fraction = 0;
    for (let k = 30; k > 0; k--) fraction = k / 2 / (z + fraction);
    value = 1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
  }
  return Math.sign(x) * value;
}

const sigmoid = (v) => 1 / (1 + Math.exp(-v));

const LAYERS = {
  linear, conv: convolution, conv_transposed: transposed, norm,
  relu: each((v) => (v > 0 ? v : 0)),
  leaky_relu: ({ slope }) => each((v) => (v > 0 ? v : slope * v))(),
  sigmoid: each(sigmoid),
  gelu: each((v) => (v / 2) * (1 + erf(v / Math.SQRT2))),
  silu: each((v) => v * sigmoid(v)),
  flatten: () => (x, n, shape) => [x, [size(shape)]],
  unflatten: ({ shape }) => (x, n, [, ...rest]) => [x, [...shape, ...rest]], // the first axis unfolds
  transpose: () => (x, n, [rows, columns]) => [swapped(x, n, rows, columns), [columns, rows]],
  pixel_shuffle: pixelShuffle,
  avg_pool: averagePool,
  adaptive_avg_pool: ({ size: s }) => (x, n, shape) => pooled(x, n, shape, [s, s], share, mean),
  adaptive_max_pool: ({ size: s }) => (x, n, shape) => pooled(x, n, shape, [s, s], share, greatest),
  upsample,
  sum: added,
};

// Layers in a row as one function; a normalisation right after weights goes into the weights.
function chain(layers, tensor) {
  const steps = [];
  for (let k = 0; k < layers.length; k++) {
    const make = LAYERS[layers[k].op];
    if (!make) throw new Error(`this browser's network.js has no layer ${layers[k].op}; answer from the server`);
    const made = make(layers[k], tensor);
    if (typeof made === "function") { steps.push(made); continue; }
    if (layers[k + 1]?.op === "norm") {
      const { scale, shift } = constants(layers[++k], tensor);
      const channel = made.W.length / made.rows; // rows of W lie channel by channel
      for (let i = 0; i < made.W.length; i++) made.W[i] *= scale[(i / channel) | 0];
      for (let c = 0; c < made.b.length; c++) made.b[c] = made.b[c] * scale[c] + shift[c];
    }
    if (layers[k + 1]?.op === "relu") {
      k++;
      steps.push((x, n, shape) => {
        const out = made.step(x, n, shape);
        const y = out[0];
        for (let i = 0; i < y.length; i++) if (y[i] < 0) y[i] = 0;
        return out;
      });
    } else steps.push(made.step);
  }
  return (x, n, shape) => steps.reduce(([y, s], step) => step(y, n, s), [x, shape]);
}

// ---- what a decoder's numbers mean -------------------------------------------------------------

function softmax(values, width) {
  const y = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    let most = -Infinity, total = 0;
    for (let i = start; i < start + width; i++) most = Math.max(most, values[i]);
    for (let i = start; i < start + width; i++) total += y[i] = Math.exp(values[i] - most);
    for (let i = start; i < start + width; i++) y[i] /= total;
  }
  return y;
}

// Mean of each likelihood, as explorer.likelihoods has it.
const MEANS = {
  laplace: (values) => values,
  normal: (values) => values,
  bernoulli: (values) => values.map(sigmoid),
  poisson: (values) => values.map(Math.exp),
  categorical: (values, shape) => softmax(values, shape.at(-1)),
};

// ---- a checkpoint ------------------------------------------------------------------------------

export function load(bytes, description) {
  const tensor = tensors(bytes);
  const ready = new Map();
  const modality = Object.fromEntries((description.modalities ?? []).map((m) => [m.name, m]));
  const { latent_dim: D, style_dim: E = 0 } = description;

  function run(path, values, n, shape = [values.length / n]) {
    if (!ready.has(path)) {
      const layers = description.networks[path];
      if (!layers) throw new Error(`no network ${path}; there are ${Object.keys(description.networks).join(", ")}`);
      ready.set(path, chain(layers, tensor));
    }
    return ready.get(path)(values, n, shape)[0];
  }

  function check(values, n, shape, name) {
    if (values.length !== n * size(shape)) {
      throw new Error(`${n} observations of ${name} are ${n} x ${shape.join(" x ")} numbers, got ${values.length}`);
    }
  }

  // Columns `from` to `to` of every row.
  function columns(values, n, from, to) {
    const width = values.length / n, y = new Float32Array(n * (to - from));
    for (let r = 0; r < n; r++) y.set(values.subarray(r * width + from, r * width + to), r * (to - from));
    return y;
  }

  function encode(name, values, n = 1, path = `encoders.${name}`) {
    const { shape } = modality[name];
    check(values, n, shape, name);
    const out = run(path, values, n, shape);
    const width = out.length / n / 2, own = width - E;
    const found = { mu: columns(out, n, 0, own), logvar: columns(out, n, width, width + own) };
    if (E) found.style = { mu: columns(out, n, own, width), logvar: columns(out, n, width + own, 2 * width) };
    return found;
  }

  function decode(name, z, n = 1, styles = null) {
    let inputs = z;
    if (description.networks[`top_decoders.${name}`]) inputs = run(`top_decoders.${name}`, z, n);
    if (E) {
      inputs = new Float32Array(n * (D + E));
      for (let r = 0; r < n; r++) {
        inputs.set(z.subarray(r * D, (r + 1) * D), r * (D + E));
        if (styles) inputs.set(styles.subarray(r * E, (r + 1) * E), r * (D + E) + D);
      }
    }
    const { shape, likelihood } = modality[name];
    return MEANS[likelihood](run(`decoders.${name}`, inputs, n), shape);
  }

  function read(name, values, n = 1) {
    const shape = description.shapes[name];
    check(values, n, shape, name);
    const logits = run(`networks.${name}`, values, n, shape);
    return description.multi_label ? logits.map(sigmoid) : softmax(logits, description.n_classes);
  }

  return { description, encode, decode, read, run };
}
