"""The Latent space page under AppTest: with maps, without, broken ones, and nonsense links."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer import checkpoints
from explorer.app.latent_space.state import (
    Known,
    View,
    default_view,
    fields,
    from_browser,
    settle,
    to_browser,
)
from explorer.app.latent_space.widget import pack
from explorer.app.links import read, write
from explorer.app.shared.measuring import MEASURING
from explorer.datasets import load_dataset
from explorer.evaluation.maps import ARRAYS, embed_pretrained
from explorer.models import build_model
from explorer.models.vae import WEIGHTS

ROOT = Path(__file__).parents[3]
KNOWN = Known(["mwb", "poe"], ["same", "pca", "umap0"], ["m0", "m1", "m2", "m3", "m4"], 20)
MADE = {
    "polydigits": {"mwb": 8, "poe": 8},
    "simulated_rats": {"mmvamp": 2, "independent": 2},
    "digits_photo_text": {"mac_wae": 8, "mac_vae": 8},
}
"""Dataset to model to size of its latent space."""


def flatten(points, *, seed):
    return points @ np.random.default_rng(seed).normal(size=(points.shape[1], 2))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Untrained checkpoints with maps of 20 tuples."""
    root = tmp_path_factory.mktemp("pretrained")
    for name, models in MADE.items():
        data = load_dataset(name, n_train=100, n_test=20)
        for key, latent_dim in models.items():
            torch.manual_seed(0)
            model = build_model(key, data.modalities, latent_dim=latent_dim)
            model.save_pretrained(root / name / key)
            embed_pretrained(
                name, key, data, root, n_tuples=20, n_candidates=60, n_seeds=1, fit=flatten
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
    page = AppTest.from_file(str(ROOT / "explorer/app/latent_space/page.py"), default_timeout=120)
    for name, value in params.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception
    return page


def sent(page):
    """The header of what went to the scatter widget."""
    return headers(page)[0]


def headers(page):
    """Of everything that went to the browser: the scatter widget, then parcels."""
    messages = [each.proto.bytes for each in page.get("bidi_component")]
    return [json.loads(m[4 : 4 + int.from_bytes(m[:4], "little")]) for m in messages]


def delivered(page):
    """Model and layout of each layer that was sent."""
    names = [each["name"] for each in headers(page)[1:] if "thumbnails" not in each["name"]]
    return [(name.split("-")[1], name.split()[1]) for name in names]


def text(page):
    return " ".join(each.value for each in (*page.markdown, *page.text, *page.info, *page.warning))


# ---- the page


def test_two_maps_stand_side_by_side(root):
    page = show()
    assert page.title[0].value == "Where does a model put what it sees?"
    header = sent(page)
    assert [panel["label"] for panel in header["panels"]] == ["Mixture of Wasserstein", "Product"]
    assert header["members"][0] == [0]
    assert header["members"][-1] == [0, 1, 2, 3, 4]
    assert len(header["members"]) == 31
    assert header["word"] == "digit"
    assert list(header["layouts"]) == ["same", "pca", "umap0"]


def test_only_the_layout_that_is_shown_is_sent(root):
    page = show()
    assert delivered(page) == [("mwb", "umap0"), ("poe", "umap0")]
    page = show(layout="pca", other="")
    assert delivered(page) == [("mwb", "pca")]


def test_thumbnails_of_every_kind_come_in_parts(root):
    for name, height in {"polydigits": 28, "simulated_rats": 40, "digits_photo_text": 28}.items():
        page = show(data=name)
        tiles = sent(page)["tiles"]
        parts = [each for each in headers(page) if each.get("name") == f"{tiles['id']} 0"]
        assert len(parts) == 1
        assert tiles["height"] == height
        assert len(tiles["widths"]) == len(sent(page)["names"])


def test_a_latent_space_of_two_dimensions_is_shown_as_it_is(root):
    page = show(data="simulated_rats")
    header = sent(page)
    assert [panel["label"] for panel in header["panels"]] == ["MM-VAMP", "Independent"]
    assert header["view"]["layout"] == "latent"
    assert header["view"]["match"] == "alone"
    assert header["classes"] == ["A", "B", "C", "D"]
    assert delivered(page) == [("independent", "latent"), ("mmvamp", "latent")]
    assert "simulated, not recorded" in text(page)
    assert "digit" not in text(page).lower()


def test_a_dataset_of_three_modalities_has_seven_subsets(root):
    page = show(data="digits_photo_text")
    header = sent(page)
    assert header["members"] == [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]
    assert "all 7 ways" in text(page)
    assert "31" not in " ".join(header["subsets"])


def test_two_models_on_the_same_axes_have_their_spread_beside_them(root):
    page = show(data="digits_photo_text", layout="same")
    assert delivered(page) == [("mac_vae", "pca"), ("mac_wae", "pca")]
    said = text(page)
    assert "of the prior's variance" in said
    assert "times beta = 500 is" in said
    assert "does not prove that codes match" in said
    assert any("variance of the codes (prior: 1)" in table.value.index for table in page.table)
    frame = sent(page)["panels"][0]["frame"]
    assert frame["layout"] == "pca"
    assert frame["step"] > 0


def test_the_figure_of_the_paper_is_one_click_away(root):
    page = show(data="digits_photo_text", model="mac_vae", other="", layout="pca", color="size")
    button = next(each for each in page.button if "same axes" in each.label)
    button.click().run()
    assert not page.exception
    assert [panel["label"] for panel in sent(page)["panels"]] == ["MAC-WAE", "MAC-VAE"]
    assert sent(page)["view"]["layout"] == "same"
    assert page.query_params["layout"] in ("same", ["same"])


def test_circles_of_a_prior_that_a_model_never_saw_are_said_to_be_a_unit(root):
    assert "circles are no more than a unit" in text(show(data="simulated_rats", layout="same"))


def test_another_dataset_comes_with_a_view_of_its_own(root):
    page = show(model="poe", other="mwb", layout="pca")
    page.selectbox(key="dataset_choice").select("simulated_rats").run()
    assert not page.exception
    assert not page.warning
    assert sent(page)["view"]["layout"] == "latent"
    assert "layout" not in page.query_params


def test_a_dataset_without_models_says_how_to_train_one(root):
    page = show(data="translated_polydigits")
    assert "python -m explorer train --dataset translated_polydigits" in page.code[0].value


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


@pytest.mark.parametrize(
    ("name", "given", "kinds"),
    [
        ("simulated_rats", "barat+mitt", {"spikes"}),
        ("digits_photo_text", "text", {"image", "text"}),
    ],
)
def test_every_kind_of_modality_comes_out(root, name, given, kinds):
    page = show(data=name, item="2", given=given)
    table = "".join(each.proto.body for each in page.get("html"))
    assert table.count("<img") == len(sent(page)["names"]) * (1 + 2 * 3)
    assert all(f'<td class="{kind} ' in table for kind in kinds)


def test_a_picked_tuple_shows_what_went_in_and_what_comes_out(root):
    page = show(item="3", given="m0+m2")
    table = "".join(each.proto.body for each in page.get("html"))
    assert table.count("<img") == 5 * (1 + 2 * 3)  # in; two models: the dot and two draws
    assert table.count(' seen"') == 2
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


def test_with_no_map_at_all_the_page_offers_to_make_one(root, monkeypatch):
    asked = []
    monkeypatch.setattr(MEASURING, "_work", lambda task: asked.append(tuple(task)) or "")
    for file in root.rglob(ARRAYS):
        file.unlink()
    page = show()
    assert "There is no map yet" in text(page)
    assert not page.get("bidi_component")
    page.button(key="latent_make_polydigits_poe").click().run()
    assert not page.exception
    assert MEASURING.wait(10)
    assert asked == [("embed", "polydigits", "poe")]


def test_nonsense_in_the_link_falls_back_with_a_notice_and_is_not_repeated(root):
    evil = "<script>alert(1)</script>"
    page = show(model="../../etc", layout=evil, item="9" * 5000, color="x", given="m9", data=evil)
    assert len(page.warning) == 6
    assert evil not in text(page)
    assert sent(page)["view"]["layout"] == "umap0"


def test_a_guess_is_checked_against_the_full_space(root):
    page = show()
    page.selectbox(key="latent_lost_polydigits_mwb").select("m0+m1").run()
    assert not page.exception
    assert "Neighbors name" in " ".join(x.value for x in (*page.info, *page.success))
    page.multiselect(key="latent_guess_polydigits_mwb").select("3").select("5").run()
    assert not page.exception
    assert page.table


def test_pages_never_import_umap():
    code = "import sys; from explorer.app.latent_space import maps, state; "
    code += "assert 'umap' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


# ---- the view, in links and in the browser


def test_a_link_opens_the_view_it_was_made_from():
    view = View("poe", "", "pca", "correct", True, ("m1", "m4"), "any", 7, "m0+m3")
    params = write(fields(KNOWN), asdict(view))
    assert read(fields(KNOWN), params) == (asdict(view), [])
    typed = {name: text.replace("+", " ") for name, text in params.items()}
    assert read(fields(KNOWN), typed) == (asdict(view), [])


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
        {"picked": 10**400, "chips": [-1]},
        None,
        [1, {"picked": 3}],
        {"chips": [[0]], "shuffled": "yes"},
        {"chips": [0, 99], "layout": ["pca"], "color": None, "match": "none"},
    ],
)
def test_what_a_browser_says_is_not_trusted(said):
    assert from_browser(said, default_view(KNOWN), KNOWN) == default_view(KNOWN)


def test_what_is_opened_first_depends_on_what_there_is():
    layouts, names = ["same", "pca", "umap0"], ["a", "b"]
    assert default_view(Known(["moe", "wb"], layouts, names, 9)) == View("moe", "wb")
    assert default_view(Known(["moe"], layouts, names, 9)) == View("moe")
    several = Known(["independent", "mmvamp", "wb"], ["latent", *layouts], names, 9)
    assert default_view(several) == View("mmvamp", "independent", "latent", match="alone")


def test_two_equal_models_become_one():
    assert settle(View("poe", "poe"), KNOWN).other == ""


def test_packed_arrays_lie_where_the_header_says():
    arrays = {"a": np.arange(3, dtype=np.uint8), "b": [{"c": np.arange(5, dtype=np.uint8)}]}
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
