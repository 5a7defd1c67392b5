"""The Generation page without a browser: its state, its answers, and what it does when broken."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from explorer.app.generation import answers, presets
from explorer.app.generation.answers import answer
from explorer.app.generation.explanations import explanations
from explorer.app.generation.presets import PRESETS
from explorer.app.generation.state import Question, default_question, settle, write_question
from explorer.app.shared import loaded as rooms
from explorer.catalog.looks import LABELS
from explorer.datasets import load_dataset
from explorer.evaluation.classifiers import Classifiers, save_classifiers
from explorer.evaluation.conflict import BEHAVIORS
from explorer.models import build_model
from tests.datasets.digit_files import write_digit_files

PAGE = str(Path(answers.__file__).with_name("page.py"))


TRAINED = {
    "polydigits": (*LABELS, "mopoe_style", "moe_dreg", "mmvamp", "mac_wae"),
    "digits_photo_text": ("mopoe", "nexus", "mac_wae"),
    "simulated_rats": ("independent", "aggregated_std", "mmvamp", "jmvae"),
}


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A folder of untrained checkpoints of some models, and of classifiers."""
    root = tmp_path_factory.mktemp("pretrained")
    torch.manual_seed(0)
    for name, models in TRAINED.items():
        data = load_dataset(name)
        shapes = {m.name: m.shape for m in data.modalities}
        kinds = {m.name: m.kind for m in data.modalities}
        for key in models:
            build_model(key, data.modalities, latent_dim=8).save_pretrained(root / name / key)
        judges = Classifiers(shapes, len(data.classes), dict.fromkeys(shapes, 0.96), kinds=kinds)
        save_classifiers(judges, root / name / "classifiers", {})
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


def test_a_conflict_counts_the_seven_rules_and_the_models_asked(checkpoints):
    page = opened(view="conflict", models="mac_wae,poe")
    models = {m["key"]: m for m in galleries(page)["conflict"]["models"]}
    assert set(models) == {*LABELS, "mac_wae"}
    assert all(sum(m["sides"]) == 200 for m in models.values())


OTHERS = [name for name in TRAINED if name != "polydigits"]


@pytest.mark.parametrize("view", ["draws", "conflict"])
@pytest.mark.parametrize("name", OTHERS)
def test_every_kind_of_observation_is_answered(checkpoints, name, view):
    page = opened(data=name, view=view)
    assert not page.exception
    assert not page.warning
    shown = galleries(page)
    assert {"strip", "marginals", view} <= shown.keys()
    assert "rates" not in shown
    data = load_dataset(name)
    assert shown[view]["classes"] == list(data.classes)
    assert {x["name"] for x in shown[view]["given"]} < {m.name for m in data.modalities}
    models = shown[view]["models"]
    assert {m["key"] for m in models} <= set(TRAINED[name])
    assert len(models) == 3
    assert not [m["error"] for m in models if "error" in m]


@pytest.mark.parametrize("name", OTHERS)
def test_every_model_and_every_given_is_answered(checkpoints, name):
    names = [m.name for m in load_dataset(name).modalities]
    for key in TRAINED[name]:
        shown = galleries(opened(data=name, models=key, given=",".join(names)))["draws"]
        assert "error" not in shown["models"][0]
        assert [row["name"] for row in shown["models"][0]["rows"]] == names


def test_another_dataset_asks_what_it_can_be_asked(checkpoints):
    page = opened(view="conflict", given="m0,m1,m3", models="poe,wb", votes="50")
    page.selectbox(key="dataset_choice").set_value("simulated_rats").run()
    assert not page.exception
    assert not page.warning
    question = page.session_state["generation"]
    assert (question.view, question.votes) == ("conflict", 50)
    assert set(question.given) <= {"barat", "buchanan", "mitt", "stella", "superchris"}
    assert set(question.models) <= set(TRAINED["simulated_rats"])
    assert page.query_params["data"] == "simulated_rats"
    assert "given" not in page.query_params
    page.selectbox(key="dataset_choice").set_value("polydigits").run()
    assert "data" not in page.query_params
    assert galleries(page)["conflict"]["word"] == "digit"


def test_a_link_with_a_dataset_is_read_for_that_dataset(checkpoints):
    page = opened(data="simulated_rats", given="mitt", models="jmvae", item="2000")
    assert not page.warning
    question = page.session_state["generation"]
    assert (question.given, question.models, question.item) == (("mitt",), ("jmvae",), 2000)
    assert opened(data="digits_photo_text", given="mitt").warning


def test_a_dataset_that_nobody_trained_on_says_how_to(checkpoints):
    page = opened(data="translated_polydigits")
    assert not page.exception
    assert "No model is trained on Translated PolyDigits yet" in page.info[0].value
    assert "--dataset translated_polydigits" in page.code[0].value


def test_one_observation_is_shown_large_beside_what_went_in(checkpoints):
    page = opened(data="digits_photo_text", given="digit", models="mopoe", draws="2")
    titles = [m.value for m in page.markdown]
    assert "**What went in**" in titles
    assert "**Mixture of products, mean**" in titles
    assert len(page.get("plotly_chart")) == 2
    page.button_group(key="closer_which_2").set_value(2).run()
    page.selectbox(key="closer_view_draws_digits_photo_text").set_value("text").run()
    assert "**Mixture of products, draw 2**" in [m.value for m in page.markdown]
    page.selectbox(key="closer_view_draws_digits_photo_text").set_value("digit").run()
    assert "digit was given" in page.info[0].value
    assert not page.exception


def test_sounds_are_played_beside_what_went_in(checkpoints, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    write_digit_files(tmp_path)
    torch.manual_seed(0)
    model = build_model("mopoe", load_dataset("mhd_like").modalities, latent_dim=8)
    model.save_pretrained(checkpoints.parent / "mhd_like" / "mopoe")
    page = opened(data="mhd_like", given="image", draws="1")
    assert not page.exception
    assert len(page.get("plotly_chart")) == len(page.get("audio")) == 2
    page.selectbox(key="closer_view_draws_mhd_like").set_value("label").run()
    assert not page.exception
    assert (len(page.get("plotly_chart")), len(page.get("audio"))) == (2, 0)


def test_both_sides_of_a_conflict_are_looked_at_beside_a_draw(checkpoints):
    page = opened(data="digits_photo_text", view="conflict", given="digit,photo", models="mopoe")
    titles = [m.value for m in page.markdown]
    assert {"**Side A**", "**Side B**", "**Mixture of products, mean**"} <= set(titles)
    assert len(page.get("plotly_chart")) == 3
    page.button_group(key="closer_which_8").set_value(8).run()
    assert "**Mixture of products, draw 8**" in [m.value for m in page.markdown]
    page.selectbox(key="closer_view_conflict_digits_photo_text").set_value("photo").run()
    assert "photo was given" in page.info[0].value
    assert not page.exception


def test_pictures_are_looked_at_large_only_when_asked(checkpoints):
    page = opened()
    assert not page.get("plotly_chart")
    page.toggle(key="closer_polydigits").set_value(True).run()
    assert len(page.get("plotly_chart")) == 2
    assert not page.exception


def test_only_the_models_asked_are_loaded(checkpoints, monkeypatch):
    rooms._model.clear()
    rooms._answer.clear()
    loaded = []
    load = rooms.load_pretrained
    monkeypatch.setattr(
        rooms, "load_pretrained", lambda name, key: loaded.append(key) or load(name, key)
    )
    opened(data="digits_photo_text", models="nexus")
    assert loaded == ["nexus"]


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
    picker = page.multiselect(key="generation_models")
    assert "MAC-WAE · joint encoder" in picker.options
    assert len(picker.options) == len(TRAINED["polydigits"])
    picker.set_value(["poe", "mopoe", "mwb", "mac_wae"]).run()
    assert page.session_state["generation"].models == ("mopoe", "mwb", "mac_wae")
    assert not page.exception


def test_next_and_a_digit_choose_another_sample(checkpoints, lab):
    page = opened(item="7")
    page.button(key="generation_item_Next").click().run()
    assert page.session_state["generation"].item == 8
    page.selectbox(key="generation_item_class").set_value(3).run()
    assert lab.data.test.labels[page.session_state["generation"].item] == 3


def test_samples_of_one_digit_do_not_meet_in_a_conflict(checkpoints, lab):
    labels = lab.data.test.labels
    same = (labels == labels[0]).nonzero().flatten().tolist()[1]
    page = opened(view="conflict", item="0", other=str(same))
    question = page.session_state["generation"]
    assert labels[question.other] != labels[question.item]
    assert galleries(page)["conflict"]["labels"][0] != galleries(page)["conflict"]["labels"][1]


NONSENSE = {
    "data": "<img src=x onerror=alert(1)>",
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


def test_a_model_without_a_checkpoint_is_not_offered_and_a_link_to_it_says_how_to_train(
    checkpoints,
):
    shutil.rmtree(checkpoints / "mopoe")
    page = opened(models="mopoe,poe", view="conflict")
    assert not page.exception
    assert "python -m explorer train --dataset polydigits --model mopoe" in page.warning[0].value
    assert not [
        o for o in page.multiselect(key="generation_models").options if o == "Mixture of products"
    ]
    assert "mopoe" not in page.session_state["generation"].models
    models = {m["key"]: m for m in galleries(page)["conflict"]["models"]}
    assert set(LABELS) - set(models) == {"mopoe"}
    assert not [m for m in models.values() if "error" in m]


def test_a_broken_checkpoint_disables_its_model_and_nothing_else(checkpoints):
    weights = checkpoints / "mwb" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    for view in ("draws", "conflict"):
        models = {m["key"]: m for m in galleries(opened(view=view))[view]["models"]}
        assert "truncated or damaged" in models["mwb"]["error"]
        assert "error" not in models["mopoe"]


def test_a_damaged_description_of_a_model_disables_it_and_nothing_else(checkpoints):
    rooms._model.clear()
    rooms._answer.clear()
    (checkpoints / "mwb" / "config.json").write_text("{")
    page = opened()
    assert not page.exception
    models = {m["key"]: m for m in galleries(page)["draws"]["models"]}
    assert "error" in models["mwb"]
    assert "error" not in models["mopoe"]


def test_a_mended_checkpoint_is_taken_without_a_restart(checkpoints, untrained):
    weights = checkpoints / "poe" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    page = opened()
    assert "error" in galleries(page)["draws"]["models"][0]
    weights.write_bytes(whole)
    assert "error" not in galleries(page.run())["draws"]["models"][0]


def test_a_new_checkpoint_is_offered_without_a_restart(checkpoints):
    page = opened()
    assert "JMVAE · joint encoder" not in page.multiselect(key="generation_models").options
    data = load_dataset("polydigits")
    build_model("jmvae", data.modalities, latent_dim=8).save_pretrained(checkpoints / "jmvae")
    assert "JMVAE · joint encoder" in page.run().multiselect(key="generation_models").options


def test_without_classifiers_pictures_stay_and_verdicts_go(checkpoints):
    shutil.rmtree(checkpoints / "classifiers")
    shown = galleries(opened())["draws"]
    assert "python -m explorer classifiers" in shown["note"]
    assert "reads" not in shown["models"][0]["rows"][0]["draws"][0]
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
    monkeypatch.setattr("explorer.app.shared.loaded.live_answer", computed.append)
    shown = galleries(opened())["draws"]
    assert shown["precomputed"]
    assert not computed
    expected = answer(lab, Question())
    assert shown["models"] == expected["models"]
    assert default_question(presets.cached_about("polydigits")) == Question()
    assert presets.cached_about("simulated_rats") is None
    assert presets.cached_answer("simulated_rats", Question()) is None


def test_the_thresholds_in_use_are_stated():
    texts = "".join(explanations("odor").values())
    assert "one of the two odors" in texts
    assert "{word}" not in texts
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
    rows = [{"key": key, "whole": False, "n_samples": 7, "n_draws": 5} | rate for key in LABELS]
    (tmp_path / presets.RATES).write_text(json.dumps({"one against one": rows}))
    assert "rates" not in galleries(opened(view="conflict"))
    monkeypatch.setattr(presets, "CACHE", tmp_path)
    shown = galleries(opened(view="conflict"))["rates"]
    assert [m["key"] for m in shown["models"]] == list(LABELS)
    assert shown["n_samples"] == 7


def test_presets_are_not_written_without_every_rule(lab, tmp_path):
    broken = {**lab.models, "poe": "not there"}
    absent = {key: model for key, model in lab.models.items() if key != "wb"}
    for models, reason in ((broken, "not there"), (absent, "no wb")):
        with pytest.raises(ValueError, match=reason):
            list(presets.write_cache(lab._replace(models=models), tmp_path))
    assert not list(tmp_path.iterdir())
