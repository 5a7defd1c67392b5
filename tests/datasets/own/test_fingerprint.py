"""A model and a classifier know the data they were trained on, and take no others."""

import json

import pytest
from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.app.shared import loaded
from explorer.checkpoints import CheckpointError, check_data, load_pretrained
from explorer.datasets import load_dataset
from explorer.datasets.own.build import own
from explorer.evaluation.classifiers import save_classifiers, train_classifiers
from explorer.files.own.differences import differences
from explorer.results.scores import read_evaluations
from explorer.training.checkpoint import train_checkpoint
from tests.datasets.own.folder import write_sheet

LABEL = {"column": "kind", "classes": ["neg", "pos"]}
ONE = {"modalities": {"a": {}}, "label": LABEL}


def lines(n=20, offset=0):
    rows = [f"{k % 7 + offset},{k % 5},{['neg', 'pos'][k % 2]}" for k in range(n)]
    return ["a_1,a_2,kind", *rows]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table in the data directory, a model and classifiers that were trained on it."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    (tmp_path / "data").mkdir()
    folder = write_sheet(tmp_path / "data" / "table", lines(), ONE)
    train(folder, tmp_path / "runs")
    judges = train_classifiers(own(folder), epochs=1, batch_size=8)
    save_classifiers(judges, tmp_path / "runs" / "table" / "classifiers", {})
    return folder


def train(folder, root, model="moe"):
    settings = {"steps": 1, "batch_size": 8, "progress": False}
    recipe = {"latent_dim": 2}
    data = own(folder)
    train_checkpoint(root / "table" / model, data, model, recipe=recipe, **settings)


def run(*words):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exception is None or isinstance(result.exception, (SystemExit, ValueError))
    return str(result.exception or "")


CHANGES = {
    "rows added": (lines(30), ONE, "it had 16 train rows, now 24; it had 4 test rows, now 6"),
    "classes turned": (
        lines(),
        ONE | {"label": LABEL | {"classes": ["pos", "neg"]}},
        "its classes were [neg, pos], now [pos, neg]",
    ),
    "columns turned": (
        lines(),
        ONE | {"modalities": {"a": {"columns": ["a_2", "a_1"]}}},
        "columns of 'a' were [a_1, a_2], now [a_2, a_1]",
    ),
    "another split": (lines(), ONE | {"split": {"seed": 1}}, "the numbers of 'a' are scaled"),
    "other units": (lines(offset=1), ONE, "the numbers of 'a' are scaled in another way"),
    "rows in another order": (
        ["a_1,a_2,kind", *lines()[:0:-1]],
        ONE | {"modalities": {"a": {"standardize": False}}},
        "'a'",
    ),
    "another modality": (
        lines(),
        {"modalities": {"a": {"columns": "a_1"}, "b": {"columns": "a_2"}}, "label": LABEL},
        "its modalities were [a], now [a, b]",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_and_a_classifier_refuse_other_data(change, table, tmp_path):
    assert (
        differences(load_pretrained("table", "moe").provenance["data"], own(table).fingerprint)
        == []
    )
    text, description, told = CHANGES[change]
    write_sheet(table, text, description)
    for command in ("evaluate", "embed"):
        error = run(command, "--dataset", "table", "--model", "moe")
        assert "trained on other data than 'table' has now" in error and told in error
    assert told in loaded.model("table", "moe") and told in loaded.classifiers("table")
    assert not (tmp_path / "runs" / "table" / "moe" / "scores.json").exists()
    train(table, tmp_path / "runs")  # the same folder, changed: it may be trained on again
    check_data(load_pretrained("table", "moe").provenance, own(table), "model")


def test_what_is_as_it_was_is_taken(table):
    assert not isinstance(loaded.model("table", "moe"), str)
    assert not isinstance(loaded.classifiers("table"), str)
    assert load_dataset(str(table)).fingerprint == load_dataset("table").fingerprint


def test_another_folder_of_the_same_name_does_not_replace_a_model(table, tmp_path):
    (tmp_path / "two").mkdir()
    other = write_sheet(tmp_path / "two" / "table", lines(30), ONE)
    before = (tmp_path / "runs" / "table" / "moe" / "config.json").read_text()
    with pytest.raises(CheckpointError, match="trained on another folder called 'table'; give"):
        train(other, tmp_path / "runs")
    assert (tmp_path / "runs" / "table" / "moe" / "config.json").read_text() == before
    train(other, tmp_path / "elsewhere")
    copy = write_sheet(tmp_path / "two" / "table", lines(), ONE)
    train(copy, tmp_path / "runs")  # the same data in another place


def test_scores_about_different_rows_are_never_shown_together(table, tmp_path):
    runs = tmp_path / "runs" / "table"
    computed = {"commit": "0", "cpu": "any", "torch": "2"}
    accuracy = {"by_subset": {"a": {"mean": 0.5, "standard_error": 0.1}}}
    scores = {"computed": computed, "latent_accuracy": accuracy}
    train(table, tmp_path / "runs", "poe")
    for model in ("moe", "poe"):
        (runs / model / "scores.json").write_text(json.dumps(scores))
    both = {e.model: e for e in read_evaluations("table") if e.trained}
    assert both["moe"].scores == both["poe"].scores == scores
    write_sheet(table, lines(30), ONE)
    train(table, tmp_path / "runs", "poe")
    after = {e.model: e for e in read_evaluations("table") if e.trained}
    assert after["moe"].scores is None and after["poe"].scores == scores
    assert after["moe"].problem == "trained on other data than the last model"


@pytest.mark.parametrize(
    "damage", [{}, {"rows": 3}, {"rows": {}, "classes": [], "modalities": {"a": 1}}]
)
def test_a_damaged_fingerprint_is_no_match(damage, table):
    assert differences(damage, own(table).fingerprint) == [
        "what is noted about its data is damaged"
    ]


def test_the_scaling_is_in_the_checkpoint_and_draws_come_back_in_units(table, tmp_path):
    config = json.loads((tmp_path / "runs" / "table" / "moe" / "config.json").read_text())
    (mean, _), _ = config["modalities"][0]["scaling"]
    assert 2 < mean < 4
    model = load_pretrained("table", "moe")
    data = own(table)
    measured = model.modalities[0].in_units(data.train[:]["a"])
    assert set(measured[:, 0].round(4)) <= set(range(7)) and len(set(measured[:, 1].round(4))) == 5


def test_classifiers_are_trained_where_no_row_has_everything(tmp_path):
    rows = [f"{k % 7},," if k % 2 else f",{k % 5}," for k in range(40)]
    text = ["a,b,kind", *[row + ["neg", "pos"][k // 2 % 2] for k, row in enumerate(rows)]]
    described = {"gaps": "whole", "modalities": {"a": {}, "b": {}}, "label": LABEL}
    judges = train_classifiers(
        own(write_sheet(tmp_path / "table", text, described)), epochs=1, batch_size=8
    )
    assert all(0 <= share <= 1 for share in judges.ceiling.values()) and judges.agreement is None
