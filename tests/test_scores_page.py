"""The Scores page without a browser: what it shows, asks and says when something is missing."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import explorer.pages
from explorer.models import MODELS
from explorer.palette import LABELS
from explorer.published import PUBLISHED
from explorer.scores import MEASURES, headline, is_clear, read_evaluations, select, tidy

PAGE = str(Path(explorer.pages.__file__).with_name("scores.py"))
LAST = list(MODELS)[-1]
FIGURES = 5


@pytest.fixture
def checkpoints(scored, tmp_path, monkeypatch):
    """The only place where the page finds scores, to be broken at will."""
    root = tmp_path / "pretrained"
    shutil.copytree(scored, root)
    monkeypatch.setattr("explorer.checkpoints.PRETRAINED", root)
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    return root


def visit(**query):
    app = AppTest.from_file(PAGE, default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def texts(elements):
    return " ".join(element.value for element in elements)


def drawn(app):
    return [chart.proto for chart in app.get("plotly_chart")]


def test_the_first_table_holds_the_headline_of_every_rule(checkpoints):
    app = visit()
    table = app.dataframe[0].value
    assert list(table["rule"]) == [LABELS[model] for model in MODELS]
    rows = tidy(read_evaluations("polydigits", checkpoints))
    for number, model in enumerate(list(MODELS)[:-1]):
        for column, score in headline(rows, model).items():
            assert table[column][number] == score.value


def test_a_rule_without_scores_stays_in_the_table_with_the_command(checkpoints):
    (checkpoints / "polydigits" / "poe" / "scores.json").unlink()
    app = visit()
    table = app.dataframe[0].value.set_index("rule")
    assert pd.isna(table.loc["Product", "joint"])
    command = "python -m explorer evaluate --dataset polydigits --model poe"
    assert command in table.loc["Product", "training"]
    assert command in texts(app.warning)
    assert f"python -m explorer train --dataset polydigits --model {LAST}" in texts(app.warning)
    assert len(drawn(app)) == FIGURES


def test_a_broken_file_disables_its_rule_not_the_page(checkpoints):
    (checkpoints / "polydigits" / "mwb" / "scores.json").write_text('{"coherence":')
    app = visit()
    assert "damaged" in texts(app.warning)
    assert len(drawn(app)) == FIGURES


def test_with_no_scores_at_all_the_page_says_so(checkpoints):
    for file in checkpoints.glob("*/*/scores.json"):
        file.unlink()
    app = visit()
    assert not drawn(app)
    assert "No rule has been evaluated yet" in texts(app.info)
    assert texts(app.warning).count("python -m explorer") == len(MODELS)


def test_every_figure_has_words_for_those_who_cannot_see_it(checkpoints):
    charts = drawn(visit())
    assert len(charts) == FIGURES
    for chart in charts:
        assert len(chart.alt) > 40
        assert LABELS["mopoe"] in chart.alt


def test_the_link_chooses_rules(checkpoints):
    app = visit(shown=["Wasserstein", "Mixture"])
    assert sorted(app.dataframe[0].value["rule"]) == ["Mixture", "Wasserstein"]
    for chart in drawn(app):
        names = {trace.get("name") for trace in json.loads(chart.spec)["data"]}
        assert LABELS["poe"] not in names


def test_nonsense_in_the_link_shows_everything(checkpoints):
    app = visit(shown="../../etc", measure="<b>", one="x", paper="%00", figures="9", against="poe")
    assert len(app.dataframe[0].value) == len(MODELS)


def test_no_rule_chosen_asks_for_one(checkpoints):
    app = visit()
    app.button_group(key="shown").set_value([]).run()
    assert not app.exception
    assert "Choose at least one rule" in texts(app.info)


@pytest.mark.parametrize("pair", [("poe", "mwb"), ("poe", "logpool")])
def test_the_answer_to_the_noise_question_follows_from_the_intervals(checkpoints, pair):
    rows = tidy(read_evaluations("polydigits", checkpoints))
    scores = select(rows, "joint_coherence")
    truth = is_clear(scores[pair[0]][0], scores[pair[1]][0])
    names = [LABELS[model] for model in pair]
    app = visit(measure="joint coherence", one=names[0], other=names[1])
    assert "The difference is" not in texts(app.markdown)
    for guess in ("clear", "noise"):
        question = next(g for g in app.button_group if g.key.startswith("guess-"))
        question.set_value(guess).run()
        assert not app.exception
        verdict = next(m.value for m in app.markdown if "The difference is" in m.value)
        assert all(name in verdict for name in names)
        assert verdict.startswith("**Yes.**") == (truth == (guess == "clear"))
        assert ("zero is outside" in verdict) == truth


def test_published_numbers_are_marked_and_never_without_their_faults(checkpoints):
    app = visit()
    assert "Not rerun by us, and on other data" in texts(app.warning)
    for key, table in PUBLISHED.items():
        app.selectbox(key="paper").set_value(key).run()
        shown = app.dataframe[1].value
        ours = shown["from"].str.startswith("ours")
        assert (~ours).sum() == len(table.rows)
        assert ours.sum() == (len(MODELS) - 1 if table.ours else 0)
        assert all(caveat in texts(app.markdown) for caveat in table.caveats)


def test_every_measure_can_be_listed_with_its_noise_and_origin(checkpoints):
    app = visit(figures=MEASURES["ssim"].label)
    assert app.selectbox(key="figures").value == "ssim"
    rows = tidy(read_evaluations("polydigits", checkpoints))
    for measure in MEASURES:
        app.selectbox(key="figures").set_value(measure).run()
        table = app.dataframe[2].value
        assert len(table) == sum(row.measure == measure for row in rows)
        assert {"low", "high", "n", "evaluated at commit", "hardware"} <= set(table)
        assert (table["training runs"] == 1).all()


def test_three_downloads_are_offered(checkpoints):
    labels = [button.proto.label for button in visit().get("download_button")]
    assert labels == ["Download CSV", "Download JSON", "Download LaTeX"]
