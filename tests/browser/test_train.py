"""A run as a visitor sees it: it learns, is stopped, kept, and found on another page."""

import re

import pytest

PATIENCE = 120_000
"""Milliseconds; the trainer has the lowest priority on a machine that may be busy."""


@pytest.fixture(scope="module")
def train(serve, tmp_path_factory):
    """The address of the app with runs of its own."""
    with serve(EXPLORER_RUNS=str(tmp_path_factory.mktemp("train") / "runs")) as url:
        yield url


def test_a_model_learns_is_stopped_kept_and_found_on_generation(open_page, train, axe):
    page = open_page(f"{train}/train?train_time=1+minute&data=digits_photo_text")
    page.set_default_timeout(PATIENCE)
    page.get_by_role("button", name="Start").click()
    curve = page.get_by_role("img", name=re.compile("^total from .* at step 1 to"))
    curve.wait_for()
    page.get_by_text("drawn: text").wait_for()
    first = curve.get_attribute("alt")
    page.wait_for_function(
        "alt => document.querySelector('.panels img').alt !== alt", arg=first
    )  # it goes on without a click
    page.get_by_role("button", name="Stop", exact=True).and_(
        page.get_by_test_id("stBaseButton-secondary")
    ).click()
    keep = page.get_by_role("button", name="Keep", exact=True)
    keep.wait_for()
    page.screenshot(path="test-results/train-run.png", full_page=True)
    assert not axe(page)
    name = page.get_by_role("textbox", name="Keep as mopoe-")
    name.fill("mine")
    name.press("Enter")
    keep.click()
    page.get_by_text("Kept as mopoe-mine").wait_for()
    page = open_page(f"{train}/generation?data=digits_photo_text&mode=own&models=mopoe-mine")
    answer = page.locator(".gx[data-state=ready]")
    row = answer.get_by_text("Mixture of products (mine)").filter(visible=True)
    row.first.wait_for(timeout=PATIENCE)


def test_two_visitors_see_each_other_s_runs(open_page, train):
    mine = open_page(f"{train}/train?train_time=1+minute")
    mine.set_default_timeout(PATIENCE)
    mine.get_by_role("button", name="Start").click()
    mine.get_by_role("heading", name="Run 1: Mixture of products").wait_for()
    other = open_page(f"{train}/train?train_time=20+seconds")
    other.set_default_timeout(PATIENCE)
    other.get_by_text("Another visit started this run").wait_for()
    other.get_by_role("button", name="Start").click()
    other.get_by_text("It starts by itself.").wait_for()
    mine.get_by_role("cell", name="Next in line").wait_for()
    other.get_by_role("button", name="Leave the line").click()
    other.get_by_role("cell", name="Next in line").wait_for(state="detached")
    mine.get_by_role("cell", name="Next in line").wait_for(state="detached")
