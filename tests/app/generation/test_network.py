"""The browser computes what torch computes, for every model and classifier that is shipped."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from explorer.__main__ import pretrained_describe
from explorer.aggregations import AGGREGATIONS
from explorer.checkpoints import PRETRAINED, list_pretrained, load_pretrained
from explorer.datasets.modality import Modality
from explorer.evaluation.classifiers import load_classifiers
from explorer.gaussians import Gaussian
from explorer.models import MODELS, MultimodalVAE, build_model
from explorer.networks import NETWORKS
from explorer.networks.description import describe

MODULES = Path(__file__).parents[3] / "explorer" / "app" / "generation"
MODELS_SHIPPED = [(data, model) for data, model, _ in list_pretrained(root=PRETRAINED)]
CLASSIFIERS_SHIPPED = sorted(p.parent.parent.name for p in PRETRAINED.glob("*/classifiers/*.json"))
WHOLE = 2
"""Observations at once: the two kernels of the multiplication read two rows and one."""

SCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
import { load } from "./network.js";
import { aggregate, encoded, experts, posterior } from "./fusion.js";
const floats = (text) => {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
const text = (values) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
const plain = ({ weights, components }) => ({
  weights, mu: components.map((c) => text(c.mu)), logvar: components.map((c) => text(c.logvar)) });
const TASKS = {
  model({ description, file, x, z, styles, n, subsets }) {
    const network = load(readFileSync(file), description);
    const names = Object.keys(x), one = {}, codes = {}, answer = { encode: {}, decode: {} };
    for (const name of names) {
      const values = floats(x[name]);
      const { mu, logvar } = network.encode(name, values, n);
      answer.encode[name] = [text(mu), text(logvar)];
      const style = styles ? floats(styles) : null;
      answer.decode[name] = text(network.decode(name, floats(z), n, style));
      codes[name] = encoded(network, name, values.subarray(0, values.length / n));
    }
    answer.experts = experts(network, codes, names).map((e) => [text(e.mu), text(e.logvar)]);
    answer.posteriors = subsets.map((given) =>
      [false, true].map((whole) => plain(posterior(network, codes, given, { whole }))));
    return answer;
  },
  classifiers({ description, file, x, n }) {
    const network = load(readFileSync(file), description);
    return Object.fromEntries(
      Object.entries(x).map(([name, v]) => [name, text(network.read(name, floats(v), n))]));
  },
  network({ description, file, path, x, n, shape }) {
    return text(load(readFileSync(file), description).run(path, floats(x), n, shape));
  },
  rule({ key, mu, logvar }) {
    const all = mu.map((_, m) => ({ mu: floats(mu[m]), logvar: floats(logvar[m]) }));
    return [false, true].map((whole) => plain(aggregate(key, all, whole)));
  },
};
const cases = JSON.parse(readFileSync("cases.json", "utf8"));
const answers = cases.map(({ task, ...rest }) => TASKS[task](rest));
writeFileSync("answers.json", JSON.stringify(answers));
"""


def text(x):
    return base64.b64encode(x.detach().contiguous().float().numpy().tobytes()).decode()


def floats(x):
    return np.frombuffer(base64.b64decode(x), dtype=np.float32)


def in_node(folder, cases):
    """What the browser's modules answer to each case."""
    if shutil.which("node") is None:
        pytest.skip("no node to run the browser's source with")
    for module in ("network.js", "fusion.js"):
        shutil.copy(MODULES / module, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.mjs").write_text(SCRIPT)
    (folder / "cases.json").write_text(json.dumps(cases))
    done = subprocess.run(
        ["node", "run.mjs"], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "answers.json").read_text())


def same(browser, torch_says, tolerance=1e-4):
    """Largest difference, in units of the largest number that torch gives."""
    found, wanted = floats(browser), torch_says.detach().float().numpy().ravel()
    assert found.shape == wanted.shape
    assert np.isfinite(found).all()
    return np.abs(found - wanted).max() <= tolerance * max(np.abs(wanted).max(), 1e-3)


def beliefs_are_same(browser, mixture):
    """Weights, and every component in its order."""
    assert browser["weights"] == pytest.approx(mixture.batch_weights[:, 0].tolist())
    for part, wanted in zip(("mu", "logvar"), mixture.components, strict=True):
        assert len(browser[part]) == len(wanted)
        assert all(same(k, each[0]) for k, each in zip(browser[part], wanted, strict=True))


def observations(modalities, n, generator):
    """Anything of the right shapes: parity is about numbers, not about pictures."""
    return {m.name: torch.rand(n, *m.shape, generator=generator) for m in modalities}


def subsets_of(names):
    return [names[:1], names[:2], names]


def model_case(model, file, generator):
    n, styles = WHOLE + 1, None
    x = observations(model.modalities, n, generator)
    z = torch.randn(n, model.latent_dim, generator=generator)
    if model.style_dim:
        styles = torch.randn(n, model.style_dim, generator=generator)
    asked = {"x": {name: text(v) for name, v in x.items()}, "z": text(z), "n": n}
    asked["styles"] = None if styles is None else text(styles)
    asked["subsets"] = subsets_of(model.names)
    return (x, z, styles), {
        "task": "model",
        "description": describe(model),
        "file": str(file),
        **asked,
    }


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """What torch was asked and what the browser answered, for all that is shipped."""
    generator = torch.Generator().manual_seed(0)
    asked, cases = [], []
    for data, key in MODELS_SHIPPED:
        model = load_pretrained(data, key, PRETRAINED)
        inputs, case = model_case(model, PRETRAINED / data / key / "model.safetensors", generator)
        asked.append(((data, key), inputs))
        cases.append(case)
    for data in CLASSIFIERS_SHIPPED:
        reader = load_classifiers(data, PRETRAINED)
        n = WHOLE + 1
        x = {k: torch.rand(n, *s, generator=generator) for k, s in reader.shapes.items()}
        asked.append(((data, "classifiers"), x))
        file = str(PRETRAINED / data / "classifiers" / "model.safetensors")
        told = {"description": describe(reader), "file": file, "n": n}
        cases.append({"task": "classifiers", "x": {k: text(v) for k, v in x.items()}, **told})
    answers = in_node(tmp_path_factory.mktemp("network"), cases)
    return {key: (inputs, answer) for (key, inputs), answer in zip(asked, answers, strict=True)}


@torch.inference_mode()
def check_model(model, inputs, answer):
    (x, z, styles) = inputs
    named = None if styles is None else dict.fromkeys(model.names, styles)
    decoded = model.decode(z, styles=named)
    for name in model.names:
        outputs = model._encode({name: x[name]})[0]
        assert same(answer["encode"][name][0], outputs.mu[0])
        assert same(answer["encode"][name][1], outputs.logvar[0])
        assert same(answer["decode"][name], decoded[name].mean)
    one = {name: v[:1] for name, v in x.items()}
    for told, mu, logvar in zip(answer["experts"], *model.experts(one), strict=True):
        assert same(told[0], mu)
        assert same(told[1], logvar)
    for given, (subset, whole) in zip(subsets_of(model.names), answer["posteriors"], strict=True):
        beliefs_are_same(subset, model.subset_posterior(one, given))
        beliefs_are_same(whole, model.posterior(one, given))


@pytest.mark.parametrize(("data", "key"), MODELS_SHIPPED, ids=lambda x: x)
def test_the_browser_believes_and_draws_what_torch_does(shipped, data, key):
    inputs, answer = shipped[data, key]
    check_model(load_pretrained(data, key, PRETRAINED), inputs, answer)


@pytest.mark.parametrize("data", CLASSIFIERS_SHIPPED)
def test_the_browser_reads_what_the_classifiers_read(shipped, data):
    x, answer = shipped[data, "classifiers"]
    for name, wanted in load_classifiers(data, PRETRAINED).probabilities(x).items():
        assert same(answer[name], wanted)


def test_every_rule_fuses_in_the_browser_as_in_python(tmp_path):
    generator = torch.Generator().manual_seed(1)
    experts = Gaussian(*torch.randn(2, 3, 1, 9, generator=generator))
    parts = {name: [text(e[0]) for e in getattr(experts, name)] for name in experts._fields}
    answers = in_node(tmp_path, [{"task": "rule", "key": key, **parts} for key in AGGREGATIONS])
    for rule, (subset, whole) in zip(AGGREGATIONS.values(), answers, strict=True):
        beliefs_are_same(whole, rule(experts))
        beliefs_are_same(subset, rule.subset_posterior(experts))


SHAPES = {
    "text_patch": (256, 5),
    "mopoe_svhn": (3, 32, 32),
    "mopoe_text": (8, 27),
    "mopoe_face": (3, 64, 64),
    "mopoe_attributes": (256, 5),
    "mac_trajectory": (2, 8),
    "mac_sound": (1, 32, 24),
    "mac_label": (10,),
    "mmvamp_rats": (20, 5),
    "mlp": (2, 7),
    "dense": (2, 7),
}
LARGE = ("mopoe_face", "mopoe_attributes", "mmvamp_resnet")
"""Made of the same residual blocks; one of them is enough, and takes a second."""


@pytest.mark.parametrize("key", [k for k in NETWORKS if k not in LARGE[:2]])
def test_every_network_that_can_be_trained_runs_in_the_browser(tmp_path, key):
    torch.manual_seed(0)
    shape = SHAPES.get(key, (3, 28, 28))
    encoder, decoder = NETWORKS[key](shape, 4)
    model = nn.ModuleDict({"encoder": encoder, "decoder": decoder}).eval()
    model.config = {}
    for module in model.modules():  # as after training, not as when new
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    file = tmp_path / "model.safetensors"
    save_file(model.state_dict(), file)
    x, z = torch.rand(2, *shape), torch.randn(2, 4)
    told = {"task": "network", "description": describe(model), "file": str(file), "n": 2}
    cases = [
        {**told, "path": "encoder", "x": text(x), "shape": shape},
        {**told, "path": "decoder", "x": text(z), "shape": (4,)},
    ]
    with torch.inference_mode():
        for answer, wanted in zip(in_node(tmp_path, cases), (encoder(x), decoder(z)), strict=True):
            assert same(answer, wanted)


def test_smooth_activations_and_residual_blocks_run_in_the_browser(tmp_path):
    torch.manual_seed(0)
    block = NETWORKS["mopoe_face"]((3, 64, 64), 4)[0][1].eval()
    layers = nn.Sequential(nn.Linear(6, 40), nn.GELU(), nn.Linear(40, 40), nn.SiLU())
    model = nn.ModuleDict({"block": block, "layers": layers})
    model.config = {}
    file = tmp_path / "model.safetensors"
    save_file(model.state_dict(), file)
    x, y = torch.rand(2, 128, 5, 5), 4 * torch.randn(2, 6)
    told = {"task": "network", "description": describe(model), "file": str(file), "n": 2}
    cases = [
        {**told, "path": "block", "x": text(x), "shape": (128, 5, 5)},
        {**told, "path": "layers", "x": text(y), "shape": (6,)},
    ]
    with torch.inference_mode():
        for answer, wanted in zip(in_node(tmp_path, cases), (block(x), layers(y)), strict=True):
            assert same(answer, wanted)


def test_eight_bits_are_read_as_numbers_times_the_scale_of_their_row(tmp_path):
    modalities = [Modality("a", (3, 28, 28)), Modality("b", (2, 7), network="dense")]
    torch.manual_seed(0)
    build_model("mopoe", modalities, latent_dim=4).save_pretrained(tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    assert {x.dtype for x in load_file(file).values()} >= {torch.int8, torch.float32}
    model = MultimodalVAE.from_pretrained(tmp_path / "model")
    inputs, case = model_case(model, file, torch.Generator())
    check_model(model, inputs, in_node(tmp_path, [case])[0])


def test_a_layer_that_the_browser_does_not_know_is_refused():
    model = nn.ModuleDict({"head": nn.Sequential(nn.Linear(2, 2), nn.Tanh())})
    model.config = {}
    with pytest.raises(ValueError, match="head.1 is a Tanh, which the browser cannot compute"):
        describe(model)


def test_every_model_can_be_described():
    modalities = [Modality("a", (3, 28, 28)), Modality("b", (2, 7), network="dense")]
    for key in MODELS:
        told = describe(build_model(key, modalities, latent_dim=4))
        assert {"encoders.a", "decoders.b"} <= told["networks"].keys()
        json.dumps(told)


def test_the_command_line_prints_what_the_browser_is_told(capsys):
    pretrained_describe("polydigits", "mwb")
    told = json.loads(capsys.readouterr().out)
    wanted = describe(load_pretrained("polydigits", "mwb"))
    assert told == json.loads(json.dumps(wanted))
