"""What is said of every mistake in a visitor's folder."""

import numpy as np
import pytest

from explorer.datasets import DATASETS, load_dataset
from explorer.datasets.own.build import RESERVED, check, own
from explorer.files.sources.directory import DataError
from tests.datasets.own.folder import SHEET, N, sheet


def test_a_broken_folder_says_its_first_mistake_and_where_the_others_are(write, arrays):
    folder = write(arrays, {"titel": "Cats", "modalities/size/kind": "number"})
    with pytest.raises(DataError, match=r"kind must be one of.*and 1 more.*data check") as error:
        own(folder)
    assert str(folder) in str(error.value)


MISTAKES = {
    "an unknown key": ({"titel": "x"}, {}, ["unknown key 'titel'; did you mean 'title'?"]),
    "an unknown key of a modality": (
        {"modalities/size/knd": "vector"},
        {},
        ["modality 'size': unknown key 'knd'"],
    ),
    "an unknown kind": (
        {"modalities/size/kind": "number"},
        {},
        ["kind must be one of image, vector"],
    ),
    "an unknown likelihood": (
        {"modalities/size/likelihood": "gauss"},
        {},
        ["likelihood must be one of laplace"],
    ),
    "an unknown network": (
        {"modalities/size/network": "conv"},
        {},
        ["network must be one of patch"],
    ),
    "a network of another size": (
        {"modalities/picture/network": "patch"},
        {},
        ["needs images of shape"],
    ),
    "a likelihood that does not fit": (
        {"modalities/size/likelihood": "categorical"},
        {},
        ["does not fit kind 'vector'"],
    ),
    "numbers that the likelihood cannot have": (
        {"modalities/size/likelihood": "bernoulli"},
        {},
        ["needs numbers in [0, 1]"],
    ),
    "a weight of nothing": ({"modalities/size/weight": 0}, {}, ["weight must be a number above 0"]),
    "no modalities": ({"modalities": None}, {}, ["modalities is missing"]),
    "no label": ({"label": None}, {}, ["label is missing"]),
    "no classes": ({"label/classes": None}, {}, ["label: classes is missing"]),
    "one class": ({"label/classes": ["tame"]}, {}, ["two to 255 classes"]),
    "parts of another number": (
        {"modalities/size/parts": ["a"]},
        {},
        ["must name its 3 numbers, got 1"],
    ),
    "a shape of another size": (
        {"modalities/size/shape": [4]},
        {},
        ["shape [4] has 4 numbers a row, its data have 3"],
    ),
    "columns of arrays": (
        {"modalities/size/columns": ["a"]},
        {},
        ["has no columns; say array instead"],
    ),
    "an array that is missing": (
        {"modalities/tail": {}},
        {},
        ["modality 'tail': 'tail' is not there; data.npz has size"],
    ),
    "arrays of other lengths": (
        {},
        {"size": np.ones((N - 1, 3))},
        ["as many rows each; size has 39, picture has 40"],
    ),
    "no rows": (
        {"modalities": {"size": {}}},
        {"size": np.ones((0, 3)), "label": np.ones(0, int)},
        ["data.npz has no rows"],
    ),
    "NaN where no gap was declared": (
        {},
        {"size": np.where(np.arange(3 * N).reshape(N, 3) == 16, np.nan, 1.0)},
        ["modality 'size': empty cells (NaN) in row 5, first in number 1", "gaps: whole"],
    ),
    "infinite numbers": (
        {},
        {"size": np.where(np.arange(3 * N).reshape(N, 3) == 7, np.inf, 1.0)},
        ["must be finite, got inf (number 1) in row 2"],
    ),
    "a row without anything": (
        {"gaps": "whole", "modalities": {"size": {}}},
        {"size": np.where(np.arange(N)[:, None] == 3, np.nan, np.ones((N, 3)))},
        ["a row must have a modality; none is in row 3"],
    ),
    "a mask of another shape": (
        {},
        {"observed": np.ones((N, 2), bool)},
        ["(N, 3); got (40, 2) of type bool"],
    ),
    "text where numbers belong": (
        {"modalities/size/array": "word"},
        {},
        ["is made of numbers, its data are of type"],
    ),
    "Python objects": (
        {},
        {"size": np.array([None] * N, dtype=object)},
        ["array 'size' cannot be read"],
    ),
    "pictures in whole numbers that are no bytes": (
        {},
        {"picture": np.ones((N, 8, 10), np.int64)},
        ["whole numbers from 1 to 1; say maximum: 1"],
    ),
    "pictures outside [0, 1]": (
        {},
        {"picture": np.full((N, 8, 10), 1.5)},
        ["numbers of kind 'image' must be in [0, 1]", "got 1.5", "row 0, row 1, row 2 and 37 more"],
    ),
    "pictures of two channels": (
        {},
        {"picture": np.ones((N, 2, 8, 10))},
        ["must be (N, height, width)"],
    ),
    "pictures that are too small": (
        {},
        {"picture": np.ones((N, 6, 10))},
        ["7 pixels a side or more"],
    ),
    "counts that are none": (
        {"modalities/size/kind": "spikes"},
        {},
        ["must be whole and not negative"],
    ),
    "symbols that are not in the alphabet": (
        {"modalities/word/symbols": " act"},
        {},
        ["must be written in its symbols ' act', got 'egir' in row 1, row 3, row 5"],
    ),
    "an alphabet without a blank": (
        {"modalities/word/symbols": "acteigr"},
        {},
        ["symbols must hold a blank"],
    ),
    "texts that are too long": (
        {"modalities/word/length": 3},
        {},
        ["at most 3 characters; longer in row 1"],
    ),
    "an unknown class": (
        {},
        {"label": np.where(np.arange(N) == 4, 2, 0)},
        ["classes are tame, wild; got '2' in row"],
    ),
    "a row without a class": (
        {},
        {"label": np.where(np.arange(N) == 4, "", "tame")},
        ["label: every row must have one"],
    ),
    "an empty split": (
        {"split": {"by": "part"}},
        {"part": np.full(N, "train")},
        ["there are no test rows"],
    ),
    "a class with no test row": (
        {"split": {"by": "part"}},
        {"part": np.where(np.arange(N) == 0, "test", "train")},
        ["no test row is of class wild"],
    ),
    "a class with a single row": (
        {},
        {"label": (np.arange(N) == 3).astype(int)},
        ["class wild has a single row"],
    ),
    "a split that is neither": (
        {"split": {"by": "part"}},
        {"part": np.full(N, "validation")},
        ["'part' must say train or test in every row, got 'validation' in row 0"],
    ),
    "a group in both splits": (
        {"split": {"by": "part", "group": "animal"}},
        {"part": np.where(np.arange(N) % 4 < 2, "test", "train"), "animal": np.arange(N) // 4},
        ["rows of one 'animal' are in both splits, first '0'"],
    ),
    "everything for testing": (
        {"split/test": 1.5},
        {},
        ["test must be a number above 0 and below"],
    ),
    "a modality that is no identifier": (
        {"modalities/the size": {"array": "size"}},
        {},
        ["modality 'the size': a name must be"],
    ),
    "a modality of a name that is taken": (
        {"modalities/observed": {"array": "size"}},
        {},
        ["use themselves"],
    ),
    "a modality of a name that networks use": (
        {"modalities/forward": {"array": "size"}},
        {},
        ["use themselves"],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_explained(case, write, arrays):
    changes, others, expected = MISTAKES[case]
    found = check(write(arrays | others, changes))
    assert found.dataset is None
    told = " | ".join(found.mistakes)
    assert [part for part in expected if part not in told] == [], told


def test_mistakes_are_told_all_at_once(write, arrays):
    cases = (
        "an unknown key",
        "a weight of nothing",
        "pictures outside [0, 1]",
        "an unknown class",
        "symbols that are not in the alphabet",
    )
    changes = {key: value for case in cases for key, value in MISTAKES[case][0].items()}
    others = {key: value for case in cases for key, value in MISTAKES[case][1].items()}
    found = check(write(arrays | others, changes))
    assert len(found.mistakes) == len(cases), found.mistakes


def test_a_text_in_a_column_of_numbers_is_named_by_column_and_line(write_csv):
    rows = sheet({3: "190,heavy,long,wild", 4: "x,4,grey,tame"})
    told = check(write_csv(rows, SHEET)).mistakes
    assert told == [
        "modality 'size': column 'size_length' must hold numbers, got 'x' in line 6",
        "modality 'size': column 'size_weight' must hold numbers, got 'heavy' in line 5",
    ]


def test_an_empty_cell_is_named_by_column_and_line(write_csv):
    rows = sheet({3: "190,,long,wild"})
    described = SHEET | {"modalities": {"size": {}}}
    told = check(write_csv(rows, described)).mistakes
    assert told[0].startswith(
        "modality 'size': empty cells (NaN) in line 5, first in column 'size_weight'"
    )


def test_a_column_that_is_missing_or_there_twice_is_named(write_csv):
    described = SHEET | {"modalities": {"tail": {}, "fur": {"kind": "text", "columns": ["f"]}}}
    told = " | ".join(check(write_csv(sheet(), described)).mistakes)
    assert "modality 'tail': no column is called tail_*" in told
    assert "'f' is not there" in told
    twice = ["fur,size_weight,fur,kind", *sheet()[1:]]
    assert "more than one is fur" in check(write_csv(twice, SHEET)).mistakes[0]


@pytest.mark.parametrize("name", ["my cats", "1cats", "katze-2", *RESERVED, "polydigits"])
def test_a_name_must_be_one_that_can_be_used(name, write, arrays):
    found = check(write(arrays, name=name), DATASETS)
    assert len(found.mistakes) == 1 and repr(name) in found.mistakes[0]


def test_a_built_in_dataset_cannot_be_replaced(write, arrays):
    folder = write(arrays, name="polydigits")
    with pytest.raises(DataError, match="a name that the explorer uses"):
        load_dataset(str(folder))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title: [", "cannot be read"),
        ("title: a\ntitle: b", "'title' is there twice"),
        ("- 1", "must be a table of keys and values"),
        ("!!python/object/apply:os.system ['true']", "cannot be read"),
        ("", "must be a table of keys and values, got None"),
    ],
)
def test_a_description_that_is_none_is_explained(text, expected, write, arrays):
    folder = write(arrays)
    (folder / "dataset.yaml").write_text(text)
    assert expected in check(folder).mistakes[0]


def test_a_table_that_is_missing_damaged_or_there_twice_is_explained(write, arrays):
    folder = write(arrays)
    whole = (folder / "data.npz").read_bytes()
    (folder / "data.csv").write_text("a\n1\n")
    assert "got data.npz and data.csv" in check(folder).mistakes[0]
    (folder / "data.csv").unlink()
    (folder / "data.npz").write_bytes(whole[: len(whole) // 2])
    assert "data.npz cannot be read" in check(folder).mistakes[0]
    (folder / "data.npz").unlink()
    assert "there is none" in check(folder).mistakes[0]
    (folder / "dataset.yaml").unlink()
    assert "there is no dataset.yaml or dataset.json" in check(folder).mistakes[0]
