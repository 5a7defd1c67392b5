"""A visitor's cats, and what writes them into a folder."""

import pytest

from tests.datasets.own.folder import cats, write_arrays, write_sheet


@pytest.fixture
def arrays():
    return cats()


@pytest.fixture
def write(tmp_path):
    return lambda arrays, changes=(), name="cats": write_arrays(tmp_path / name, arrays, changes)


@pytest.fixture
def write_csv(tmp_path):
    return lambda lines, description: write_sheet(tmp_path / "cats", lines, description)
