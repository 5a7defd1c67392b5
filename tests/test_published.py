"""Printed numbers: as many as columns say, and sums that can be checked are."""

import pytest

from explorer.models import MODELS
from explorer.published import PUBLISHED
from explorer.scores import MEASURES

TABLES = pytest.mark.parametrize("table", PUBLISHED.values(), ids=list(PUBLISHED))


def value(text):
    return float(text.split("±")[0])


@TABLES
def test_rows_fill_their_columns_and_name_their_source(table):
    for model, source, numbers in table.rows:
        assert model in MODELS
        assert source
        assert len(numbers.split()) == len(table.columns)
        assert all(0 <= value(n) <= 1 for n in numbers.split() if n != "-")
    assert table.caveats
    assert len(table.ours) in (0, len(table.columns))
    assert {measure for measure, _ in table.ours} <= set(MEASURES)


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
}


@pytest.mark.parametrize(("key", "model"), MEANS)
def test_means_of_rows_are_the_printed_means(key, model):
    numbers = next(numbers for m, _, numbers in PUBLISHED[key].rows if m == model).split()
    if key == "mst_coherence":
        numbers = numbers[:-1]  # joint coherence is not in the mean
    mean = sum(map(value, numbers)) / len(numbers)
    assert mean == pytest.approx(MEANS[key, model], abs=0.0051)
