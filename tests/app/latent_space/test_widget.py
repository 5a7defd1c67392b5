"""Where the browser puts points: turned as the library turns, and on the axes of the prior."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from explorer.app.javascript import APP, joined, read
from explorer.app.latent_space.widget import MODULES
from explorer.evaluation.maps import LEVELS, grid, quantise, turn_to

SCRIPT = """
import { readFileSync } from "node:fs";
globalThis.matchMedia = () => ({ matches: true });
const { arrange, turned } = await import("./layers.js");
const { turns, panels, parcels } = JSON.parse(readFileSync("cases.json", "utf8"));
const bytes = (steps) => new Uint8Array(Uint16Array.from(steps).buffer);
const missing = arrange(panels, "same") === undefined;
globalThis.explorerParcels = new Map(parcels.map(([name, steps]) => [name, bytes(steps)]));
const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) =>
  ArrayBuffer.isView(v) ? [...v] : v));
process.stdout.write(JSON.stringify(plain({
  missing,
  turns: turns.map(([points, reference]) => turned(points, reference)),
  same: arrange(panels, "same"),
  umap: arrange(panels, "umap2"),
})));
"""

SPREAD = (0.3, 2.5)


@pytest.fixture(scope="module")
def codes():
    """Two models' codes in the plane, one narrow and one wide with a code far out."""
    rng = np.random.default_rng(0)
    narrow, wide = (spread * rng.normal(size=(200, 2)) for spread in SPREAD)
    wide[0] = [40, 0]
    return narrow, wide


@pytest.fixture(scope="module")
def answer(tmp_path_factory, codes):
    """What the browser's source makes of them."""
    if shutil.which("node") is None:
        pytest.skip("no node to run the browser's source with")
    folder = tmp_path_factory.mktemp("node")
    for name in MODULES:
        (folder / Path(name).name).write_text(read(name), "utf-8")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.mjs").write_text(SCRIPT)
    panels, parcels = [], []
    for name, points in zip("ab", codes, strict=True):
        corner, step = grid(points)
        frame = {"layout": "pca", "corner": corner.tolist(), "step": float(step)}
        panels.append({"id": name, "layouts": ["pca", "umap0"], "frame": frame})
        for layout in ("pca", "umap0"):
            parcels.append([f"{name} {layout}", quantise(points).flatten().tolist()])
    cases = {"turns": [pair(seed) for seed in range(20)], "panels": panels, "parcels": parcels}
    (folder / "cases.json").write_text(json.dumps(cases))
    run = subprocess.run(
        ["node", "run.mjs"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def pair(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=30).tolist() for _ in range(2)]


def test_maps_are_turned_as_by_the_library(answer):
    for seed, found in enumerate(answer["turns"]):
        points, reference = (np.reshape(x, (-1, 2)) for x in pair(seed))
        np.testing.assert_allclose(
            np.reshape(found, (-1, 2)), turn_to(points, reference), atol=1e-5
        )


def test_the_same_axes_have_the_prior_s_mean_in_the_middle_and_one_unit(answer, codes):
    for panel, points in zip(answer["same"], codes, strict=True):
        prior = panel["prior"]
        assert panel["box"] == [0, 0, LEVELS, LEVELS]
        assert prior["x"] == prior["y"] == LEVELS / 2
        found = (np.reshape(panel["at"], (-1, 2)) - LEVELS / 2) / prior["sd"]
        np.testing.assert_allclose(  # turned about the prior's mean only: no length changes
            np.linalg.norm(found, axis=1), np.linalg.norm(points, axis=1), atol=2e-3
        )
    assert answer["same"][0]["prior"]["sd"] == answer["same"][1]["prior"]["sd"]


def test_few_codes_far_out_do_not_shrink_the_rest_and_are_counted(answer):
    narrow, wide = (panel["prior"] for panel in answer["same"])
    assert narrow["beyond"] == 0
    assert 0.005 <= wide["beyond"] <= 0.05
    assert 25 < wide["furthest"] <= 40.01
    assert LEVELS / narrow["sd"] / 2 < 4 * SPREAD[1]


def test_a_layout_on_its_way_is_waited_for_and_a_foreign_one_replaced(answer):
    assert answer["missing"] is True
    assert len(answer["umap"]) == 2
    assert answer["umap"][0]["prior"] is None


def test_the_source_is_one_module_without_imports():
    lines = joined(MODULES).splitlines()
    assert not [line for line in lines if line.startswith("import")]
    assert joined(MODULES).count("export default") == 1


def test_every_module_of_the_maps_is_joined():
    assert all((APP / name).is_file() for name in MODULES)
