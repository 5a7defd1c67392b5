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
from explorer.results.scores import headline, is_clear, read_evaluations, select, tidy

PAGE = str(Path(explorer.app.__file__).with_name("scores") / "page.py")
LAST = list(MODELS)[-1]


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


def table(app, column):
    """The one table that has a column."""
    return next(element.value for element in app.dataframe if column in element.value)


def test_the_first_table_holds_the_headline_of_every_model(checkpoints):
    app = visit()
    shown = table(app, "SSIM")
    assert list(shown["model"]) == [MODEL_LABELS[model] for model in list(MODELS)[:-1]]
    rows = tidy(read_evaluations("polydigits", checkpoints))
    for number, model in enumerate(list(MODELS)[:-1]):
        for column, score in headline(rows, model).items():
            assert shown[column][number] == score.value
    assert "steps" not in shown and set(table(app, "steps")["steps"]) == {1}
    assert "Not trained on this dataset: 1" in [e.label for e in app.expander]


def test_three_sentences_at_most_say_what_the_scores_say(checkpoints):
    sentences = [m.value for m in visit().markdown if m.value.startswith("Given **")]
    coherence = select(tidy(read_evaluations("polydigits", checkpoints)), "coherence")
    best = max(coherence, key=lambda model: coherence[model][0].value)
    assert f"by **{MODEL_LABELS[best]}**, {coherence[best][0]}" in sentences[0]
    assert len(sentences) == 2  # these checkpoints met no conflict


def test_what_a_model_does_not_define_is_a_dash_with_its_reason(checkpoints):
    path = checkpoints / "polydigits" / "mwb" / "scores.json"
    scores = json.loads(path.read_text())
    scores["likelihood"] = {"absent": "its codes have *no* density"}
    path.write_text(json.dumps(scores))
    app = visit(shown="mwb,poe", more="every", measure="elbo")
    assert pd.isna(table(app, "SSIM").set_index("model").loc[MODEL_LABELS["mwb"], "log p(x)"])
    reasons = table(app, "reason").set_index("reason")
    assert reasons.loc["its codes have *no* density", "models"] == MODEL_LABELS["mwb"]
    assert len(table(app, "hardware")) == 1


@pytest.mark.parametrize("content", ['{"coherence":', "[1]", '{"coherence": {"joint": 3}}', None])
def test_a_broken_file_disables_its_model_and_a_mended_one_is_read(checkpoints, content):
    path = checkpoints / "polydigits" / "mwb" / "scores.json"
    before = path.read_text()
    path.unlink() if content is None else path.write_text(content)
    app = visit()
    assert "python -m explorer evaluate --dataset polydigits --model mwb" in texts(app.warning)
    assert MODEL_LABELS["mwb"] in list(table(app, "SSIM")["model"])
    assert len(drawn(app)) == 1
    path.write_text(before)
    assert "evaluate" not in texts(visit().warning)


def test_with_no_scores_at_all_the_page_says_so(checkpoints):
    for file in checkpoints.glob("*/*/scores.json"):
        file.unlink()
    app = visit(more="papers")
    assert not drawn(app)
    assert texts(app.warning).count("python -m explorer evaluate") == len(MODELS) - 1
    assert len(table(app, "from"))


@pytest.mark.parametrize("data", ["translated_polydigits", "simulated_rats"])
def test_a_dataset_without_models_says_how_to_train_one(checkpoints, data):
    app = visit(data=data, more="ranks")
    assert app.selectbox(key="dataset_choice").value == data
    assert "No model is trained" in texts(app.info)
    assert len(drawn(app)) == 2


def test_each_figure_is_drawn_of_the_chosen_models_with_words(checkpoints):
    for figure in ("coherence", "targets", "latent", "trade", "likelihood", "sizes", "judges"):
        app = visit(figure=figure, shown="wb,moe,mopoe")
        charts = drawn(app)
        assert len(charts) == (5 if figure == "targets" else 1)
        for chart in charts:
            assert len(chart.alt) > 40
            assert LABELS["mopoe"] in chart.alt and LABELS["poe"] not in chart.alt
        assert len(table(app, "SSIM")) == len(MODELS) - 1


def test_judges_stand_side_by_side_each_with_what_it_manages_on_real_samples(checkpoints):
    for path in checkpoints.glob("polydigits/*/scores.json"):
        scores = json.loads(path.read_text())
        ours = scores["coherence"]["judges"]["ours"]
        scores["coherence"]["judges"] = {"published": ours | {"accuracy": 0.5}, "ours": ours}
        path.write_text(json.dumps(scores))
    app = visit(figure="judges", shown="wb,moe")
    judged = table(app, "judge")
    assert list(judged["judge"]) == ["published network", "ours, varied in training"] * 2
    assert list(judged["right on real samples"]) == [0.5, 0.96] * 2
    assert "read by the published kind of judge" in texts(app.markdown)


@pytest.mark.parametrize(
    "key", ["labels", "against", "figure", "more", "measure", "paper", "shown"]
)
def test_nonsense_in_the_link_shows_the_default_and_says_so(checkpoints, key):
    app = visit(**{key: "../<b>"})
    assert f"`{key}` in the link must be" in texts(app.warning)
    assert "<b>" not in texts(app.warning)
    assert len(drawn(app)) == 1


def test_an_empty_or_unknown_dataset_in_the_link_is_answered(checkpoints):
    assert visit(data="nonsense").selectbox(key="dataset_choice").value == "polydigits"
    assert visit(labels="", against="").selectbox(key="dataset_choice").value == "polydigits"


def test_no_model_chosen_asks_for_one(checkpoints):
    app = visit()
    app.button_group(key="scores_shown").set_value([]).run()
    assert not app.exception
    assert "choose at least one evaluated model" in texts(app.info)


def test_the_published_outcomes_are_counted_again(checkpoints):
    app = visit(more="ranks")
    said = texts(app.warning)
    assert "best of all in 26 of 42, and in 29 once M-WAE is left out" in said
    assert "24 of 36 (p = 0.033)" in said
    matrix = next(chart for chart in drawn(app) if chart.alt.startswith("Matrix of wins"))
    wins = json.loads(matrix.spec)["data"][0]
    assert "24/36*" in {text for row in wins["text"] for text in row}
    labels = [button.proto.label for button in app.get("download_button")]
    for what in ("Ranks", "Wins and losses"):
        assert {f"{what} as {kind}" for kind in ("CSV", "JSON", "LaTeX")} <= set(labels)


@pytest.mark.parametrize("pair", [("poe", "mwb"), ("poe", "logpool")])
def test_the_answer_to_the_noise_question_follows_from_the_intervals(checkpoints, pair):
    rows = tidy(read_evaluations("polydigits", checkpoints))
    scores = select(rows, "joint_coherence")
    truth = is_clear(scores[pair[0]][0], scores[pair[1]][0])
    names = [LABELS[model] for model in pair]
    app = visit(ask="joint_coherence.", one=pair[0], other=pair[1])
    for guess in ("clear", "noise"):
        assert (guess == "noise") == ("The difference is" in texts(app.markdown))
        question = next(g for g in app.button_group if g.key and g.key.startswith("guess-"))
        question.set_value(guess).run()
        assert not app.exception
        verdict = next(m.value for m in app.markdown if "The difference is" in m.value)
        assert all(name in verdict for name in names)
        assert verdict.startswith("**Yes.**") == (truth == (guess == "clear"))
        assert ("zero is outside" in verdict) == truth


def test_published_numbers_are_marked_and_never_without_their_faults(checkpoints):
    app = visit(more="papers")
    assert "Not rerun by us, and on other data" in texts(app.warning)
    for key, paper in PUBLISHED.items():
        app.selectbox(key="scores_paper").set_value(key).run()
        assert not app.exception
        ours = table(app, "from")["from"].str.startswith("ours")
        assert (~ours).sum() == len(paper.rows)
        assert ours.sum() == (len(LABELS) if "polydigits" in paper.ours else 0)
        assert all(caveat in texts(app.markdown) for caveat in paper.caveats)


def test_every_measure_can_be_listed_with_its_noise_and_origin(checkpoints):
    rows = tidy(e for e in read_evaluations("polydigits", checkpoints) if e.model in LABELS)
    for measure in ("ssim", "judged_joint", "self_ssim", "log_likelihood_by_size", "precision"):
        app = visit(more="every", measure=measure)
        count = (rows["measure"] == measure).sum()
        if count == 0:
            assert "None of the chosen models has it" in texts(app.info)
            continue
        shown = table(app, "hardware")
        assert len(shown) == count
        assert {"low", "high", "n", "evaluated at commit"} <= set(shown)
        assert (shown["training runs"] == 1).all()


def test_a_table_becomes_latex():
    shown = pd.DataFrame({"model": ["A & B", "C_1"], "p": [0.03261, None], "±": ["1 ± 2", "–"]})
    lines = latex(shown).splitlines()
    assert lines[2] == r"model & p & $\pm$ \\"
    assert lines[4] == r"A \& B & 0.03261 & 1 $\pm$ 2 \\"
    assert lines[5] == r"C\_1 & -- & -- \\"


def test_the_page_does_not_wait_for_torch():
    code = (
        "import sys, explorer.results.comparison, explorer.results.findings;"
        "from explorer.app.scores import rankings, comparisons, loaded;"
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
