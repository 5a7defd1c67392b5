"""What Generation shows before it computes: the shipped answers make the points they are for."""

import subprocess
import sys

import pytest

from explorer.app.generation import presets
from explorer.app.generation.presets import PRESETS
from explorer.catalog.looks import LABELS


def agreed(preset):
    """Share of right draws by model in the shipped answer to a preset."""
    models = presets.cached_answer("polydigits", preset.question)["models"]
    return {
        m["key"]: sum(row["agree"] for row in m["rows"])
        / sum(len(row["draws"]) for row in m["rows"])
        for m in models
    }


def behaviors(preset):
    models = presets.cached_answer("polydigits", preset.question)["models"]
    return {m["key"]: m["behavior"] for m in models}


def test_the_shipped_answers_make_the_points_of_their_presets():
    by_name = {preset.name: preset for preset in PRESETS}
    two = agreed(by_name["Two views"])
    assert two["poe"] < 0.2
    assert min(two["mopoe"], two["mwb"]) > 0.9
    assert agreed(by_name["All views"])["poe"] > two["poe"] + 0.5
    assert max(agreed(by_name["An unclear view"]).values()) < 0.3
    hurt = agreed(by_name["A view that hurts"])
    assert hurt["mopoe"] == 0
    assert 0.3 < hurt["moe"] < 0.7
    assert behaviors(by_name["One against one"])["mopoe"].startswith("takes")
    whole = behaviors(by_name["The same, whole mixture"])
    assert whole["mopoe"] == whole["mwb"] == "alternates"
    against = behaviors(by_name["One against three"])
    assert (against["mopoe"], against["mwb"]) == ("takes side B", "takes side A")
    majority = behaviors(by_name["Three against one"])
    assert majority["mopoe"] == majority["mwb"] == "takes side A"


def test_the_shipped_rates_are_of_every_model():
    for rows in presets.read_cache(presets.RATES).values():
        assert {row["key"] for row in rows} == set(LABELS)
        assert all(sum(row["shares"]) == pytest.approx(1) for row in rows)


def test_a_kept_answer_does_not_wait_for_torch():
    code = (
        "import sys; sys.modules['torch'] = None; "
        "from explorer.app.generation import challenges, explanations, presets, state; "
        "from explorer.app.shared import choices; "
        "assert presets.cached_about('polydigits').models; "
        "assert presets.cached_answer('polydigits', state.Question())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
