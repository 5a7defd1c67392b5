"""The judges: good on real images, always in eval mode, clear when they cannot judge."""

import json
import shutil

import pytest
import torch

from explorer.checkpoints import PRETRAINED, CheckpointError
from explorer.datasets import load_dataset
from explorer.datasets.digits_photo_text import LENGTH, SYMBOLS, WORDS
from explorer.datasets.modality import KINDS
from explorer.datasets.text import spell
from explorer.evaluation.classifiers import (
    CONFIG,
    FOLDER,
    WEIGHTS,
    Classifiers,
    find_judges,
    load_classifiers,
    save_classifiers,
    train_classifiers,
)
from explorer.evaluation.readers import JUDGES
from tests.datasets.every_dataset import EVERY


@pytest.fixture(scope="module")
def data():
    return load_dataset("polydigits")


@pytest.fixture(scope="module")
def judges():
    return load_classifiers("polydigits", PRETRAINED)


FLOORS = {
    "polydigits": 0.96,
    "translated_polydigits": 0.95,
    "digits_photo_text": 0.95,
    "simulated_rats": 0.93,
    "polymnist": 0.94,
    "translated_polymnist": 0.85,
    "mnist_svhn_text": 0.85,
    "mfeat": 0.7,
    "cub_attributes": 0.3,
}
"""What every shipped classifier of a dataset reaches on real test observations, at least."""


def calls(judges, data, n):
    predictions = judges.predict(data.test[slice(0, n)])
    return torch.stack([predictions[m.name] for m in data.modalities]), data.test.labels[:n]


@pytest.mark.parametrize("name", EVERY)
def test_the_shipped_ceilings_are_what_the_shipped_weights_reach(name):
    if not (PRETRAINED / name / FOLDER / CONFIG).is_file():
        pytest.skip(f"no classifiers of {name} are shipped")
    data, judges = load_dataset(name), load_classifiers(name, PRETRAINED)
    if data.test.labels.ndim > 1:
        pytest.skip("several labels may hold; see test_attributes")
    assert judges.kinds == {m.name: m.kind for m in data.modalities}
    predicted, labels = calls(judges, data, len(data.test))
    for m, modality in enumerate(data.modalities):
        share = (predicted[m] == labels).double().mean().item()
        assert share > FLOORS.get(name, 0.0)
        assert judges.ceiling[modality.name] == pytest.approx(share, abs=0.001)
    agreement = (predicted == predicted[0]).all(0).double().mean().item()
    assert judges.agreement == pytest.approx(agreement, abs=0.001)


def test_they_stay_in_eval_mode_and_training_mode_would_show(judges, data):
    before, labels = calls(judges, data, 2000)
    assert not judges.train().training
    assert not any(module.training for module in judges.modules())
    assert (calls(judges, data, 200)[0] == before[:, :200]).all()
    careless = load_classifiers("polydigits", PRETRAINED)
    for network in careless.networks.values():
        network.train()
    torch.manual_seed(0)
    after, _ = calls(careless, data, 2000)
    torch.manual_seed(1)
    again, _ = calls(careless, data, 200)
    assert (after[:, :200] != again).any()
    assert (after == labels).double().mean() < (before == labels).double().mean() - 0.005


def test_leading_axes_stay_and_any_modalities_will_do(judges, data):
    images = data.test[slice(0, 6)]["m3"]
    shares = judges.probabilities({"m3": images.reshape(2, 3, 3, 28, 28)})
    assert shares["m3"].shape == (2, 3, 10)
    torch.testing.assert_close(shares["m3"].sum(-1), torch.ones(2, 3))
    alone = judges.predict({"m3": images[4]})["m3"]
    assert alone.shape == () and alone.dtype == torch.long
    assert alone == shares["m3"].argmax(-1)[1, 1]


def test_other_images_are_refused(judges):
    with pytest.raises(ValueError, match="no classifier for 'm9'"):
        judges.predict({"m9": torch.zeros(1, 3, 28, 28)})
    with pytest.raises(ValueError, match=r"\(\*, 3, 28, 28\), got \(2, 3, 32, 32\)"):
        judges.predict({"m0": torch.zeros(2, 3, 32, 32)})


def test_a_short_training_learns_is_reproducible_and_comes_back_from_disk(tmp_path):
    small = load_dataset("polydigits", n_train=1280, n_test=200)
    trained = train_classifiers(small, epochs=3, seed=3)
    assert trained.ceiling["m1"] > 0.4
    one, two = (train_classifiers(small, epochs=0.3, seed=3).state_dict() for _ in range(2))
    assert all((one[key] == two[key]).all() for key in one)
    save_classifiers(trained, tmp_path / "polydigits" / FOLDER, {"seed": 3})
    loaded = load_classifiers("polydigits", tmp_path)
    assert (loaded.ceiling, loaded.agreement) == (trained.ceiling, trained.agreement)
    batch = small.test[slice(0, 20)]
    torch.testing.assert_close(loaded.probabilities(batch), trained.probabilities(batch))


@pytest.fixture
def copied(tmp_path):
    folder = tmp_path / "polydigits" / FOLDER
    shutil.copytree(PRETRAINED / "polydigits" / FOLDER, folder)
    return folder


def truncate(folder):
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:1000])


def remove_weights(folder):
    (folder / WEIGHTS).unlink()


def break_json(folder):
    (folder / CONFIG).write_text('{"shapes": ')


def foreign_json(folder):
    (folder / CONFIG).write_text(json.dumps(["something", "else"]))


def other_shapes(folder):
    config = json.loads((folder / CONFIG).read_text())
    config["n_classes"] = 3
    (folder / CONFIG).write_text(json.dumps(config))


@pytest.mark.parametrize(
    "damage", [truncate, remove_weights, break_json, foreign_json, other_shapes]
)
def test_damaged_classifiers_are_named_with_the_remedy(damage, copied):
    damage(copied)
    with pytest.raises(CheckpointError, match="incomplete or damaged.*explorer classifiers"):
        load_classifiers("polydigits", copied.parents[1])


def test_missing_classifiers_are_named_with_the_remedy(tmp_path):
    with pytest.raises(CheckpointError, match="no classifiers for 'nothing'.*explorer classifiers"):
        load_classifiers("nothing", tmp_path)


def test_they_are_not_taken_for_a_model():
    from explorer.checkpoints import list_pretrained

    assert FOLDER not in [model for _, model, _ in list_pretrained()]


def test_classifiers_saved_before_there_were_kinds_read_images(copied):
    config = json.loads((copied / CONFIG).read_text())
    config.pop("kinds", None)
    (copied / CONFIG).write_text(json.dumps(config))
    assert set(load_classifiers("polydigits", copied.parents[1]).kinds.values()) == {"image"}


def test_a_kind_that_nothing_reads_is_damage(copied):
    config = json.loads((copied / CONFIG).read_text()) | {"kinds": {"m0": "smell"}}
    (copied / CONFIG).write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="incomplete or damaged.*smell"):
        load_classifiers("polydigits", copied.parents[1])


@pytest.mark.parametrize("kind", KINDS)
def test_observations_of_every_kind_keep_their_leading_axes(kind):
    shape = {
        "image": (1, 28, 28),
        "text": (8, 5),
        "vector": (7,),
        "spikes": (6, 10),
        "audio": (1, 32, 40),
        "trajectory": (2, 8),
        "attributes": (5,),
        "label": (3,),
    }[kind]
    judges = Classifiers({"a": shape}, 3, kinds={"a": kind})
    for leading in ((), (2,), (2, 4), (2, 0)):
        assert judges.predict({"a": torch.rand(*leading, *shape)})["a"].shape == leading
    with pytest.raises(ValueError, match="observations of 'a' must have shape"):
        judges.predict({"a": torch.rand(2, *shape[:-1], shape[-1] + 1)})


def test_words_are_read_wherever_they_start_and_mended_where_one_letter_is_wrong():
    judges = load_classifiers("digits_photo_text", PRETRAINED)
    shifted = [" " * start + w for w in WORDS for start in range(LENGTH + 1 - len(w))]
    answers = [k for k, w in enumerate(WORDS) for _ in range(LENGTH + 1 - len(w))]
    assert judges.predict({"text": spell(shifted, SYMBOLS, LENGTH)})["text"].tolist() == answers
    slips = ["zexo", "twi", "thcee", "fous", "fivi", "sevln", "eigzt", "nite"]
    read = judges.predict({"text": spell(slips, SYMBOLS, LENGTH)})["text"].tolist()
    assert read == [0, 2, 3, 4, 5, 7, 8, 9]
    clean = judges.probabilities({"text": spell(WORDS, SYMBOLS, LENGTH)})["text"].amax(-1)
    blank = judges.probabilities({"text": spell([""], SYMBOLS, LENGTH)})["text"]
    assert clean.min() > 0.9
    assert blank.max() < 0.4


def test_the_classes_are_as_many_as_asked():
    judges = Classifiers({"a": (1, 28, 28)}, 3)
    assert judges.probabilities({"a": torch.zeros(2, 1, 28, 28)})["a"].shape == (2, 3)


@pytest.mark.parametrize("dataset", ["polydigits", "polymnist"])
def test_shipped_judges_of_every_kind_are_read_and_differ_in_what_they_manage(dataset):
    judges = find_judges(dataset)
    assert list(judges) == list(JUDGES)
    assert all(judge.judge == kind for kind, judge in judges.items())
    assert judges["sharp"].agreement > judges["published"].agreement
    assert min(judges["sharp"].ceiling.values()) > 0.96


def test_judges_differ_in_pictures_only_and_are_refused_without_any():
    rats = load_dataset("simulated_rats", n_train=160, n_test=160)
    with pytest.raises(ValueError, match="has none; use --judge ours"):
        train_classifiers(rats, judge="sharp", epochs=0.1)
    with pytest.raises(ValueError, match="judge must be one of published, ours, sharp"):
        train_classifiers(rats, judge="kind", epochs=0.1)
