"""The Latent space page as a student uses it: look, point, click, filter, follow a link."""

import json
import os
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from explorer.checkpoints import PRETRAINED
from explorer.datasets import load_dataset
from explorer.evaluation.maps import embed_pretrained
from explorer.models import build_model

WITH_MAPS = {file.parent.name for file in PRETRAINED.glob("polydigits/*/embedding.npz")}

shipped = pytest.mark.skipif(
    not {"mwb", "mopoe"} <= WITH_MAPS,
    reason="no maps: python -m explorer embed --dataset polydigits --model all",
)

PAIR = "latent-space?model=mwb&other=mopoe"
SMALL = {
    "simulated_rats": {"wb": 2, "moments": 2},
    "digits_photo_text": {"mmvamp": 8, "aggregated_std": 8},
}
"""Dataset to model to size of its latent space: models that are not shipped on it."""
COUNT_REDRAWS = """node => {
    const context = CanvasRenderingContext2D.prototype, put = context.putImageData
    node.drawn = 0
    context.putImageData = function (...them) { node.drawn++; return put.apply(this, them) }
}"""


@pytest.fixture(scope="module")
def small(tmp_path_factory, serve):
    """The app with untrained models that have maps of 40 tuples."""
    root = tmp_path_factory.mktemp("runs")
    for name, models in SMALL.items():
        data = load_dataset(name, n_train=100, n_test=64)
        for key, latent_dim in models.items():
            assert not (PRETRAINED / name / key).exists(), "choose a model that is not shipped"
            torch.manual_seed(0)
            model = build_model(key, data.modalities, latent_dim=latent_dim)
            model.save_pretrained(root / name / key)
            embed_pretrained(
                name, key, data, root, n_tuples=40, n_candidates=60, n_seeds=1, fit=flatten
            )
    with serve(EXPLORER_RUNS=os.fspath(root)) as url:
        yield url


def flatten(points, *, seed):
    return points @ np.random.default_rng(seed).normal(size=(points.shape[1], 2))


def opened(open_page, path=PAIR, **look):
    page = open_page(path, wait=False, **look)
    page.set_default_timeout(120_000)
    page.locator(".scatter[data-drawn]").wait_for()
    return page, page.locator(".scatter")


def place(page, point, panel=0):
    """Where a point is on the page, in CSS px."""
    canvas = page.locator("canvas.marks").nth(panel)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = page.locator(".scatter").evaluate(
        """(node, [panel, point]) => {
            const map = node.scatter.panels[panel]
            return [map.sx[point] / map.dpr, map.sy[point] / map.dpr]
        }""",
        [panel, point],
    )
    return box["x"] + x, box["y"] + y


def lonely(page, panel=0):
    """The visible point furthest from its nearest other one, so that a pointer cannot miss it."""
    return page.locator(".scatter").evaluate(
        """(node, panel) => {
            const map = node.scatter.panels[panel]
            const shown = [...map.visible.keys()].filter(i => map.visible[i])
            let best = -1, found = null
            for (const i of shown) {
                if (map.sx[i] < 30 || map.sy[i] < 30) continue
                let near = Infinity
                for (const j of shown) {
                    const apart = Math.hypot(map.sx[i] - map.sx[j], map.sy[i] - map.sy[j])
                    if (j !== i) near = Math.min(near, apart)
                }
                if (near > best) (best = near), (found = i)
            }
            return found
        }""",
        panel,
    )


def point_at(page, point):
    """Move the pointer onto a point, once more where the page has shifted under it."""
    for _ in range(50):
        x, y = place(page, point)
        page.mouse.move(x + 40, y)
        page.mouse.move(x, y)
        if page.locator(".scatter").evaluate("node => node.scatter.hovered") == point:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the point was never under the pointer")


def shown(scatter):
    return scatter.evaluate("node => node.scatter.panels.map(map => map.shown)")


def link(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@shipped
def test_both_maps_are_drawn_and_labelled(open_page):
    _, scatter = opened(open_page)
    assert scatter.locator("figcaption strong").all_inner_texts() == [
        "Mixture of Wasserstein",
        "Mixture of products",
    ]
    assert "31 of 31 subsets, 31,000 points" in scatter.inner_text()
    colors = scatter.locator("canvas.points").evaluate_all(
        """canvases => canvases.map(canvas => new Set(new Uint32Array(canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size)"""
    )
    assert min(colors) > 100
    labels = scatter.evaluate(
        """node => node.scatter.panels.map(
            map => (map.annotate(), map.labels.filter(Boolean).length))"""
    )
    assert labels == [10, 10]


@shipped
def test_filters_redraw_in_place_and_reach_the_link(open_page):
    page, scatter = opened(open_page)
    scatter.evaluate("node => { node.mine = true }")
    scatter.get_by_role("radio", name="exactly these").click()
    assert "No subset: choose a modality" in scatter.inner_text()
    scatter.get_by_role("button", name="m0", exact=True).click()
    scatter.get_by_role("button", name="m3", exact=True).click()
    assert "1 of 31 subsets, 1,000 points" in scatter.inner_text()
    assert shown(scatter) == [1000, 1000]
    scatter.get_by_role("radio", name="at least these").click()
    assert shown(scatter) == [8000, 8000]
    scatter.get_by_role("radio", name="any of these").click()
    assert shown(scatter) == [24000, 24000]
    scatter.get_by_role("radio", name="PCA").click()
    scatter.get_by_role("radio", name="correctness").click()
    scatter.get_by_role("radio", name="shuffled").click()
    page.wait_for_url("**shuffled=1**")
    expected = {"layout": "pca", "color": "correct", "chips": "m0+m3", "match": "any"}
    assert expected.items() <= link(page).items()
    assert scatter.evaluate("node => node.mine") is True


@shipped
def test_a_filter_sends_little_and_draws_each_map_once(open_page):
    page, scatter = opened(open_page)
    page.wait_for_timeout(1500)
    scatter.evaluate(COUNT_REDRAWS)
    sent, received = len(open_page.sent), len(open_page.received)
    scatter.get_by_role("button", name="m1", exact=True).click()
    assert scatter.evaluate("node => node.drawn") == 2
    page.wait_for_url("**chips=m1**")
    page.wait_for_timeout(500)
    assert len(open_page.sent) == sent + 1
    assert sum(open_page.sent[sent:]) < 4_000
    assert sum(open_page.received[received:]) < 20_000  # the maps are not sent again


@shipped
def test_pointing_shows_what_went_in_and_clicking_what_comes_out(open_page, axe):
    page, scatter = opened(open_page)
    page.wait_for_function(
        "() => [...explorerParcels.keys()].filter(name => name.startsWith('thumbnails')).length > 9"
    )
    scatter.get_by_role("radio", name="exactly these").click()
    scatter.get_by_role("button", name="m2", exact=True).click()
    expect(scatter).to_contain_text("1 of 31 subsets, 1,000 points")
    point = lonely(page)
    point_at(page, point)
    card = scatter.locator(".card")
    card.locator(".picture").first.wait_for()
    assert card.locator(".picture").count() == 5
    assert "m2" in card.locator(".picture.seen").inner_text()
    page.wait_for_function(  # pictures are decoded after the card is there
        """card => [...card.querySelectorAll("canvas")].every(canvas => canvas.getContext("2d")
            .getImageData(0, 0, 28, 28).data.some(byte => byte))""",
        arg=card.element_handle(),
    )
    assert "neighbors say" in card.inner_text()
    page.mouse.click(*place(page, point))
    outcome = page.locator(".outcome")
    outcome.nth(2).wait_for()
    assert outcome.locator("img").count() == 5 + 2 * 15
    assert outcome.locator("td.seen").count() == 1
    assert link(page)["given"] == "m2"
    assert int(link(page)["item"]) == point % 1000
    assert not axe(page)


@shipped
def test_a_link_opens_the_state_it_was_copied_from(open_page):
    page, scatter = opened(
        open_page, f"{PAIR}&layout=umap1&color=size&chips=m1&match=exactly&item=5&given=m1"
    )
    view = scatter.evaluate("node => node.scatter.view")
    assert view["layout"] == "umap1"
    assert view["color"] == "size"
    assert view["picked"] == 1 * 1000 + 5
    assert shown(scatter) == [1000, 1000]
    page.locator(".outcome").first.wait_for()


@shipped
def test_the_keyboard_walks_picks_and_lets_go(open_page):
    page, scatter = opened(open_page)
    page.locator("canvas.marks").first.focus()
    hovered = "node => node.scatter.hovered"
    page.keyboard.press("ArrowRight")
    first = scatter.evaluate(hovered)
    page.keyboard.press("ArrowRight")
    second = scatter.evaluate(hovered)
    xs = scatter.evaluate(
        "(node, is) => is.map(i => node.scatter.panels[0].sx[i])", [first, second]
    )
    assert xs[1] > xs[0]
    assert "Digit" in scatter.locator(".aloud").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**item={second % 1000}**")
    page.keyboard.press("+")
    assert scatter.evaluate("node => node.scatter.panels.map(map => map.zoom.k)") == [1.6, 1]
    page.keyboard.press("Escape")
    assert scatter.evaluate("node => node.scatter.view.picked") is None


@shipped
def test_the_legend_is_a_filter(open_page):
    _, scatter = opened(open_page)
    three = scatter.locator(".key").get_by_role("button", name="3", exact=True)
    three.click()
    three.click()
    assert shown(scatter) == [31000, 31000]
    three.dblclick()
    labels = scatter.evaluate("node => [...node.scatter.data.labels].filter(x => x === 3).length")
    assert shown(scatter) == [31 * labels] * 2
    three.dblclick()
    assert shown(scatter) == [31000, 31000]


@shipped
def test_a_lasso_lights_the_same_points_in_both_maps(open_page):
    page, scatter = opened(open_page)
    box = page.locator("canvas.marks").first.bounding_box()
    scatter.get_by_role("button", name="Lasso").click()
    corners = [(0.1, 0.1), (0.6, 0.1), (0.6, 0.9), (0.1, 0.9)]
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
    page.mouse.up()
    caught, expected = scatter.evaluate(
        """node => {
            const { brushed, panels: [map] } = node.scatter
            const inside = (i) => map.sx[i] > 0.1 * map.width && map.sx[i] < 0.6 * map.width
                && map.sy[i] > 0.1 * map.height && map.sy[i] < 0.9 * map.height
            const count = (test) => brushed.reduce((n, _, i) => n + (test(i) ? 1 : 0), 0)
            return [count(i => brushed[i]), count(inside)]
        }"""
    )
    assert caught == pytest.approx(expected, rel=0.02)
    assert f"{caught:,} points of" in scatter.locator(".card").inner_text()
    scatter.get_by_role("button", name="Let go").click()
    assert scatter.evaluate("node => node.scatter.brushed") is None


@shipped
def test_colors_follow_the_theme(open_page):
    page, scatter = opened(open_page)
    light = scatter.evaluate("node => node.scatter.look.background")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "([node, light]) => node.scatter.look.background[0] < light[0] - 100",
        arg=[scatter.element_handle(), light],
    )


@shipped
def test_another_model_comes_into_the_standing_page(open_page):
    page, scatter = opened(open_page)
    scatter.evaluate("node => { node.mine = true }")
    page.get_by_role("combobox", name="Beside it").click()
    page.get_by_role("option", name="nothing").click()
    page.wait_for_function("node => node.scatter.panels.length === 1", arg=scatter.element_handle())
    assert scatter.evaluate("node => node.mine") is True
    assert json.dumps(link(page)).count("mopoe") == 0


@shipped
def test_messages_are_small_and_a_layout_is_sent_when_it_is_asked_for(open_page):
    page, scatter = opened(open_page)
    page.wait_for_timeout(4000)
    assert max(open_page.received) < 150_000
    received = len(open_page.received)
    before = scatter.evaluate("node => node.scatter.panels.map(map => map.at[0])")
    scatter.get_by_role("radio", name="PCA").click()
    page.wait_for_function(
        "([node, before]) => !node.scatter.waits && node.scatter.panels[0].at[0] !== before[0]",
        arg=[scatter.element_handle(), before],
    )
    page.wait_for_timeout(1000)
    assert 200_000 < sum(open_page.received[received:]) < 300_000  # a layer for each map
    received = len(open_page.received)
    scatter.get_by_role("radio", name="UMAP, seed 1").click()
    scatter.get_by_role("radio", name="PCA").click()
    page.wait_for_timeout(1500)
    assert sum(open_page.received[received:]) < 30_000  # it has both


def test_rats_are_shown_in_their_plane_by_odor_and_by_animal(open_page, small, axe):
    page, scatter = opened(
        open_page, f"{small}/latent-space?data=simulated_rats&model=wb&other=moments"
    )
    assert scatter.get_by_role("radio", name="the latent space").get_attribute("aria-checked")
    assert shown(scatter) == [5 * 40, 5 * 40]
    scatter.get_by_role("radio", name="subset", exact=True).click()
    names = scatter.locator(".key button").all_inner_texts()
    assert names == ["barat", "buchanan", "mitt", "stella", "superchris"]
    page.wait_for_url("**color=subset**")
    assert link(page)["data"] == "simulated_rats"
    page.mouse.click(*place(page, lonely(page)))
    page.locator(".outcome").nth(2).wait_for()
    assert page.locator(".outcome td.spikes img").count() == 5 + 2 * 15
    assert not axe(page)


def test_texts_have_thumbnails_and_come_out(open_page, small):
    page, scatter = opened(
        open_page,
        f"{small}/latent-space?data=digits_photo_text&model=mmvamp&other=aggregated_std&item=3&given=text",
    )
    assert "7 of 7 subsets, 280 points" in scatter.inner_text()
    page.locator(".outcome").nth(2).wait_for()
    assert page.locator(".outcome td.text img").count() == 1 + 2 * 3
    page.wait_for_function(
        """(node) => {
            const canvas = node.querySelector(".card .seen canvas")
            return canvas?.width > 3 * canvas?.height && canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte)
        }""",
        arg=scatter.element_handle(),
    )


def test_two_models_lie_on_the_same_axes(open_page, small, axe):
    page, scatter = opened(
        open_page, f"{small}/latent-space?data=digits_photo_text&model=mmvamp&other=aggregated_std"
    )
    scatter.get_by_role("radio", name="same axes").click()
    page.get_by_text("How much of the prior do the codes use?").wait_for()
    priors = scatter.evaluate("node => node.scatter.panels.map(map => map.prior)")
    assert priors[0]["sd"] == priors[1]["sd"]
    radii = scatter.evaluate(
        "node => node.scatter.panels.map(map => map.prior.sd * map.pixelsPerStep)"
    )
    assert radii[0] == pytest.approx(radii[1], rel=0.01)
    page.locator(".js-plotly-plot .trace").first.wait_for()
    assert not axe(page)


def test_another_dataset_brings_its_own_maps(open_page, small):
    page, scatter = opened(
        open_page, f"{small}/latent-space?data=simulated_rats&model=wb&other=moments"
    )
    page.get_by_role("combobox", name="Dataset").click()
    page.get_by_role("option", name="Digit, photo, text").click()
    page.wait_for_function(
        """() => {
            const pierce = (root) => root.querySelector(".scatter[data-drawn]")
                ?? [...root.querySelectorAll("*")].map(n => n.shadowRoot && pierce(n.shadowRoot))
                    .find(Boolean)
            return pierce(document)?.scatter.data.names.length === 3
        }"""
    )
    assert link(page)["data"] == "digits_photo_text"
    assert "model" not in link(page)
