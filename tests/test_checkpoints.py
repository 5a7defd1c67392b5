"""Checkpoints: whole or explained, never unpickled."""

import json
import os
import random
import resource

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
from explorer.models.saved import packed, unpacked

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


def test_matrices_take_a_byte_a_weight_with_a_scale_a_row_and_statistics_are_whole(saved):
    model, folder = saved
    stored = load_file(folder / "model.safetensors")
    name = "encoders.b.0.weight"
    assert stored[name].dtype == torch.int8
    assert stored[f"{name}.scale"].shape == stored[name].shape[:1]
    assert stored["encoders.b.1.running_var"].dtype == torch.float32
    weight = model.state_dict()[name]
    scale = stored[f"{name}.scale"][:, None, None, None]
    assert ((stored[name] * scale - weight).abs() <= scale / 2 + 1e-9).all()
    assert (stored[name].flatten(1).abs().amax(1) == 127).all()


def test_matrices_of_before_in_16_bits_are_read(saved, tmp_path):
    model, folder = saved
    halved = {k: x.half() if x.ndim > 1 else x for k, x in model.state_dict().items()}
    save_file(halved, folder / "model.safetensors")
    forget_hash(folder)
    back = load_pretrained("toy", "mwb", tmp_path).state_dict()
    assert all(torch.equal(back[k], x.float() if x.ndim else x) for k, x in halved.items())


def test_rows_of_zeros_stay_zeros():
    weight = torch.zeros(3, 2)
    weight[1] = torch.tensor([1e-3, -2e-3])
    back = unpacked(packed({"w": weight}))["w"]
    assert (back[[0, 2]] == 0).all()
    torch.testing.assert_close(back, weight, atol=1e-5, rtol=0)


def forget_hash(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["weights_sha256"]
    (folder / "config.json").write_text(json.dumps(config))


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
    forget_hash(folder)


def damage_other_weights(folder):
    stored = load_file(folder / "model.safetensors")
    save_file(stored | {"encoders.a.1.bias": torch.ones(128)}, folder / "model.safetensors")


def damage_nan(folder):
    stored = load_file(folder / "model.safetensors")
    stored["encoders.a.1.bias"][3] = float("nan")
    save_file(stored, folder / "model.safetensors")
    forget_hash(folder)


def damage_beta(folder):
    config = json.loads((folder / "config.json").read_text()) | {"beta": float("nan")}
    (folder / "config.json").write_text(json.dumps(config))


def damage_huge(folder):
    config = json.loads((folder / "config.json").read_text()) | {"latent_dim": 10_000_000}
    (folder / "config.json").write_text(json.dumps(config))


def damage_list(folder):
    (folder / "config.json").write_text("[1, 2]")


def damage_depth(folder):
    (folder / "config.json").write_text("[" * 100_000)


def damage_missing(folder):
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_truncate, "not the file that config.json was written with"),
        (damage_html, "not the file that config.json was written with"),
        (damage_other_weights, "not the file that config.json was written with"),
        (damage_nan, "encoders.a.1.bias holds numbers that are not finite"),
        (damage_beta, "config.json/beta is nan"),
        (damage_huge, r"should have shape \(20000000, 128\), and has \(8, 128\)"),
        (damage_list, "not a checkpoint this version can read"),
        (damage_depth, "not a checkpoint this version can read|truncated"),
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


def test_a_checkpoint_of_before_that_is_cut_short_is_said_to_be(saved, tmp_path):
    _, folder = saved
    forget_hash(folder)
    damage_truncate(folder)
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        load_pretrained("toy", "mwb", tmp_path)


def test_a_configuration_of_any_shape_ends_in_one_error(saved, tmp_path):
    """Seeded mutations of a good file: wrong types, sizes and keys; never another exception."""
    _, folder = saved
    good = json.loads((folder / "config.json").read_text())
    luck = random.Random(0)
    values = [None, -1, 0, 10**9, 1e308, "", "mwb", [], {}, [[]], {"a": 1}, True, "é" * 1000]
    refused = []
    for _ in range(100):
        config = json.loads(json.dumps(good))
        branch = luck.choice([config, *config["modalities"]])
        branch[luck.choice([*branch, "further"])] = luck.choice(values)
        (folder / "config.json").write_text(json.dumps(config))
        try:
            load_pretrained("toy", "mwb", tmp_path)
        except CheckpointError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert max(map(len, refused)) < 1000


def test_weights_that_are_not_finite_are_not_saved(saved, tmp_path):
    model, folder = saved
    before = (folder / "model.safetensors").read_bytes()
    with torch.no_grad():
        model.decoders["a"][0].weight[0, 0] = float("inf")
    with pytest.raises(ValueError, match="decoders.a.0.weight holds numbers that are not finite"):
        model.save_pretrained(folder)
    assert (folder / "model.safetensors").read_bytes() == before


def test_a_full_disk_leaves_the_old_checkpoint_and_says_what_to_do(saved, tmp_path):
    """A limit on the size of files stands for the full disk: the write itself fails."""
    _, folder = saved
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    model = build_model("mwb", MODALITIES, latent_dim=4)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="what was there before is untouched. Free some space"):
            model.save_pretrained(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["mwb"]


def test_a_writer_killed_between_two_renames_leaves_the_old_checkpoint(
    saved, tmp_path, monkeypatch
):
    model, folder = saved
    (folder / "scores.json").write_text("{}")
    renames = []

    def killed(path, target):
        if renames:
            raise SystemExit  # no handler may mend what a killed process cannot
        renames.append(path)
        os.rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.rename", killed)
        patch.setattr("shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            model.save_pretrained(folder)
    assert not folder.exists()
    assert load_pretrained("toy", "mwb", tmp_path).provenance == {"steps": 7}
    assert [(d, m) for d, m, _ in list_pretrained(root=tmp_path)] == [("toy", "mwb")]
    model.provenance = {"steps": 8}
    model.save_pretrained(folder)
    assert load_pretrained("toy", "mwb", tmp_path).provenance == {"steps": 8}
    assert [path.name for path in folder.parent.iterdir()] == ["mwb"]
    assert (folder / "scores.json").is_file()


def test_runs_are_found_after_what_ships(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path))
    assert ("toy", "mwb", tmp_path / "toy" / "mwb") in list_pretrained()


SINCE_THE_PAPERS = (
    *("holder", "hellinger", "dependent", "code", "multivi"),
    *("mmvae_plus", "holder_plus", "cmvae"),
)
"""Recipes whose checkpoints are yet to be trained beside all others, under the same terms."""


@pytest.mark.parametrize("name", [key for key in MODELS if key not in SINCE_THE_PAPERS])
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
    kept = unpacked(packed(source.state_dict()))["encoders.a.1.weight"]
    torch.testing.assert_close(model.state_dict()["encoders.a.1.weight"], kept)
    assert model.encoders["b"][1].weight.shape == (128, 6)
    assert model.provenance["started_from"].startswith("digits/poe, ")
    again = start_from(build_model("poe", two, latent_dim=4), str(tmp_path / "digits"), "poe")
    assert torch.equal(again.state_dict()["encoders.a.1.weight"], kept)
    assert str(tmp_path) not in again.provenance["started_from"]
    stranger = build_model("poe", [Modality("z", (3,), network="mlp")], latent_dim=4)
    with pytest.raises(CheckpointError, match="nothing in digits/poe has the name and shape"):
        start_from(stranger, "digits", "poe", tmp_path)
