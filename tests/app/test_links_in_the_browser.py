"""links.js reads and writes what links.py does, by the same list of fields."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from explorer.app.barycenters.state import FIELDS
from explorer.app.javascript import read as read_text
from explorer.app.latent_space.state import Known, fields
from explorer.app.links import plans, read, write

KNOWN = Known(("poe", "mwb", "moe"), ("umap0", "pca", "same"), ("m0", "m1", "m2"), 50)
EVERY = {"page 1": FIELDS, "latent space": fields(KNOWN)}
SCRIPT = """
import { readFileSync } from "node:fs";
import { readState, writeState } from "./links.mjs";
const { fields, queries } = JSON.parse(readFileSync("given.json", "utf8"));
process.stdout.write(JSON.stringify(queries.map((query) => {
  const state = readState(fields, new URLSearchParams(query));
  return [state, writeState(fields, state)];
})));
"""


def page_1():
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows = rng.uniform(-12, 12, (rng.integers(1, 7), rng.integers(1, 5)))
        text = ";".join(",".join(f"{value:.5f}" for value in row) for row in rows)
        yield {"e": text, "a": f"{rng.uniform(-8, 8):.6f}", "g": f"mixing,{rng.uniform():.3f}"}
    yield {"t": "plane", "c": "wb,poe", "l": "log", "p": "1", "k": "3", "i": "mwb", "a": "none"}
    yield {"e": "a,b;c,d", "c": "wb,<b>", "l": "x", "p": "yes", "k": "2.5", "g": "mixing", "a": ""}
    yield {"e": "1,1;" * 400, "k": "-7", "c": "", "f": "0,0,1,1,45;1,1,2,2,0,0.5"}
    yield {}


def latent_space():
    yield {"model": "poe", "other": "", "layout": "same", "chips": "m2+m0", "item": "7"}
    yield {"chips": "m2 m0", "given": "m0 m1", "shuffled": "1", "item": "99", "match": "any"}
    yield {"model": "absent", "layout": "umap9", "item": "seven", "color": "subset"}


@pytest.mark.parametrize(
    ("which", "queries"), [("page 1", list(page_1())), ("latent space", list(latent_space()))]
)
def test_the_browser_reads_and_writes_links_as_python_does(tmp_path, which, queries):
    if shutil.which("node") is None:
        pytest.skip("no node")
    (tmp_path / "links.mjs").write_text(read_text("links.js"), "utf-8")
    (tmp_path / "run.mjs").write_text(SCRIPT, "utf-8")
    given = {"fields": plans(EVERY[which]), "queries": queries}
    (tmp_path / "given.json").write_text(json.dumps(given), "utf-8")
    done = subprocess.run(
        ["node", "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    for query, (state, link) in zip(queries, json.loads(done.stdout), strict=True):
        values, _ = read(EVERY[which], query)
        assert state == json.loads(json.dumps(values)), query
        assert link == write(EVERY[which], values), query
