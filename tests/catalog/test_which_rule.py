"""The decision tree: every end names models that exist and a measure that is kept."""

from pathlib import Path

import pandas as pd
import pytest

from explorer.app.scores.which_rule import evidence
from explorer.catalog.cards import CARDS
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.which_rule import TREE, Advice, advices, as_markdown
from explorer.results.measures import MEASURES
from explorer.results.scores import Score, read_evaluations, tidy


@pytest.mark.parametrize("advice", [*advices()], ids=lambda advice: advice.models[0])
def test_an_advice_names_models_with_cards_and_a_measure_that_ranks_them(advice):
    assert set(advice.models) <= set(CARDS)
    assert MEASURES[advice.measure].better != 0
    assert len(advice.models) == 3


@pytest.mark.parametrize("advice", [*advices()], ids=lambda advice: advice.models[0])
def test_an_advice_has_a_figure_of_a_shipped_dataset(advice):
    shown = evidence(advice, tidy(read_evaluations("polydigits", "pretrained")))
    assert any("here." in line for line in shown)


def figure(model, value, given="4"):
    return Score(model, "coherence", given, "", value, 0.01, 100)


def test_evidence_is_read_from_the_scores_and_admits_what_is_better():
    advice = Advice(("mopoe", "mwb", "code"), "", "coherence", "4")
    scores = [figure("mopoe", 0.7), figure("mwb", 0.5), figure("wb", 0.9), figure("wb", 0.1, "1")]
    first, second, third, last = evidence(advice, pd.DataFrame(scores))
    assert MODEL_LABELS["mopoe"] in first
    assert "0.700" in first
    assert "2 of 3 here" in first
    assert "3 of 3 here" in second
    assert "no figure" in third
    assert last.startswith(f"The best here by that figure is {MODEL_LABELS['wb']}, 0.900")


def test_with_fewer_views_the_most_that_can_be_given_is_looked_at():
    advice = Advice(("mopoe",), "", "coherence", "4")
    scores = pd.DataFrame([figure("mopoe", 0.7, "2"), figure("mopoe", 0.6, "1")])
    assert "given 2" in evidence(advice, scores)[0]


def test_the_readme_has_the_tree_as_it_is():
    text = as_markdown()
    assert text in Path("README.md").read_text("utf-8")
    assert TREE.ask in text
    assert text.count("(`") == 15
