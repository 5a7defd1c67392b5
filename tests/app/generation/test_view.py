"""The browser's modules that compute no network: links, strokes, verdicts, draws."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch

from explorer.app.generation import told
from explorer.app.generation.widget import PAGE, WORKER, source, worker
from explorer.datasets.compose import compose
from explorer.evaluation.conflict import behavior

MODULES = Path(told.__file__).parent

SCRIPT = """
import { readFileSync } from "node:fs";
import { draw } from "./fusion.js";
import { defaults, readLink, writeLink } from "./state.js";
import { COMPOSED, ink, read, simplified, write } from "./strokes.js";
import { behavior, verdict } from "./words.js";
const { setup, links, counts, bare } = JSON.parse(readFileSync("cases.json", "utf8"));
const about = { ...setup, labels: [4, 1, 7, 4, 6], nItems: 5000 };
const base = defaults({ ...about, fusing: setup.models.map((m) => m.key) });
const round = (i) => [32 + 25 * Math.cos(i / 30), 32 + 25 * Math.sin(i / 30)];
const arc = Array.from({ length: 200 }, (_, i) => round(i));
const drawing = { pen: 5, strokes: [simplified(arc).map((p) => p.map(Math.round)), [[10, 10]]] };
const wet = ink(drawing, 28, 28);
const two = { weights: [0.25, 0.75], components: [
  { mu: Float32Array.of(-9), logvar: Float32Array.of(0), members: [0] },
  { mu: Float32Array.of(9), logvar: Float32Array.of(2 * Math.log(3)), members: [1] } ] };
const drawn = draw(two, 20000, { seed: 3 }), again = draw(two, 20000, { seed: 3 });
process.stdout.write(JSON.stringify({
  base,
  states: links.map((link) => readLink(new URLSearchParams(link), about, base)),
  written: links.map((link) => {
    const state = readLink(new URLSearchParams(link), about, base);
    return new URLSearchParams(writeLink(state, about, base)).toString();
  }),
  drawing, again: read(write(drawing)), letters: write(drawing).length,
  nonsense: ["", "!!", "KAB.A", "A", "KA"].map(read),
  wet: [...wet],
  inverted: [...COMPOSED.invert(wet, Float32Array.from(bare), [3, 28, 28])],
  behaviors: counts.map(([a, b, other, calm]) =>
    behavior({ a, b, other, total: a + b + other }, calm, setup.thresholds)),
  verdict: verdict([["X", "A"], ["Y", "A"], ["Z", "alternates"]]
    .map(([name, behavior]) => ({ name, behavior })), ["digit 4", "digit 6"]),
  z: [...drawn.z], component: [...drawn.component], same: drawn.z.every((v, i) => v === again.z[i]),
}));
"""

LINKS = [
    "item=3&other=4&given=m0,m2&swapped=m2&target=m1&net=poe&rules=moe,wb&seed=7&mix=0.35",
    "mode=own&models=moe,mwb&temperature=0.5&axis=12&shift=poe~-2;moe~0.4&given=none&swapped=none",
    "drawn=m3~K.AAZZzz.QQ&typed=m1~four&chosen=m2~3",
    "item=-1&given=zz&rules=&net=../etc&mix=nan&axis=x&drawn=m0~<script>&shift=9&seed=99999999999",
    "given=m1&swapped=m0,m1&view=predict",
]
COUNTS = [
    (90, 5, 5, 0.9),
    (5, 90, 5, 0.9),
    (50, 40, 10, 0.9),
    (20, 20, 60, 0.9),
    (20, 20, 60, 0.1),
    (40, 25, 35, 0.9),
]


@pytest.fixture(scope="module")
def photograph():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (3, 28, 28), generator=generator, dtype=torch.uint8)


@pytest.fixture(scope="module")
def answer(tmp_path_factory, photograph):
    if shutil.which("node") is None:
        pytest.skip("no node to run the browser's source with")
    folder = tmp_path_factory.mktemp("view")
    for file in MODULES.glob("*.js"):
        shutil.copy(file, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.mjs").write_text(SCRIPT)
    cases = {
        "setup": told.setup("polydigits"),
        "links": LINKS,
        "counts": COUNTS,
        "bare": (photograph / 255).flatten().tolist(),
    }
    (folder / "cases.json").write_text(json.dumps(cases))
    done = subprocess.run(
        ["node", "run.mjs"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_visit_starts_with_a_conflict(answer):
    base = answer["base"]
    assert (base["given"], base["swapped"], base["target"]) == (["m0", "m3"], ["m3"], "m1")
    assert base["net"] == "moe"
    assert base["rules"] == ["poe", "logpool", "moe", "wb"]


def test_a_link_opens_in_the_state_that_it_names(answer):
    first, second, third, _, last = answer["states"]
    wanted = {"item": 3, "other": 4, "given": ["m0", "m2"], "swapped": ["m2"], "target": "m1"}
    wanted |= {"net": "poe", "rules": ["moe", "wb"], "seed": 7, "mix": 0.35}
    assert {key: first[key] for key in wanted} == wanted
    assert (second["mode"], second["models"], second["axis"]) == ("own", ["moe", "mwb"], 12)
    assert (second["shift"], second["given"]) == ({"moe": 0.4, "poe": -2}, [])
    assert third["drawn"]["m3"]["pen"] == 5
    assert (third["typed"], third["chosen"]) == ({"m1": "four"}, {"m2": 3})
    assert (last["swapped"], last["view"]) == (["m1"], "predict")


def test_nonsense_in_a_link_changes_nothing(answer):
    state = answer["states"][3]
    assert state == answer["base"]


def test_a_link_that_is_written_says_the_same_again(answer):
    for link, written in zip(LINKS[:3], answer["written"][:3], strict=True):
        given, found = dict(parse_qsl(link)), dict(parse_qsl(written))
        assert found.items() <= given.items()
        assert given.keys() - found.keys() <= {"target", "other"}  # those that are the default


def test_drawings_fit_a_link(answer):
    assert answer["again"] == answer["drawing"]
    assert answer["letters"] < 100  # of a circle of two hundred points
    assert answer["nonsense"] == [None] * 5


def test_a_drawn_digit_is_set_on_its_photograph_as_the_dataset_does(answer, photograph):
    mask = torch.tensor(answer["wet"]).reshape(1, 28, 28) > 0.5
    assert 100 < mask.sum() < 500
    wanted = compose(mask, photograph, torch.zeros(1, 2, dtype=torch.long))
    assert answer["inverted"] == pytest.approx(wanted.flatten().tolist(), abs=1e-6)


def test_counts_become_the_same_words_as_in_python(answer):
    words = {
        "A": "takes side A",
        "B": "takes side B",
        "alternates": "alternates",
        "blends": "blends",
        "wavers": "wavers",
        "lost": "is lost",
    }
    wanted = [behavior(torch.tensor(sides), calm) for *sides, calm in COUNTS]
    assert [words[word] for word in answer["behaviors"]] == wanted
    assert len(set(wanted)) == 6


def test_a_verdict_is_a_sentence(answer):
    wanted = "X and Y take the side of digit 4; Z alternates between both."
    assert answer["verdict"] == wanted


def test_draws_follow_the_mixture_and_the_seed(answer):
    z, component = np.array(answer["z"]), np.array(answer["component"])
    assert answer["same"]
    assert component.mean() == pytest.approx(0.75, abs=0.02)
    assert z[component == 0].mean() == pytest.approx(-9, abs=0.05)
    assert z[component == 1].std() == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(("bundle", "modules"), [(source, PAGE), (worker, WORKER)])
def test_a_bundle_holds_every_module_and_is_a_script(tmp_path, bundle, modules):
    if shutil.which("node") is None:
        pytest.skip("no node to check the browser's source with")
    text = bundle()
    assert all(f"const ${Path(name).stem} = (() => {{" in text for name in modules)
    assert "\nimport " not in text
    (tmp_path / "bundle.mjs").write_text(text)
    done = subprocess.run(["node", "--check", tmp_path / "bundle.mjs"], capture_output=True)
    assert done.returncode == 0
