"""Tables of scores: every figure is there, once, with its noise, and damage is told."""

import csv
import io
import json
import math
import random
import shutil

import numpy as np
import pytest

from explorer.catalog.looks import LABELS
from explorer.checkpoints import PRETRAINED, list_pretrained
from explorer.models import MODELS
from explorer.results.scores import (
    MEASURES,
    Score,
    absences,
    as_csv,
    as_json,
    as_latex,
    columns,
    difference,
    headline,
    is_clear,
    leaders,
    read_evaluations,
    select,
    tidy,
)

LAST = list(MODELS)[-1]


def score(value, error, model="poe", measure="coherence"):
    return Score(model, measure, "1", "", value, error, 100)


@pytest.fixture
def evaluations(scored):
    return read_evaluations("polydigits", scored)


def n_figures(tree):
    if not isinstance(tree, dict):
        return 0
    return ("standard_error" in tree) + sum(map(n_figures, tree.values()))


def test_every_figure_of_the_file_is_one_row(evaluations):
    for evaluation in evaluations[:-1]:
        table = tidy([evaluation])
        assert table["standard_error"].notna().sum() == n_figures(evaluation.scores)
        assert not table.duplicated(["model", "measure", "given", "target"]).any()


def test_a_row_says_what_the_file_says(evaluations):
    moe = next(e for e in evaluations if e.model == "moe")
    rows = tidy([moe])
    figure = moe.scores["coherence"]["by_subset"]["m0+m2"]["m3"]
    row = next(r for r in select(rows, "coherence_by_subset", given="m0+m2")["moe"] if r[3] == "m3")
    assert (row.value, row.standard_error, row.n) == (*figure.values(), 40)
    draws = select(rows, "effective_draws", given="m0")["moe"][0]
    figure = moe.scores["likelihood"]["importance_weighted"]["m0"]
    assert (draws.value, draws.standard_error, draws.n) == (figure["effective_draws"], None, 3)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    draws = np.random.default_rng(0).binomial(1, 0.9, (2000, 400))
    errors = draws.std(1, ddof=1) / math.sqrt(400)
    ends = [score(*pair).interval for pair in zip(draws.mean(1), errors, strict=True)]
    covered = np.mean([low <= 0.9 <= high for _, low, high in ends])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_equal_models_seldom_differ_clearly():
    rng = np.random.default_rng(1)
    pairs = 0.9 + 0.01 * rng.standard_normal((2000, 2))
    clear = np.mean([is_clear(score(a, 0.01), score(b, 0.01)) for a, b in pairs])
    assert clear == pytest.approx(0.05, abs=0.015)


def test_a_difference_adds_errors_as_a_right_angle_adds_sides():
    gap, low, high = difference(score(0.9, 0.03), score(0.8, 0.04))
    assert gap == pytest.approx(0.1)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.05, rel=1e-4)
    assert not is_clear(score(0.9, 0.03), score(0.81, 0.04))
    assert is_clear(score(0.9, 0.03), score(0.78, 0.04))


def test_leaders_are_the_best_and_those_not_clearly_worse():
    column = [score(0.9, 0.01, "poe"), score(0.89, 0.01, "wb"), score(0.8, 0.01, "moe")]
    assert leaders(column) == {"poe", "wb"}
    errors = [s._replace(measure="absolute_error") for s in column]
    assert leaders(errors) == {"moe"}
    kl = [s._replace(measure="elbo_kl") for s in column]
    assert leaders(kl) == set()


def test_the_headline_takes_the_tightest_bound_and_its_own_effective_draws(evaluations):
    row = headline(tidy(evaluations), "mopoe")
    weighted = evaluations[list(MODELS).index("mopoe")].scores["likelihood"]["importance_weighted"]
    best = max(weighted.values(), key=lambda figure: figure["mean"])
    assert row["log p(x)"].value == best["mean"]
    assert row["draws"].value == best["effective_draws"]
    assert [name for name in row if "," in name] == [
        "accuracy, 1",
        "accuracy, 5",
        "coherence, 1",
        "coherence, 4",
    ]


def test_downloads_hold_every_figure(evaluations):
    rows = tidy(evaluations)
    table = list(csv.DictReader(io.StringIO(as_csv(rows, evaluations))))
    assert len(table) == len(rows)
    first = next(iter(select(rows, "latent_accuracy").values()))[0]
    assert float(table[0]["low"]) == pytest.approx(first.interval[1], rel=1e-4)
    assert {row["training_commit"] for row in table} == {"abc1234"}
    assert {row["training_seed"] for row in table} == {"3"}
    assert all(row["cpu"] and row["torch"] for row in table)
    files = {e.model: e.scores for e in evaluations}
    assert json.loads(as_json(evaluations))["moe"]["scores"] == files["moe"]


def test_the_latex_table_has_a_row_a_model_and_closes_what_it_opens(evaluations):
    text = as_latex(tidy(evaluations))
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert body.count(r"\\") == len(MODELS) - 1
    assert {line.count("&") for line in body.strip().splitlines()} == {8}
    assert text.count("{") == text.count("}")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1


def test_a_model_without_checkpoint_or_scores_says_what_to_run(scored, tmp_path):
    shutil.copytree(scored / "polydigits", tmp_path / "polydigits")
    (tmp_path / "polydigits" / "poe" / "scores.json").unlink()
    found = {e.model: e for e in read_evaluations("polydigits", tmp_path)}
    assert found[LAST].problem == "not trained yet"
    assert found[LAST].remedy.startswith(
        f"python -m explorer train --dataset polydigits --model {LAST}"
    )
    assert found["poe"].problem == "not evaluated yet"
    assert found["poe"].remedy == "python -m explorer evaluate --dataset polydigits --model poe"
    assert set(tidy(found.values())["model"]) == set(MODELS) - {LAST, "poe"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [('{"coherence": {', "damaged"), ("{}", "another version"), ("[1]", "another version")],
)
def test_broken_scores_break_one_model_only(scored, tmp_path, content, reason):
    shutil.copytree(scored / "polydigits", tmp_path / "polydigits")
    (tmp_path / "polydigits" / "wb" / "scores.json").write_text(content)
    found = {e.model: e for e in read_evaluations("polydigits", tmp_path)}
    assert found["wb"].scores is None
    assert reason in found["wb"].problem
    assert found["wb"].remedy.startswith("python -m explorer evaluate")
    assert set(tidy(found.values())["model"]) == set(MODELS) - {LAST, "wb"}


def test_every_shipped_model_has_scores_this_version_reads():
    shipped = {model for _, model, _ in list_pretrained("polydigits", PRETRAINED)}
    found = {e.model: e.problem for e in read_evaluations("polydigits", PRETRAINED)}
    assert {model: found[model] for model in shipped} == dict.fromkeys(shipped, "")


def test_measures_have_different_names_and_a_direction():
    labels = [measure.label for measure in MEASURES.values()]
    assert len(set(labels)) == len(labels)
    assert {measure.better for measure in MEASURES.values()} == {-1, 0, 1}


# ---- what a model does not define


@pytest.fixture
def partial(evaluations):
    """Scores of two models of which one has no likelihood, no prior and no pictures."""
    kept = {e.model: e for e in evaluations}
    reason = {"absent": "for a reason"}
    scores = kept["wb"].scores
    lacking = scores | {
        "likelihood": reason,
        "coherence": scores["coherence"] | {"joint": reason},
        "reconstruction": {"m0": {"rmse": {"mean": 0.5, "standard_error": 0.1}}},
        "diversity": scores["diversity"] | {"classifier_frechet_distance": reason},
    }
    return [kept["wb"]._replace(scores=lacking), kept["poe"]]


def test_absent_measures_give_no_rows_and_others_stay(partial):
    rows = tidy(partial)
    own = set(rows[rows["model"] == "wb"]["measure"])
    gone = {"log_likelihood", "elbo", "joint_coherence", "ssim", "frechet", "published_statistic"}
    assert not gone & own
    assert {"latent_accuracy", "coherence", "rmse", "diversity", "gap"} <= own
    assert gone <= set(rows[rows["model"] == "poe"]["measure"])


def test_a_partial_headline_leaves_its_cells_empty(partial):
    rows = tidy(partial)
    lacking, full = (headline(rows, model) for model in ("wb", "poe"))
    assert list(full) == columns([lacking, full]) == columns([full, lacking])
    assert set(full) - set(lacking) == {"joint", "log p(x)", "draws", "SSIM"}
    body = as_latex(rows).split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    cells = {line.split(" & ")[0]: line.removesuffix(r" \\").split(" & ")[1:] for line in body}
    assert cells[LABELS["wb"]][4:] == ["--"] * 4
    assert "--" not in cells[LABELS["poe"]]
    assert len(list(csv.DictReader(io.StringIO(as_csv(rows, partial))))) == len(rows)
    assert leaders([]) == set()


def test_files_of_before_a_measure_was_added_are_read(scored, tmp_path):
    shutil.copytree(scored / "polydigits", tmp_path / "polydigits")
    path = tmp_path / "polydigits" / "wb" / "scores.json"
    scores = json.loads(path.read_text())
    for section in ("translation", "diversity", "geometry"):
        del scores[section]
    del scores["likelihood"]["published_statistic"]
    path.write_text(json.dumps(scores))
    found = {e.model: e for e in read_evaluations("polydigits", tmp_path)}
    assert found["wb"].problem == ""
    rows = tidy([found["wb"]])
    assert select(rows, "log_likelihood")["wb"] and not select(rows, "translation_ssim")


# ---- damage of any kind

JUNK = [None, True, 7, -1.5, "", "nan", [], [1], {}, {"mean": "x"}, {"absent": 3}, 10**400]


def places(tree, path=()):
    """The path to every value of a tree."""
    for key, branch in tree.items():
        yield (*path, key)
        if isinstance(branch, dict):
            yield from places(branch, (*path, key))


def damaged(tree, dice):
    """A copy in which something was dropped, replaced or renamed somewhere."""
    tree = json.loads(json.dumps(tree))
    *above, last = dice.choice(list(places(tree)))
    node = tree
    for key in above:
        node = node[key]
    value = node.pop(last)
    if dice.random() < 0.8:
        key = dice.choice([last, last, "how", "{given}", "mean"])
        node[key] = dice.choice([*JUNK, value, [value], {"a": value}])
    return tree


def test_whatever_happens_to_the_files_only_their_model_is_lost(scored, tmp_path):
    dice = random.Random(0)
    folder = tmp_path / "polydigits" / "wb"
    shutil.copytree(scored / "polydigits" / "wb", folder)
    files = {name: (folder / name).read_bytes() for name in ("scores.json", "config.json")}
    lost = 0
    for _ in range(150):
        name = dice.choice(list(files))
        raw = bytearray(files[name])
        if dice.random() < 0.25:
            start = dice.randrange(len(raw))
            raw[start : start + dice.randrange(1, 2000)] = dice.randbytes(dice.randrange(4))
        else:
            raw = json.dumps(damaged(json.loads(raw), dice)).encode()
        (folder / name).write_bytes(raw)
        found = {e.model: e for e in read_evaluations("polydigits", tmp_path)}["wb"]
        table = tidy([found])
        headline(table, "wb"), as_csv(table, [found]), absences(found)
        json.loads(as_json([found]))
        assert np.isfinite(table["value"]).all()
        assert (found.scores is None) == bool(found.problem) == table.empty
        assert not found.problem or found.remedy.startswith("python -m explorer ")
        lost += bool(found.problem)
        (folder / name).write_bytes(files[name])
    assert 10 < lost < 140  # much is beside the figures, and harmless
