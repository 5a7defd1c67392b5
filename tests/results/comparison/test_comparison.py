"""Comparisons: equal terms or none, nothing run twice, nothing lost to a kill; means over runs."""

import csv
import io
import json
import re

import pytest
import torch
from safetensors.torch import load_file

from explorer.checkpoints import load_pretrained
from explorer.datasets import load_dataset
from explorer.models import MODELS
from explorer.models.saved import unpacked
from explorer.results import comparison
from explorer.results.comparison import ComparisonError, Result, Run, work
from explorer.results.comparison.runs import RESULT, STOP, write_result
from explorer.results.comparison.work import divide
from explorer.results.ranking import win_loss
from explorer.training import STATE, train
from tests.results.comparison.tiny import TINY, command

# ------------------------------------------------------------------------ one run


def weights(folder, run):
    return unpacked(load_file(run.directory(folder) / "model.safetensors"))


def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "TELL_EVERY_SECONDS", 0.0)
    run = Run("mwb", 1.0, 3)

    def stop_midway(*arguments, on_step, **options):
        def step(n, terms):
            if n == 2:
                (folder / STOP).touch()
            on_step(n, terms)

        return train(*arguments, on_step=step, **options)

    monkeypatch.setattr("explorer.training.checkpoint.train", stop_midway)
    assert work.work(str(folder), *run) == "stopped"
    assert (run.directory(folder) / STATE).is_file()
    assert comparison.read_results(folder) == []

    (folder / STOP).unlink()
    monkeypatch.setattr("explorer.training.checkpoint.train", train)
    assert work.work(str(folder), *run) == "finished"
    other = comparison.comparison_directory("digits_photo_text", "other", tmp_path)
    comparison.open_comparison(other, TINY)
    assert work.work(str(other), *run) == "finished"
    ours, theirs = weights(folder, run), weights(other, run)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    (one,), (two,) = comparison.read_results(folder), comparison.read_results(other)
    assert one.scores == two.scores and one.validation == two.validation
    assert one.validation["score"] == pytest.approx(
        (one.validation["latent_accuracy"] + one.validation["coherence"]) / 2, abs=1e-4
    )


def test_weights_that_are_there_are_measured_again_and_not_trained(folder, monkeypatch):
    run = Run("poe", 1.0, 0)
    assert work.work(str(folder), *run) == "finished"
    (before,) = comparison.read_results(folder)
    (run.directory(folder) / RESULT).unlink()
    monkeypatch.delattr(work, "train_checkpoint")
    assert work.work(str(folder), *run) == "finished"
    (after,) = comparison.read_results(folder)
    assert after.scores == before.scores


def test_runs_start_from_the_checkpoint_of_another_dataset_when_asked(tmp_path):
    settings = TINY._replace(dataset="translated_polydigits", latent_dim=64, start="polydigits")
    place = comparison.comparison_directory(settings.dataset, root=tmp_path)
    comparison.open_comparison(place, settings)
    assert work.work(str(place), "mwb", 1.0, 0) == "finished"
    (result,) = comparison.read_results(place)
    assert result.trained["started_from"].startswith("polydigits/mwb (6000 steps, ")
    start = load_pretrained("polydigits", "mwb").state_dict()["encoders.m0.0.weight"]
    moved = (weights(place, result.run)["encoders.m0.0.weight"] - start).abs().max()
    assert 0 < moved < 0.1  # a start from anywhere else would be far away


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        ("translated_polydigits", "TrainingDivergedError: loss term .* became nan at step"),
        ("digits_photo_text", "ValueError: Expected parameter logits"),
    ],
)
def test_a_run_that_diverges_is_recorded_with_its_reason(dataset, reason, tmp_path):
    wild = TINY._replace(dataset=dataset, learning_rate=999.0, optimizer="adamw")
    folder = comparison.comparison_directory(dataset, root=tmp_path)
    comparison.open_comparison(folder, wild)
    run = Run("poe", 1.0, 0)
    assert work.work(str(folder), *run) == "failed"
    (result,) = comparison.read_results(folder)
    assert result.scores is None
    assert re.match(reason, result.reason) and "\n" not in result.reason
    assert not (run.directory(folder) / STATE).exists()


def test_a_full_disk_is_not_the_fault_of_the_run(folder, monkeypatch):
    def full(*arguments, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr("explorer.training.checkpoint.train", full)
    with pytest.raises(OSError, match="no space"):
        work.work(str(folder), "poe", 1.0, 0)
    assert comparison.read_results(folder) == []


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path):
    with pytest.raises(ComparisonError, match="must be a shared folder"):
        work.work(str(tmp_path / "elsewhere"), "poe", 1.0, 0)


def test_nobody_trains_on_validation_tuples():
    data = load_dataset("polydigits", n_train=50, n_test=30)
    kept, validation = divide(data, 20)
    assert (len(kept.train), len(validation.test)) == (30, 20)
    assert kept.test is data.test and validation.train is kept.train
    whole = data.train[slice(0, 50)]
    assert torch.equal(kept.train[slice(0, 99)]["m0"], whole["m0"][:30])
    assert torch.equal(validation.test[[3, 5]]["m4"], whole["m4"][[33, 35]])
    assert torch.equal(validation.test.labels, data.train.labels[30:])
    with pytest.raises(ValueError, match="50 validation tuples leave none of 50"):
        divide(data, 50)


# ------------------------------------------------------------------------ on disk


def scores(**means):
    """Scores of two modalities, as far as summaries read them."""
    m = {"accuracy": 0.5, "coherence": 0.4, "likelihood": -100.0, "error": 0.1} | means

    def figure(value):
        return {"mean": value, "standard_error": 0.01}

    return {
        "latent_accuracy": {
            "by_size": {"1": figure(m["accuracy"]), "2": figure(m["accuracy"] + 0.2)}
        },
        "coherence": {
            "conditional_by_size": {"1": figure(m["coherence"])},
            "conditional_by_target": {"a": {"1": figure(m["coherence"])}},
            "joint": {"absent": "latents apart"},
        },
        "likelihood": {
            "importance_weighted": {
                "a": figure(m["likelihood"] - 5),
                "a+b": figure(m["likelihood"]),
            }
        },
        "reconstruction": {"how": "so", "mean": {"absolute_error": figure(m["error"])}},
    }


def result(model, beta=1.0, seed=0, validation=0.5, reason="", **means):
    found = None if reason else scores(**means)
    return Result(Run(model, beta, seed), found, {"score": validation}, {}, {}, reason)


def test_what_is_written_is_read_back_in_the_order_of_models(folder):
    results = [result("poe", 2.0), result("poe", 10.0), result("mwb", seed=1, reason="no")]
    for one in reversed(results):
        one.run.directory(folder).mkdir(parents=True)
        write_result(folder, TINY, one)
    assert comparison.read_results(folder) == results
    assert comparison.read_settings(folder) == TINY
    assert comparison.list_comparisons("digits_photo_text", folder.parents[2]) == [folder]


def test_other_settings_are_refused_and_named(folder):
    with pytest.raises(ComparisonError, match=r"\(steps was 4, now 5\).*another --name"):
        comparison.open_comparison(folder, TINY._replace(steps=5))
    answer = command(folder.parents[2], "--models=poe", "--steps=9")
    assert "steps was 4, now 9" in str(answer.exception)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"model": "poe", ', "is damaged .*; delete it and give the same command again"),
        ("[]", "is damaged"),
        ('{"model": "poe"}', "is not a result"),
        (json.dumps({"model": "poe", "beta": 1, "seed": 0, "settings": {}}), "is not a result"),
    ],
)
def test_a_damaged_result_is_explained(folder, text, reason):
    path = Run("poe", 1.0, 0).directory(folder) / RESULT
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ComparisonError, match=reason):
        comparison.read_results(folder)


def test_a_result_of_another_comparison_is_refused(folder):
    one = result("poe")
    one.run.directory(folder).mkdir(parents=True)
    write_result(folder, TINY._replace(steps=7), one)
    with pytest.raises(ComparisonError, match="other settings; delete it"):
        comparison.read_results(folder)


def test_the_plan_is_every_model_beta_and_seed_with_all_models_early():
    modalities = load_dataset("polydigits", n_train=20, n_test=20).modalities
    runs = comparison.plan(["poe", "mwb"], range(2), [0.5, 2.0], modalities)
    assert len(runs) == len(set(runs)) == 8
    assert [run.model for run in runs[:4]] == ["poe", "poe", "mwb", "mwb"]
    assert {run.seed for run in runs[:4]} == {0}
    assert {run.beta for run in comparison.plan(MODELS, [0], None, modalities)} >= {1.0}
    with pytest.raises(ValueError, match="models must be among poe, .*; got poem"):
        comparison.plan(["poe", "poem"], [0], None, modalities)


# ------------------------------------------------------------------------ the command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--models=mwb,nwb"], "models must be among .*; got nwb"),
        (["--betas=1,x"], "--betas must be numbers above 0"),
        (["--betas=-1"], "--betas must be numbers above 0"),
        (["--test-tuples=50000"], "give --test-tuples [0-9]+ or fewer"),
        (["--validation-tuples=90000"], "90000 validation tuples leave none of"),
        (["--dataset=mnist"], "dataset must be one of"),
        (["--name=../up"], "name is letters, digits"),
        (["--models=poe", "--engine=ray"], "engine must be one of local, dask, got 'ray'"),
        (["--models=poe", "--scheduler=here:1"], "for --engine dask"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_sentence(arguments, reason, tmp_path):
    answer = command(tmp_path, *arguments)
    assert answer.exit_code == 1
    with pytest.raises(ValueError, match=reason):
        raise answer.exception


def test_failed_runs_are_shown_end_in_an_error_and_are_tried_again_when_asked(folder, monkeypatch):
    results = [result("poe"), result("mwb", reason="TrainingDivergedError: nan at step 3")]
    for one in results:
        one.run.directory(folder).mkdir(parents=True)
        write_result(folder, TINY, one)
    asked = [folder.parents[2], "--models=poe,mwb", "--seeds=1"]
    answer = command(*asked)
    assert answer.exit_code == 1
    assert "failed: mwb beta 1 seed 0: TrainingDivergedError: nan at step 3" in answer.output
    assert "Product" in answer.output
    assert "nan at step 3" in (folder / "table.json").read_text()

    tried = []

    def pretend(folder, runs, **options):
        tried.extend(run for run in runs if not (run.directory(folder) / RESULT).exists())
        yield from ()

    monkeypatch.setattr("explorer.results.comparison.command.carry_out", pretend)
    command(*asked, "--retry")
    assert tried == [Run("mwb", 1.0, 0)]


# ------------------------------------------------------------------------ summaries


def test_means_and_standard_errors_are_over_runs():
    runs = [result("poe", seed=s, accuracy=a) for s, a in enumerate((0.1, 0.2, 0.6))]
    table = comparison.summarize(runs).set_index(["measure", "given"])
    row = table.loc["latent_accuracy", "1"]
    assert (row.model, row.beta, row.n_runs) == ("poe", 1.0, 3)
    assert row.value == pytest.approx(0.3)
    assert row.standard_error == pytest.approx((0.14 / 2 / 3) ** 0.5)
    single = comparison.summarize([result("poe")])
    assert single["standard_error"].isna().all() and (single["n_runs"] == 1).all()


def test_beta_is_the_one_that_validates_best_whatever_the_test_says():
    runs = [
        result("poe", 0.5, 0, validation=0.2, accuracy=0.9),
        result("poe", 2.0, 0, validation=0.4),
        result("poe", 2.0, 1, validation=0.6),
        result("poe", 5.0, 0, validation=0.9),
        result("poe", 5.0, 1, reason="nan"),
        result("mwb", 3.0, validation=0.1),
        result("moe", reason="nan"),
    ]
    assert comparison.select_beta(runs) == {"poe": 2.0, "mwb": 3.0}
    assert [r.run for r in comparison.selected(runs)] == [runs[1].run, runs[2].run, runs[5].run]
    blind = [result("poe", beta)._replace(validation={}) for beta in (1.0, 2.0)]
    with pytest.raises(ComparisonError, match="no validation score"):
        comparison.select_beta(blind)
    assert comparison.select_beta(blind[:1]) == {"poe": 1.0}


def test_the_one_table_has_what_is_defined_and_nothing_else():
    row = comparison.headline([result("poe", seed=s, likelihood=-100 - s) for s in range(2)])["poe"]
    assert row["accuracy, one given"].value == 0.5
    assert row["accuracy, all given"].value == 0.7
    assert row["log p(x), nats"] == (-100.5, 0.5, 2)
    assert "joint coherence" not in row and "SSIM" not in row


def test_trade_off_curves_run_over_beta():
    runs = [
        result("poe", beta, seed, likelihood=-100 * beta - seed, coherence=0.1 * beta)
        for beta in (2.0, 0.5)
        for seed in range(2)
    ]
    x, y = comparison.TRADE_OFFS["coherence against log-likelihood"]
    first, second = comparison.trade_off(runs, x, y)["poe"]
    assert (first.beta, second.beta) == (0.5, 2.0)
    assert first.x == (-50.5, 0.5, 2)
    assert first.x.interval == (-50.5, -51.0, -50.0)
    assert second.y.value == pytest.approx(0.2)
    assert second.y.standard_error == pytest.approx(0)
    for name in comparison.TRADE_OFFS:
        drawn = set() if name.startswith("joint") else {"poe"}  # which these runs do not have
        assert set(comparison.trade_off(runs, *comparison.TRADE_OFFS[name])) == drawn


def test_scores_by_number_of_given_modalities():
    curves = comparison.by_number([result("poe")], "latent_accuracy")
    assert [mean.value for mean in curves["poe"]] == [0.5, 0.7]


def test_outcomes_compare_the_selected_betas_and_count_nothing_twice():
    runs = [
        result("poe", accuracy=0.1, likelihood=-90.0),
        result("mwb", 1.0, validation=0.1, accuracy=0.9),
        result("mwb", 2.0, validation=0.2, accuracy=0.3),
    ]
    found, better = comparison.outcomes(runs)
    assert found["latent_accuracy", "1", ""] == {"poe": 0.1, "mwb": 0.3}
    assert found["coherence_by_target", "1", "a"] == {"poe": 0.4, "mwb": 0.4}
    assert not any(key[0] == "coherence" for key in found)
    assert set(better.values()) == {1}
    counts = win_loss(found, better)["mwb", "poe"]
    assert counts == (2, 1, 2)  # accuracies; coherence is a tie; log p(x) under two proposals
    assert comparison.outcomes(runs[:1]) == ({}, {})


def test_tables_hold_the_same_numbers():
    runs = [result("poe", seed=s, accuracy=0.1 * s) for s in range(2)] + [
        result("mwb", 2.0, validation=0.2, accuracy=0.3),
        result("mwb", 1.0, validation=0.1),
        result("moe", reason="nan"),
    ]
    rows = list(csv.DictReader(io.StringIO(comparison.as_csv(runs))))
    found = {(r["model"], float(r["beta"])): r for r in rows if r["measure"] == "latent_accuracy"}
    assert found["poe", 1.0]["value"] == "0.25"
    assert found["poe", 1.0]["standard_error"] == "0.05"
    assert (found["mwb", 2.0]["selected"], found["mwb", 1.0]["selected"]) == ("1", "0")

    table = json.loads(comparison.as_json(runs, TINY))
    assert table["headline"]["poe"]["accuracy, one given"]["value"] == pytest.approx(0.05)
    assert table["selected_beta"] == {"poe": 1.0, "mwb": 2.0}
    assert table["failed"] == {"moe beta 1 seed 0": "nan"}
    assert table["average_rank"]["mwb"]["mean"] > table["average_rank"]["poe"]["mean"]

    latex = comparison.as_latex(runs)
    (line,) = (line for line in latex.splitlines() if line.startswith("Product"))
    assert r"Product & 2 & 1 & $0.050 \pm 0.050$" in line
    assert r"$\mathbf{0.300}$" in latex
