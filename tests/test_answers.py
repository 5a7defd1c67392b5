"""What the Generation page says, as plain data: questions, answers, challenges."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.gaussians import Gaussian, Mixture
from explorer.pages import answers
from explorer.pages.answers import answer, disagreement, marginals, spread
from explorer.pages.challenges import CHALLENGES, product_misled, score_guess
from explorer.pages.questions import Question, read_question, settle, targets_of, write_question


def test_a_question_survives_its_link(about):
    question = settle(
        Question("conflict", 17, ("m1", "m2", "m4"), ("moe", "wb"), 3, 0.7, 5, True, 40, ("m2",)),
        about,
    )
    assert read_question(write_question(question), about) == (question, [])


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
    found = answers._link("poe", experts, ("poe", "wb"))
    assert found["axis"] == "there 0 is -1 here, and 1 is 0.5; the prior is left out"
    assert "e=7.8,0.1,1;-7.8,0.6,1" in found["link"]
    assert "p=1" not in found["link"]
    assert answers._link("wb", [{"mu": 2.9, "sd": 1e-4}] * 2, ("wb",)) == {}
    easy = answers._link("poe", [{"mu": 1.0, "sd": 0.5}, {"mu": -1.0, "sd": 0.5}], ("poe",))
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


def test_a_sprite_holds_every_picture_where_it_says(lab):
    pictures = torch.rand(19, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    sprite = answers.Sprite()
    assert sprite.add(pictures[:10]) == list(range(10))
    assert sprite.add(pictures[10:]) == list(range(10, 19))
    encoded = sprite.encode()
    raw = base64.b64decode(encoded["sprite"].split(",")[1])
    sheet = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
    assert sheet.shape == (28 * encoded["rows"], 28 * encoded["columns"], 3)
    row, column = divmod(17, encoded["columns"])
    tile = sheet[28 * row :][:28, 28 * column :][:, :28]
    assert np.array_equal(tile, (pictures[17] * 255).round().byte().permute(1, 2, 0).numpy())


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
