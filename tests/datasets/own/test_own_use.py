"""What is done with a visitor's own data: commands, classifiers, scores and maps, gaps or not."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import explorer.app
from explorer.__main__ import app, main
from explorer.app.train.queue.process import drawer
from explorer.app.train.queue.samples import read_samples
from explorer.catalog.subjects import SUBJECTS
from explorer.datasets.own.build import own
from explorer.evaluation import evaluate, fitting_sizes
from explorer.evaluation.classifiers import enough_epochs, train_classifiers
from explorer.evaluation.maps import embed
from explorer.models import build_model
from explorer.results.comparison.work import divide
from tests.datasets.own.folder import N, cats, write_arrays, write_sheet

GAPS = 6


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cats in the data directory, some of which were not measured; nothing is trained yet."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    (tmp_path / "data").mkdir()
    arrays = cats()
    arrays["size"][:GAPS] = np.nan
    return write_arrays(tmp_path / "data" / "cats", arrays, {"gaps": "whole", "split/test": 0.4})


def run(*words):
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_check_tells_every_mistake_and_exits_with_one(folder):
    good = run("data", "check", "cats")
    assert good.exit_code == 0 and "cats can be used" in good.output
    assert "6 of 40 rows lack it" in " ".join(good.output.split())
    text = (folder / "dataset.yaml").read_text()
    (folder / "dataset.yaml").write_text(text.replace("kind: vector", "knd: vector\n    weight: 0"))
    bad = run("data", "check", folder)
    assert bad.exit_code == 1 and "2 mistakes" in bad.output
    assert "unknown key 'knd'" in bad.output and "weight must be" in bad.output


def test_own_data_are_listed(folder):
    assert "cats" in run("data", "list").output


def test_a_folder_of_ones_own_takes_no_options(folder):
    result = CliRunner().invoke(
        app, ["train", "--dataset", "cats", "--option", "digits=polydigits"]
    )
    assert str(result.exception) == (
        "'cats' is a folder of your own, which takes no options; its description says what is made "
        "of it; got digits"
    )


def said(capsys, monkeypatch, *words):
    """What the command line prints, and its exit code."""
    monkeypatch.setattr(sys, "argv", ["explorer", *map(str, words)])
    monkeypatch.setattr(sys, "platform", "test")  # so that it does not start itself anew
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return stopped.value.code, " ".join((printed.out + printed.err).split())


@pytest.mark.parametrize(
    "name", ["[/x]", "[/x]/y", "[bold]x", "\\[/a]", "~nobody-here/x", "a" * 400]
)
def test_names_in_brackets_are_names(name, folder, capsys, monkeypatch):
    for words in (("data", "check", name), ("train", "--dataset", name)):
        code, text = said(capsys, monkeypatch, *words)
        assert code == 1 and "error:" in text and name[:40] in text


def test_brackets_in_a_table_are_no_markup(folder, tmp_path, capsys, monkeypatch):
    lines = ["a_rate [/min],kind", *[f"{k},{['neg', 'pos'][k % 2]}" for k in range(20)]]
    described = {
        "title": "[/b] [red]x",
        "modalities": {"a": {"description": "[/b] rate"}},
        "label": {"column": "kind", "classes": ["neg", "pos"]},
    }
    table = write_sheet(tmp_path / "data" / "table", lines, described)
    code, text = said(capsys, monkeypatch, "data", "check", table)
    assert code == 0 and "a_rate [/min]" in text and "[/b] rate" in text
    lines[4] = "?,pos"
    write_sheet(table, lines, described)
    for words in (("data", "check", table), ("train", "--dataset", table)):
        code, text = said(capsys, monkeypatch, *words)
        assert code == 1 and "column 'a_rate [/min]' must hold numbers, got '?' in line 5" in text


@pytest.mark.parametrize("by", ["name", "path"])
def test_commands_take_a_name_or_a_path_and_write_under_the_name(folder, tmp_path, by):
    dataset = {"name": "cats", "path": folder}[by]
    settings = ("--steps", 2, "--batch-size", 8, "--latent-dim", 4)
    run("train", "--dataset", dataset, "--model", "mwb", *settings)
    run("evaluate", "--dataset", dataset, "--model", "mwb")
    scores = json.loads((tmp_path / "runs" / "cats" / "mwb" / "scores.json").read_text())
    assert "python -m explorer classifiers --dataset cats" in scores["coherence"]["absent"]
    assert scores["latent_accuracy"]["train_tuples"] + scores["latent_accuracy"]["test_tuples"] == (
        N - GAPS
    )
    run("classifiers", "--dataset", dataset, "--epochs", 1)
    run("evaluate", "--dataset", dataset, "--model", "mwb")
    scores = json.loads((tmp_path / "runs" / "cats" / "mwb" / "scores.json").read_text())
    assert set(scores["coherence"]["ceiling"]) == {"size", "picture", "word"}


def test_classifiers_learn_from_what_is_there(folder):
    data = own(folder)
    assert enough_epochs(data) == 300 * 128 / len(data.train)
    judges = train_classifiers(data, epochs=30, batch_size=16)
    assert judges.ceiling["word"] == 1
    assert judges.ceiling["size"] < 1


def test_measures_that_need_no_classifier_need_none(folder):
    data = own(folder)
    model = build_model("mopoe", data.modalities, latent_dim=4)
    scores = evaluate(model, data, "there are none", **fitting_sizes(data), n_prior=10, n_draws=3)
    assert {k for k, v in scores.items() if v == {"absent": "there are none"}} == {
        "coherence",
        "diversity",
        "sampling",
    }
    assert all(np.isfinite(scores["latent_accuracy"]["by_size"][k]["mean"]) for k in "123")


def test_sizes_fit_what_has_everything(folder):
    data = own(folder)
    whole = data.having()
    sizes = fitting_sizes(data, n_likelihood=5)
    assert sizes["n_train"] == len(whole.train) and sizes["n_test"] == len(whole.test)
    assert sizes["n_likelihood"] == 5
    assert torch.equal(whole.test.labels, data.test.labels[data.test.observed.all(1)])


def test_pages_call_own_data_as_the_description_does(folder):
    assert list(SUBJECTS)[-1] == "cats" and SUBJECTS["cats"].label == "Cats"
    assert SUBJECTS["cats"].n_classes == 2
    (folder / "dataset.yaml").write_text("[")
    assert SUBJECTS["cats"].label == "cats"


def test_own_data_can_be_trained_on_from_the_page(folder):
    page = train_page()
    assert not page.button(key="train_start").disabled
    assert "Cats" in page.selectbox(key="dataset_choice").options


def test_a_broken_folder_is_explained_on_the_page(folder):
    (folder / "data.npz").unlink()
    page = train_page()
    assert page.button(key="train_start").disabled
    assert "the folder must hold one of data.npz" in page.text[0].value


def train_page():
    file = Path(explorer.app.__file__).parent / "train/page.py"
    page = AppTest.from_file(str(file), default_timeout=60)
    page.query_params["data"] = "cats"
    page.run()
    assert not page.exception, page.exception
    return page


def test_a_map_of_few_tuples_says_how_many_it_needs(folder, tmp_path):
    text = [f"{k % 5},{['neg', 'pos'][k % 2]}" for k in range(40)]
    label = {"column": "kind", "classes": ["neg", "pos"]}
    described = {"modalities": {"a": {}}, "label": label}
    data = own(write_sheet(tmp_path / "few", ["a,kind", *text], described))
    model = build_model("moe", data.modalities, latent_dim=2)
    with pytest.raises(ValueError, match="a map needs 31 test tuples with every modality, got 8"):
        embed(model, data)


def test_samples_are_drawn_of_rows_that_have_what_is_given(folder, tmp_path):
    arrays = cats()
    arrays["size"][: N // 2] = np.nan
    data = own(write_arrays(folder, arrays, {"gaps": "whole", "split/test": 0.1}))
    model = build_model("mopoe", data.modalities, latent_dim=4)
    drawer(model, data, tmp_path)(3)
    samples = read_samples(tmp_path)
    assert samples.given.name == "size" and len(samples.drawn) == 3


def test_a_comparison_validates_on_rows_that_have_everything(folder):
    data = own(folder)
    kept, validation = divide(data, 5)
    assert len(kept.train) == len(data.train) - 5
    assert len(validation.test) == len(validation.having().test) == 5
    assert not kept.train.observed.all()
    positions = torch.cat([kept.train.positions, validation.test.positions])
    assert torch.equal(positions.sort().values, torch.arange(len(data.train)))
