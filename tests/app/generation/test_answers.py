"""What the Generation page says, as plain data: questions, answers, challenges."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.app.generation import answers
from explorer.app.generation import experts as page_experts
from explorer.app.generation.answers import Lab, answer, describe, observations
from explorer.app.generation.challenges import CHALLENGES, product_misled, score_guess
from explorer.app.generation.experts import disagreement, marginals, spread
from explorer.app.generation.sprite import Sprite
from explorer.app.generation.state import (
    Question,
    default_question,
    read_question,
    settle,
    targets_of,
    write_question,
)
from explorer.datasets import Modality, load_dataset
from explorer.drawing.tiles import pictures
from explorer.gaussians import Gaussian, Mixture
from explorer.models import MODELS, build_model


def test_a_question_survives_its_link(about):
    question = settle(
        Question("conflict", 17, ("m1", "m2", "m4"), ("moe", "wb"), 3, 0.7, 5, True, 40, ("m2",)),
        about,
    )
    assert read_question(write_question(question), about) == (question, [])


def test_a_model_that_is_not_trained_is_named_with_the_remedy_and_nonsense_is_not(about):
    few = about._replace(models=("poe", "mac_wae"))
    for text, said in (
        ("poe,mopoe", "mopoe is not; train it with python -m explorer train --dataset polydigits"),
        ("<script>", "keys of models that are trained"),
        ("", "keys of models that are trained"),
    ):
        question, notices = read_question({"models": text}, few)
        assert question.models == ("poe", "mac_wae")
        assert said in notices[0]
        assert "<" not in notices[0]


def test_settling_keeps_and_swaps_at_least_one_view(about):
    for given in (("m0",), ("m0", "m1"), about.names):
        for swapped in ((), ("m0",), about.names):
            q = settle(Question(view="conflict", given=given, swapped=swapped), about)
            assert 0 < len(q.swapped) < len(q.given)
            assert set(q.swapped) < set(q.given)
            assert q.target in targets_of(q.given, about)


def test_one_question_has_one_answer(lab):
    first, second = answer(lab, Question()), answer(lab, Question())
    assert first == second
    assert answer(lab, Question(seed=1)) != first


def test_temperature_zero_draws_one_picture_again_and_again(lab):
    shown = answer(lab, Question(temperature=0.0, models=("wb",)))
    row = shown["models"][0]["rows"][0]
    assert len({d["confidence"] for d in [row["mean"], *row["draws"]]}) == 1


def test_draws_name_the_views_they_come_from(lab):
    by_key = {
        m["key"]: m
        for models in (("moe", "mopoe", "mwb"),)
        for m in answer(lab, Question(models=models, whole=True))["models"]
    }
    assert by_key["moe"]["components"] == [["m0"], ["m3"]]
    assert by_key["mopoe"]["components"] == [["m0"], ["m3"], ["m0", "m3"]]
    sources = [d["source"] for d in by_key["mopoe"]["rows"][0]["draws"]]
    assert all(source in by_key["mopoe"]["components"] for source in sources)
    own = answer(lab, Question(models=("mopoe",)))["models"][0]
    assert own["components"] == [["m0", "m3"]]


def test_with_nothing_hidden_everything_is_reconstructed(lab):
    shown = answer(lab, Question(given=tuple(lab.names)))
    assert shown["nothing_hidden"]
    assert [row["name"] for row in shown["models"][0]["rows"]] == lab.names


def test_the_experts_shown_are_the_models_own(lab):
    shown = marginals(lab, Question(view="conflict", models=("poe",)))["models"][0]
    test = lab.data.test
    batch = {"m0": test[torch.tensor([0])]["m0"], "m3": test[torch.tensor([1])]["m3"]}
    with torch.inference_mode():
        experts = lab.models["poe"].experts(batch)
    d = shown["dimension"]
    assert [e["mu"] for e in shown["experts"]] == pytest.approx(experts.mu[:, 0, d].tolist())
    assert [e["sd"] for e in shown["experts"]] == pytest.approx(experts.std[:, 0, d].tolist())
    assert shown["link"].startswith("./?e=")


def test_experts_that_do_not_fit_page_1_open_on_an_axis_that_is_stated():
    experts = [{"mu": 2.9, "sd": 0.05}, {"mu": -4.9, "sd": 0.3}]
    found = page_experts._link("poe", experts, ("poe", "wb"))
    assert found["axis"] == "there 0 is -1 here, and 1 is 0.5; the prior is left out"
    assert "e=7.8,0.1,1;-7.8,0.6,1" in found["link"]
    assert "p=1" not in found["link"]
    assert page_experts._link("wb", [{"mu": 2.9, "sd": 1e-4}] * 2, ("wb",)) == {}
    easy = page_experts._link("poe", [{"mu": 1.0, "sd": 0.5}, {"mu": -1.0, "sd": 0.5}], ("poe",))
    assert easy["axis"] == ""
    assert "p=1" in easy["link"]


def test_ranks_go_through_all_dimensions_from_the_most_contested(lab):
    found = [marginals(lab, Question(rank=r, models=("wb",)))["models"][0] for r in range(1, 9)]
    gaps = [f["gap"] for f in found]
    assert gaps == sorted(gaps, reverse=True)
    assert {f["dimension"] for f in found} == set(range(8))


def test_disagreement_is_measured_in_standard_deviations():
    experts = Gaussian(torch.tensor([[[0.0, 0.0]], [[5.0, 1.0]]]), torch.zeros(2, 1, 2))
    experts = Gaussian(experts.mu, torch.tensor([[[9.0, 1.0]], [[16.0, 1.0]]]).log())
    assert disagreement(experts).tolist() == pytest.approx([1.0, 1 / 2**0.5])


def test_the_spread_of_a_mixture_counts_what_lies_between():
    mu = torch.tensor([[[-3.0]], [[3.0]]])
    posterior = Mixture(torch.tensor([0.5, 0.5]), Gaussian(mu, torch.zeros_like(mu)))
    assert spread(posterior) == pytest.approx(10**0.5)


def test_a_code_without_a_width_is_a_point(lab):
    question = Question(models=("mac_wae", "mac_vae"))
    code, belief = answer(lab, question)["models"]
    assert code["spread"] is None
    assert {x["sd"] for x in code["experts"]} == {None}
    assert belief["spread"] > 0
    draws = [d["confidence"] for d in code["rows"][0]["draws"]]
    assert set(draws) == {code["rows"][0]["mean"]["confidence"]}
    shown = marginals(lab, question)["models"]
    assert [m["points"] for m in shown] == [True, False]
    assert shown[0]["fused"]["sd"] == [None]
    values = [e["mu"] for e in shown[0]["experts"]]
    assert shown[0]["gap"] == pytest.approx(max(values) - min(values))


def test_where_latents_are_apart_a_given_view_is_redrawn_from_itself_alone(lab):
    question = Question(given=tuple(lab.names), models=("mmvamp", "moe"), temperature=0.0)
    apart, together = answer(lab, question)["models"]
    assert apart["alone"]
    assert not together["alone"]
    for row in apart["rows"]:
        assert {tuple(d["source"]) for d in row["draws"]} == {(row["name"],)}
    assert apart["components"] == [[name] for name in lab.names]
    hidden = answer(lab, Question(models=("mmvamp",)))["models"][0]
    assert not hidden["alone"]
    assert hidden["rows"][0]["draws"][0]["source"] in [["m0"], ["m3"]]


def test_styles_vary_with_every_draw_and_not_at_temperature_zero(lab):
    point = Gaussian(torch.zeros(1, 1, 8), torch.full((1, 1, 8), -60.0))
    belief = Mixture(torch.ones(1), point)

    def variety(key, temperature):
        generator = torch.Generator().manual_seed(0)
        question = Question(temperature=temperature)
        made, _ = answers._make(lab.models[key], belief, ["m1"], 4, question, generator)
        return float((made["m1"] - made["m1"][:1]).abs().max())

    with torch.inference_mode():
        assert variety("mopoe_style", 1.0) > 1e-4
        assert variety("mopoe_style", 0.0) < 1e-6
        assert variety("mopoe", 1.0) < 1e-6


def test_a_laplace_is_drawn_and_shown_as_one(lab):
    laplace, gaussian = marginals(lab, Question(models=("moe", "moe_dreg")))["models"][::-1]
    assert (laplace["laplace"], gaussian["laplace"]) == (True, False)
    assert "link" not in laplace
    assert "link" in gaussian


def test_only_rules_of_page_1_are_opened_there(lab):
    question = Question(models=("poe_unimodal", "jmvae", "mvtcae"))
    links = {m["key"]: m.get("link", "") for m in marginals(lab, question)["models"]}
    assert "c=" in links["poe_unimodal"]
    assert links["mvtcae"] == ""


@pytest.fixture(scope="module", params=["digits_photo_text", "simulated_rats"])
def other(request):
    """A dataset of other kinds, with every model untrained and no classifiers."""
    data = load_dataset(request.param)
    torch.manual_seed(1)
    models = {key: build_model(key, data.modalities, latent_dim=8).eval() for key in MODELS}
    return Lab(data, models, "No verdicts.")


def test_every_model_answers_on_every_kind_of_observation(other):
    about = describe(other.data, tuple(other.models), 8)
    for key in MODELS:
        question = settle(replace(default_question(about), models=(key,), draws=3), about)
        shown = answer(other, question)
        model = shown["models"][0]
        assert [row["name"] for row in model["rows"]] == list(targets_of(question.given, about))
        tiles = [d["tile"] for row in model["rows"] for d in [row["mean"], *row["draws"]]]
        assert max(tiles) < len(shown["tiles"])
        assert marginals(other, question)["models"][0]["experts"]


def test_what_is_no_picture_is_also_said_in_words(other):
    about = describe(other.data, tuple(other.models), 8)
    shown = answer(other, default_question(about))
    for x in [*shown["given"], *shown["hidden"], *shown["models"][0]["rows"][-1]["draws"]]:
        kind = other.data.modalities[other.names.index(x["name"])].kind if "name" in x else "text"
        assert ("words" in x) == (kind != "image")


def test_what_is_asked_by_default_can_be_asked(other):
    few = describe(other.data, ("mwb", "jmvae"), 8)
    question = default_question(few)
    assert question.models == ("mwb", "jmvae")
    assert settle(replace(question, view="conflict"), few).target not in question.given
    assert read_question({}, few) == (question, [])
    assert write_question(question, question) == {}


def test_a_sprite_holds_every_tile_where_it_says():
    kinds = {
        "image": Modality("image", (3, 28, 28)),
        "text": Modality(
            "text", (4, 3), kind="text", likelihood="categorical", network="dense", symbols=" ab"
        ),
    }
    generator = torch.Generator().manual_seed(0)
    sprite, expected = Sprite(), []
    for kind, n in (("image", 19), ("text", 2), ("image", 1)):
        x = torch.rand(n, *kinds[kind].shape, generator=generator)
        assert sprite.add(kinds[kind], x) == list(range(len(expected), len(expected) + n))
        expected += list(pictures(kinds[kind], x))
    encoded = sprite.encode()
    raw = base64.b64decode(encoded["sprite"].split(",")[1])
    sheet = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
    for (x, y, width, height), tile in zip(encoded["tiles"], expected, strict=True):
        assert np.array_equal(sheet[y : y + height, x : x + width], tile)


def conflict_answer(product, moe, given="AAB"):
    return {
        "given": [{"side": side} for side in given],
        "models": [
            {"key": "mopoe", "name": "Product", "sides": product, "behavior": "takes side B"},
            {"key": "moe", "name": "Mixture", "sides": moe, "behavior": "alternates"},
        ],
    }


def test_a_challenge_is_done_when_its_words_hold():
    assert product_misled(conflict_answer([10, 180, 10], [130, 60, 10]))
    assert not product_misled(conflict_answer([10, 180, 10], [60, 130, 10]))
    assert not product_misled(conflict_answer([10, 180, 10], [130, 60, 10], given="AB"))
    assert {challenge.view for challenge in CHALLENGES} == {"draws", "conflict"}


def test_a_guess_is_scored_by_the_counts():
    found = score_guess(["moe"], conflict_answer([10, 180, 10], [130, 60, 10]))
    assert found.startswith("**0 of 1**")
    assert "Also taking one: Product" in found
    assert "Taking none: Mixture" in found


@pytest.mark.parametrize("key", ["mopoe", "mmvamp", "mopoe_style"])
def test_observations_are_what_the_tiles_show(lab, key):
    question = Question(item=5, given=("m0", "m3"), models=(key, "poe"), draws=3)
    found = observations(lab, question)
    assert list(found) == ["", key, "poe"]
    assert {name: len(x) for name, x in found[key].items()} == {"m1": 4, "m2": 4, "m4": 4}
    shown = answer(lab, question)
    sheet = Image.open(io.BytesIO(base64.b64decode(shown["sprite"].partition(",")[2])))

    def same(tile, name, x):
        left, top, width, height = shown["tiles"][tile["tile"]]
        cut = np.asarray(sheet.convert("RGB").crop((left, top, left + width, top + height)))
        modality = lab.data.modalities[lab.names.index(name)]
        return np.array_equal(cut, pictures(modality, x[None])[0])

    for part in shown["given"] + shown["hidden"]:
        assert same(part, part["name"], found[""][part["name"]][0])
    for row in shown["models"][0]["rows"]:
        tiles = [row["mean"], *row["draws"]]
        for tile, x in zip(tiles, found[key][row["name"]], strict=True):
            assert same(tile, row["name"], x)


def test_observations_of_a_conflict_are_the_draws_that_are_counted(lab):
    question = Question("conflict", item=5, other=9, models=("mopoe",), votes=50)
    labels = lab.data.test.labels[[5, 9]]
    assert labels[0] != labels[1]
    found = observations(lab, question)
    assert list(found) == ["A", "B", "mopoe"]
    torch.testing.assert_close(found["B"]["m0"], lab.data.test[[9]]["m0"])
    model = next(m for m in answer(lab, question)["models"] if m["key"] == "mopoe")
    seen = lab.classifiers.predict({"m1": found["mopoe"]["m1"][1:]})["m1"]
    assert seen.tolist() == [drawn["reads"] for drawn in model["draws"]]


def test_observations_leave_out_a_model_that_is_not_there(lab):
    broken = lab._replace(models={**lab.models, "poe": "Not available."})
    assert list(observations(broken, Question(models=("poe", "wb")))) == ["", "wb"]
