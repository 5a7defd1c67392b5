"""Pages of a dataset whose files are not here: what it needs, and what can be shown without."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import explorer.app
from explorer import checkpoints
from explorer.app.train.curves import draw_rows
from explorer.app.train.queue.process import row
from explorer.datasets import Modality, load_dataset
from explorer.drawing.tiles import CHARACTERS
from explorer.evaluation.maps import embed_pretrained
from explorer.files.sources import SOURCES, File, Source, Way
from explorer.models import build_model
from tests.app.latent_space.test_page import flatten, headers
from tests.files.file_server import page as web_page
from tests.files.file_server import serving

PAGES = Path(explorer.app.__file__).parent
CONTENT = b"of the dataset"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Untrained checkpoints of "polymnist", two with maps, made of PolyDigits of its shapes."""
    root = tmp_path_factory.mktemp("pretrained")
    data = load_dataset("polydigits", n_train=100, n_test=20)
    for key in ("poe", "mopoe_style", "independent"):
        torch.manual_seed(0)
        model = build_model(key, data.modalities, latent_dim=8)
        model.save_pretrained(root / "polymnist" / key)
    for key in ("poe", "mopoe_style"):
        embed_pretrained(
            "polymnist", key, data, root, n_tuples=20, n_candidates=60, n_seeds=1, fit=flatten
        )
    return root


@pytest.fixture
def directory(made, tmp_path, monkeypatch):
    """An empty data directory, and the only checkpoints there are."""
    monkeypatch.setattr(checkpoints, "PRETRAINED", shutil.copytree(made, tmp_path / "pretrained"))
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def server(monkeypatch):
    """PolyMNIST as one small file on a server of this machine."""
    with serving() as server:
        url = server.add("a.bin", CONTENT)
        file = File("polymnist/a.bin", url, hash=f"md5:{hashlib.md5(CONTENT).hexdigest()}")
        source = Source((Way("only", (file,)),), "CC0", "https://example.org")
        monkeypatch.setitem(SOURCES, "polymnist", source)
        yield server


def show(name, data="polymnist", **parameters):
    page = AppTest.from_file(str(PAGES / name.replace("-", "_") / "page.py"), default_timeout=120)
    page.query_params["data"] = data
    for key, value in parameters.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    return page


def said(page):
    parts = (*page.info, *page.text, *page.markdown, *page.caption, *page.error, *page.code)
    return " ".join(each.value for each in parts)


@pytest.mark.parametrize("name", ["generation", "latent_space", "train"])
def test_a_page_says_what_is_missing_and_offers_to_get_it(directory, name):
    page = show(name)
    assert "PolyMNIST, rebuilt: its files are not here." in said(page)
    assert "mnist/train-images-idx3-ubyte.gz" in said(page)
    assert "python -m explorer data fetch polymnist" in said(page)
    assert "License: MNIST" in said(page)
    assert page.button(key="absent_fetch").label == "Get the files"
    assert not directory.exists()


@pytest.mark.parametrize("name", ["generation", "latent_space", "train"])
def test_what_only_a_person_can_get_has_steps_and_no_button(directory, name):
    page = show(name, data="celeba")
    assert "Its owners ask that you accept their terms" in said(page)
    assert not [button for button in page.button if button.key == "absent_fetch"]


def test_training_cannot_be_started_without_data(directory):
    assert show("train").button(key="train_start").disabled
    assert not show("train", data="polydigits").button(key="train_start").disabled


def test_scores_need_no_data(directory):
    assert "not here" not in said(show("scores"))


def test_long_texts_are_drawn_wide_enough_to_be_read():
    words = Modality("words", (256, 3), kind="text", symbols=" ab")
    photo = Modality("photo", (3, 28, 28))
    page = draw_rows([("", row(m, torch.rand(8, *m.shape))) for m in (words, photo)])
    text, picture = (float(least) for least in re.findall("--least: ([0-9.]+)rem", page))
    assert 16 * text / CHARACTERS > 9  # pixels a letter, also where the page is narrow
    assert 16 * text < 358  # pixels of a phone's page
    assert picture < 3  # eight go on a line
    assert page.count("<img") == 16 and page.count('class="pixels"') == 8


def test_maps_are_shown_without_their_samples(directory):
    page = show("latent_space", model="poe", item="3")
    header = headers(page)[0]
    assert header["names"] == ["m0", "m1", "m2", "m3", "m4"]
    assert header["classes"] == list("0123456789")
    labels = [panel["label"] for panel in header["panels"]]
    assert labels == ["Product", "Mixture of products, styles"]
    assert not [each for each in headers(page)[1:] if "thumbnails" in each["name"]]
    assert "The samples themselves cannot be shown" in said(page)


def test_the_button_gets_the_files_and_the_page_goes_on(directory, server, monkeypatch):
    monkeypatch.setattr(
        "explorer.app.shared.loaded.dataset", lambda name: load_dataset("polydigits")
    )
    page = show("train")
    page.button(key="absent_fetch").click().run()
    assert not page.exception
    assert (directory / "polymnist" / "a.bin").read_bytes() == CONTENT
    assert "not here" not in said(page)
    assert not page.button(key="train_start").disabled


def test_what_cannot_be_had_is_said_on_the_page(directory, server):
    server.moods["a.bin"] = [web_page]
    page = show("train")
    page.button(key="absent_fetch").click().run()
    assert not page.exception
    assert "sent a web page instead of the file" in said(page)
    assert page.button(key="train_start").disabled


def test_damaged_files_end_in_the_complaint_of_the_loader(directory):
    for file in SOURCES["mfeat"].ways[0].files:
        (directory / file.path).parent.mkdir(parents=True)
        (directory / file.path).write_bytes(b"damaged")
    for name in ("generation", "latent_space", "train"):
        assert "is damaged" in said(show(name, data="mfeat"))
