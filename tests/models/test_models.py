"""The one VAE: shapes, gaps, conventions, and that training it moves the loss."""

import dataclasses

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.aggregations import AGGREGATIONS, subsets
from explorer.datasets import Modality
from explorer.gaussians import Gaussian, kl_to_prior
from explorer.models import MODELS, MultimodalVAE, build_model
from explorer.models.saved import packed, unpacked
from explorer.models.terms import mixed_seed

SHAPES = {"a": (3,), "b": (2, 2), "c": (5,)}
MODALITIES = [Modality(n, s, likelihood="normal", network="mlp") for n, s in SHAPES.items()]


OWN_OPTIONS = {
    "jmvae": {"alpha": 0.3},
    "nexus": {"bottom_dim": 3, "message_dim": 5, "p_drop": 0.4},
} | dict.fromkeys(("mac_wae", "mac_vae", "m_wae"), {"n_masks": 3})


def build(name="mopoe", **options):
    torch.manual_seed(0)
    return build_model(name, MODALITIES, latent_dim=4, **options)


def random_batch(n=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(n, *shape, generator=generator) for name, shape in SHAPES.items()}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_reads_writes_and_learns(name):
    model, batch = build(name), random_batch(64)
    batch["b"] = batch["a"][:, :1, None].expand(-1, 2, 2) * 2
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for step in range(150):
        loss = model.loss(batch, seeded(step)).total.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-20:]) < 0.9 * sum(losses[:20])


@pytest.mark.parametrize("name", MODELS)
def test_a_training_step_asks_for_no_number_that_a_gpu_would_have_to_finish(name):
    model, batch = build(name), random_batch()
    model.loss(batch, seeded())
    with FakeTensorMode(allow_non_fake_inputs=True):
        losses = model.loss(batch)  # tensors without numbers: asking for one is an error
    assert losses.total.shape == (6,)


@pytest.mark.parametrize("name", MODELS)
def test_any_subset_can_be_encoded_without_the_others(name):
    model, batch = build(name), random_batch()
    for subset in subsets(list(SHAPES)):
        alone = {n: batch[n] for n in subset}
        posterior = model.posterior(batch, observed=subset)
        assert torch.equal(posterior.mean, model.posterior(alone).mean)
        assert posterior.components.mu.shape[1:] == (6, 4)
        assert torch.allclose(posterior.batch_weights.sum(0), torch.ones(6))


@pytest.mark.parametrize("name", MODELS)
def test_the_subset_posterior_is_the_row_of_all_subset_posteriors(name):
    model, batch = build(name), random_batch()
    rows = model.subset_posteriors(batch).mean
    for row, subset in zip(rows, subsets(list(SHAPES)), strict=True):
        assert torch.allclose(row, model.subset_posterior(batch, subset).mean, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_sample_with_gaps_is_treated_as_if_alone_with_what_it_has(name):
    model, batch = build(name), random_batch()
    observed = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]]) > 0
    gappy = {n: x.clone() for n, x in batch.items()}
    for m, name_ in enumerate(SHAPES):
        gappy[name_][~observed[:, m]] = float("nan")
    posterior = model.posterior(gappy | {"observed": observed})
    for i, row in enumerate(observed):
        names = [n for n, seen in zip(SHAPES, row, strict=True) if seen]
        alone = model.posterior({n: batch[n][i : i + 1] for n in names})
        assert torch.allclose(posterior.mean[i], alone.mean[0], atol=1e-5)
    model.loss(gappy | {"observed": observed}, seeded()).total.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_gaps_do_not_disturb_batch_normalisation():
    modality = Modality("image", (3, 28, 28))
    model = build_model("mopoe", [modality, dataclasses.replace(modality, name="other")])
    x = torch.rand(8, 3, 28, 28)
    observed = torch.ones(8, 2, dtype=torch.bool)
    observed[4:, 1] = False
    garbage = x.clone()
    garbage[4:] = 1e6
    model.loss({"image": x, "other": garbage, "observed": observed}, seeded())
    assert model.encoders["other"][1].running_var.max() < 10


def test_the_elbo_adds_up_by_hand():
    model, batch = build("poe", beta=2.0), random_batch()
    losses = model.loss(batch, seeded(3))
    posterior = model.posterior(batch)
    z = posterior.rsample(seeded(3))
    expected = (
        sum(-d.log_prob(batch[n]).flatten(1).sum(1) for n, d in model.decode(z).items())
        + 2.0 * kl_to_prior(posterior.components)[0]
    )
    assert torch.allclose(losses.total, expected)
    assert torch.allclose(losses.terms["reconstruction"] + 2 * losses.terms["kl"], losses.total)


def test_modalities_missing_from_everyone_are_left_out_of_the_loss():
    model, batch = build("wb"), random_batch()
    part = {"a": batch["a"], "c": batch["c"]}
    z = model.posterior(part).rsample(seeded())
    decoded = model.decode(z)
    expected = sum(-decoded[n].log_prob(part[n]).sum(1) for n in part)
    assert torch.allclose(model.loss(part, seeded()).terms["reconstruction"], expected)


def test_generation_keeps_every_axis_and_follows_its_generator():
    model, batch = build("mopoe"), random_batch()
    one = model.generate({"a": batch["a"][:1]}, n_samples=1, generator=seeded(5))
    assert {n: x.shape for n, x in one.items()} == {n: (1, 1, *s) for n, s in SHAPES.items()}
    first, again = (model.generate(batch, ["a", "c"], 3, seeded(5)) for _ in range(2))
    assert first["b"].shape == (3, 6, 2, 2)
    assert torch.equal(first["b"], again["b"])
    assert not torch.equal(first["b"], model.generate(batch, ["a", "c"], 3, seeded(6))["b"])


def test_building_and_using_a_model_leaves_the_caller_s_things_alone():
    modalities, batch = list(MODALITIES), random_batch()
    before = {n: x.clone() for n, x in batch.items()}
    model = build_model("mwb", modalities, latent_dim=4)
    model.loss(batch).total.sum().backward()
    assert modalities == MODALITIES
    assert all(torch.equal(batch[n], before[n]) for n in before)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({}, "holds none of the modalities"),
        ({"nonsense": torch.zeros(2, 3)}, "got \\['nonsense'\\]"),
        ({"a": torch.zeros(2, 4)}, "'a' must have shape \\(batch, 3\\), got \\(2, 4\\)"),
    ],
)
def test_a_batch_that_does_not_fit_is_explained(batch, message):
    with pytest.raises(ValueError, match=message):
        build().experts(batch)


def test_observing_what_the_batch_lacks_is_explained():
    with pytest.raises(ValueError, match="observed names \\['b'\\]"):
        build().posterior({"a": torch.zeros(2, 3)}, observed=["b"])


def test_a_sample_without_any_modality_is_named():
    batch = random_batch(3) | {"observed": torch.tensor([[1, 1, 1], [0, 0, 0], [1, 0, 0]]).bool()}
    with pytest.raises(ValueError, match="none is in samples \\[1\\]"):
        build().loss(batch)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_model("vae", MODALITIES), "model must be one of poe"),
        (lambda: build("poe", aggregation="sum"), "aggregation must be one of poe"),
        (lambda: build_model("poe", [Modality("x", (1, 9, 9))]), "'patch' needs images"),
        (lambda: build_model("poe", MODALITIES[:1] * 2), "different names"),
    ],
)
def test_what_does_not_exist_is_answered_with_what_does(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_one_expert_alone_is_believed_up_to_the_prior(name):
    experts = Gaussian(torch.randn(1, 5, 4), torch.randn(1, 5, 4))
    posterior = AGGREGATIONS[name].subset_posterior(experts)
    if AGGREGATIONS[name].prior:
        precision = (-experts.logvar).exp()
        expected = precision * experts.mu / (precision + 1)
        assert torch.allclose(posterior.mean, expected[0], atol=1e-5)
    else:
        assert torch.allclose(posterior.mean, experts.mu[0], atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_comes_back_from_disk(name, tmp_path):
    model, batch = build(name, **OWN_OPTIONS.get(name, {})).eval(), random_batch()
    model.save_pretrained(tmp_path)
    back = MultimodalVAE.from_pretrained(tmp_path)
    assert type(back) is type(model)
    assert back.config == model.config
    assert back.modalities == tuple(MODALITIES)
    model.load_state_dict(unpacked(packed(model.state_dict())))
    assert torch.equal(back.posterior(batch).mean, model.posterior(batch).mean)
    assert back.generate(batch, ["a"])["c"].shape == (1, 6, *SHAPES["c"])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mopoe", {"objective": "mvtcae"}, "one joint belief.*got 'mopoe'"),
        ("moe", {"objective": "mvtcae"}, "one joint belief.*got 'moe'"),
        ("mmvamp", {"style_dim": 4}, "trains no styles: style_dim must be 0, got 4"),
        ("independent", {"style_dim": 4}, "trains no styles"),
        ("moe_dreg", {"aggregation": None}, "needs the aggregation 'moe', got None"),
    ],
)
def test_what_would_be_trained_in_part_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)


def test_seeds_of_either_sign_give_noise_of_their_own():
    seeds = {mixed_seed(a, b) for a in range(-3, 4) for b in range(-3, 4)}
    assert len(seeds) == 49
    assert all(0 <= seed < 2**63 for seed in seeds)


# ------------------------------------------------------------------ weights


def test_weights_of_the_constructor_and_of_a_call_are_the_same():
    weights, batch = {"a": 3.0, "c": 0.5}, random_batch()
    plain, weighed = build("wb"), build("wb", weights=weights)
    weighed.load_state_dict(plain.state_dict())
    for call in (
        lambda m, **w: m.posterior(batch, **w).mean,
        lambda m, **w: m.subset_posterior(batch, ["a", "b"], **w).mean,
        lambda m, **w: m.subset_posteriors(batch, **w).mean,
        lambda m, **w: m.generate(batch, ["a", "b"], 2, seeded(), **w)["c"],
    ):
        torch.testing.assert_close(call(plain, weights=weights), call(weighed))
        assert (call(plain) - call(weighed)).abs().max() > 1e-3
    torch.testing.assert_close(
        plain.posterior(batch, weights={"a": 2.0, "b": 2.0, "c": 2.0}).mean,
        plain.posterior(batch).mean,
    )


def test_weights_come_back_from_disk(tmp_path):
    model, batch = (
        build("mwb", weights={"b": 5.0}, lambdas=[1.0] * 6 + [9.0]).eval(),
        random_batch(),
    )
    model.save_pretrained(tmp_path)
    back = MultimodalVAE.from_pretrained(tmp_path)
    assert back.config["weights"] == {"b": 5.0}
    torch.testing.assert_close(back.posterior(batch).weights, model.posterior(batch).weights)
    assert back.posterior(batch).weights[-1] > 0.5


def test_lambdas_of_what_is_given_are_those_of_the_subsets_it_can_form():
    model, batch = build("mopoe", lambdas=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), random_batch()
    found = model.posterior(batch, ["a", "c"]).weights  # a, c and a+c
    torch.testing.assert_close(found, torch.tensor([1.0, 3.0, 5.0]) / 9)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("wb", {"weights": {"d": 1.0}}, r"must name modalities .* got \['d'\]"),
        ("wb", {"weights": {"a": 0.0}}, "positive and finite"),
        ("wb", {"lambdas": [1.0]}, "has none"),
        ("mopoe", {"lambdas": [1.0, 2.0]}, "expected 7 weights of components"),
        ("mopoe", {"clusters": 3}, "a prior of clusters needs"),
    ],
)
def test_weights_that_do_not_fit_are_explained(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)


@pytest.mark.parametrize("name", ["nexus", "mac_wae"])
def test_a_model_that_fuses_by_a_network_takes_no_weights(name):
    with pytest.raises(ValueError, match="takes no weights"):
        build(name).posterior(random_batch(), weights={"a": 2.0})
