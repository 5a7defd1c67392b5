"""The folder of a comparison in which nothing was run yet."""

import pytest

from explorer.results import comparison
from tests.results.comparison.tiny import TINY


@pytest.fixture
def folder(tmp_path):
    found = comparison.comparison_directory("digits_photo_text", root=tmp_path)
    comparison.open_comparison(found, TINY)
    return found
