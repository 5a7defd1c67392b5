"""Datasets to run a test on: the embedded ones, and those whose files are at hand."""

import pytest

from explorer.datasets import DATASETS
from explorer.files.sources import is_at_hand, is_embedded

EMBEDDED = [name for name in DATASETS if is_embedded(name)]
EVERY = [
    name
    if name in EMBEDDED
    else pytest.param(
        name,
        marks=[
            pytest.mark.slow,
            pytest.mark.skipif(not is_at_hand(name), reason=f"the files of {name} are not here"),
        ],
    )
    for name in DATASETS
]
"""Parameters: every dataset, skipped where its files are missing."""
