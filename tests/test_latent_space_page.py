"""The Latent space page under AppTest: with maps, without, broken ones, and nonsense links."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer import checkpoints
from explorer.datasets import load_dataset
from explorer.evaluation.embedding import ARRAYS, embed_pretrained
from explorer.models import build_model
from explorer.models.vae import WEIGHTS
from explorer.pages.views import (
    Known,
    View,
    default_view,
    from_browser,
    read_view,
    to_browser,
    write_view,
)
from explorer.widgets.maps import pack

ROOT = Path(__file__).parents[1]
KNOWN = Known(["mwb", "poe"], ["pca", "umap0"], ["m0", "m1", "m2", "m3", "m4"], 20)


def flatten(points, *, seed):
    return points @ np.random.default_rng(seed).normal(size=(points.shape[1], 2))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two untrained checkpoints with maps of 20 tuples."""
    root = tmp_path_factory.mktemp("pretrained")
    data = load_dataset("polydigits", n_train=100, n_test=20)
    for key in ("mwb", "poe"):
        torch.manual_seed(0)
        build_model(key, data.modalities).save_pretrained(root / "polydigits" / key)
        embed_pretrained(
            "polydigits", key, data, root, n_tuples=20, n_candidates=60, n_seeds=1, fit=flatten
        )
    return root


@pytest.fixture
def root(made, tmp_path, monkeypatch):
    """A copy of them, in the place where the page looks."""
    for file in made.rglob("*.*"):
        copy = tmp_path / "pretrained" / file.relative_to(made)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    monkeypatch.setattr(checkpoints, "PRETRAINED", tmp_path / "pretrained")
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    return tmp_path / "pretrained" / "polydigits"


def show(**params):
    page = AppTest.from_file(str(ROOT / "explorer/pages/latent_space.py"), default_timeout=120)
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception
    return page


def sent(page):
    """The header of what went to the scatter widget."""
    data = page.get("bidi_component")[0].proto.bytes
    return json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])


def text(page):
    return " ".join(each.value for each in (*page.markdown, *page.text, *page.info, *page.warning))


# ---- the page


def test_two_maps_stand_side_by_side(root):
    page = show()
    assert page.title[0].value == "Where does a model put what it sees?"
    header = sent(page)
    assert [panel["label"] for panel in header["panels"]] == ["Mixture of Wasserstein", "Product"]
    assert header["masks"][0] == 0b00001
    assert header["masks"][-1] == 0b11111
    assert len(header["masks"]) == 31
    assert "have no map" in page.expander[0].label


def test_choosing_models_changes_the_maps_and_the_link(root):
    page = show()
    page.selectbox(key="latent_model").select("poe").run()
    assert [panel["label"] for panel in sent(page)["panels"]] == ["Product"]
    assert page.query_params["model"] == "poe"
    page.selectbox(key="latent_other").select("mwb").run()
    assert [panel["label"] for panel in sent(page)["panels"]] == [
        "Product",
        "Mixture of Wasserstein",
    ]
    assert not page.exception


def test_a_picked_tuple_shows_what_went_in_and_what_comes_out(root):
    page = show(item="3", given="m0+m2")
    table = "".join(each.proto.body for each in page.get("html"))
    assert table.count("<img") == 5 * (1 + 2 * 3)  # in; two models: the dot and two draws
    assert table.count('class="seen"') == 2
    assert "m0 and m2 seen" in page.subheader[0].value
    assert sent(page)["view"]["picked"] == 6 * 20 + 3


def test_without_weights_the_model_is_out_with_reason_and_remedy_and_the_page_stays(root):
    (root / "mwb" / WEIGHTS).unlink()
    page = show()
    assert [panel["label"] for panel in sent(page)["panels"]] == ["Product"]
    assert f"{WEIGHTS} is missing" in text(page)


@pytest.mark.parametrize("damage", ["truncate", "delete"])
def test_a_broken_or_missing_map_is_out_with_reason_and_remedy(root, damage):
    arrays = root / "poe" / ARRAYS
    arrays.unlink() if damage == "delete" else arrays.write_bytes(arrays.read_bytes()[:99])
    page = show(other="poe")
    assert [panel["label"] for panel in sent(page)["panels"]] == ["Mixture of Wasserstein"]
    assert "python -m explorer embed --dataset polydigits --model poe" in text(page)
    assert "`other` in the link must be a model that has a map" in text(page)


def test_with_no_map_at_all_the_page_gives_the_command(root):
    for file in root.rglob(ARRAYS):
        file.unlink()
    page = show()
    assert "python -m explorer embed" in page.code[0].value
    assert not page.get("bidi_component")


def test_nonsense_in_the_link_falls_back_with_a_notice_and_is_not_repeated(root):
    evil = "<script>alert(1)</script>"
    page = show(model="../../etc", layout=evil, item="9" * 5000, color="x", given="m9")
    assert len(page.warning) == 5
    assert evil not in text(page)
    assert sent(page)["view"]["layout"] == "umap0"


def test_a_guess_is_checked_against_the_full_space(root):
    page = show()
    page.selectbox(key="latent_lost_mwb").select("m0+m1").run()
    assert not page.exception
    assert "Neighbors name" in " ".join(x.value for x in (*page.info, *page.success))
    page.multiselect(key="latent_guess_mwb").select("3").select("5").run()
    assert not page.exception
    assert page.table


def test_pages_never_import_umap():
    code = (
        "import sys, explorer.pages.atlas, explorer.pages.views; assert 'umap' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


# ---- the view, in links and in the browser


def test_a_link_opens_the_view_it_was_made_from():
    view = View("poe", "", "pca", "correct", True, ("m1", "m4"), "any", 7, "m0+m3")
    params = write_view(view, KNOWN)
    assert read_view(params, KNOWN) == (view, [])
    assert read_view({k: v.replace("+", " ") for k, v in params.items()}, KNOWN) == (view, [])


def test_the_default_view_needs_no_parameters():
    assert write_view(default_view(KNOWN), KNOWN) == {}


def test_the_browser_says_back_what_it_was_told():
    view = View("mwb", "poe", "pca", "size", True, ("m0", "m2"), "exactly", 19, "m1")
    assert from_browser(to_browser(view, KNOWN), view, KNOWN) == view


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"picked": -1},
        {"picked": 31 * 20},
        {"picked": "3"},
        {"chips": 99, "layout": ["pca"], "color": None},
    ],
)
def test_what_a_browser_says_is_not_trusted(said):
    assert from_browser(said, default_view(KNOWN), KNOWN) == default_view(KNOWN)


def test_two_equal_models_become_one():
    assert read_view({"model": "poe", "other": "poe"}, KNOWN)[0].other == ""


def test_packed_arrays_lie_where_the_header_says():
    arrays = {"a": np.arange(3, dtype=np.uint8), "b": [{"c": np.arange(5, dtype=np.uint16)}]}
    data = pack({"x": "ü", **arrays})
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    assert length % 4 == 0
    for (kind, offset, size), array in (
        (header["a"], arrays["a"]),
        (header["b"][0]["c"], arrays["b"][0]["c"]),
    ):
        assert offset % 4 == 0
        assert kind == array.dtype.str[1:]
        assert (
            np.frombuffer(data, array.dtype, size, 4 + length + offset).tolist() == array.tolist()
        )
