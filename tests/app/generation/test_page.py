"""The Generation page without a browser: what its widget is told, and what it is served."""

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from explorer import checkpoints
from explorer.app.generation import served, told
from explorer.checkpoints import PRETRAINED
from explorer.datasets import load_dataset
from explorer.evaluation import conflict

PAGE = Path(told.__file__).with_name("page.py")


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=served.ROUTES))


def test_the_page_mounts_its_widget_and_explains():
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not page.exception
    assert len(page.get("bidi_component")) == 1
    assert "How something hidden is drawn" in [each.label for each in page.expander]


def test_what_the_widget_is_told_takes_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None; "
        "from explorer.app.generation.told import setup; "
        "assert len(setup('polydigits')['models']) == 27"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_thresholds_are_those_that_conflicts_are_measured_with():
    found = {name: getattr(conflict, name.upper()) for name in told.THRESHOLDS}
    assert found == told.THRESHOLDS


@pytest.mark.parametrize("name", ["polydigits", "celeba", "simulated_rats"])
def test_the_widget_is_told_everything_of_a_dataset(name):
    setup = told.setup(name)
    json.dumps(setup)
    assert {m["key"] for m in setup["models"]} == {
        key for _, key, _ in checkpoints.list_pretrained(name, PRETRAINED)
    }
    assert setup["judge"]["weights"].startswith(f"./checkpoints/{name}/classifiers/")


def test_a_damaged_checkpoint_is_left_out(tmp_path, monkeypatch):
    for key in ("mwb", "moe"):
        folder = tmp_path / "polydigits" / key
        folder.mkdir(parents=True)
        config = (PRETRAINED / "polydigits" / key / "config.json").read_text()
        (folder / "config.json").write_text(config if key == "mwb" else "{half")
        (folder / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(checkpoints, "PRETRAINED", tmp_path)
    assert [m["key"] for m in told.setup("polydigits")["models"]] == ["mwb"]


def test_a_checkpoint_is_served_for_good_under_its_hash(client):
    (model,) = (m for m in told.setup("polydigits")["models"] if m["key"] == "mwb")
    answer = client.get(model["weights"].removeprefix("."))
    file = PRETRAINED / "polydigits" / "mwb" / "model.safetensors"
    assert answer.content == file.read_bytes()
    assert "immutable" in answer.headers["cache-control"]
    old = client.get("/checkpoints/polydigits/mwb/model.safetensors?v=0123")
    assert old.headers["cache-control"] == "no-cache"
    layers = client.get(model["layers"].removeprefix("."))
    assert layers.json() == json.loads(json.dumps(served.description("polydigits", "mwb")))


@pytest.mark.parametrize(
    "path",
    [
        "/checkpoints/polydigits/presets/model.safetensors",
        "/checkpoints/comparisons/polydigits/model.safetensors",
        "/checkpoints/polydigits/%2e%2e/model.safetensors",
        "/checkpoints/..%2F..%2Fetc/passwd/model.safetensors",
        "/checkpoints/*/mwb/model.safetensors",
        "/checkpoints/polydigits/mwb/config.json",
        "/checkpoints/nothing/classifiers/layers.json",
        "/samples/nothing/0.json",
        "/samples/polydigits/99999.json",
        "/samples/polymnist_released/0.json",
    ],
)
def test_nothing_else_is_served(client, path, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    assert client.get(path).status_code == 404


def test_a_checkpoint_that_cannot_be_read_says_why(client, tmp_path, monkeypatch):
    folder = tmp_path / "polydigits" / "mwb"
    folder.mkdir(parents=True)
    config = (PRETRAINED / "polydigits" / "mwb" / "config.json").read_text()
    (folder / "config.json").write_text(config)
    (folder / "model.safetensors").write_bytes(b"half")
    monkeypatch.setattr(checkpoints, "PRETRAINED", tmp_path)
    answer = client.get("/checkpoints/polydigits/mwb/layers.json")
    assert answer.status_code == 422
    assert "truncated or damaged" in answer.text


def unpacked(told, bare=None):
    """Values ``(N, *shape)`` of a packed modality."""
    data = told["data"]
    if told["how"] == "sprite":
        image = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2])))
        channels, height, width = told["shape"]
        sheet = np.asarray(image).reshape(-1, height, told["columns"], width, 3).swapaxes(1, 2)
        tiles = sheet.reshape(-1, height, width, 3)[: told["n"]]
        return tiles.transpose(0, 3, 1, 2)[:, :channels] / 255
    raw = np.frombuffer(base64.b64decode(data), np.uint8)
    if told["how"] == "inverted":
        height, width = bare.shape[2:]
        digits = np.unpackbits(raw.reshape(len(bare), -1), axis=1)[:, : height * width]
        return np.where(digits.reshape(-1, 1, height, width), 1 - bare, bare)
    if told["how"] in ("symbols", "class"):
        return np.eye(told["shape"][-1])[raw].reshape(told["n"], *told["shape"])
    if told["how"] == "levels":
        return raw.reshape(told["n"], *told["shape"]) / 255
    return np.frombuffer(base64.b64decode(data), "<f4").reshape(told["n"], *told["shape"])


@pytest.mark.parametrize("name", ["polydigits", "digits_photo_text", "simulated_rats"])
def test_samples_are_those_of_the_test_split(client, name):
    data = load_dataset(name)
    page = client.get(f"/samples/{name}/1.json").json()
    assert page["items"] == list(range(served.PAGE, 2 * served.PAGE))
    batch = data.test[page["items"]]
    assert page["labels"] == data.test.labels[page["items"]].tolist()
    assert page["n_items"] == len(data.test)
    for modality, packed in page["modalities"].items():
        bare = unpacked(packed["bare"]) if "bare" in packed else None
        found = unpacked(packed["values"], bare)
        assert np.abs(found - batch[modality].numpy()).max() <= 0.5 / 255 + 1e-6


def test_a_pen_sets_a_digit_on_its_photograph_as_the_dataset_does(client):
    page = client.get("/samples/digits_photo_text/0.json").json()
    photo = page["modalities"]["photo"]
    assert photo["pen"] == "add"
    assert page["modalities"]["digit"]["pen"] == "ink"
    assert "pen" not in page["modalities"]["text"]
    data = load_dataset("digits_photo_text").test
    ink = data.pictures[data.digits[page["items"], 1]].numpy()[:, None]
    strokes = np.array(photo["strokes"])[..., None, None]
    drawn = (unpacked(photo["bare"]) + strokes * ink).clip(0, 1)
    # the background is rounded and cut to 0..1 before the digit is added, not after
    assert np.abs(drawn - data[page["items"]]["photo"].numpy()).mean() < 0.01
