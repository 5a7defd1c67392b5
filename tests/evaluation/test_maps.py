"""Maps of the latent space and the figures beside them, against values worked out by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.aggregations import subset_label, subsets
from explorer.datasets import load_dataset
from explorer.evaluation.maps import (
    ARRAYS,
    LEVELS,
    REPORT,
    EmbeddingError,
    embed,
    embed_pretrained,
    encode,
    grid,
    load_embedding,
    quantise,
    save_embedding,
    shared_neighbors,
    spectra,
    turn_to,
    vote,
)
from explorer.gaussians import Gaussian
from explorer.models import MODELS, build_model
from explorer.models.vae import WEIGHTS

rng = np.random.default_rng


def flatten(points, *, seed):
    """A map for tests, made at once: two random directions of the latent space."""
    return points @ rng(seed).normal(size=(points.shape[1], 2))


@pytest.fixture(scope="module")
def data():
    return load_dataset("polydigits", n_train=200, n_test=100)


def untrained(data, key="mwb"):
    torch.manual_seed(0)
    return build_model(key, data.modalities, latent_dim=8).eval()


@pytest.fixture(scope="module")
def embedding(data):
    return embed(untrained(data), data, n_tuples=60, n_candidates=120, n_seeds=2, fit=flatten)


@pytest.fixture
def root(tmp_path, data):
    """A checkpoint with maps."""
    untrained(data).save_pretrained(tmp_path / "polydigits" / "mwb")
    embed_pretrained(
        "polydigits", "mwb", data, tmp_path, n_tuples=30, n_candidates=60, n_seeds=1, fit=flatten
    )
    return tmp_path


# ---- coordinates


def test_quantised_coordinates_come_back_within_half_a_step():
    layout = rng(0).normal(size=(4, 50, 2)) * [3.0, 1.0] + [100.0, -7.0]
    steps = quantise(layout)
    low, high = layout.min((0, 1)), layout.max((0, 1))
    side = (high - low).max()
    back = steps / LEVELS * side + (low + high) / 2 - side / 2
    assert steps.dtype == np.uint16
    assert steps.shape == layout.shape
    np.testing.assert_allclose(back, layout, atol=0.51 * side / LEVELS)


def test_a_step_is_the_same_length_on_both_axes():
    steps = quantise(np.array([[0.0, 0.0], [4.0, 1.0]])).astype(int)
    assert (steps[1] - steps[0]).tolist() == [LEVELS, pytest.approx(LEVELS / 4, abs=1)]


@pytest.mark.parametrize("bad", [[[0.0, np.nan], [1.0, 1.0]], [[2.0, 3.0], [2.0, 3.0]]])
def test_a_map_without_extent_or_with_nan_is_refused(bad):
    with pytest.raises(ValueError, match="finite coordinates with some extent"):
        quantise(np.array(bad))


def test_turning_undoes_a_rotation_a_mirror_and_a_move():
    reference = rng(1).normal(size=(30, 2))
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = reference @ turn * [1, -1] + [5.0, 2.0]
    np.testing.assert_allclose(turn_to(moved, reference), reference, atol=1e-12)


def test_turning_never_scales():
    layout, reference = rng(2).normal(size=(30, 2)), 9 * rng(3).normal(size=(30, 2))
    turned = turn_to(layout, reference)
    np.testing.assert_allclose(
        np.linalg.norm(turned - turned.mean(0), axis=1),
        np.linalg.norm(layout - layout.mean(0), axis=1),
    )


def test_steps_lead_back_to_the_latent_space():
    layout = rng(0).normal(size=(4, 50, 2)) * 3 + 5
    corner, step = grid(layout)
    np.testing.assert_allclose(corner + step * quantise(layout), layout, atol=0.51 * step)


# ---- figures


def test_votes_are_those_of_the_nearest_by_hand():
    candidates = np.array([[0.0], [1.0], [2.0], [10.0], [11.0]])
    points = np.array([[0.4], [10.4]])
    counts, winner = vote(points, candidates, np.array([0, 1, 1, 2, 2]), 3, 3)
    assert counts.tolist() == [[1, 2, 0], [0, 1, 2]]
    assert winner.tolist() == [1, 2]


def test_spectra_by_hand():
    square = np.array([[[3.0, 1.0], [-3.0, 1.0], [3.0, -1.0], [-3.0, -1.0]]])
    np.testing.assert_allclose(spectra(square), [[9, 1]])
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(spectra(square @ turn + 7), [[9, 1]])


def test_shared_neighbors_by_hand():
    line = np.array([[0.0], [1.0], [2.1], [3.3]])
    swapped = np.array([[0.0], [1.0], [3.3], [2.1]])  # the last two change places
    rows = np.arange(4)
    assert shared_neighbors(line, line, rows, 2) == 1
    # nearest one, before -> after: 0: 1 -> 1, 1: 0 -> 0, 2: 1 -> 3, 3: 2 -> 1
    assert shared_neighbors(line, swapped, rows, 1) == 0.5


def test_shared_neighbors_agree_in_the_plane_and_above():
    """A tree answers in the plane, all distances above it."""
    flat = rng(4).normal(size=(80, 2)).astype(np.float32)
    padded = np.concatenate([flat, np.zeros((80, 5), np.float32)], axis=1)
    assert shared_neighbors(flat, padded, np.arange(80), 5) == 1


def test_a_mixture_has_the_mean_and_variance_of_its_components(data):
    model = untrained(data, "moe")
    index = torch.arange(7)
    means, variances = encode(model, data.test, index, batch_size=3)
    with torch.inference_mode():
        experts = model.experts(data.test[index])
    mu, var = experts.mu.numpy(), experts.logvar.exp().numpy()
    pair = [subset_label(s) for s in subsets(model.names)].index("m1+m3")
    np.testing.assert_allclose(means[pair], (mu[1] + mu[3]) / 2, atol=1e-6)
    expected = (var[1] + var[3]) / 2 + (mu[1] - mu[3]) ** 2 / 4
    np.testing.assert_allclose(variances[pair], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("key", MODELS)
def test_row_s_is_the_posterior_given_subset_s(data, key):
    model, index = untrained(data, key), torch.arange(5)
    means, _ = encode(model, data.test, index)
    for s, subset in enumerate(subsets(model.names)):
        with torch.inference_mode():
            alone = model.subset_posterior(data.test[index], subset)
        np.testing.assert_allclose(means[s], alone.mean, atol=1e-5)


def test_figures_of_a_model_whose_latent_is_the_label(data):
    """Every expert says 10 * class on each axis, surely: nothing is left to get wrong."""

    def tell(batch):
        mu = 10 * batch["label"].float().reshape(1, -1, 1).expand(5, -1, 3)
        noise = torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))
        return Gaussian(mu + 0.01 * noise, torch.full(mu.shape, -4.0))

    class Labels:
        def __init__(self, split):
            self.labels = split.labels

        def __getitem__(self, index):
            return {"label": self.labels[index]}

    told = replace(data, train=Labels(data.train), test=Labels(data.test))
    model = build_model("wb", data.modalities, latent_dim=3).eval()
    model.experts = tell
    found = embed(model, told, n_tuples=100, n_candidates=200, n_seeds=1, fit=flatten)
    figures = {name: np.array(values) for name, values in found.report["by_subset"].items()}
    assert (figures["accuracy"] == 1).all()
    assert (figures["accuracy_shuffled_labels"] < 0.4).all()
    assert (figures["silhouette"] > 0.95).all()
    np.testing.assert_allclose(figures["posterior_variance"], np.exp(-4), atol=1e-4)
    np.testing.assert_allclose(figures["variance_of_means"], 100 * 99 / 12, rtol=0.01)
    assert (figures["shift_to_all"] < 0.01).all()
    assert found.gaps.max() < 0.01
    off_diagonal = found.table * (1 - np.eye(10, dtype=int))
    assert off_diagonal.sum() == 0


# ---- what is stored


def test_an_embedding_names_subsets_in_the_order_of_its_points(embedding, data):
    names = [m.name for m in data.modalities]
    assert embedding.report["subsets"] == [subset_label(s) for s in subsets(names)]
    assert list(embedding.layouts) == ["pca", "umap0", "umap1"]
    assert {layout.shape for layout in embedding.layouts.values()} == {(31, 60, 2)}
    assert embedding.predicted.shape == (31, 60)


def test_accuracy_and_table_are_those_of_the_stored_votes(embedding):
    right = (embedding.predicted == embedding.labels).mean(1)
    np.testing.assert_allclose(embedding.report["by_subset"]["accuracy"], right, atol=1e-4)
    per_class = np.bincount(embedding.labels, minlength=10) * embedding.report["neighbors"]["k"]
    assert (embedding.table.sum(2) == per_class).all()


def test_spectrum_and_effective_dimension_are_those_of_the_codes(data, embedding):
    means, _ = encode(untrained(data), data.test, torch.arange(60))
    everything = np.linalg.eigvalsh(np.cov(means[-1].T.astype(float), bias=True))[::-1]
    np.testing.assert_allclose(embedding.report["spectrum"][-1], everything, atol=2e-4)
    figures = embedding.report["by_subset"]
    np.testing.assert_allclose(
        figures["effective_dimension"][-1], everything.sum() ** 2 / (everything**2).sum(), rtol=1e-3
    )
    np.testing.assert_allclose(figures["variance_of_means"][-1], everything.mean(), atol=1e-4)
    assert np.shape(embedding.report["spectrum"]) == (5, 8)
    assert figures["gap_to_all"][-1] == 0


def test_pca_keeps_the_prior_s_mean_and_unit(data, embedding):
    """Its coordinates are projections of the codes: their square is not larger than the codes'."""
    means, _ = encode(untrained(data), data.test, torch.arange(60))
    place = embedding.report["layouts"]["pca"]
    back = np.array(place["corner"]) + place["step"] * embedding.layouts["pca"]
    middle = means.mean((0, 1))
    codes, projected = means - middle, back - back.mean((0, 1))
    top = np.linalg.eigvalsh(np.cov(codes.reshape(-1, 8).T.astype(float), bias=True))[:-3:-1]
    np.testing.assert_allclose(projected.reshape(-1, 2).var(0), top, rtol=1e-3)
    assert (np.linalg.norm(back, axis=-1) <= np.linalg.norm(means, axis=-1) + 1e-3).all()


@pytest.mark.parametrize(
    ("dataset", "key", "n_subsets"),
    [
        ("simulated_rats", "mmvamp", 31),
        ("translated_polydigits", "independent", 7),
        ("digits_photo_text", "mac_wae", 7),
    ],
)
def test_every_kind_of_model_and_dataset_has_a_map(dataset, key, n_subsets):
    """Latents apart, codes that are points, texts, spikes; a plane is a layout as it is."""
    small = load_dataset(dataset, n_train=100, n_test=30)
    torch.manual_seed(0)
    model = build_model(key, small.modalities, latent_dim=2).eval()
    found = embed(model, small, n_tuples=50, n_candidates=80, n_seeds=1, fit=flatten)
    assert list(found.layouts) == ["latent", "pca", "umap0"]
    assert found.layouts["latent"].shape == (n_subsets, len(small.test.labels[:50]), 2)
    means, _ = encode(model, small.test, torch.arange(len(found.tuples)))
    place = found.report["layouts"]["latent"]
    back = np.array(place["corner"]) + place["step"] * found.layouts["latent"]
    np.testing.assert_allclose(back, means, atol=place["step"])
    json.dumps(found.report, allow_nan=False)


def test_the_same_seed_gives_the_same_maps(data, embedding):
    again = embed(untrained(data), data, n_tuples=60, n_candidates=120, n_seeds=2, fit=flatten)
    for name, layout in embedding.layouts.items():
        np.testing.assert_array_equal(layout, again.layouts[name])


def test_saved_maps_load_as_they_were(tmp_path, data, embedding):
    folder = tmp_path / "polydigits" / "mwb"
    untrained(data).save_pretrained(folder)
    from explorer.evaluation.maps import fingerprint

    embedding.report["weights"] = fingerprint(folder)
    save_embedding(embedding, folder)
    loaded = load_embedding("polydigits", "mwb", tmp_path)
    for name, layout in embedding.layouts.items():
        np.testing.assert_array_equal(loaded.layouts[name], layout)
    np.testing.assert_array_equal(loaded.predicted, embedding.predicted)
    np.testing.assert_array_equal(loaded.gaps, embedding.gaps)
    assert loaded.report == json.loads(json.dumps(embedding.report))
    assert not list(folder.glob("*partial*"))


def test_a_checkpoint_without_a_map_names_the_command(tmp_path, data):
    untrained(data).save_pretrained(tmp_path / "polydigits" / "mwb")
    with pytest.raises(EmbeddingError, match="no map of 'mwb' yet.*python -m explorer embed"):
        load_embedding("polydigits", "mwb", tmp_path)


def test_no_checkpoint_is_said_before_no_map(tmp_path):
    with pytest.raises(EmbeddingError, match="no checkpoint of 'mwb'"):
        load_embedding("polydigits", "mwb", tmp_path)


@pytest.mark.parametrize(
    "damage", ["truncate", "garble", "foreign", "pickle", "json", "keys", "old"]
)
def test_a_damaged_map_is_one_clear_error(root, damage):
    folder = root / "polydigits" / "mwb"
    arrays, report = folder / ARRAYS, folder / REPORT
    with np.load(arrays) as stored:
        kept = dict(stored)
    match damage:
        case "truncate":
            arrays.write_bytes(arrays.read_bytes()[:200])
        case "garble":
            arrays.write_bytes(b"not an archive")
        case "foreign":
            np.savez(arrays, **{**kept, "layout_pca": kept["layout_pca"][:5]})
        case "pickle":
            np.savez(arrays, **{**kept, "labels": np.array([{}, {}], dtype=object)})
        case "json":
            report.write_text("{")
        case "keys":
            report.write_text("{}")
        case "old":  # as written before there was a spectrum
            parts = json.loads(report.read_text())
            del parts["spectrum"]
            report.write_text(json.dumps(parts))
    with pytest.raises(EmbeddingError, match="is damaged.*make it again: python -m explorer embed"):
        load_embedding("polydigits", "mwb", root)


def test_a_map_of_other_weights_is_refused(root, data):
    torch.manual_seed(1)
    build_model("mwb", data.modalities, latent_dim=8).save_pretrained(root / "polydigits" / "mwb")
    with pytest.raises(EmbeddingError, match="made for other weights"):
        load_embedding("polydigits", "mwb", root)


def test_missing_weights_are_named(root):
    (root / "polydigits" / "mwb" / WEIGHTS).unlink()
    with pytest.raises(EmbeddingError, match=f"{WEIGHTS} is missing"):
        load_embedding("polydigits", "mwb", root)
