"""The Generation page without a browser: its state, its answers, and what it does when broken."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.datasets import load_dataset
from explorer.evaluation.classifiers import Classifiers, save_classifiers
from explorer.evaluation.conflict import BEHAVIORS
from explorer.models import MODELS, build_model
from explorer.pages import answers, presets
from explorer.pages.answers import answer
from explorer.pages.explanations import explanations
from explorer.pages.presets import PRESETS
from explorer.pages.questions import Question, settle, write_question

PAGE = str(Path(answers.__file__).with_name("generation.py"))


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A folder of checkpoints of every model, untrained, and of classifiers."""
    root = tmp_path_factory.mktemp("pretrained")
    data = load_dataset("polydigits")
    torch.manual_seed(0)
    for key in MODELS:
        build_model(key, data.modalities, latent_dim=8).save_pretrained(root / "polydigits" / key)
    judges = Classifiers(
        {m.name: m.shape for m in data.modalities}, 10, {m.name: 0.96 for m in data.modalities}
    )
    save_classifiers(judges, root / "polydigits" / "classifiers", {})
    return root


@pytest.fixture
def checkpoints(untrained, tmp_path, monkeypatch):
    """The only place where the page finds checkpoints, to be broken at will; no preset cache."""
    root = tmp_path / "pretrained"
    shutil.copytree(untrained, root)
    monkeypatch.setattr("explorer.checkpoints.PRETRAINED", root)
    monkeypatch.setattr("explorer.evaluation.classifiers.PRETRAINED", root)
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(presets, "CACHE", tmp_path / "nowhere")
    return root / "polydigits"


def opened(**parameters):
    page = AppTest.from_file(PAGE, default_timeout=120)
    for name, value in parameters.items():
        page.query_params[name] = value
    return page.run()


def galleries(page):
    """What the page shows, by kind."""
    found = [json.loads(e.proto.json) for e in page.get("bidi_component") if e.proto.json]
    return {data["kind"]: data for data in found}


def test_the_page_answers_its_own_default_question(checkpoints):
    page = opened()
    assert not page.exception
    assert not page.warning
    shown = galleries(page)
    assert [m["key"] for m in shown["draws"]["models"]] == list(Question().models)
    assert all(len(row["draws"]) == 8 for m in shown["draws"]["models"] for row in m["rows"])
    assert {"strip", "marginals"} <= shown.keys()


@pytest.mark.parametrize("preset", PRESETS, ids=[p.name for p in PRESETS])
def test_every_preset_is_answered_and_survives_its_link(checkpoints, about, preset):
    link = write_question(preset.question)
    page = opened(**link)
    assert not page.exception
    assert not page.warning
    assert preset.question.view in galleries(page)
    assert page.session_state["generation"] == preset.question
    assert settle(preset.question, about) == preset.question
    assert preset.point in [m.value for m in page.markdown]


def test_a_conflict_counts_all_seven_models(checkpoints):
    page = opened(view="conflict")
    models = galleries(page)["conflict"]["models"]
    assert [m["key"] for m in models] == list(MODELS)
    assert all(sum(m["sides"]) == 200 for m in models)


def test_the_address_follows_the_controls(checkpoints):
    page = opened()
    assert dict(page.query_params) == {}
    page.button_group(key="generation_given").set_value(["m0", "m1", "m3"]).run()
    page.slider(key="generation_temperature").set_value(0.5).run()
    assert page.query_params["given"] == "m0,m1,m3"
    assert page.query_params["temperature"] == "0.5"
    page.button_group(key="generation_given").set_value(["m0", "m3"]).run()
    assert "given" not in page.query_params


def test_an_empty_choice_is_undone_and_a_fourth_model_replaces_the_first(checkpoints):
    page = opened()
    page.button_group(key="generation_given").set_value([]).run()
    assert page.session_state["generation"].given == ("m0", "m3")
    page.button_group(key="generation_models").set_value(["poe", "mopoe", "mwb", "moe"]).run()
    assert page.session_state["generation"].models == ("moe", "mopoe", "mwb")
    assert not page.exception


def test_next_and_a_digit_choose_another_sample(checkpoints, lab):
    page = opened(item="7")
    page.button(key="generation_item_Next").click().run()
    assert page.session_state["generation"].item == 8
    page.selectbox(key="generation_item_digit").set_value(3).run()
    assert lab.data.test.labels[page.session_state["generation"].item] == 3


def test_samples_of_one_digit_do_not_meet_in_a_conflict(checkpoints, lab):
    labels = lab.data.test.labels
    same = (labels == labels[0]).nonzero().flatten().tolist()[1]
    page = opened(view="conflict", item="0", other=str(same))
    question = page.session_state["generation"]
    assert labels[question.other] != labels[question.item]
    assert galleries(page)["conflict"]["labels"][0] != galleries(page)["conflict"]["labels"][1]


NONSENSE = {
    "view": "<script>alert(1)</script>",
    "item": "99999999",
    "given": "m9",
    "models": "poe,,xx",
    "draws": "1e9",
    "temperature": "nan",
    "seed": "-1",
    "whole": "perhaps",
    "other": "٣",
    "swapped": "",
    "target": "../../etc/passwd",
    "votes": "0",
    "rank": "x" * 5000,
}


def test_nonsense_in_the_link_falls_back_with_a_notice_for_each(checkpoints):
    page = opened(**NONSENSE)
    assert not page.exception
    assert page.session_state["generation"] == Question()
    said = [w.value for w in page.warning]
    assert len(said) == len(NONSENSE)
    assert not [text for text in NONSENSE.values() if len(text) > 4 and text in "".join(said)]


def test_a_missing_checkpoint_disables_its_model_and_nothing_else(checkpoints):
    shutil.rmtree(checkpoints / "mopoe")
    for view in ("draws", "conflict"):
        page = opened(view=view)
        assert not page.exception
        models = {m["key"]: m for m in galleries(page)[view]["models"]}
        assert "python -m explorer train" in models["mopoe"]["error"]
        assert "error" not in models["poe"]


def test_a_broken_checkpoint_disables_its_model_and_nothing_else(checkpoints):
    weights = checkpoints / "mwb" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    models = {m["key"]: m for m in galleries(opened())["draws"]["models"]}
    assert "truncated or damaged" in models["mwb"]["error"]
    assert "error" not in models["mopoe"]


def test_a_mended_checkpoint_is_taken_without_a_restart(checkpoints, untrained):
    shutil.rmtree(checkpoints / "poe")
    page = opened()
    assert "error" in galleries(page)["draws"]["models"][0]
    shutil.copytree(untrained / "polydigits" / "poe", checkpoints / "poe")
    assert "error" not in galleries(page.run())["draws"]["models"][0]


def test_without_classifiers_pictures_stay_and_verdicts_go(checkpoints):
    shutil.rmtree(checkpoints / "classifiers")
    shown = galleries(opened())["draws"]
    assert "python -m explorer classifiers" in shown["note"]
    assert "digit" not in shown["models"][0]["rows"][0]["draws"][0]
    conflict = galleries(opened(view="conflict"))["conflict"]
    assert all("python -m explorer classifiers" in m["error"] for m in conflict["models"])


def test_a_prediction_covers_the_counts_until_it_is_revealed(checkpoints):
    page = opened(view="conflict")
    page.toggle(key="generation_predict").set_value(True).run()
    assert galleries(page)["conflict"]["covered"]
    page.button_group(key="generation_guess").set_value(["poe"]).run()
    page.button(key="generation_reveal").click().run()
    assert "covered" not in galleries(page)["conflict"]
    assert any("that take a side were named" in m.value for m in page.markdown)


def test_a_kept_answer_is_shown_before_anything_is_computed(
    checkpoints, lab, tmp_path, monkeypatch
):
    monkeypatch.setattr(presets, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(presets, "SCENARIOS", {"one": (("m0", "m3"), ("m3",), "m1")})
    monkeypatch.setattr("explorer.evaluation.conflict.conflict_rates", lambda *_, **__: {})
    list(presets.write_cache(lab, presets.CACHE))
    computed = []
    monkeypatch.setattr("explorer.pages.lab.live_answer", computed.append)
    shown = galleries(opened())["draws"]
    assert shown["precomputed"]
    assert not computed
    expected = answer(lab, Question())
    assert shown["models"] == expected["models"]


def agreed(preset):
    """Share of right draws by model in the shipped answer to a preset."""
    models = presets.cached_answer(preset.question)["models"]
    return {
        m["key"]: sum(row["agree"] for row in m["rows"])
        / sum(len(row["draws"]) for row in m["rows"])
        for m in models
    }


def behaviors(preset):
    models = presets.cached_answer(preset.question)["models"]
    return {m["key"]: m["behavior"] for m in models}


def test_the_shipped_answers_make_the_points_of_their_presets():
    by_name = {preset.name: preset for preset in PRESETS}
    two = agreed(by_name["Two views"])
    assert two["poe"] < 0.2
    assert min(two["mopoe"], two["mwb"]) > 0.9
    assert agreed(by_name["All views"])["poe"] > two["poe"] + 0.5
    assert max(agreed(by_name["An unclear view"]).values()) < 0.3
    hurt = agreed(by_name["A view that hurts"])
    assert hurt["mopoe"] == 0
    assert 0.3 < hurt["moe"] < 0.7
    assert behaviors(by_name["One against one"])["mopoe"].startswith("takes")
    whole = behaviors(by_name["The same, whole mixture"])
    assert whole["mopoe"] == whole["mwb"] == "alternates"
    against = behaviors(by_name["One against three"])
    assert (against["mopoe"], against["mwb"]) == ("takes side B", "takes side A")
    majority = behaviors(by_name["Three against one"])
    assert majority["mopoe"] == majority["mwb"] == "takes side A"


def test_the_shipped_rates_are_of_every_model():
    for rows in presets.read_cache(presets.RATES).values():
        assert {row["key"] for row in rows} == set(MODELS)
        assert all(sum(row["shares"]) == pytest.approx(1) for row in rows)


def test_a_kept_answer_does_not_wait_for_torch():
    code = (
        "import sys; sys.modules['torch'] = None; "
        "from explorer.pages import challenges, explanations, presets, questions; "
        "presets.cached_answer(questions.Question())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_the_thresholds_in_use_are_stated():
    texts = "".join(explanations().values())
    assert "at least 80% of the draws show one" in texts
    assert "{decided}" not in texts
    assert "{calm}" not in texts


def test_a_damaged_cache_is_named_and_not_used(checkpoints, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "CACHE", tmp_path)
    (tmp_path / presets.ANSWERS).write_text("{")
    page = opened()
    assert not page.exception
    assert "python -m explorer presets" in page.warning[0].value
    assert "precomputed" not in galleries(page)["draws"]


def test_rates_are_shown_where_they_were_written(checkpoints, tmp_path, monkeypatch):
    rate = {"behaviors": dict.fromkeys(BEHAVIORS, 1 / len(BEHAVIORS)), "calm": 0.9}
    rows = [{"key": key, "whole": False, "n_samples": 7, "n_draws": 5} | rate for key in MODELS]
    (tmp_path / presets.RATES).write_text(json.dumps({"one against one": rows}))
    assert "rates" not in galleries(opened(view="conflict"))
    monkeypatch.setattr(presets, "CACHE", tmp_path)
    shown = galleries(opened(view="conflict"))["rates"]
    assert [m["key"] for m in shown["models"]] == list(MODELS)
    assert shown["n_samples"] == 7


def test_presets_are_not_written_without_every_model(lab, tmp_path):
    poor = lab._replace(models={**lab.models, "poe": "not there"})
    with pytest.raises(ValueError, match="every model: not there"):
        list(presets.write_cache(poor, tmp_path))
    assert not list(tmp_path.iterdir())
