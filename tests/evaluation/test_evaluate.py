"""scores.json: every figure follows from the shipped weights; errors are one sentence."""

import json
import re
import sys
from functools import partial

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

from explorer.__main__ import ALLOCATOR, app, main
from explorer.checkpoints import PRETRAINED, list_pretrained, load_pretrained, read_scores
from explorer.datasets import load_dataset
from explorer.evaluation import evaluate, origin, weights_sha256, write_scores
from explorer.evaluation.classifiers import Classifiers, load_classifiers
from explorer.evaluation.figures import finite
from explorer.models import build_model
from explorer.results.scores import Evaluation, headline, tidy
from tests.datasets.every_dataset import EMBEDDED

SIZES = {
    "n_train": 60,
    "n_few": 30,
    "n_test": 40,
    "n_prior": 20,
    "n_likelihood": 5,
    "n_draws": 6,
    "n_images": 10,
    "n_translation": 8,
    "n_diversity": 4,
    "n_frechet": 20,
}
SHIPPED = {model: folder for _, model, folder in list_pretrained("polydigits", PRETRAINED)}
SUBSET = ["m1", "m3"]


@pytest.fixture(scope="module")
def data():
    return load_dataset("polydigits")


@pytest.fixture(scope="module")
def judges():
    return load_classifiers("polydigits", PRETRAINED)


def untrained(data, name):
    torch.manual_seed(0)
    return build_model(name, data.modalities, latent_dim=8).eval()


@pytest.fixture(scope="module")
def run(data, judges):
    """Scores of an untrained model, the images each encoder read, and the progress told."""
    model = untrained(data, "mwb")
    rows, told = dict.fromkeys(model.names, 0), {}

    def count(name):
        def hook(module, inputs):
            rows[name] += len(inputs[0])

        return hook

    for name, encoder in model.encoders.items():
        encoder.register_forward_pre_hook(count(name))
    scores = evaluate(model, data, judges, on_step=told.__setitem__, **SIZES)
    return scores, rows, told


@pytest.fixture(scope="module")
def scores(run):
    return run[0]


def figures(tree):
    """Every ``{"mean": number, ...}`` of a tree of scores."""
    if isinstance(tree, dict):
        if isinstance(tree.get("mean"), float):
            yield tree
        for branch in tree.values():
            yield from figures(branch)


# ------------------------------------------------------------------------ how they are computed


def test_every_figure_is_a_number_with_an_error(scores):
    every = list(figures(scores))
    shared = 2 * (31 + 5) + (4 + 5 * 4 + 5 + 31 * 5 + 1) + (2 * 6 + 3) + 6 * 3
    judged, log_likelihoods, alone, sampled = 4 + 1, 5, 5 * 3, 3
    expected = shared + 5 * 3 + 2 * 5 + judged + log_likelihoods + alone + sampled
    assert len(every) == expected
    assert all(abs(f["mean"]) < 1e9 and 0 <= f["standard_error"] < 1e9 for f in every)
    assert all(0 <= f["mean"] <= 1 for part in list(scores)[:2] for f in figures(scores[part]))


def test_the_same_seed_gives_the_same_scores(scores, data, judges):
    assert evaluate(untrained(data, "mwb"), data, judges, **SIZES) == scores


def test_modalities_are_encoded_once_and_not_once_per_subset(run):
    _, rows, _ = run
    # for the likelihood every subset, twice, the mixture that is trained and, for the ELBO, the
    # objective
    once = SIZES["n_train"] + SIZES["n_test"] + 4 * SIZES["n_likelihood"]
    assert rows == dict.fromkeys(rows, once)


def test_progress_is_told_for_every_part(run):
    _, _, told = run
    parts = ["encoding", "latent accuracy", "coherence", "likelihood", "reconstruction"]
    parts += ["self reconstruction", "translation", "diversity", "sampling", "geometry"]
    assert list(told) == parts
    assert [told[name] for name in parts[1:]] == pytest.approx([1] * 9)


@pytest.mark.parametrize("split", ["train", "test"])
def test_too_small_a_split_is_refused_before_any_work(split, judges):
    small = load_dataset("polydigits", **{f"n_{split}": 15})
    with pytest.raises(ValueError, match=f"needs .* {split} tuples, 'polydigits' has 15"):
        evaluate(untrained(small, "mwb"), small, judges, **SIZES)


def test_scores_are_written_whole_and_read_back(scores, tmp_path):
    write_scores(scores, tmp_path)
    assert read_scores(tmp_path) == json.loads(json.dumps(scores))
    assert [p.name for p in tmp_path.iterdir()] == ["scores.json"]
    lines = (tmp_path / "scores.json").read_text().splitlines()
    figures = [line for line in lines if '"how": ' not in line]
    assert len(lines) < 700 and all(len(line) < 400 for line in figures)


def test_only_what_is_asked_for_is_computed(scores, data, judges):
    some = evaluate(untrained(data, "mwb"), data, judges, only=["coherence", "geometry"], **SIZES)
    assert some == {key: scores[key] for key in ("coherence", "geometry")}
    with pytest.raises(ValueError, match=r"sections are latent_accuracy, .*; got beauty"):
        evaluate(untrained(data, "mwb"), data, judges, only=["beauty"], **SIZES)
    with pytest.raises(ValueError, match=r"sizes are n_train, .*; got n_tests"):
        evaluate(untrained(data, "mwb"), data, judges, n_tests=3)
    with pytest.raises(ValueError, match="at least 1, got n_draws=0"):
        evaluate(untrained(data, "mwb"), data, judges, **SIZES | {"n_draws": 0})


def test_what_is_no_number_never_reaches_the_file(data, judges, tmp_path):
    one = evaluate(
        untrained(data, "mwb"), data, judges, only=["likelihood"], **SIZES | {"n_likelihood": 1}
    )
    assert one["likelihood"]["elbo"]["standard_error"] is None
    assert isinstance(one["likelihood"]["elbo"]["mean"], float)
    broken = {
        "likelihood": {"elbo": {"mean": float("nan"), "standard_error": 0.1}, "draws": 3},
        "geometry": {"gap": float("inf"), "test_tuples": 4},
    }
    assert finite(broken) == {
        "likelihood": {"elbo": {"absent": "no finite number came of it"}, "draws": 3},
        "geometry": {"test_tuples": 4},
    }
    with pytest.raises(ValueError, match="JSON"):
        write_scores(broken, tmp_path)
    assert not list(tmp_path.iterdir())


def test_each_judge_reads_the_same_draws(scores, data, judges):
    shapes = {m.name: m.shape for m in data.modalities}
    torch.manual_seed(0)
    other = Classifiers(shapes, 10, dict.fromkeys(shapes, 0.9), 0.8, judge="published")
    both = evaluate(
        untrained(data, "mwb"),
        data,
        judges,
        others={"published": other},
        only=["coherence"],
        **SIZES,
    )["coherence"]
    assert list(both["judges"]) == ["published", "ours"]
    assert both["judges"]["ours"] == scores["coherence"]["judges"]["ours"]
    assert both["judges"]["ours"]["joint"] == both["joint"] == scores["coherence"]["joint"]
    alone = evaluate(untrained(data, "mwb"), data, other, only=["coherence"], **SIZES)["coherence"]
    assert both["judges"]["published"]["conditional_by_size"] == alone["conditional_by_size"]
    assert both["judges"]["published"]["accuracy"] == 0.9


@pytest.fixture(scope="module", params=EMBEDDED)
def other(request):
    data = load_dataset(request.param)
    shapes = {m.name: m.shape for m in data.modalities}
    kinds = {m.name: m.kind for m in data.modalities}
    torch.manual_seed(0)
    ceiling = dict.fromkeys(shapes, 0.9)
    return data, Classifiers(shapes, len(data.classes), ceiling, 0.8, kinds)


@pytest.mark.parametrize("name", ["moe_dreg", "mopoe_style", "mmvamp", "nexus", "mac_wae"])
def test_every_kind_of_model_is_measured_on_every_embedded_dataset(name, other, tmp_path):
    """What is not defined for it says why; everything else is a number, and is read back."""
    data, judges = other
    model = untrained(data, name)
    scores = evaluate(model, data, judges, **SIZES)
    text = json.dumps(scores, allow_nan=False)
    assert json.loads(text) == scores
    absent = {
        "likelihood": not model.has_density,
        "joint": not model.has_prior,
        "frechet": not model.has_prior,
    }
    found = {
        "likelihood": "absent" in scores["likelihood"],
        "joint": "absent" in scores["coherence"]["joint"],
        "frechet": "absent" in scores["diversity"]["classifier_frechet_distance"],
    }
    assert found == absent
    assert set(scores["translation"]) == {"how", "test_tuples", *model.names}
    rows = tidy([Evaluation(name, scores, {})])
    measured = set(rows["measure"])
    assert ("log_likelihood" in measured) == model.has_density
    assert ("joint_coherence" in measured) == ("frechet" in measured) == model.has_prior
    assert {"latent_accuracy", "coherence", "diversity", "code_variance"} <= measured
    assert rows["standard_error"].notna().sum() == len(list(figures(scores)))
    assert {"accuracy, 1", "coherence, 1"} <= set(headline(rows, name))


# ------------------------------------------------------------------------ the shipped scores


@pytest.fixture(params=SHIPPED)
def shipped(request):
    scores = read_scores(SHIPPED[request.param])
    assert scores is not None, f"python -m explorer evaluate --model {request.param} has not run"
    return load_pretrained("polydigits", request.param, PRETRAINED), scores


@pytest.mark.parametrize("model", SHIPPED)
def test_shipped_scores_are_of_the_shipped_weights_and_judges(model, judges):
    scores = read_scores(SHIPPED[model])
    assert scores is not None, f"python -m explorer evaluate --model {model} has not run"
    assert (scores["dataset"], scores["model"]) == ("polydigits", model)
    assert scores["computed"]["weights_sha256"] == weights_sha256(SHIPPED[model])
    assert scores["coherence"]["ceiling"] == judges.ceiling
    assert scores["coherence"]["ceiling_agreement"] == judges.agreement
    assert set(origin(SHIPPED[model], 0, 1.0, 1.0)) == set(scores["computed"])


@pytest.mark.parametrize("model", SHIPPED)
def test_shipped_summaries_are_the_means_of_their_parts(model):
    scores = read_scores(SHIPPED[model])
    coherence = scores["coherence"]
    for size in range(1, 6):
        parts = {
            label: targets
            for label, targets in coherence["by_subset"].items()
            if label.count("+") == size - 1
        }
        missing = [f["mean"] for s, t in parts.items() for m, f in t.items() if m not in s]
        own = [f["mean"] for s, t in parts.items() for m, f in t.items() if m in s]
        latent = [
            f["mean"]
            for s, f in scores["latent_accuracy"]["by_subset"].items()
            if s.count("+") == size - 1
        ]
        summaries = [
            (coherence["conditional_by_size"], missing),
            (coherence["self_by_size"], own),
            (scores["latent_accuracy"]["by_size"], latent),
        ]
        for summary, means in summaries:
            if means:
                assert summary[str(size)]["mean"] == pytest.approx(
                    sum(means) / len(means), abs=2e-4
                )


def test_shipped_latent_accuracy_is_recomputed(shipped, data):
    """One subset, asked of the model by itself."""
    model, scores = shipped
    features, labels = [], []
    with torch.inference_mode():
        for split in (data.train, data.test):
            index = slice(0, 2000)
            posterior = model.subset_posterior(split[index], SUBSET)
            features.append(posterior.mean.numpy())
            labels.append(split.labels[index].numpy())
    scaler = StandardScaler().fit(features[0])
    probe = LogisticRegression(max_iter=1000).fit(scaler.transform(features[0]), labels[0])
    accuracy = probe.score(scaler.transform(features[1]), labels[1])
    recorded = scores["latent_accuracy"]["by_subset"]["+".join(SUBSET)]["mean"]
    assert recorded == pytest.approx(accuracy, abs=0.005)


def test_shipped_coherence_is_recomputed(shipped, data, judges):
    """One subset, generated by itself, with other draws of z: within four standard errors."""
    model, scores = shipped
    generator = torch.Generator().manual_seed(99)
    n = scores["coherence"]["test_tuples"]
    images = model.generate(data.test[slice(0, n)], SUBSET, 1, generator)
    calls = judges.predict({name: image[0] for name, image in images.items()})
    for name, recorded in scores["coherence"]["by_subset"]["+".join(SUBSET)].items():
        share = (calls[name] == data.test.labels[:n]).double().mean().item()
        error = max(recorded["standard_error"], 0.002)
        assert recorded["mean"] == pytest.approx(share, abs=4 * error * 2**0.5)


# ------------------------------------------------------------------------ the command


@pytest.fixture
def explorer(monkeypatch, capfd):
    """Run the command line to its end, in this process: exit code, output, errors."""
    for name, value in ALLOCATOR.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["explorer", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capfd.readouterr()

    return run


def test_the_command_writes_every_section_beside_the_checkpoint(data, tmp_path, monkeypatch):
    folder = tmp_path / "polydigits" / "poe"
    untrained(data, "poe").save_pretrained(folder)
    monkeypatch.setattr("explorer.evaluation.command.measure", partial(evaluate, **SIZES))
    few = ["--tuples", "40", "--draws", "12", "--likelihood-tuples", "5", "--every-subset"]
    answer = CliRunner().invoke(app, ["evaluate", "--root", str(tmp_path), *few])
    assert answer.exit_code == 0, answer.output
    scores = read_scores(folder)
    assert (scores["dataset"], scores["model"]) == ("polydigits", "poe")
    assert scores["computed"]["weights_sha256"] == weights_sha256(folder)
    assert scores["computed"]["cpu_seconds"] > 0
    assert scores["latent_accuracy"]["test_tuples"] == 40
    assert (scores["likelihood"]["draws"], scores["likelihood"]["test_tuples"]) == (12, 5)
    assert len(scores["likelihood"]["importance_weighted"]) == 31
    sections = {"latent_accuracy", "coherence", "likelihood", "reconstruction"}
    assert sections | {"translation", "diversity", "geometry"} < set(scores)
    # what was computed is what is listed
    assert f"{scores['coherence']['conditional_by_size']['1']['mean']:.3f}" in answer.output


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        (["evaluate", "--tuples", "-5"], "greater than or equal to 2"),
        (["evaluate", "--draws", "-1"], "greater than or equal to 1"),
        (["evaluate", "--likelihood-tuples", "0"], "greater than or equal to 1"),
        (["embed", "--seeds", "0"], "greater than or equal to 1"),
        (["embed", "--tuples", "-1"], "greater than or equal to 1"),
        (["classifiers", "--epochs", "-1"], "greater than or equal to 0.001"),
        (["classifiers", "--epochs", "inf"], "less than or equal to 10000"),
        (["compare", "--seeds", "0"], "greater than or equal to 1"),
        (["compare", "--test-tuples", "1"], "greater than or equal to 2"),
    ],
)
def test_a_number_out_of_its_range_is_told_before_anything_starts(words, limit, tmp_path):
    answer = CliRunner().invoke(app, [*words, "--root", str(tmp_path)], env={"COLUMNS": "200"})
    assert answer.exit_code == 2
    assert limit in answer.output and words[1] in answer.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damaged", [False, True])
def test_a_missing_or_broken_checkpoint_ends_in_one_sentence(damaged, explorer, tmp_path):
    if damaged:
        folder = tmp_path / "polydigits" / "mwb"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{")
        (folder / "model.safetensors").write_bytes(b"nothing")
    code, output, errors = explorer("evaluate", "--model", "mwb", "--root", str(tmp_path))
    assert code == 1
    assert errors.startswith("error: ")
    assert "Traceback" not in output + errors
    assert "train" in errors
    assert not list(tmp_path.rglob("scores.json"))


def test_evaluating_everything_where_there_is_nothing_is_an_error(explorer, tmp_path):
    code, _, errors = explorer("evaluate", "--root", str(tmp_path))
    assert code == 1 and "no checkpoint" in errors
    assert "Traceback" not in errors


def test_the_list_of_checkpoints_shows_budgets_and_scores(explorer):
    code, output, errors = explorer("pretrained", "list")
    assert code == 0, errors
    tables = re.split(r"^ +(\w+) +$", output, flags=re.MULTILINE)
    rows = {
        (dataset, words[0]): words
        for dataset, table in zip(tables[1::2], tables[2::2], strict=True)
        for words in map(str.split, table.splitlines())
        if words
    }
    for dataset, model, folder in list_pretrained(root=PRETRAINED):
        scores, config = read_scores(folder), json.loads((folder / "config.json").read_text())
        assert str(config["provenance"]["core_minutes"]) in rows[dataset, model]
        if "absent" not in scores["coherence"]:
            one = scores["coherence"]["conditional_by_size"]["1"]["mean"]
            assert f"{one:.3f}" in rows[dataset, model]
