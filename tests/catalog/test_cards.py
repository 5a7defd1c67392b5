"""Every model has a card, in two sentences, a formula, a character, a paper and its faults."""

import re

import pytest

from explorer.catalog.cards import CARDS
from explorer.catalog.looks import MODEL_LABELS
from explorer.models import MODELS

EVERY_CARD = pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))


def sentences(text):
    return re.findall(r"[.?!](?=\s|$)", text)


def test_every_model_has_a_card_and_every_card_a_model():
    assert set(CARDS) == set(MODELS)


def test_labels_are_the_palette_s_short_and_unique():
    labels = {key: card.label for key, card in CARDS.items()}
    assert labels == MODEL_LABELS
    assert list(labels) == list(MODEL_LABELS)
    assert len(set(labels.values())) == len(labels)
    assert max(map(len, labels.values())) <= 28


@EVERY_CARD
def test_an_idea_is_two_sentences(card):
    assert len(sentences(card.idea)) == 2
    assert card.idea.endswith(".")


@EVERY_CARD
def test_a_character_is_one_sentence(card):
    assert len(sentences(card.character)) == 1
    assert card.character.endswith(".")


@EVERY_CARD
def test_a_formula_has_balanced_braces(card):
    assert card.formula
    depth = 0
    for mark in re.sub(r"\\[{}]", "", card.formula):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        assert depth >= 0
    assert depth == 0
    for opening, closing in ((r"\{", r"\}"), (r"\big\{", r"\big\}"), (r"\Big\{", r"\Big\}")):
        assert card.formula.count(opening) == card.formula.count(closing)


@EVERY_CARD
def test_faults_are_sentences(card):
    assert card.faults
    assert all(fault.endswith(".") for fault in card.faults)
    assert len(set(card.faults)) == len(card.faults)


@EVERY_CARD
def test_a_card_names_its_paper_or_says_that_there_is_none(card):
    assert re.search(r"\(20\d\d\)|no paper", card.paper)


def test_cards_that_name_another_model_name_it_as_it_is_called():
    """Faults point to other models by their labels."""
    named = {
        "poe": "poe_unimodal",
        "moe": "moe_dreg",
        "moe_mixture": "moe",
        "mopoe": "mopoe_mixture",
        "mopoe_mixture": "mopoe",
        "mwb": "mwb_mixture",
        "mmvamp": "mmvamp_pairwise",
    }
    for key, other in named.items():
        assert MODEL_LABELS[other].split(" (")[0] in " ".join(CARDS[key].faults)
