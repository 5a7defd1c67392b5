"""Tables as people have them: each test is a trouble that somebody had, told or handled."""

import io
import random
import time
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from explorer.datasets.own.build import check, own
from explorer.datasets.own.columns import in_order
from explorer.datasets.rows import scaling
from explorer.files.own.limits import VARIABLE
from tests.datasets.own.folder import N, write_sheet

LABEL = {"column": "kind", "classes": ["neg", "pos"]}


def lines(columns, n=20):
    """A sheet of ``n`` rows: a column is what it holds in row k."""
    columns = {"a_1": lambda k: k % 7, "a_2": lambda k: k % 5, **columns}
    columns.setdefault("kind", lambda k: ("neg", "pos")[k % 2])
    rows = [",".join(str(cell(k)) for cell in columns.values()) for k in range(n)]
    return [",".join(columns), *rows]


@pytest.fixture
def found(tmp_path):
    """What is found in a folder with a sheet of these columns."""

    def found(columns=(), n=20, **description):
        described = {"modalities": {"a": {}}, "label": LABEL} | description
        return check(write_sheet(tmp_path / "table", lines(dict(columns), n), described))

    return found


def parquet(folder, columns, **description):
    described = {"modalities": {"a": {}}, "label": LABEL} | description
    write_sheet(folder, [], described)
    (folder / "data.csv").unlink()
    kind = ["neg", "pos"] * (len(columns["a"]) // 2)
    pq.write_table(pa.table({"kind": kind} | columns), folder / "data.parquet")
    return check(folder)


def column(data, place):
    """A column of modality a, as models see it: of training rows and of test rows."""
    return data.train[:]["a"][:, place], data.test[:]["a"][:, place]


@pytest.mark.parametrize("value", [14.62, 1e9 + 0.1, -3e-300, 0.1 + 0.2, 0])
def test_a_column_that_is_constant_in_training_becomes_zero_and_stays_small(value, found):
    part = lambda k: ("train", "test")[k >= 16]
    columns = {"a_3": lambda k: value if k < 18 else value + 0.38, "part": part}
    data = found(columns, split={"by": "part"}).dataset
    train, test = column(data, 2)
    assert train.unique().tolist() == [0] and test.max().item() == pytest.approx(0.38, abs=1e-6)


@pytest.mark.parametrize("scale", [1e24, 1e200, 1e308, 1e-250])
@pytest.mark.parametrize("offset", [0, 1])
def test_numbers_of_any_size_are_standardised(scale, offset, found):
    data = found({"a_3": lambda k: scale * (offset + 0.01 * k)}).dataset
    train, _ = column(data, 2)
    assert train.std(correction=0).item() == pytest.approx(1, abs=1e-4)


def test_small_differences_of_large_numbers_are_kept(found):
    data = found({"a_3": lambda k: 1_700_000_000 + k}).dataset
    assert len(column(data, 2)[0].unique()) == len(data.train)


def test_whole_numbers_that_would_be_rounded_are_refused(write, arrays):
    arrays["size"] = np.arange(3 * N).reshape(N, 3) + 2**62
    told = check(write(arrays)).mistakes
    assert "modality 'size': its whole numbers go up to 4611686018427388023" in told[0]
    arrays["size"] -= 2**62
    assert check(write(arrays)).mistakes == []


def test_rounding_alone_is_no_difference():
    table = np.array([[14.62], [np.nextafter(14.62, 15)], [14.62]])
    assert scaling(table, np.ones(3, bool))[1].item() == 1


def test_a_number_beyond_what_models_compute_with_is_refused_by_name(found):
    columns = {"a_3": lambda k: 1e300 if k == 19 else k, "part": lambda k: ("train", "test")[k > 9]}
    told = found(columns, split={"by": "part"}).mistakes
    assert told[0].startswith("modality 'a': column 'a_3' holds 1e+300 (row 19), too much")
    plain = found({"a_3": lambda k: 1e39}, modalities={"a": {"standardize": False}}).mistakes
    assert "column 'a_3' holds 1e+39" in plain[0] and "standardize them" in plain[0]


def test_draws_come_back_in_the_units_of_the_table(found):
    data = found({"a_3": lambda k: 20 + 5 * (k % 3)}).dataset
    units = data.modalities[0].in_units(data.train[:]["a"])
    assert sorted(set(units[:, 2].round(4).tolist())) == [20, 25, 30]


@pytest.mark.parametrize("missing", ["", "NA", "nan", " "])
def test_rows_without_a_group_are_groups_of_their_own_and_this_is_said(missing, found):
    patient = lambda k: missing if k < 50 else f"P{k // 5}"
    result = found({"patient": patient}, n=100, split={"group": "patient"})
    assert "50 rows have no 'patient', and each counts as a group of its own" in result.notes
    assert 15 <= len(result.dataset.test) <= 25


def test_a_class_with_one_group_is_named(found):
    result = found({"patient": lambda k: "AB"[k % 2]}, split={"group": "patient"})
    assert result.mistakes == [
        f"split: class {name} has a single group, {group!r} in 'patient', so it cannot be in train "
        "and in test"
        for name, group in (("neg", "A"), ("pos", "B"))
    ]


@pytest.mark.parametrize("ids", ["int64", "int64 with gaps", "text", "uint64", "decimal"])
def test_long_identifiers_stay_apart_in_parquet(ids, tmp_path):
    numbers = [9_000_000_000_000_000_000 + k // 4 for k in range(100)]
    patient = {
        "int64": pa.array(numbers),
        "int64 with gaps": pa.array([None, *numbers[1:]]),
        "text": pa.array(list(map(str, numbers))),
        "uint64": pa.array([2 * n for n in numbers], pa.uint64()),
        "decimal": pa.array(numbers, pa.decimal128(25)),
    }[ids]
    columns = {"a": list(range(100)), "patient": patient}
    result = parquet(tmp_path / "table", columns, split={"group": "patient"})
    assert result.mistakes == [] and 16 <= len(result.dataset.test) <= 24


def test_identifiers_that_were_rounded_are_refused(write, arrays):
    arrays["animal"] = np.arange(N) + 2.0**60
    told = check(write(arrays, {"split/group": "animal"})).mistakes
    assert "'animal' holds numbers above 2^53 as float64, which may be rounded" in told[0]


def test_true_and_false_are_classes_in_every_format(tmp_path, found):
    label = {"column": "ill", "classes": ["True", "False"]}
    sheet = found({"ill": lambda k: k % 4 == 0}, n=100, label=label).dataset
    ill = [k % 4 == 0 for k in range(100)]
    columns = {"a": list(range(100)), "ill": ill}
    stored = parquet(tmp_path / "stored", columns, label=label).dataset
    for data in (sheet, stored):
        assert data.train.labels.bincount().tolist() == [20, 60]


def test_lists_of_one_length_in_a_column_are_an_array(tmp_path):
    lists = [[float(k), 1.0, k / 2] for k in range(20)]
    columns = {"a": list(range(20)), "emb": lists}
    both = {"a": {}, "emb": {}}
    data = parquet(tmp_path / "table", columns, modalities=both).dataset
    assert data.modalities[1].shape == (3,)
    columns["emb"] = [None, *lists[1:]]
    data = parquet(tmp_path / "table", columns, modalities=both, gaps="whole").dataset
    assert int((~torch.cat([data.train.observed, data.test.observed])).sum()) == 1
    columns["emb"] = [[1.0], *lists[1:]]
    told = parquet(tmp_path / "table", columns, modalities=both).mistakes
    assert told == ["modality 'emb': column 'emb' must hold lists of one length, got lists of "
                    "lengths 1 to 3"]  # fmt: skip
    columns["emb"] = [{"x": 1}] * 20
    told = parquet(tmp_path / "table", columns, modalities=both).mistakes
    assert "column 'emb' is of type struct" in told[0]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["a_1", "aa_*"], "no column is called aa_*"),
        (["a_1", "a_3"], "'a_3' is not there; did you mean 'a_2'?"),
        (["a_*", "kind"], "'kind' is the label of a row, which models must not see"),
        (["a_*", "who"], "'who' is the group of a row"),
    ],
)
def test_each_name_of_a_list_must_be_there_and_be_an_input(columns, expected, found):
    described = {"modalities": {"a": {"columns": columns}}, "split": {"group": "who"}}
    told = found({"who": lambda k: k // 2}, **described).mistakes
    assert told[0].startswith("modality 'a': ") and expected in told[0]


def test_a_star_passes_over_what_is_no_input_and_this_is_said(found):
    columns = {"who": lambda k: k, "part": lambda k: ("train", "test")[k % 4 > 1]}
    split = {"by": "part", "group": "who"}
    result = found(columns, modalities={"a": {"columns": "*"}}, split=split)
    assert "2 columns: a_1, a_2, without who, part, kind" in result.notes[0]
    assert result.dataset.modalities[0].parts == ("a_1", "a_2")


def test_a_column_belongs_to_one_modality(found):
    told = found(modalities={"a": {}, "b": {"columns": "a_1"}}).mistakes
    assert told == [
        "column 'a_1' would be in modality 'a' and in 'b'; a column belongs to one modality"
    ]


def test_a_star_puts_columns_in_the_order_of_their_numbers(found):
    scrambled = sorted(f"px{k}" for k in range(64))
    values = {name: lambda k, name=name: int(name[2:]) / 64 for name in scrambled}
    picture = {"kind": "image", "columns": "px*", "shape": [8, 8]}
    result = found(values, modalities={"a": picture})
    assert "px0, px1, px2, ... px63, in the order of their numbers" in result.notes[0]
    flat = result.dataset.train[:1]["a"].flatten()
    assert torch.equal(flat, torch.arange(64) / 64)


def test_names_without_numbers_stay_as_the_table_has_them():
    assert in_order(["b", "a"]) == ["b", "a"]
    assert in_order(["r1_c10", "r1_c9", "r0_c11"]) == ["r0_c11", "r1_c9", "r1_c10"]
    assert in_order(["p007", "p6", "p10"]) == ["p6", "p007", "p10"]


def test_signs_in_names_of_columns_are_signs(found):
    columns = {"a_rate [/min]": lambda k: k, "b[1]": lambda k: k, "b1": lambda k: k}
    described = {"a": {}, "b": {"columns": "b[*"}}
    parts = [m.parts for m in found(columns, modalities=described).dataset.modalities]
    assert parts == [("a_1", "a_2", "a_rate [/min]"), ("b[1]",)]


@pytest.mark.parametrize(("high", "say"), [(16, 16), (1, None), (255, None), (4095, 4095)])
def test_pixels_of_another_range_ask_for_it(high, say, found):
    pixels = {f"px{i}": lambda k, i=i: high * ((i + k) % 2) for i in range(64)}
    picture = {"kind": "image", "columns": "px*", "shape": [8, 8]}
    result = found(pixels, modalities={"a": picture})
    if say is not None:
        assert f"whole numbers from 0 to {high}; say maximum: {say}" in result.mistakes[0]
        result = found(pixels, modalities={"a": picture | {"maximum": say}})
    assert result.dataset.train[:]["a"].unique().tolist() == [0, 1]


def test_bytes_that_are_dark_ask_for_their_range_too(write, arrays):
    arrays["picture"] = np.minimum(arrays["picture"], 16)
    assert "from 0 to 16; say maximum: 16" in check(write(arrays)).mistakes[0]
    data = own(write(arrays, {"modalities/picture/maximum": 16}))
    assert data.train[:]["picture"].max() == 1
    told = check(write(arrays, {"modalities/picture/maximum": 15})).mistakes
    assert "pixels go from 0 to 16, not from 0 to 15" in told[0]


def european(text):
    """A sheet as a spreadsheet of another language writes it."""
    cells = [line.split(",") for line in text]
    return "\n".join(";".join(cell.replace(".", ",") for cell in row) for row in cells)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_sheets_of_other_languages_are_read_and_this_is_said(encoding, tmp_path):
    text = lines({"a_3": lambda k: k / 4, "note": lambda k: "ärger"})
    folder = write_sheet(
        tmp_path / "table",
        text,
        {"modalities": {"a": {}, "note": {"kind": "text"}}, "label": LABEL},
    )
    plain = own(folder)
    (folder / "data.csv").write_bytes(european(text).encode(encoding))
    result = check(folder)
    assert "columns are separated by semicolons" in result.notes
    assert "numbers have decimal commas" in result.notes
    assert torch.equal(result.dataset.train[:]["a"], plain.train[:]["a"])
    assert result.dataset.modalities[1].symbols == plain.modalities[1].symbols
    assert any("Windows-1252" in note for note in result.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("separator", ["\t", "|", ";", ","])
def test_separators_are_told_from_the_first_lines(separator, tmp_path):
    text = [line.replace(",", separator) for line in lines({})]
    result = check(write_sheet(tmp_path / "table", text, {"modalities": {"a": {}}, "label": LABEL}))
    assert result.mistakes == [] and result.dataset.modalities[0].shape == (2,)


def test_points_beside_decimal_commas_are_refused(tmp_path):
    text = european(lines({"a_3": lambda k: k / 4})).split("\n")
    text[3] = text[3].replace("0,5", "1.234,5")
    result = check(write_sheet(tmp_path / "table", text, {"modalities": {"a": {}}, "label": LABEL}))
    assert "column 'a_3' has decimal commas and points, '1.234,5' in line 4" in result.mistakes[0]


def test_a_line_of_another_width_is_named(tmp_path):
    text = lines({})
    described = {"modalities": {"a": {}}, "label": LABEL}
    for wrong, n in ((text[5] + ",more", 4), ("1,2", 2)):
        told = check(
            write_sheet(tmp_path / "table", [*text[:5], wrong, *text[6:]], described)
        ).mistakes
        assert told == [
            f"line 6 has {n} cells, and those before it 3 (separated by commas); put cells with "
            "',' in quotes"
        ]


def test_accents_are_the_same_however_they_were_typed(found):
    label = {"column": "kind", "classes": ["cafe\u0301", "pos"]}
    result = found({"kind": lambda k: ("caf\u00e9", "pos")[k % 2]}, label=label)
    assert result.mistakes == [] and result.dataset.classes == ("café", "pos")


def test_labels_of_bytes_are_named_with_their_type(write, arrays):
    arrays["label"] = np.array(["café".encode(), b"wild"])[arrays["label"]]
    told = check(write(arrays)).mistakes
    assert told[0].startswith("label: 'label' is of type |S5, which is neither numbers nor text")


def claim(folder, shape, descr="<f8"):
    """An archive whose array claims a shape and holds next to nothing."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    with zipfile.ZipFile(folder / "data.npz", "a") as archive:
        archive.writestr("huge.npy", start + header + bytes(100))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("(1000000000000,)", "an array has 1,000,000,000,000 values, and 250,000,000 are allowed"),
        (f"({N}, 10000000)", "values, and 250,000,000 are allowed"),
        (f"({N}, 0)", "array 'huge' has no numbers in a row"),
        ("(9223372036854775807, 9223372036854775807)", "are allowed; take fewer"),
    ],
)
def test_what_an_array_claims_is_read_from_its_header(shape, expected, write, arrays):
    folder = write(arrays, {"modalities/huge": {}})
    claim(folder, shape)
    told = " | ".join(check(folder).mistakes)
    assert expected in told


def test_an_array_that_nobody_asks_for_is_not_read(write, arrays):
    folder = write(arrays)
    claim(folder, f"({N}, 100000)")  # reading it would fail: it holds 100 bytes
    assert check(folder).mistakes == []


def test_parquet_says_its_rows_before_they_are_read(tmp_path):
    n = 12_000_000
    columns = {"a": pa.array(np.zeros(n, np.int8)), "kind": pa.array(np.zeros(n, np.int8))}
    told = parquet(tmp_path / "table", columns).mistakes
    assert told == [
        "data.parquet has 12,000,000 rows, and 10,000,000 are allowed; take fewer, or, where there "
        f"is memory for it, set {VARIABLE}=300000000"
    ]


def test_one_long_cell_does_not_make_every_row_long(tmp_path, found):
    long = "x" * 300_000
    described = {"modalities": {"a": {}, "note": {"kind": "text"}}}
    told = found({"note": lambda k: long if k == 7 else "x"}, n=4000, **described).mistakes
    assert "in which a text has 300,000 characters, has 1,200,000,000 values" in told[0]
    texts = pa.array([long if k == 7 else "x" for k in range(4000)])
    columns = {"a": list(range(4000)), "note": texts}
    told = parquet(tmp_path / "stored", columns, **described).mistakes
    assert "with texts of 300,000 characters" in told[0]


@pytest.mark.parametrize("length", [2_147_483_647, 10_000_000, 900_000])
def test_a_length_is_a_claim_too(length, found):
    note = {"note": {"kind": "text", "length": length}}
    told = found({"note": lambda k: "yes"}, modalities={"a": {}} | note).mistakes
    assert "are allowed" in told[0]


def test_a_label_of_identifiers_is_refused(found):
    described = {"a": {}, "who": {"kind": "label"}}
    told = found({"who": lambda k: f"P{k}"}, n=1200, modalities=described).mistakes
    assert told == ["modality 'who': at most 1,000 classes can be told apart, got 1,200"]


def test_the_limit_can_be_raised_and_lowered(found, monkeypatch):
    monkeypatch.setenv(VARIABLE, "5000")
    assert "data.csv has 400 rows, and 200 are allowed" in found(n=400).mistakes[0]
    monkeypatch.setenv(VARIABLE, "10000")
    assert found(n=400).mistakes == []
    monkeypatch.setenv(VARIABLE, "many")
    assert f"{VARIABLE} must be a whole number above 0, got 'many'" in found().mistakes[0]


def test_tens_of_thousands_of_columns_take_seconds(found):
    columns = {f"x_{k}": lambda row: row for k in range(30_000)}
    before = time.process_time()
    result = found(columns, n=4, modalities={"x": {}}, label=LABEL | {"classes": ["neg", "pos"]})
    assert result.dataset.modalities[0].shape == (30_000,)
    assert time.process_time() - before < 8


def test_damaged_tables_are_read_or_explained(write, arrays, tmp_path):
    """Bytes of good tables are changed at random, 60 times each."""
    chance = random.Random(0)
    folder = write(arrays)
    stored = tmp_path / "stored"
    parquet(stored, {"a": list(range(40))})
    sheet = write_sheet(tmp_path / "sheet", lines({}), {"modalities": {"a": {}}, "label": LABEL})
    for path in (folder / "data.npz", stored / "data.parquet", sheet / "data.csv"):
        whole = path.read_bytes()
        for _ in range(60):
            content = bytearray(whole[: chance.choice((len(whole), chance.randrange(len(whole))))])
            for _ in range(chance.randint(0, 8)):
                content[chance.randrange(len(content))] = chance.randrange(256) if content else 0
            path.write_bytes(content)
            result = check(path.parent)
            assert (result.dataset is None) == bool(result.mistakes)
            assert all(len(told) < 700 for told in result.mistakes)


def test_texts_are_the_same_however_parquet_keeps_them(tmp_path):
    kind = ["neg", "pos"] * 10
    ways = (
        pa.array(kind),
        pa.array(kind, pa.large_string()),
        pa.array(kind).dictionary_encode(),
        pa.array([each.encode() for each in kind]),
    )
    for way in ways:
        result = parquet(tmp_path / "table", {"a": list(range(20)), "kind": way})
        assert result.mistakes == []
        assert torch.equal(result.dataset.train.labels.bincount(), torch.tensor([8, 8]))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a" * 1000, "a name of a column has 1,000 characters"),
        ("a\0", "must be letters that can be shown"),
        ("", "'a_*'"),
        ("kind", "more than one is kind"),
    ],
)
def test_names_that_cannot_be_shown_are_refused_in_a_short_sentence(header, expected, tmp_path):
    text = [f"{header},kind", *[f"{k},neg" for k in range(9)]]
    described = {"modalities": {"a": {}}, "label": LABEL}
    told = check(write_sheet(tmp_path / "table", text, described)).mistakes
    assert expected.strip("'") in told[0] and len(told[0]) < 200


def test_an_archive_that_holds_something_else_is_explained(write, arrays):
    folder = write(arrays)
    np.save(folder / "one.npy", np.ones(3))
    (folder / "one.npy").rename(folder / "data.npz")
    assert "write it with np.savez" in check(folder).mistakes[0]
    with zipfile.ZipFile(folder / "data.npz", "w") as archive:
        archive.writestr("size.npy", b"\x93NUMPY\x01\x00\xff\xff" + bytes(70_000))
    assert "data.npz cannot be read" in check(folder).mistakes[0]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    (folder / "data.npz").write_bytes(buffer.getvalue())
    assert check(folder).mistakes == []
