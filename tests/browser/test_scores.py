"""The Scores page as a student walks through it."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest

from explorer.catalog.looks import BACKGROUNDS, LABELS
from explorer.checkpoints import PRETRAINED
from explorer.results.scores import read_evaluations

FIGURES = 1
"""One of the chosen models at a time."""


def rgb(code):
    """``#fdfcfa`` as a browser says it."""
    red, green, blue = (int(code[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


def drawn(page):
    """Wait until every figure stands, and return them."""
    page.wait_for_function(
        "n => document.querySelectorAll('.js-plotly-plot .main-svg .xaxislayer-above').length >= n",
        arg=FIGURES,
    )
    return page.get_by_test_id("stPlotlyChart")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_every_figure_is_drawn_inside_the_page_in_its_theme(open_page, theme, width):
    page = open_page("scores", theme=theme, width=width)
    figures = drawn(page)
    assert figures.count() >= FIGURES
    for figure in figures.all():
        box = figure.bounding_box()
        assert box["height"] > 150
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        paper = figure.locator(".main-svg").first
        color = paper.evaluate("node => getComputedStyle(node).backgroundColor")
        assert color == rgb(BACKGROUNDS[theme][0])


def test_choosing_models_changes_figures_and_link(open_page):
    page = open_page("scores")
    drawn(page)
    page.get_by_role("button", name="Product", exact=True).click()
    page.wait_for_url(lambda url: "shown" in parse_qs(urlsplit(url).query))
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.legendtext')]"
        ".some(node => node.textContent === 'Product')"
    )
    shown = parse_qs(urlsplit(page.url).query)["shown"]
    (kept,) = (text.split(",") for text in shown)
    assert "poe" not in kept and "mwb" in kept


def test_the_noise_question_is_answered_after_the_guess(open_page):
    page = open_page("scores?ask=coherence.1&one=poe&other=mopoe")
    assert page.get_by_text("The difference is").count() == 0
    page.get_by_role("radio", name="Larger than noise").or_(
        page.get_by_role("button", name="Larger than noise")
    ).click()
    verdict = page.get_by_text("The difference is")
    verdict.wait_for()
    assert LABELS["poe"] in verdict.inner_text()
    assert "Yes." in verdict.inner_text()


def test_the_csv_that_is_downloaded_holds_every_model(open_page):
    page = open_page("scores")
    drawn(page)
    page.get_by_text("How to read it, budgets, what is missing, and the files").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    scored = {e.model for e in read_evaluations("polydigits", PRETRAINED) if e.scores}
    assert {row["model"] for row in rows} >= scored
    assert all(row["value"] and row["evaluation_commit"] for row in rows)


def test_ranks_and_published_tables_are_there_for_a_dataset_without_models(open_page):
    page = open_page("scores?data=simulated_rats&more=ranks")
    page.get_by_role("heading", name="As published: 42 outcomes of the MAC-WAE study").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Ranks as LaTeX").first.click()
    text = download.value.path().read_text("utf-8")
    assert text.startswith(r"\begin{tabular}{lcccc}")
    assert "MAC-WAE & 0.8" in text
