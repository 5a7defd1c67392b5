"""Everything that ships comes from one table, and a stop costs only what was not done."""

import io
import json
from inspect import signature

import pytest
from rich.console import Console
from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.datasets import DATASETS
from explorer.models import MODELS
from explorer.results import pretrain
from explorer.results.pretrain import COST, PLANS, Task, tasks


def test_models_of_a_dataset_have_one_budget_of_computing_time_and_one_beta():
    for name, plan in PLANS.items():
        asked = tasks([name], None, 1.0)
        spent = {task.steps * COST.get(task.model, 1.0) / plan.steps for task in asked}
        assert 0.99 < min(spent) <= max(spent) < 1.01
        betas = {task.recipe["beta"] for task in asked if "beta" in task.recipe}
        assert betas == {plan.beta}
        kept = {task.model for task in asked if "beta" not in task.recipe}
        assert kept <= {"mac_wae", "m_wae"}


def test_plans_name_what_there_is():
    assert PLANS.keys() <= DATASETS.keys()
    assert all(set(plan.models) <= MODELS.keys() for plan in PLANS.values())
    assert set(PLANS["polydigits"].models) == MODELS.keys()
    with pytest.raises(ValueError, match="--dataset must be among .*; got mnist"):
        tasks(["mnist"], None, 1.0)
    with pytest.raises(ValueError, match="--model must be among .*; got wb"):
        tasks(["mfeat"], ["wb"], 1.0)


@pytest.fixture
def quick(monkeypatch):
    """What is done is noted; training is real and short, evaluation and maps are their files."""
    done = []

    real = signature(pretrain.evaluate)

    def evaluate(dataset, model, *, root, **options):
        real.bind(dataset, model, root=root, **options)
        done.append(("evaluate", model))
        computed = {"weights_sha256": pretrain.weights_sha256(root / dataset / model)}
        (root / dataset / model / "scores.json").write_text(json.dumps({"computed": computed}))

    def embed(dataset, model, data, root, **_):
        done.append(("map", model))
        weights = pretrain.weights_sha256(root / dataset / model)[:16]
        (root / dataset / model / "embedding.json").write_text(json.dumps({"weights": weights}))

    train = pretrain.train_checkpoint

    def trained(folder, data, model, **settings):
        done.append(("train", model))
        return train(folder, data, model, **settings)

    monkeypatch.setattr(pretrain, "evaluate", evaluate)
    monkeypatch.setattr(pretrain, "embed_pretrained", embed)
    monkeypatch.setattr(pretrain, "train_checkpoint", trained)
    return done


def task(model, steps=2):
    recipe = {"latent_dim": 4, "beta": 1.0}
    return Task("polydigits", model, steps, recipe, {"n_train": 150, "n_test": 20})


def run(asked, root):
    console = Console(file=io.StringIO(), width=200)
    return pretrain.pretrain(asked, root=root, console=console), console.file.getvalue()


def test_what_is_done_is_not_done_again_and_what_changed_is(quick, tmp_path):
    every = [("train", "poe"), ("evaluate", "poe"), ("map", "poe")]
    assert run([task("poe")], tmp_path)[0] == 0
    assert quick == every
    assert run([task("poe")], tmp_path)[0] == 0
    assert quick == every
    (tmp_path / "polydigits/poe/embedding.json").unlink()
    run([task("poe")], tmp_path)
    assert quick == [*every, ("map", "poe")]
    quick.clear()
    run([task("poe", steps=3)], tmp_path)
    assert quick == every


def test_one_that_fails_is_named_and_the_rest_is_made(quick, tmp_path):
    (tmp_path / "polydigits").mkdir()
    (tmp_path / "polydigits" / "poe").write_text("a file in the way")
    failed, told = run([task("poe"), task("moe")], tmp_path)
    assert failed == 1
    assert "cannot write to" in told
    assert [model for what, model in quick if what == "map"] == ["moe"]


def test_the_command_takes_its_numbers_from_their_range():
    answer = CliRunner().invoke(app, ["pretrain", "--scale=0"])
    assert answer.exit_code == 2
    assert "--scale" in answer.output
