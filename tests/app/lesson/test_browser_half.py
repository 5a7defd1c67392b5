"""What the class computes in the browser: page 1's challenges as Python checks them, and places."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from explorer.app.barycenters.lessons import CHALLENGES
from explorer.app.barycenters.state import State
from explorer.app.javascript import joined
from explorer.app.lesson.lesson import for_browser, load_lesson
from explorer.app.lesson.panel import MODULES
from explorer.densities import Expert

N_CASES = 40


def run(tmp_path, script, given):
    if shutil.which("node") is None:
        pytest.skip("no node")
    code = joined([m for m in MODULES if not m.endswith("/lesson.js")])
    (tmp_path / "class.mjs").write_text(code, "utf-8")
    (tmp_path / "given.json").write_text(json.dumps(given), "utf-8")
    begin = 'import { readFileSync } from "node:fs"; import * as m from "./class.mjs";'
    begin += 'const given = JSON.parse(readFileSync("given.json", "utf8"));'
    (tmp_path / "run.mjs").write_text(begin + script, "utf-8")
    done = subprocess.run(
        ["node", "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def random_states():
    rng = np.random.default_rng(3)
    for _ in range(N_CASES):
        n = int(rng.integers(2, 6))
        yield [
            [float(rng.uniform(-9, 9)), float(rng.choice([0.3, 0.5, 1.0, 2.0])), 1.0]
            for _ in range(n)
        ]
    yield [[-4, 1, 1], [4, 1, 1]]
    yield [[0, 0.5, 1]] * 4
    yield [[-2, 0.3, 1], [8, 8, 1]]
    yield [[-4, 0.8, 1], [-4.2, 0.8, 1], [4, 0.8, 1], [4.1, 0.8, 1]]


def test_challenges_are_solved_in_the_browser_exactly_where_python_says_so(tmp_path):
    states = list(random_states())
    script = """process.stdout.write(JSON.stringify(given.states.map((experts) =>
      given.keys.map((key) => m.check(key, { experts, prior: false })))));"""
    found = run(tmp_path, script, {"states": states, "keys": list(CHALLENGES)})
    solved = set()
    for rows, answers in zip(states, found, strict=True):
        state = State(experts=tuple(Expert(*row) for row in rows))
        for (key, challenge), (done, said) in zip(CHALLENGES.items(), answers, strict=True):
            expected = challenge.check(state)
            assert (done, said) == (bool(expected[0]), expected[1])
            solved |= {key} if done else set()
    assert solved == set(CHALLENGES)  # each was solved somewhere, so that each was tried


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", {"step": 1, "part": 1, "chosen": list(range(1, 9)), "left": False}),
        ("?step=3.2", {"step": 3, "part": 2, "chosen": list(range(1, 9)), "left": False}),
        ("?step=99", {"step": 1, "part": 1, "chosen": list(range(1, 9)), "left": False}),
        ("?step=3.77", {"step": 3, "part": 1, "chosen": list(range(1, 9)), "left": False}),
        ("?step=<b>&steps=x", {"step": 1, "part": 1, "chosen": list(range(1, 9)), "left": False}),
        ("?steps=5,2,2", {"step": 2, "part": 1, "chosen": [2, 5], "left": True}),
        ("?steps=2,5&step=3", {"step": 2, "part": 1, "chosen": [2, 5], "left": True}),
    ],
)
def test_the_place_in_the_class_is_read_from_the_address(tmp_path, search, expected):
    lesson = for_browser("fusion", load_lesson("fusion"))
    script = "process.stdout.write(JSON.stringify(m.readPosition(given.search, given.lesson)));"
    assert run(tmp_path, script, {"search": search, "lesson": lesson}) == expected


def test_links_between_parts_keep_the_room_and_the_steps_that_are_left(tmp_path):
    lesson = for_browser("fusion", load_lesson("fusion"))
    script = """process.stdout.write(JSON.stringify(m.linkTo(given.lesson, [7, 2], {
      pages: { "latent-space": "latent.html" }, chosen: [2, 7], left: true, room: "ABCD" })));"""
    link = run(tmp_path, script, {"lesson": lesson})
    assert link == (
        "latent.html?model=mwb&other=poe&layout=pca&class=fusion&step=7.2&steps=2%2C7&room=ABCD"
    )
