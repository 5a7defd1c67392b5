"""``data list``, ``data check`` and ``data fetch``: what is here, what is whole, and getting it."""

import gzip
import hashlib
import io
import os
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.datasets import DATASETS, load_dataset
from explorer.datasets.command import show_all
from explorer.datasets.download import DataError, needed
from explorer.files.sources import (
    SOURCES,
    File,
    Source,
    Way,
    best_way,
    inspect,
    is_at_hand,
    is_embedded,
    state,
    what_is_needed,
)
from explorer.files.sources.conversions import RATE, pen_digits, spoken_digits, views_of_digits
from explorer.files.sources.table import MNIST
from tests.files.file_server import serving

runner = CliRunner()
EMBEDDED = [name for name in DATASETS if is_embedded(name)]
ON_DISK = [name for name in DATASETS if not is_embedded(name)]


@pytest.fixture
def nothing(tmp_path, monkeypatch):
    """A data directory with nothing in it."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    return tmp_path


def run(*arguments):
    result = runner.invoke(app, ["data", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split()), result.exception


# ----------------------------------------------------------------------------------- the table


def test_every_source_is_of_a_dataset_or_will_be_said_to_be_unknown():
    assert EMBEDDED == [
        "polydigits",
        "translated_polydigits",
        "digits_photo_text",
        "simulated_rats",
    ]
    assert set(SOURCES) >= set(ON_DISK)


@pytest.mark.parametrize("name", SOURCES)
def test_every_file_of_a_source_is_served_or_told_how_to_get_one_way_or_other(name):
    source = SOURCES[name]
    assert source.license
    assert source.page.startswith(("https://", "http://"))
    assert any(way.steps or all(file.url for file in way.files) for way in source.ways)
    for way in source.ways:
        for file in way.files:
            assert not Path(file.path).is_absolute()
            assert ".." not in Path(file.path).parts
            assert file.url is None or file.url.startswith(("https://", "http://ufldl."))
            for known in (file.hash, file.content, file.reference):
                if known is not None:
                    kind, value = known.split(":")
                    assert len(bytes.fromhex(value)) == {"md5": 16, "sha256": 32}[kind]


# ----------------------------------------------------------------------------------- list


def test_the_list_has_every_dataset_and_its_state_and_loads_none(nothing, monkeypatch):
    for name in DATASETS:
        called = lambda **_: pytest.fail("loaded")  # noqa: E731
        called.__doc__ = DATASETS[name].__doc__
        monkeypatch.setitem(DATASETS, name, called)
    out = io.StringIO()
    show_all(Console(file=out, width=200))
    rows = {line.split()[0]: line for line in out.getvalue().splitlines() if line.strip()}
    assert all("embedded" in rows[name] for name in EMBEDDED)
    assert all(" missing of " in rows[name] for name in ON_DISK)
    assert str(nothing) in out.getvalue()
    assert list(nothing.iterdir()) == []


def test_the_list_never_fails_for_what_lies_in_the_data_directory(nothing):
    (nothing / "mnist").write_text("a file where a folder should be")
    (nothing / "mfeat" / "mfeat.npz").mkdir(parents=True)
    code, said, _ = run("list")
    assert code == 0
    assert "1 damaged of 1 file" in said


def test_a_data_directory_that_is_not_there_is_just_empty(nothing, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(nothing / "nowhere"))
    assert state("mfeat") == "1 missing of 1 file"
    assert not (nothing / "nowhere").exists()


@pytest.mark.parametrize("name", ON_DISK)
def test_a_dataset_whose_files_are_missing_says_what_it_needs_and_how_to_get_it(name, nothing):
    assert not is_at_hand(name)
    with pytest.raises(DataError, match=r"data fetch|Put .* into the data directory") as said:
        load_dataset(name)
    assert str(nothing) in str(said.value)
    assert best_way(name, nothing)[0].files[0].path in what_is_needed(name)


def test_what_loaders_ask_for_is_found_or_named_with_the_remedy(nothing):
    with pytest.raises(DataError, match=r"'mfeat' needs mfeat/a, mfeat/b in .*data fetch mfeat"):
        needed("mfeat", "mfeat/a", "mfeat/b")
    (nothing / "mfeat").mkdir()
    (nothing / "mfeat" / "a").write_text("")
    assert needed("mfeat", "mfeat/a") == [nothing / "mfeat/a"]


# ----------------------------------------------------------------------------------- check


CONTENT = b"0123456789" * 50


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def md5(content):
    return f"md5:{hashlib.md5(content).hexdigest()}"


@pytest.mark.parametrize(
    ("name", "about", "content", "expected", "note"),
    [
        ("a.bin", {"size": 500, "hash": md5(CONTENT)}, CONTENT, "whole", ""),
        ("a.bin", {"size": 500}, CONTENT[:-1], "damaged", "499 bytes, expected 500"),
        ("a.bin", {"hash": md5(CONTENT)}, CONTENT[:-1] + b"?", "damaged", "expected md5:"),
        ("a.bin", {}, b"", "damaged", "the file is empty"),
        (
            "a.gz",
            {"size": 1, "content": md5(CONTENT)},
            gzip.compress(CONTENT, mtime=0),
            "whole",
            "",
        ),
        (
            "a.gz",
            {"content": md5(CONTENT)},
            gzip.compress(b"else", mtime=0),
            "damaged",
            "expected md5:",
        ),
        (
            "a.gz",
            {"content": md5(CONTENT)},
            gzip.compress(CONTENT, mtime=0)[:-9],
            "damaged",
            "be read",
        ),
        ("a.gz", {}, CONTENT, "damaged", "Not a gzipped file"),
        ("a.npz", {}, CONTENT, "damaged", "not a zip file"),
        ("a.npy", {}, CONTENT, "damaged", "be read"),
        ("a.jpg", {}, CONTENT, "damaged", "be read"),
        ("a.bin", {"reference": md5(CONTENT)}, CONTENT, "whole", ""),
        ("a.bin", {"reference": md5(b"")}, CONTENT, "other", "not the file that the shipped"),
    ],
)
def test_a_file_is_whole_or_told_what_is_wrong(tmp_path, name, about, content, expected, note):
    put(tmp_path / name, content)
    found = inspect(File(name, **about), tmp_path)
    assert (found.state, note in found.note) == (expected, True)
    assert found.usable == (expected in ("whole", "other"))


def test_an_archive_with_one_damaged_byte_is_damaged(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(1000))
    assert inspect(File("a.npz"), tmp_path).state == "whole"
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[3000] ^= 1
    put(tmp_path / "a.npz", content)
    assert inspect(File("a.npz"), tmp_path).state == "damaged"


def test_a_pickle_in_an_array_file_is_not_read(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}]), allow_pickle=True)
    found = inspect(File("a.npy"), tmp_path)
    assert found.state == "damaged"
    assert "Python objects" in found.note


def test_an_unzipped_file_counts_as_the_zipped_one(tmp_path):
    put(tmp_path / "a", CONTENT)
    assert inspect(File("a.gz", content=md5(CONTENT)), tmp_path).state == "whole"


def test_an_empty_folder_is_no_dataset(tmp_path):
    (tmp_path / "birds").mkdir()
    assert inspect(File("birds"), tmp_path).note == "the folder is empty"


def test_check_reads_loads_and_shows_a_dataset():
    code, said, _ = run("check", "polydigits")
    assert code == 0
    assert "m0 image 3 x 28 x 28 astronaut" in said
    assert "can be used: 30000 samples for training, 5000 for testing, 10 classes" in said


def test_check_says_what_is_missing_and_what_is_damaged(nothing):
    put(nothing / "mnist" / "t10k-labels-idx1-ubyte.gz", b"<html>")
    code, said, _ = run("check", "polymnist")
    assert code == 1
    assert "mnist/train-images-idx3-ubyte.gz missing" in said
    assert "mnist/t10k-labels-idx1-ubyte.gz damaged it cannot be read: Not a gzipped" in said
    assert "cannot be used. Get it: python -m explorer data fetch polymnist" in said


def test_check_gives_the_complaint_of_the_loader_on_files_that_can_be_read(nothing):
    (nothing / "mfeat").mkdir()
    np.savez(nothing / "mfeat" / "mfeat.npz", pixel=np.zeros((3, 240)))
    code, said, error = run("check", "mfeat")
    assert code == 1
    assert "mfeat/mfeat.npz whole" in said
    assert isinstance(error, DataError)


def test_check_of_nonsense_names_the_datasets():
    _, _, error = run("check", "nonsense")
    assert isinstance(error, ValueError)
    assert "dataset must be one of polydigits, " in str(error)


@pytest.mark.skipif("EXPLORER_DATA" not in os.environ, reason="needs the real files")
def test_the_real_mnist_is_the_published_one():
    root = Path(os.environ["EXPLORER_DATA"])
    if state("polymnist", root) != "whole":
        pytest.skip("MNIST is not at hand")
    assert [inspect(file, root).state for file in MNIST] == ["whole"] * 4


# ----------------------------------------------------------------------------------- fetch


@pytest.fixture
def made(monkeypatch):
    """A dataset of one file on a server, with the loader of an embedded one."""
    with serving() as server:
        file = File("made/a.bin", server.add("a.bin", CONTENT), hash=md5(CONTENT))
        source = Source((Way("only", (file,)),), "CC0", "https://example.org")
        monkeypatch.setitem(SOURCES, "made", source)
        monkeypatch.setitem(DATASETS, "made", DATASETS["polydigits"])
        yield server


def test_fetch_puts_the_files_where_root_says_and_tells_the_license(made, nothing, monkeypatch):
    code, said, _ = run("fetch", "made", "--root", nothing / "else")
    assert code == 0
    assert "license: CC0" in said
    assert "made is here: 1 files in" in said
    assert "set EXPLORER_DATA=" in said
    assert (nothing / "else/made/a.bin").read_bytes() == CONTENT
    assert run("check", "made", "--root", nothing / "else")[0] == 0


def test_fetch_of_what_is_embedded_of_nonsense_and_of_what_a_person_must_get(nothing):
    assert "there is nothing to fetch" in run("fetch", "polydigits")[1]
    assert "dataset must be one of polymnist" in str(run("fetch", "nonsense")[2])
    assert "cannot be fetched by a program" in str(run("fetch", "celeba")[2])
    assert list(nothing.iterdir()) == []


def test_a_fetch_that_is_stopped_says_how_to_go_on(made, nothing, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("explorer.files.sources.fetch._download", stopped)
    code, said, _ = run("fetch", "made")
    assert code == 130
    assert "the same command goes on from there" in said


# ------------------------------------------------------------------- files made from archives


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def rows(table):
    return "\n".join(", ".join(f"{x:3d}" for x in row) for row in table) + "\n"


def test_pen_digits_become_points_and_digits(tmp_path):
    random = np.random.default_rng(0)
    train, test = random.integers(0, 101, (5, 17)), random.integers(0, 101, (3, 17))
    for table in (train, test):
        table[:, 16] %= 10
    archive = zipped(
        tmp_path / "a.zip", **{"pendigits.tes": rows(test), "x/pendigits.tra": rows(train)}
    )
    pen_digits(archive, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as made:
        assert made["x_train"].dtype == np.uint8
        assert made["x_train"].shape == (5, 8, 2)
        np.testing.assert_array_equal(made["x_train"][2, 3], train[2, 6:8])
        np.testing.assert_array_equal(made["y_test"], test[:, 16])


def test_pen_digits_that_are_not_numbers_or_not_there_are_refused(tmp_path):
    archive = zipped(tmp_path / "a.zip", **{"pendigits.tra": "1, two", "pendigits.tes": "1, 2"})
    with pytest.raises(DataError, match="pendigits.tra must hold as many numbers in every line"):
        pen_digits(archive, tmp_path / "out.npz")
    with pytest.raises(DataError, match="must hold pendigits.tes, and does not"):
        pen_digits(zipped(tmp_path / "b.zip", **{"pendigits.tra": "1"}), tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


def sound(samples, rate=RATE):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def test_spoken_digits_are_joined_in_order_and_their_first_takes_are_for_testing(tmp_path):
    clips = {f"{d}_{who}_{take}.wav": np.arange(d * 100 + take, d * 100 + take + 7 + d)
             for d in (0, 3) for who in ("ann", "bob") for take in (0, 4, 5, 10)}  # fmt: skip
    files = {f"fsdd-1/recordings/{name}": sound(clip) for name, clip in clips.items()}
    archive = zipped(tmp_path / "a.zip", **files, **{"fsdd-1/README.md": "", "x/1_a_1.wav": ""})
    spoken_digits(archive, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as made:
        assert made["wav_name"].tolist() == sorted(clips)
        for i, name in enumerate(sorted(clips)):
            label, who, take = name.removesuffix(".wav").split("_")
            clip = made["audio"][made["offset"][i] : made["offset"][i + 1]]
            np.testing.assert_array_equal(clip, clips[name])
            assert made["label"][i] == int(label)
            assert made["speakers"][made["speaker"][i]] == who
            assert made["is_test"][i] == (int(take) < 5)


def test_a_sound_of_another_rate_or_none_is_refused(tmp_path):
    name = "recordings/1_ann_0.wav"
    with pytest.raises(DataError, match=r"must be mono, 16 bits, 8000 Hz; got \(1, 2, 16000\)"):
        spoken_digits(
            zipped(tmp_path / "a.zip", **{name: sound(np.arange(9), 16000)}), tmp_path / "out"
        )
    with pytest.raises(DataError, match="1_ann_0.wav is no sound file"):
        spoken_digits(zipped(tmp_path / "b.zip", **{name: "<html>"}), tmp_path / "out")
    with pytest.raises(DataError, match="has none; get it again"):
        spoken_digits(zipped(tmp_path / "c.zip", **{"a": ""}), tmp_path / "out")


def test_the_views_of_digits_become_one_file(tmp_path):
    sizes = {"fac": 216, "kar": 64, "mor": 6, "pix": 240, "zer": 47}
    tables = {view: np.arange(400 * size).reshape(400, size) % 7 for view, size in sizes.items()}
    files = {
        f"mfeat-{view}": "\n".join("  ".join(map(str, row)) for row in table.tolist())
        for view, table in tables.items()
    }
    views_of_digits(zipped(tmp_path / "a.zip", **files), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as made:
        np.testing.assert_array_equal(made["pixel"], tables["pix"])
        np.testing.assert_array_equal(made["zernike"], tables["zer"].astype(np.float32))
        assert made["label"].tolist() == [0] * 200 + [1] * 200


@pytest.mark.skipif("EXPLORER_DATA" not in os.environ, reason="needs the real files")
def test_the_real_spoken_digits_are_made_again_from_their_clips(tmp_path):
    path = Path(os.environ["EXPLORER_DATA"]) / "fsdd" / "fsdd.npz"
    if not path.is_file():
        pytest.skip("the spoken digits are not at hand")
    with np.load(path) as real:
        arrays = dict(real)
    ends, some = arrays["offset"], range(0, len(arrays["label"]), 12)
    clips = [arrays["audio"][ends[i] : ends[i + 1]] for i in some]
    files = {
        f"recordings/{arrays['wav_name'][i]}": sound(clip)
        for i, clip in zip(some, clips, strict=True)
    }
    spoken_digits(zipped(tmp_path / "a.zip", **files), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as made:
        assert set(made) == set(arrays)
        np.testing.assert_array_equal(made["audio"], np.concatenate(clips))
        for name in ("speakers", "rate"):
            np.testing.assert_array_equal(made[name], arrays[name])
        for name in ("label", "speaker", "take", "is_test", "wav_name"):
            np.testing.assert_array_equal(made[name], arrays[name][some])
