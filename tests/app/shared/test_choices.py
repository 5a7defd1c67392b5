"""What pages let people choose: datasets, models that are trained, and their cards."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer.app.shared.choices import FAMILIES, model_label
from explorer.catalog.cards import CARDS
from explorer.catalog.looks import FAMILY_COLORS, MODEL_LOOKS
from explorer.catalog.subjects import SUBJECTS, trained
from explorer.datasets import DATASETS
from explorer.models import MODELS


def checkpoint(root, dataset, model):
    folder = root / dataset / model
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")


def test_every_dataset_can_be_chosen_and_every_family_has_a_name():
    assert set(SUBJECTS) == set(DATASETS)
    assert set(FAMILIES) == set(FAMILY_COLORS["light"])


def test_every_model_can_be_found_by_its_family():
    labels = {key: model_label(key) for key in MODELS}
    assert len(set(labels.values())) == len(MODELS)
    for key, label in labels.items():
        assert FAMILIES[MODEL_LOOKS[key].family].lower() in label.lower()


def test_only_models_with_a_checkpoint_are_offered_family_by_family(tmp_path, monkeypatch):
    monkeypatch.setattr("explorer.checkpoints.PRETRAINED", tmp_path / "shipped")
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    assert trained("simulated_rats") == ()
    for root, key in (("shipped", "mac_wae"), ("runs", "poe_unimodal"), ("runs", "moe")):
        checkpoint(tmp_path / root, "simulated_rats", key)
    checkpoint(tmp_path / "runs", "simulated_rats", "poe")
    checkpoint(tmp_path / "runs", "simulated_rats", "of-another-version")
    checkpoint(tmp_path / "runs", "polydigits", "wb")
    assert trained("simulated_rats") == ("poe", "poe_unimodal", "moe", "mac_wae")


def test_a_dataset_whose_files_are_missing_is_marked_and_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    page = AppTest.from_function(chooser).run()
    assert "PolyDigits" in page.selectbox[0].options
    assert "PolyMNIST, rebuilt · files needed" in page.selectbox[0].options
    page.selectbox[0].set_value("polymnist").run()
    assert page.session_state["dataset"] == "polymnist"


def chooser():
    from explorer.app.shared.choices import choose_dataset

    choose_dataset()


def test_the_dataset_of_the_link_is_kept_and_the_default_needs_no_link():
    page = AppTest.from_function(chooser)
    page.query_params["data"] = "simulated_rats"
    page.run()
    assert page.selectbox[0].value == "simulated_rats"
    page.selectbox[0].set_value("digits_photo_text").run()
    assert page.query_params["data"] == "digits_photo_text"
    page.selectbox[0].set_value("polydigits").run()
    assert "data" not in page.query_params
    assert page.session_state["dataset"] == "polydigits"


def test_a_visit_keeps_its_dataset_on_another_page():
    page = AppTest.from_function(chooser)
    page.query_params["data"] = "simulated_rats"
    page.run()
    page.query_params.clear()  # as the navigation does
    page.run()
    assert page.selectbox[0].value == "simulated_rats"
    assert page.query_params["data"] == "simulated_rats"


@pytest.mark.parametrize("nonsense", ["", "poly", "<script>alert(1)</script>", "../..", "x" * 9999])
def test_nonsense_is_named_and_not_repeated(nonsense):
    page = AppTest.from_function(chooser)
    page.query_params["data"] = nonsense
    page.run()
    assert page.selectbox[0].value == "polydigits"
    assert "`data` in the link must be one of polydigits, " in page.warning[0].value
    assert "<" not in page.warning[0].value
    assert len(page.warning[0].value) < 400
    assert not page.run().warning


def cards():
    from explorer.app.shared.choices import show_cards
    from explorer.models import MODELS

    show_cards(list(MODELS))


def test_a_card_tells_idea_formula_character_faults_and_paper():
    page = AppTest.from_function(cards).run()
    assert not page.exception
    said = "\n".join([*(m.value for m in page.markdown), *(c.value for c in page.caption)])
    formulas = "\n".join(formula.value for formula in page.latex)
    for key, card in CARDS.items():
        assert card.formula in formulas
        for text in (card.idea, card.character, *card.faults, card.paper, f"line: {key}"):
            assert text in said
