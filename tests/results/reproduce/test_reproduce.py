"""Papers' tables are made again by their own rules, beside what is printed, and never twice."""

import pytest
import torch
from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.catalog.published import PUBLISHED
from explorer.checkpoints import PRETRAINED
from explorer.datasets import load_dataset
from explorer.gaussians import Gaussian, Mixture
from explorer.results.comparison import ComparisonError, Run
from explorer.results.comparison.runs import RESULT
from explorer.results.reproduce import protocol, work
from explorer.results.reproduce.judges import Judges
from explorer.results.reproduce.runs import (
    Reproduction,
    begin,
    plan,
    read_about,
    read_results,
)
from explorer.results.reproduce.scales import left_out, scaled
from explorer.results.reproduce.table import as_markdown, interval
from explorer.training.recipes import RECIPES, dataset_at_hand, find_recipe

STAND_INS = ("mopoe-mst", "mmvamp-polymnist", "mmvamp-rats", "mac-polymnist")
"""One of each protocol that embedded data can stand in for."""


@pytest.fixture(autouse=True)
def no_files(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "nothing"))


def begun(name, root):
    asked = Reproduction(name, "paper", "smoke", dataset_at_hand(find_recipe(name)))
    return asked, begin(asked, root)


@pytest.mark.parametrize("name", STAND_INS)
def test_a_table_is_made_again_on_embedded_data(name, tmp_path):
    asked, folder = begun(name, tmp_path)
    run = plan(asked.recipe)[0]
    assert work.work(str(folder), *run) == "finished"
    text = as_markdown(asked, read_results(folder))
    assert "ours: beta" in text
    assert "Data: A stand-in for" in text
    assert "Training: 2 steps of 16" in text


def test_printed_figures_stand_above_ours_in_their_own_columns(tmp_path):
    asked, folder = begun("wb-mst", tmp_path)
    for run in plan(asked.recipe):
        assert work.work(str(folder), *run) == "finished"
    lines = as_markdown(asked, read_results(folder)).splitlines()
    start = lines.index("## conditional coherence, target | given")
    head, _, printed, ours = lines[start + 2 : start + 6]
    columns = [c.strip() for c in head.replace("\\|", "/").split("|")[3:-1]]
    assert columns == [c.replace("|", "/") for c in PUBLISHED["mst_coherence"].columns]
    numbers = [c.strip() for c in printed.split("|")[3:-1]]
    assert numbers == [".82", "1.00", ".99", ".36", ".35", ".39", ".97", ".84", ".99", "-"]
    assert "Qiu et al. (2025)" in printed
    assert ours.count("±") == len(columns)
    proposals = next(line for line in lines if line.startswith("| model | | digit |"))
    assert proposals.count("|") == 3 + 7


@pytest.mark.parametrize("name", RECIPES)
def test_every_scale_of_a_recipe_says_what_it_leaves_out(name):
    assert left_out(name, "paper", "paper") == []
    for scale in ("smoke", "small"):
        said = " ".join(left_out(name, "paper", scale))
        assert "steps" in said
        assert "test tuples instead of 10000" in said
        recipe, whole = scaled(name, "paper", scale), find_recipe(name)
        assert len(plan(recipe)) <= len(plan(whole))
        assert ("Seeds" in said) == (recipe.seeds != whole.seeds)
        assert ("Not trained" in said) == (recipe.models != whole.models)


def test_a_stopped_run_is_not_trained_again(tmp_path, monkeypatch):
    asked, folder = begun("mmvamp-rats", tmp_path)
    run = plan(asked.recipe)[0]

    def interrupted(question):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(work.PROTOCOLS, "rats", interrupted)
        assert work.work(str(folder), *run) == "stopped"
    assert not (run.directory(folder) / RESULT).exists()
    monkeypatch.delattr(work, "train_checkpoint")
    assert work.work(str(folder), *run) == "finished"
    assert work.work(str(folder), *run) == "finished"  # and is not measured a second time


def test_a_failed_run_says_why_and_makes_the_command_fail(tmp_path, monkeypatch):
    asked, folder = begun("mmvamp-rats", tmp_path)
    run = plan(asked.recipe)[0]
    monkeypatch.setitem(
        work.PROTOCOLS, "rats", lambda question: {"t": {"c": {"mean": float("nan")}}}
    )
    assert work.work(str(folder), *run) == "failed"
    assert "Failed: mmvamp" in as_markdown(asked, read_results(folder))
    assert "gave no number for t/c" in as_markdown(asked, read_results(folder))


def test_the_probe_takes_each_member_of_a_mixture_for_its_share_of_the_tuples():
    mu = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 2, 7, 1)
    weights = torch.tensor([[0.5, 1 / 3], [0.5, 1 / 3], [0, 1 / 3]])
    beliefs = Mixture(weights.unsqueeze(-1).expand(3, 2, 7), Gaussian(mu, torch.zeros_like(mu)))
    found = protocol._published_means(beliefs)[..., 0]
    assert found.tolist() == [[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2, 2]]


def test_an_interval_over_seeds_is_students():
    mean, half = interval([{"mean": 1.0}, {"mean": 3.0}])
    assert mean == 2
    assert half == pytest.approx(12.706, abs=1e-3)  # t of one degree of freedom, times 1
    assert interval([{"mean": 1.0, "standard_error": 0.5}])[1] == pytest.approx(0.98, abs=1e-3)


def test_judges_have_the_papers_networks():
    data = load_dataset("polydigits", n_train=20, n_test=10)
    data = data.with_networks({f"m{i}": "mopoe_conv" for i in range(5)})
    judges = Judges(data)
    sizes = {name: sum(p.numel() for p in n.parameters()) for name, n in judges.networks.items()}
    convolutions = (3 * 16 + 1) * 10 + (10 * 16 + 1) * 20
    assert set(sizes.values()) == {convolutions + 981 * 128 + 129 * 10}
    pictures = {"m0": data.test[:10]["m0"]}
    assert torch.equal(judges.probabilities(pictures)["m0"], judges.probabilities(pictures)["m0"])
    judges.dropout(True)
    first, second = (judges.probabilities(pictures)["m0"] for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    ("network", "shape"),
    [("mopoe_mnist", (1, 28, 28)), ("mopoe_svhn", (3, 32, 32)), ("mopoe_text", (8, 70))]
    + [("mmvamp_resnet", (3, 28, 28)), ("mopoe_face", (3, 64, 64))],
)
def test_every_judge_reads_what_it_is_for(network, shape):
    from explorer.results.reproduce.judges import READERS

    assert READERS[network](shape, 10).eval()(torch.rand(2, *shape)).shape == (2, 10)


def test_squared_errors_are_those_of_the_study(tmp_path):
    asked, _ = begun("mac-polymnist", tmp_path)
    for model, weight in (("mac_wae", 2.0), ("mac_vae", 1.0)):
        data = work.prepared(asked, asked.recipe, model)
        assert {(m.likelihood, m.weight) for m in data.modalities} == {("normal", weight)}


def test_a_folder_of_other_data_is_refused(tmp_path):
    asked, folder = begun("mmvamp-rats", tmp_path)
    with pytest.raises(ComparisonError, match="was begun with simulated_rats, and rats is"):
        begin(asked._replace(dataset="rats"), tmp_path)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nobody"], "recipe must be one of"),
        (["wb-mst", "--scale=tiny"], "scale must be one of smoke, small, paper"),
        (["wb-mst", "--models=poe"], "models of this recipe and scale are mwb, wb; got poe"),
        (["wb-celeba"], "none of celeba is here"),
        (["wb-mst", "--device=tpu"], "device must be one of auto, cpu, cuda"),
        (["wb-mst", "--workers=-1"], "--workers must be auto or a number"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_sentence(words, reason, tmp_path):
    found = CliRunner().invoke(app, ["reproduce", f"--root={tmp_path}", *words])
    assert reason in str(found.exception)


def test_results_that_are_none_are_named(tmp_path):
    _, folder = begun("mmvamp-rats", tmp_path)
    path = Run("mmvamp", 1.0, 0).directory(folder) / RESULT
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(ComparisonError, match="is not a result"):
        read_results(folder)


def test_the_shipped_table_is_that_of_its_results_and_says_what_is_unfinished():
    folder = PRETRAINED / "reproductions" / "wb-mst" / "small"
    about, results = read_about(folder), read_results(folder)
    text = (folder / "table.md").read_text("utf-8")
    ours = [line for line in text.splitlines() if "| ours: " in line]
    again = as_markdown(about, results).splitlines()
    assert ours == [line for line in again if "| ours: " in line]
    assert "Unfinished: 2 of 4 trainings have figures" in text
    assert {values["trained"]["dataset"] for values in results.values()} == {"mnist_svhn_text"}
