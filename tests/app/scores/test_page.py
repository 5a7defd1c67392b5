"""The Scores page without a browser: what it shows, asks and says when something is missing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import explorer.app
from explorer.app.shared.downloads import latex
from explorer.catalog.looks import LABELS, MODEL_LABELS
from explorer.catalog.published import PUBLISHED
from explorer.models import MODELS
from explorer.results.scores import MEASURES, headline, is_clear, read_evaluations, select, tidy

PAGE = str(Path(explorer.app.__file__).with_name("scores") / "page.py")
LAST = list(MODELS)[-1]
FIGURES = 9
"""Five of the chosen models; ranks and wins as published, and of our own."""


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


def table(app, name):
    column = {"headline": "core-minutes", "published": "from", "every": "hardware"}[name]
    return next(element.value for element in app.dataframe if column in element.value)


def test_the_first_table_holds_the_headline_of_every_model(checkpoints):
    shown = table(visit(), "headline")
    assert list(shown["model"]) == [MODEL_LABELS[model] for model in list(MODELS)[:-1]]
    rows = tidy(read_evaluations("polydigits", checkpoints))
    for number, model in enumerate(list(MODELS)[:-1]):
        for column, score in headline(rows, model).items():
            assert shown[column][number] == score.value


def test_unequal_budgets_are_said_above_the_table(checkpoints):
    assert "Every model was trained for 1 steps, once." in texts(visit().markdown)
    config = checkpoints / "polydigits" / "mwb" / "config.json"
    values = json.loads(config.read_text())
    values["provenance"]["steps"] = 6000
    config.write_text(json.dumps(values))
    app = visit()
    assert "**Budgets differ**" in texts(app.markdown)
    assert f"**6,000 steps**: {MODEL_LABELS['mwb']}. **1 steps**" in texts(app.markdown)
    assert set(table(app, "headline")["steps"]) == {1, 6000}


def test_a_model_without_scores_stays_in_the_table_with_the_command(checkpoints):
    (checkpoints / "polydigits" / "poe" / "scores.json").unlink()
    app = visit()
    shown = table(app, "headline").set_index("model")
    assert pd.isna(shown.loc["Product", "joint"])
    assert "python -m explorer evaluate --dataset polydigits --model poe" in texts(app.warning)
    assert "Not trained on this dataset: 1" in [e.label for e in app.expander]
    assert MODEL_LABELS[LAST] in texts(app.markdown)
    assert "python -m explorer train --dataset polydigits" in texts(app.code)
    assert len(drawn(app)) == FIGURES


def test_what_a_model_does_not_define_is_a_dash_with_its_reason(checkpoints):
    path = checkpoints / "polydigits" / "mwb" / "scores.json"
    scores = json.loads(path.read_text())
    scores["coherence"]["joint"] = {"absent": "it has no prior to draw from"}
    scores["likelihood"] = {"absent": "its codes have no density"}
    path.write_text(json.dumps(scores))
    app = visit(shown=[MODEL_LABELS["mwb"], MODEL_LABELS["poe"]])
    shown = table(app, "headline").set_index("model")
    assert shown.loc[MODEL_LABELS["mwb"], ["joint", "log p(x)"]].isna().all()
    assert f"- {MODEL_LABELS['mwb']}: its codes have no density." in texts(app.markdown)
    assert "it has no prior to draw from." in texts(app.markdown)
    app = visit(shown=[MODEL_LABELS["mwb"]], figures=MEASURES["elbo"].label)
    assert "its codes have no density." in texts(app.info)


def test_a_broken_file_disables_its_model_not_the_page(checkpoints):
    (checkpoints / "polydigits" / "mwb" / "scores.json").write_text('{"coherence":')
    app = visit()
    assert "damaged" in texts(app.warning)
    assert len(drawn(app)) == FIGURES


def test_with_no_scores_at_all_the_page_says_so(checkpoints):
    for file in checkpoints.glob("*/*/scores.json"):
        file.unlink()
    app = visit()
    assert len(drawn(app)) == 2  # as published
    assert "Nothing to draw" in texts(app.info)
    assert texts(app.warning).count("python -m explorer evaluate") == len(MODELS) - 1


@pytest.mark.parametrize("data", ["translated_polydigits", "digits_photo_text", "simulated_rats"])
def test_a_dataset_without_models_says_how_to_train_one(checkpoints, data):
    app = visit(data=data)
    assert app.selectbox(key="dataset_choice").value == data
    assert "No model is trained" in texts(app.info)
    assert len(drawn(app)) == 2


def test_a_checkpoint_of_one_s_own_has_a_row_and_is_drawn(checkpoints, tmp_path):
    shutil.copytree(checkpoints / "polydigits" / "moe", tmp_path / "runs/polydigits/moe-mine")
    app = visit(shown=["Mixture", "Mixture (mine)"])
    assert "Mixture (mine)" in list(table(app, "headline")["model"])
    names = {trace.get("name") for trace in json.loads(drawn(app)[1].spec)["data"]}
    assert {"Mixture", "Mixture (mine)"} <= names


def test_every_figure_has_words_for_those_who_cannot_see_it(checkpoints):
    charts = drawn(visit())
    assert len(charts) == FIGURES
    for chart in charts:
        assert len(chart.alt) > 40
        assert LABELS["mopoe"] in chart.alt


def test_the_link_chooses_models(checkpoints):
    app = visit(shown=["Wasserstein", "Mixture"])
    assert len(table(app, "headline")) == len(MODELS) - 1
    for chart in drawn(app)[:5]:
        names = {trace.get("name") for trace in json.loads(chart.spec)["data"]}
        assert LABELS["poe"] not in names


def test_nonsense_in_the_link_shows_the_default(checkpoints):
    app = visit(shown="../../etc", measure="<b>", one="x", paper="%00", figures="9", against="poe")
    assert len(table(app, "headline")) == len(MODELS) - 1
    assert len(drawn(app)) == FIGURES


def test_without_a_figure_to_ask_about_nothing_is_asked_about_noise():
    question = "Is this difference larger than noise?"
    assert question in texts(visit().header)
    app = visit(data="celeba")  # texts and faces: figures of attributes, none of classes
    assert question not in texts(app.header)
    assert "Log-likelihood" in texts(app.header)


def test_no_model_chosen_asks_for_one(checkpoints):
    app = visit()
    app.button_group(key="shown").set_value([]).run()
    assert not app.exception
    assert "choose at least one evaluated model" in texts(app.info)


def test_the_published_outcomes_are_counted_again(checkpoints):
    app = visit()
    said = texts(app.warning)
    assert "best of all in 26 of 42, and in 29 once M-WAE is left out" in said
    assert "24 of 36 (p = 0.033)" in said
    matrix = next(chart for chart in drawn(app) if chart.alt.startswith("Matrix of wins"))
    wins = json.loads(matrix.spec)["data"][0]
    assert "24/36*" in {text for row in wins["text"] for text in row}
    for caveat in PUBLISHED["mac_wae_reconstruction"].caveats:
        assert caveat in texts(app.markdown)


def test_without_translations_our_own_ranks_say_what_to_run(checkpoints):
    for number, path in enumerate(sorted(checkpoints.glob("polydigits/*/scores.json"))):
        scores = json.loads(path.read_text())
        del scores["translation"]
        path.write_text(json.dumps(scores))
        if number == 0:
            left = texts(visit().markdown).split("older than this measure: ")[1].split(". ")[0]
            assert left == MODEL_LABELS[path.parent.name]
    app = visit()
    assert len(drawn(app)) == FIGURES - 2
    assert "hold no translations yet" in texts(app.info)


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


def published():
    """A page of the published tables alone."""
    from explorer.app.scores.rankings import show_published
    from explorer.catalog.looks import LABELS
    from explorer.results.scores import read_evaluations, tidy

    shown = [e for e in read_evaluations("polydigits") if e.model in LABELS]
    show_published(tidy(shown), "polydigits")


def test_published_numbers_are_marked_and_never_without_their_faults(checkpoints):
    app = AppTest.from_function(published, default_timeout=120).run()
    assert "Not rerun by us, and on other data" in texts(app.warning)
    assert texts(app.warning) in texts(visit().warning)
    for key, paper in PUBLISHED.items():
        app.selectbox(key="paper").set_value(key).run()
        assert not app.exception
        shown = table(app, "published")
        ours = shown["from"].str.startswith("ours")
        assert (~ours).sum() == len(paper.rows)
        assert ours.sum() == (len(LABELS) if "polydigits" in paper.ours else 0)
        assert all(caveat in texts(app.markdown) for caveat in paper.caveats)


def every():
    """A page of every figure alone."""
    from explorer.app.scores.every_figure import show_everything
    from explorer.catalog.looks import LABELS
    from explorer.results.scores import read_evaluations, tidy

    shown = [e for e in read_evaluations("polydigits") if e.model in LABELS]
    show_everything(tidy(shown), shown)


def test_every_measure_can_be_listed_with_its_noise_and_origin(checkpoints):
    page = visit(figures=MEASURES["ssim"].label)
    assert page.selectbox(key="figures").value == "ssim"
    app = AppTest.from_function(every, default_timeout=120).run()
    rows = tidy(e for e in read_evaluations("polydigits", checkpoints) if e.model in LABELS)
    assert len(table(page, "every")) == sum(row.measure == "ssim" for row in rows)
    for measure in MEASURES:
        app.selectbox(key="figures").set_value(measure).run()
        assert not app.exception
        count = sum(row.measure == measure for row in rows)
        if count == 0:
            assert "None of the chosen models has it" in texts(app.info)
            continue
        shown = table(app, "every")
        assert len(shown) == count
        assert {"low", "high", "n", "evaluated at commit", "hardware"} <= set(shown)
        assert (shown["training runs"] == 1).all()


def test_everything_that_is_shown_can_be_downloaded(checkpoints):
    labels = [button.proto.label for button in visit().get("download_button")]
    assert labels[:3] == ["Download CSV", "Download JSON", "Download LaTeX"]
    for what in ("Ranks", "Wins and losses", "This table", "These figures"):
        assert {f"{what} as {kind}" for kind in ("CSV", "JSON", "LaTeX")} <= set(labels)


def test_a_table_becomes_latex():
    shown = pd.DataFrame({"model": ["A & B", "C_1"], "p": [0.03261, None], "±": ["1 ± 2", "–"]})
    lines = latex(shown).splitlines()
    assert lines[2] == r"model & p & $\pm$ \\"
    assert lines[4] == r"A \& B & 0.03261 & 1 $\pm$ 2 \\"
    assert lines[5] == r"C\_1 & -- & -- \\"


def test_the_page_does_not_wait_for_torch():
    code = (
        "import sys, explorer.results.scores;"
        "from explorer.app.scores import rankings, comparisons;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_questions_about_the_data_lead_to_advice_with_figures(checkpoints):
    app = visit()
    app.radio(key="which_0").set_value("some may be missing").run()
    app.radio(key="which_1").set_value("no").run()
    app.radio(key="which_2").set_value("no").run()
    app.radio(key="which_3").set_value("no").run()
    said = texts(app.markdown)
    assert "Every subset is trained" in said
    assert "coherence, given 4" in said
