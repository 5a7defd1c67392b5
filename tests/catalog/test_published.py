"""Printed numbers: as many as columns say, and sums that can be checked are."""

from math import isfinite, log

import pytest

from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published import PUBLISHED
from explorer.catalog.published.translation import BETTER, OUTCOMES
from explorer.results.scores import MEASURES, read_evaluations, tidy

TABLES = pytest.mark.parametrize("table", PUBLISHED.values(), ids=list(PUBLISHED))


SHARES = [key for key in PUBLISHED if key.endswith(("coherence", "accuracy", "precision"))]


def value(text):
    return float(text.split("±")[0])


@TABLES
def test_rows_fill_their_columns_and_name_their_source(table):
    for model, source, numbers in table.rows:
        assert model in MODEL_LABELS
        assert source
        assert len(numbers.split()) == len(table.columns)
        assert all(isfinite(value(n)) for n in numbers.split() if n != "-")
    assert table.caveats
    for cells in table.ours.values():
        assert len(cells) == len(table.columns)
        assert {measure for measure, _, _ in cells} <= set(MEASURES)


@pytest.mark.parametrize("key", SHARES)
def test_shares_are_between_nothing_and_all(key):
    for _, _, numbers in PUBLISHED[key].rows:
        assert all(0 <= value(n) <= 1 for n in numbers.split() if n != "-")


@TABLES
def test_no_published_table_is_about_our_data(table):
    assert table.dataset.lower() != "polydigits"


MEANS = {
    ("mst_latent_accuracy", "poe"): 0.83,
    ("mst_latent_accuracy", "moe"): 0.89,
    ("mst_latent_accuracy", "mopoe"): 0.95,
    ("mst_latent_accuracy", "wb"): 0.89,
    ("mst_latent_accuracy", "mwb"): 0.97,
    ("mst_coherence", "poe"): 0.33,
    ("mst_coherence", "moe"): 0.68,
    ("mst_coherence", "mopoe"): 0.71,
    ("mst_coherence", "wb"): 0.41,
    ("mst_coherence", "mwb"): 0.75,
    ("celeba_average_precision", "poe"): 0.30,
    ("celeba_average_precision", "moe"): 0.33,
    ("celeba_average_precision", "mopoe"): 0.35,
    ("celeba_average_precision", "wb"): 0.36,
    ("celeba_average_precision", "mwb"): 0.40,
}


@pytest.mark.parametrize(("key", "model"), MEANS)
def test_means_of_rows_are_the_printed_means(key, model):
    numbers = next(numbers for m, _, numbers in PUBLISHED[key].rows if m == model).split()
    if key == "mst_coherence":
        numbers = numbers[:-1]  # joint coherence is not in the mean
    mean = sum(map(value, numbers)) / len(numbers)
    assert mean == pytest.approx(MEANS[key, model], abs=0.0051)


def test_what_is_printed_as_log_likelihood_is_never_without_its_fault():
    for key, table in PUBLISHED.items():
        if "log-likelihood" in table.measure:
            assert "not estimates of log p(x)" in table.caveats[0], key


def test_the_ceiling_of_the_printed_log_likelihoods_is_that_of_the_likelihood():
    """Laplace of scale .75 on MNIST and SVHN: log density at most -log 1.5 a pixel; text: 0."""
    ceiling = -(28 * 28 + 3 * 32 * 32) * log(1.5)
    assert ceiling == pytest.approx(-1563, abs=0.5)
    for _, _, numbers in PUBLISHED["mst_log_likelihood"].rows:
        assert all(value(n) < ceiling for n in numbers.split())


def test_the_mac_wae_study_is_42_outcomes_of_7_models():
    assert len(OUTCOMES) == len(BETTER) == 42
    assert {task: sum(key[0] == task for key in OUTCOMES) for task, *_ in OUTCOMES} == {
        "reconstruction": 14,
        "many to one": 14,
        "one to one": 14,
    }
    for (_, dataset, modality), values in OUTCOMES.items():
        assert len(values) == (6 if dataset == "CelebA" else 7), modality
    assert {modality for (_, _, modality), better in BETTER.items() if better == -1} == {
        "trajectory",
        "audio",
    }


@pytest.mark.parametrize("task", ["reconstruction", "many to one", "one to one"])
def test_tables_of_the_study_show_its_outcomes(task):
    table = PUBLISHED[f"mac_wae_{task.replace(' ', '_')}"]
    outcomes = [values for (t, _, _), values in OUTCOMES.items() if t == task]
    for model, _, numbers in table.rows:
        shown = [None if n == "-" else float(n) for n in numbers.split()]
        assert shown == [values.get(model) for values in outcomes]


@pytest.mark.parametrize("dataset", ["digits_photo_text", "polydigits"])
def test_our_figures_stand_in_the_columns_of_the_printed_tables(dataset):
    table = tidy(e for e in read_evaluations(dataset) if e.model == "mopoe")
    figures = set(table[["measure", "given", "target"]].itertuples(index=False, name=None))
    tables = [table for table in PUBLISHED.values() if dataset in table.ours]
    assert tables
    for table in tables:
        assert figures.issuperset(table.ours[dataset])
