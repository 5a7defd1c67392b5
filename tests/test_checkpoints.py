"""Checkpoints: whole or explained, never unpickled."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.checkpoints import (
    PRETRAINED,
    CheckpointError,
    list_pretrained,
    load_pretrained,
    start_from,
)
from explorer.datasets import Modality, load_dataset
from explorer.models import MODELS, MultimodalVAE, build_model

MODALITIES = [Modality("a", (3,), likelihood="normal", network="mlp"), Modality("b", (3, 28, 28))]


@pytest.fixture
def saved(tmp_path):
    model = build_model("mwb", MODALITIES, latent_dim=4, beta=0.5).eval()
    model.provenance = {"steps": 7}
    model.save_pretrained(tmp_path / "toy" / "mwb")
    return model, tmp_path / "toy" / "mwb"


def test_what_is_saved_comes_back(saved, tmp_path):
    model, folder = saved
    back = load_pretrained("toy", "mwb", tmp_path)
    assert back.config == model.config
    assert back.provenance == {"steps": 7}
    assert not back.training
    batch = {"a": torch.randn(2, 3), "b": torch.rand(2, 3, 28, 28)}
    assert torch.allclose(back.posterior(batch).mean, model.posterior(batch).mean, atol=5e-3)
    assert {p.name for p in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}


def test_a_hub_repository_and_a_folder_are_the_same_call(saved, monkeypatch):
    _, folder = saved

    def download(repo_id, filename, **_):
        assert repo_id == "somebody/mwb"
        return str(folder / filename)

    monkeypatch.setattr("huggingface_hub.hub_mixin.hf_hub_download", lambda **k: download(**k))
    monkeypatch.setattr("explorer.models.vae.hf_hub_download", download)
    from_hub = MultimodalVAE.from_pretrained("somebody/mwb").state_dict()
    from_folder = MultimodalVAE.from_pretrained(folder).state_dict()
    assert all(torch.equal(from_hub[k], from_folder[k]) for k in from_folder)


def test_matrices_are_halved_on_disk_and_statistics_are_not(saved):
    _, folder = saved
    weights = load_file(folder / "model.safetensors")
    assert weights["encoders.b.0.weight"].dtype == torch.float16
    assert weights["encoders.b.1.running_var"].dtype == torch.float32


def damage_truncate(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def damage_html(folder):
    (folder / "model.safetensors").write_text("<html>404</html>")


def damage_config(folder):
    (folder / "config.json").write_text('{"aggregation": "mw')


def damage_foreign(folder):
    (folder / "config.json").write_text('{"hidden_size": 768}')


def damage_unknown(folder):
    config = json.loads((folder / "config.json").read_text()) | {"aggregation": "future"}
    (folder / "config.json").write_text(json.dumps(config))


def damage_weights(folder):
    save_file({"x": torch.zeros(3)}, folder / "model.safetensors")


def damage_missing(folder):
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_truncate, "truncated or damaged"),
        (damage_html, "truncated or damaged"),
        (damage_config, "truncated or damaged"),
        (damage_foreign, "not a checkpoint this version can read.*train again"),
        (damage_unknown, "aggregation must be one of.*'future'"),
        (damage_weights, "not a checkpoint this version can read"),
        (damage_missing, "no model.safetensors"),
    ],
)
def test_a_broken_checkpoint_is_explained(saved, tmp_path, damage, message):
    _, folder = saved
    damage(folder)
    with pytest.raises(CheckpointError, match=message):
        load_pretrained("toy", "mwb", tmp_path)


def test_a_missing_checkpoint_comes_with_the_command_that_makes_one():
    with pytest.raises(CheckpointError, match="python -m explorer train --dataset toy --model mwb"):
        load_pretrained("toy", "mwb")


def test_a_failed_save_leaves_the_old_weights(saved, tmp_path, monkeypatch):
    model, folder = saved
    before = (folder / "model.safetensors").read_bytes()

    def full(state, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorer.models.vae.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        model.save_pretrained(folder)
    assert (folder / "model.safetensors").read_bytes() == before
    assert not list(folder.glob("*.partial"))


def test_runs_are_found_after_what_ships(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path))
    assert ("toy", "mwb", tmp_path / "toy" / "mwb") in list_pretrained()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_ships_and_draws(name):
    model = load_pretrained("polydigits", name, PRETRAINED)
    assert model.provenance["core_minutes"] <= 20
    data = load_dataset("polydigits")
    assert model.modalities == data.modalities
    pictures = model.generate(data.test[:4], ["m0"], 2, torch.Generator().manual_seed(0))
    assert pictures["m3"].shape == (2, 4, 3, 28, 28)
    assert 0.05 < pictures["m3"].std() < 1


def test_a_start_tells_the_whole_history_of_its_weights(tmp_path):
    torch.manual_seed(0)
    modalities = [Modality("a", (3,), likelihood="normal", network="mlp")]
    first = build_model("poe", modalities, latent_dim=4)
    first.provenance = {"options": {"digits": "easy"}, "steps": 30, "core_minutes": 0.5}
    first.save_pretrained(tmp_path / "one" / "poe")
    second = start_from(build_model("poe", modalities, latent_dim=4), "one", "poe", tmp_path)
    second.provenance |= {"steps": 70}
    second.save_pretrained(tmp_path / "two" / "poe")
    third = start_from(build_model("poe", modalities, latent_dim=4), "two", "poe", tmp_path)
    n = len(first.state_dict())
    assert third.provenance["started_from"] == (
        "two/poe (70 steps) from one/poe (digits=easy, 30 steps, 0.5 core_minutes), "
        f"{n} of {n} tensors, {n} of {n} tensors"
    )


def test_a_model_starts_from_weights_that_fit(tmp_path):
    torch.manual_seed(0)
    shapes = {"a": (3,), "b": (4,)}
    three, two = (
        [Modality(n, s, likelihood="normal", network="mlp") for n, s in kept.items()]
        for kept in (shapes | {"c": (5,)}, shapes | {"b": (6,)})
    )
    source = build_model("poe", three, latent_dim=4).eval()
    source.save_pretrained(tmp_path / "digits" / "poe")
    model = start_from(build_model("poe", two, latent_dim=4), "digits", "poe", tmp_path)
    kept = source.state_dict()["encoders.a.1.weight"].half().float()
    torch.testing.assert_close(model.state_dict()["encoders.a.1.weight"], kept)
    assert model.encoders["b"][1].weight.shape == (128, 6)
    assert model.provenance["started_from"].startswith("digits/poe, ")
    again = start_from(build_model("poe", two, latent_dim=4), str(tmp_path / "digits"), "poe")
    assert torch.equal(again.state_dict()["encoders.a.1.weight"], kept)
    assert str(tmp_path) not in again.provenance["started_from"]
    stranger = build_model("poe", [Modality("z", (3,), network="mlp")], latent_dim=4)
    with pytest.raises(CheckpointError, match="nothing in digits/poe has the name and shape"):
        start_from(stranger, "digits", "poe", tmp_path)
