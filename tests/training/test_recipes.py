"""Recipes are what the papers say, and can be built."""

import json

import pytest
from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.catalog.published import PUBLISHED
from explorer.datasets import DATASETS, load_dataset
from explorer.models import MODELS, build_model
from explorer.training import train
from explorer.training.loop import SCHEDULES
from explorer.training.recipes import RECIPES, find_recipe, model_options

PAPERS = {
    "mopoe-mst": (20, 1e-3, 256, 150, (5.0,), 5),
    "mopoe-polymnist": (512, 1e-3, 256, 300, (2.5,), 5),
    "mopoe-celeba": (32, 5e-4, 256, 200, (2.5,), 1),
    "mmvamp-celeba": (128, 2e-4, 256, 250, (0.25, 0.5, 1, 2, 4), 3),
    "mmvamp-rats": (2, 1e-3, 128, 1000, (1e-5, 1e-4, 1e-3, 2.5e-3, 5e-3, 1e-2), 1),
    "mac-polymnist": (128, 5e-4, 128, 150, (0.1, 0.2, 0.5, 1, 2, 5, 10), 3),
    "mac-mhd": (128, 1e-3, 64, 150, (0.1, 0.2, 0.5, 1, 2, 5, 10), 3),
    "mac-cub": (128, 5e-4, 32, 200, (0.1, 0.2, 0.5, 1, 2, 5, 10), 3),
    "mac-celeba": (128, 1e-4, 64, 150, (1.0,), 3),
}
"""Latent size, learning rate, batch, epochs, betas, seeds, read off the papers a second time."""


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_has_the_numbers_that_the_paper_prints(name):
    recipe = find_recipe(name)
    training = recipe.training
    assert PAPERS[name] == (
        recipe.model["latent_dim"],
        training["learning_rate"],
        training["batch_size"],
        training["epochs"],
        recipe.betas,
        recipe.seeds,
    )


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_only_what_there_is(name):
    recipe = find_recipe(name)
    assert set(recipe.datasets) <= DATASETS.keys()
    assert set(recipe.models) <= MODELS.keys()
    assert set(recipe.tables) <= PUBLISHED.keys()
    assert recipe.own.keys() | recipe.own_likelihoods.keys() <= set(recipe.models)


def test_translated_polymnist_has_twelve_betas():
    betas = find_recipe("mmvamp-polymnist").betas
    assert (len(betas), betas[0], betas[-1]) == (12, 2**-8, 2**3)


def test_the_code_differs_where_it_says_and_nowhere_else():
    paper, code = find_recipe("mopoe-mst"), find_recipe("mopoe-mst", "code")
    assert (paper.betas, code.betas) == ((5.0,), (2.5,))
    assert code.training == {**paper.training, "epochs": 200}
    assert code._replace(betas=paper.betas, training=paper.training) == paper


def test_a_model_keeps_its_own_arguments_in_another_version():
    options = model_options(find_recipe("mac-mhd", "code"), "mac_wae", 0.5)
    assert options == {"latent_dim": 128, "n_masks": 10, "p_hidden": 0.25, "beta": 0.5}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nobody-knows"], "recipe must be one of mopoe-polymnist"),
        (["wb-mst", "code"], "no released code is known"),
        (["wb-mst", "draft"], "version must be one of paper, code"),
    ],
)
def test_what_is_not_known_is_said_in_a_sentence(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        find_recipe(*arguments)


def trained(root, *words):
    found = CliRunner().invoke(
        app, ["train", "--recipe=mmvamp-rats", f"--root={root}", "--steps=2", *words]
    )
    return found, root / "simulated_rats"


def test_train_takes_a_recipe_and_what_is_said_beside_it(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "nothing"))
    found, place = trained(tmp_path, "--beta=0.5", "--log=csv", "--seed=3", "--device=cpu")
    assert found.exit_code == 0, found.output
    config = json.loads((place / "mmvamp" / "config.json").read_text())
    assert (config["latent_dim"], config["beta"]) == (2, 0.5)
    spikes = config["modalities"][0]
    assert (spikes["likelihood"], spikes["weight"]) == ("normal", 2.0)
    told = config["provenance"]
    said = {key: told[key] for key in ("steps", "batch_size", "optimizer", "schedule", "seed")}
    assert said == {"steps": 2, "batch_size": 128, "optimizer": "adamw", "schedule": "constant"} | {
        "seed": 3
    }
    assert told["learning_rate"] == 1e-3
    lines = (place / "mmvamp" / "log" / "version_0" / "metrics.csv").read_text().splitlines()
    assert len(lines) == 3
    assert "total" in lines[0]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--log=paper"], "--log must be one of csv, tensorboard"),
        (["--device=tpu"], "device must be one of auto, cpu, cuda"),
        (["--version=draft"], "version must be one of paper, code"),
    ],
)
def test_what_train_cannot_do_with_a_recipe_is_said_first(words, reason, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "nothing"))
    found, place = trained(tmp_path, *words)
    assert reason in str(found.exception)
    assert not (place / "mmvamp" / "config.json").exists()


def test_a_constant_rate_stays_and_no_other_schedule_is_known(tmp_path):
    assert SCHEDULES["constant"](0.01) == SCHEDULES["constant"](0.99) == 1
    data = load_dataset("simulated_rats", n_train=64, n_test=16)
    model = build_model("mmvamp", data.modalities, latent_dim=2)
    with pytest.raises(ValueError, match="schedule must be one of one_cycle, constant"):
        train(model, data, steps=1, schedule="steep", batch_size=8)
