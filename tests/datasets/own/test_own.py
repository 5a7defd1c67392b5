"""A visitor's own data: what a folder may hold, and what is made of it."""

import numpy as np
import pytest
import torch

from explorer.datasets import load_dataset, name_of
from explorer.datasets.modality import KINDS
from explorer.datasets.own.build import check, own
from explorer.datasets.own.values import GAPS
from explorer.files.own import kinds, list_folders
from explorer.files.own.description import GAPS as GAP_WORDS
from explorer.files.sources.directory import DataError
from explorer.models import build_model
from explorer.training import train
from tests.datasets.own.folder import SHEET, N, sheet


@pytest.fixture
def numbers():
    return np.random.default_rng(0)


def test_a_folder_of_arrays_is_a_dataset(write, arrays):
    data = own(write(arrays))
    assert data.name == "cats" and data.classes == ("tame", "wild")
    looks = [(m.name, m.kind, m.shape, m.likelihood, m.network) for m in data.modalities]
    assert looks == [
        ("size", "vector", (3,), "normal", "dense"),
        ("picture", "image", (1, 8, 10), "laplace", "dense"),
        ("word", "text", (5, 8), "categorical", "dense"),
    ]
    assert [m.weight for m in data.modalities] == pytest.approx([80 / 3, 1, 16], abs=1e-4)
    assert len(data.train) == 30 and len(data.test) == 10
    batch = data.test[torch.arange(4)]
    assert {name: x.dtype for name, x in batch.items()} == dict.fromkeys(batch, torch.float32)
    assert data.train.arrays["picture"].dtype == torch.uint8
    assert torch.equal(batch["picture"], data.test.arrays["picture"][:4] / 255)


def test_vectors_are_standardised_with_what_is_for_training(write, arrays):
    data = own(write(arrays, {"modalities/picture": None, "modalities/word": None}))
    x = data.train[:]["size"]
    torch.testing.assert_close(x.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.std(0, correction=0), torch.ones(3))
    assert data.test[:]["size"].mean().abs() > 1e-3
    assert "standardised" in data.modalities[0].description
    plain = own(write(arrays, {"modalities/size/standardize": False}))
    together = torch.cat([plain.train[:]["size"], plain.test[:]["size"]])
    assert together.mean().item() == pytest.approx(arrays["size"].mean(), rel=1e-5)


def test_a_table_of_columns_is_a_dataset(write_csv):
    data = own(write_csv(sheet(), SHEET))
    size, fur = data.modalities
    assert size.shape == (2,) and size.parts == ("size_length", "size_weight")
    assert fur.symbols == " eglnory" and fur.shape == (4, 8)
    assert (len(data.train), len(data.test)) == (8, 2)
    assert data.test.labels.tolist() == [0, 1]


def test_parquet_says_the_same_as_csv(write_csv):
    import pandas as pd

    folder = write_csv(sheet({3: ",,long,wild"}), SHEET)
    before = own(folder)
    frame = pd.read_csv(folder / "data.csv")
    (folder / "data.csv").unlink()
    frame.to_parquet(folder / "data.parquet")
    after = own(folder)
    assert before.modalities == after.modalities
    for split, same in ((before.train, after.train), (before.test, after.test)):
        assert torch.equal(split.labels, same.labels)
        assert all(torch.equal(x, same.arrays[name]) for name, x in split.arrays.items())


def test_rows_may_lack_a_modality_and_batches_say_so(write, arrays):
    arrays["size"][[0, 7]] = np.nan
    arrays["word"][[7, 9]] = ""
    data = own(write(arrays, {"gaps": "whole"}))
    together = torch.cat([data.train.observed, data.test.observed])
    assert (~together).sum(0).tolist() == [2, 0, 2]
    whole = data.having()
    assert "observed" not in whole.train[:] and "observed" not in whole.test[:]
    assert len(whole.train) + len(whole.test) == N - 3
    assert len(data.having("size").train) + len(data.having("size").test) == N - 2
    lacking = (~data.train.observed[:, 0]).nonzero().flatten()
    batch = data.train[lacking]
    assert "size" not in batch and torch.equal(batch["observed"], data.train.observed[lacking])
    assert torch.isfinite(data.train[:]["size"]).all()


def test_gaps_change_nothing_about_the_scale_of_what_is_there(write, arrays):
    arrays["size"][::3] = np.nan
    data = own(write(arrays, {"gaps": "whole"}))
    x = data.having("size").train[:]["size"]
    torch.testing.assert_close(x.mean(0), torch.zeros(3), atol=1e-5, rtol=0)


def test_a_row_with_any_empty_cell_may_count_as_a_gap(write_csv):
    rows = sheet({3: "190,,long,wild"})
    assert "gaps: any" in check(write_csv(rows, SHEET)).mistakes[0]
    some = SHEET | {"modalities": SHEET["modalities"] | {"size": {"gaps": "any"}}}
    data = own(write_csv(rows, some))
    assert sum(int((~split.observed[:, 0]).sum()) for split in (data.train, data.test)) == 1


def test_a_mask_says_which_rows_have_what(write, arrays):
    mask = np.ones((N, 3), dtype=bool)
    mask[:5, 1] = False
    data = own(write(arrays | {"observed": mask}))
    assert sum(int((~split.observed[:, 1]).sum()) for split in (data.train, data.test)) == 5


def test_models_train_on_rows_with_gaps(write, arrays):
    arrays["size"][::2] = np.nan
    data = own(write(arrays, {"gaps": "whole"}))
    model = build_model("mwb", data.modalities, latent_dim=4)
    losses = []
    torch.manual_seed(0)
    train(
        model,
        data,
        steps=6,
        batch_size=8,
        progress=False,
        on_step=lambda step, terms: losses.append(terms["total"]),
    )
    assert len(losses) == 6 and np.isfinite(losses).all()


def test_rows_of_a_class_are_split_in_shares(write, arrays):
    arrays["label"] = np.repeat([0, 1], [30, 10])
    data = own(write(arrays, {"split/test": 0.3}))
    assert data.test.labels.bincount().tolist() == [9, 3]
    assert data.train.labels.bincount().tolist() == [21, 7]


def test_the_seed_decides_the_split(write, arrays):
    drawn = [own(write(arrays, {"split/seed": seed})).test[:]["picture"] for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


def test_rows_of_one_group_are_never_in_both_splits(write, arrays):
    group = np.arange(N) // 4
    arrays |= {"animal": group, "size": np.stack([group] * 3, axis=1).astype(float)}
    changes = {"split/group": "animal", "modalities/size/standardize": False}
    data = own(write(arrays, changes))
    groups = [set(split[:]["size"][:, 0].tolist()) for split in (data.train, data.test)]
    assert groups[1] and not groups[0] & groups[1]
    assert 0.1 < len(data.test) / N < 0.4


def test_the_table_may_say_what_is_for_testing(write, arrays):
    arrays["part"] = np.where(np.arange(N) < 10, "test", "train")
    data = own(write(arrays, {"split": {"by": "part"}}))
    assert len(data.test) == 10


def test_every_kind_can_be_read(write, numbers):
    label = np.arange(N) % 2
    arrays = {
        "image": numbers.random((N, 28, 28, 3)),
        "text": np.array(["yes", "no"])[label],
        "vector": numbers.normal(size=N),
        "spikes": numbers.poisson(0.3, (N, 6, 5)),
        "audio": numbers.random((N, 8, 9)),
        "trajectory": numbers.random((N, 2, 8)),
        "attributes": numbers.random((N, 4)) > 0.5,
        "label": label,
    }
    assert set(arrays) == set(KINDS) == set(kinds.KINDS)
    described = {kind: {"kind": kind} for kind in arrays}
    described["label"]["parts"] = ["tame", "wild"]
    data = own(write(arrays, {"modalities": described}))
    shapes = {m.name: m.shape for m in data.modalities}
    assert shapes == {
        "image": (3, 28, 28),
        "text": (3, 6),
        "vector": (1,),
        "spikes": (6, 5),
        "audio": (1, 8, 9),
        "trajectory": (2, 8),
        "attributes": (4,),
        "label": (2,),
    }
    assert {m.name: m.network for m in data.modalities}["image"] == "patch"
    model = build_model("mopoe", data.modalities, latent_dim=3)
    assert torch.isfinite(model.loss(data.train[:8], torch.Generator().manual_seed(0)).total).all()


def test_a_label_may_be_numbers_or_names(write, arrays):
    expected = own(write(arrays)).test.labels
    named = arrays | {"label": np.array(["tame", "wild"])[arrays["label"]]}
    assert torch.equal(own(write(named)).test.labels, expected)


def test_pixels_in_columns_may_be_bytes(write_csv, numbers):
    pixels = numbers.integers(0, 256, (10, 64))
    lines = [",".join([f"p{i}" for i in range(64)] + ["kind"])]
    lines += [",".join([*map(str, row), "tw"[k % 2]]) for k, row in enumerate(pixels)]
    described = {"picture": {"kind": "image", "columns": "p*", "shape": [8, 8]}}
    label = {"column": "kind", "classes": ["t", "w"]}
    data = own(write_csv(lines, {"modalities": described, "label": label}))
    assert data.train.arrays["picture"].dtype == torch.uint8
    assert data.modalities[0].shape == (1, 8, 8)


def test_pictures_in_columns_may_be_missing(write_csv, numbers):
    pixels = numbers.integers(0, 256, (10, 64))
    lines = [",".join([f"p{i}" for i in range(64)] + ["size", "kind"])]
    lines += [",".join([*map(str, row), "1", "tw"[k % 2]]) for k, row in enumerate(pixels)]
    lines[4] = "," * 64 + "1,w"
    described = {"picture": {"kind": "image", "columns": "p*", "shape": [8, 8]}, "size": {}}
    label = {"column": "kind", "classes": ["t", "w"]}
    data = own(write_csv(lines, {"modalities": described, "gaps": "whole", "label": label}))
    whole = data.having()
    assert len(whole.train) + len(whole.test) == 9
    found = torch.cat([whole.train[:]["picture"], whole.test[:]["picture"]]).sum()
    assert found.item() == pytest.approx(np.delete(pixels, 3, 0).sum() / 255, rel=1e-5)


def test_a_folder_is_found_by_name_and_by_path(write, arrays, tmp_path, monkeypatch):
    folder = write(arrays)
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    assert list(list_folders()) == ["cats"]
    assert load_dataset("cats").name == load_dataset(str(folder)).name == "cats"
    assert name_of(str(folder)) == name_of("cats") == "cats"
    with pytest.raises(ValueError, match="your own .cats.; got 'dogs'"):
        load_dataset("dogs")
    with pytest.raises(DataError, match=r"no dataset.yaml or dataset.json in .*dogs"):
        load_dataset(str(tmp_path / "dogs"))


def test_notes_say_what_was_made_of_a_folder(write, arrays):
    arrays["size"][0] = np.nan
    notes = check(write(arrays, {"gaps": "whole"})).notes
    assert "standardised" in notes[0] and "1 of 40 rows lack it" in notes[0]
    assert notes[3].startswith("train: 30 rows") and "15 tame, 15 wild" in notes[3]


def test_words_for_gaps_are_the_ones_that_are_read():
    assert set(GAP_WORDS) == set(GAPS)
