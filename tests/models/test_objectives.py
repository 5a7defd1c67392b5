"""Objectives in an exact world, where bounds can be compared with the evidence itself."""

import math

import pytest
import torch
from torch import nn

from explorer.aggregations import Aggregation, singletons
from explorer.barycenters import geometric_mean
from explorer.datasets import Modality
from explorer.gaussians import Gaussian, Mixture, kl_divergence, kl_to_prior
from explorer.models import OBJECTIVES, MultimodalVAE, build_model
from explorer.models.importance import BOUNDS

SHARPNESS = torch.tensor([[2.0, 0.5], [0.3, 1.5], [1.0, 3.0]], dtype=torch.float64)  # (M, D)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def maps():
    """Decoders A_m with orthogonal columns: x_m = A_m z + noise has diagonal posteriors."""
    frames = torch.linalg.qr(torch.randn(3, 4, 2, generator=seeded(), dtype=torch.float64))[0]
    return frames * SHARPNESS.sqrt().unsqueeze(1)  # (M, 4, D)


@pytest.fixture(scope="module")
def x(maps):
    """One observation, (M, 4)."""
    generator = seeded(1)
    z = 1.5 * torch.randn(2, generator=generator, dtype=torch.float64)
    return maps @ z + torch.randn(3, 4, generator=generator, dtype=torch.float64)


def evidence(maps, x, given=(0, 1, 2)):
    """log p of those modalities together."""
    joint = maps[list(given)].flatten(0, 1)
    covariance = torch.eye(len(joint), dtype=torch.float64) + joint @ joint.T
    world = torch.distributions.MultivariateNormal(joint.new_zeros(len(joint)), covariance)
    return world.log_prob(x[list(given)].flatten()).item()


def exact_model(maps, **settings):
    """Decoders of that world; each expert is the exact posterior given x_m alone."""
    modalities = [Modality(f"m{m}", (4,), "normal", "mlp") for m in range(len(maps))]
    model = MultimodalVAE(modalities, latent_dim=2, **settings).double()
    for m, modality in enumerate(modalities):
        precision = SHARPNESS[m] + 1
        encoder, decoder = nn.Linear(4, 4).double(), nn.Linear(2, 4, bias=False).double()
        with torch.no_grad():
            encoder.weight.copy_(
                torch.cat([(maps[m] / precision).T, torch.zeros(2, 4, dtype=torch.float64)])
            )
            encoder.bias.copy_(torch.cat([torch.zeros(2).double(), -precision.log()]))
            decoder.weight.copy_(maps[m])
        model.encoders[modality.name], model.decoders[modality.name] = encoder, decoder
    return model


def copies(x, n):
    return {f"m{m}": row.expand(n, -1) for m, row in enumerate(x)}


@torch.no_grad()
def bound(model, x, n=20_000, seed=0):
    """The bound that a loss stands for, in nats, and the error of its estimate."""
    total = -model.loss(copies(x, n), seeded(seed)).total
    return total.mean().item(), total.std().item() / math.sqrt(n)


def below(lower, upper):
    """Neither estimate's noise explains lower > upper."""
    return lower[0] < upper[0] + 4 * math.hypot(lower[1], upper[1])


@pytest.mark.parametrize("aggregation", ["moe", "mopoe", "mwb"])
def test_the_mixture_s_own_elbo_lies_between_its_components_and_the_evidence(maps, x, aggregation):
    loose = bound(exact_model(maps, aggregation=aggregation), x, n=200_000)
    tight = bound(
        exact_model(maps, aggregation=aggregation, objective="mixture_elbo"), x, n=200_000
    )
    assert below(loose, tight)
    assert tight[0] > loose[0] + 4 * math.hypot(tight[1], loose[1])
    assert below(tight, (evidence(maps, x), 0.0))
    n_components = 3 if aggregation == "moe" else 7
    assert below(tight, (loose[0] + math.log(n_components), 0.0))


def test_the_two_elbos_agree_where_there_is_one_component(maps, x):
    own, closed = (
        bound(exact_model(maps, aggregation="wb", objective=objective), x)
        for objective in ("mixture_elbo", "elbo")
    )
    assert abs(own[0] - closed[0]) < 4 * math.hypot(own[1], closed[1])


def test_importance_weighting_climbs_to_the_evidence(maps, x):
    def of(n_draws, kind):
        options = {"n_draws": n_draws, "bound": kind}
        model = exact_model(maps, aggregation="moe", objective="iwae", objective_options=options)
        return bound(model, x, n=4000)

    top = (evidence(maps, x), 0.0)
    for kind in BOUNDS:
        few, many = of(1, kind), of(30, kind)
        assert few[0] + 4 * few[1] < many[0] - 4 * many[1]
        assert below(many, top)
        assert many[0] > top[0] - 0.15
    assert below(of(4, "loose"), of(4, "tight"))


def test_one_loose_draw_of_each_expert_is_the_stratified_mixture_elbo(maps, x):
    one = exact_model(maps, aggregation="moe", objective="iwae", objective_options={"n_draws": 1})
    whole = exact_model(maps, aggregation="moe", objective="mixture_elbo")
    a, b = bound(one, x), bound(whole, x)
    assert abs(a[0] - b[0]) < 4 * math.hypot(a[1], b[1])
    assert a[1] < b[1]  # strata take noise away


def gradients(maps, x, objective, aggregation, options, rounds=60, n=2000):
    """Mean gradient of encoder m0's weights and its standard error, (P,)."""
    model = exact_model(
        maps, aggregation=aggregation, objective=objective, objective_options=options
    )
    with torch.no_grad():  # away from the optimum
        model.encoders["m0"].bias.add_(0.5)
    rows = []
    for seed in range(rounds):
        model.zero_grad()
        model.loss(copies(x, n), seeded(seed)).total.mean().backward()
        encoder = model.encoders["m0"]
        rows.append(torch.cat([encoder.weight.grad.flatten(), encoder.bias.grad]))
    rows = torch.stack(rows)
    return rows.mean(0), rows.std(0) / math.sqrt(rounds)


def z_scores(a, b):
    return ((a[0] - b[0]) / (a[1].square() + b[1].square()).sqrt()).abs()


@pytest.mark.parametrize(
    ("aggregation", "options"),
    [
        ("poe", {"n_draws": 3}),
        ("poe", {"n_draws": 3, "bound": "tight"}),
        ("moe", {"n_draws": 1}),
        ("moe", {"n_draws": 3, "bound": "mixture"}),
    ],
    ids=str,
)
def test_the_doubly_reparameterised_gradient_is_the_plain_one_on_average(
    maps, x, aggregation, options
):
    plain = gradients(maps, x, "iwae", aggregation, options)
    double = gradients(maps, x, "dreg", aggregation, options)
    assert z_scores(plain, double).max() < 4.5


@pytest.mark.parametrize("kind", ["loose", "tight"])
def test_with_stratified_draws_it_is_not(maps, x, kind):
    """What MMVAE trains with: draws of one expert, divided by the mixture of all."""
    options = {"n_draws": 3, "bound": kind}
    plain = gradients(maps, x, "iwae", "moe", options)
    double = gradients(maps, x, "dreg", "moe", options)
    assert z_scores(plain, double).max() > 8


def test_it_is_quieter_and_of_the_same_value(maps, x):
    options = {"n_draws": 5}
    plain = gradients(maps, x, "iwae", "logpool", options, rounds=20)
    double = gradients(maps, x, "dreg", "logpool", options, rounds=20)
    assert double[1].mean() < plain[1].mean()
    totals = [
        exact_model(maps, aggregation="moe", objective=key, objective_options=options)
        .loss(copies(x, 50), seeded(3))
        .total
        for key in ("iwae", "dreg")
    ]
    torch.testing.assert_close(*totals)


def test_both_give_decoders_the_same_gradient(maps, x):
    found = []
    for objective in ("iwae", "dreg"):
        model = exact_model(maps, aggregation="moe", objective=objective)
        model.loss(copies(x, 200), seeded(2)).total.mean().backward()
        found.append(model.decoders["m1"].weight.grad)
    torch.testing.assert_close(*found)


def test_unimodal_elbos_are_added(maps, x):
    together, joint = (
        bound(exact_model(maps, aggregation="poe", objective=objective), x)
        for objective in ("elbo_with_unimodal", "elbo")
    )
    alone = []
    for m in range(3):
        model, batch = exact_model(maps, aggregation="poe"), copies(x, 20_000)
        total = -model.loss({f"m{m}": batch[f"m{m}"]}, seeded(m)).total
        alone.append((total.mean().item(), total.std().item() / math.sqrt(20_000)))
    expected = joint[0] + sum(value for value, _ in alone)
    noise = math.hypot(together[1], joint[1], *(error for _, error in alone))
    assert abs(together[0] - expected) < 4 * noise


def test_mixtures_of_products_over_singletons_are_mixtures_of_experts(maps, x):
    experts = exact_model(maps).experts(copies(x, 5))
    alone = Aggregation("", geometric_mean, singletons, normalise=False)
    one, other = alone(experts), exact_model(maps, aggregation="moe").aggregation(experts)
    torch.testing.assert_close(one.components, other.components)
    torch.testing.assert_close(one.weights, other.weights)


def test_the_dynamic_prior_s_divergence_by_hand(maps, x):
    model = exact_model(maps, aggregation="moe", objective="jsd", beta=2.0)
    batch = copies(x, 3)
    mu, logvar = (part.detach() for part in model.experts(batch))
    means = torch.cat([torch.zeros_like(mu[:1]), mu])
    precisions = torch.cat([torch.ones_like(mu[:1]), (-logvar).exp()])
    precision = precisions.mean(0)
    f = Gaussian((precisions * means).mean(0) / precision, -precision.log())
    four = Gaussian(means, -precisions.log())
    expected = kl_divergence(four, Gaussian(*(part.expand(4, -1, -1) for part in f))).mean(0)
    losses = model.loss(batch, seeded())
    torch.testing.assert_close(losses.terms["jensen_shannon"], expected)
    torch.testing.assert_close(losses.total, losses.terms["reconstruction"] + 2 * expected)


def test_experts_that_say_nothing_do_not_diverge(maps):
    model = exact_model(maps, aggregation="moe", objective="jsd")
    for encoder in model.encoders.values():
        nn.init.zeros_(encoder.weight)
        nn.init.zeros_(encoder.bias)
    losses = model.loss(copies(torch.zeros(3, 4, dtype=torch.float64), 2), seeded())
    torch.testing.assert_close(losses.terms["jensen_shannon"], torch.zeros(2).double())


def test_mvtcae_at_its_end_points(maps, x):
    def losses(alpha):
        options = {"aggregation": "product", "objective": "mvtcae", "beta": 3.0}
        model = exact_model(maps, **options, objective_options={"alpha": alpha})
        return model, model.loss(copies(x, 4), seeded())

    model, at_zero = losses(0.0)
    elbo = OBJECTIVES["elbo"](model, copies(x, 4), seeded())
    torch.testing.assert_close(at_zero.total, elbo.total)
    model, at_one = losses(1.0)
    experts = model.experts(copies(x, 4))
    q = Gaussian(*(part[0] for part in model.posterior(copies(x, 4)).components))
    towards = sum(kl_divergence(q, Gaussian(*(p[m] for p in experts))) for m in range(3))
    expected = 2 / 3 * at_one.terms["reconstruction"] + 3.0 * towards / 3
    torch.testing.assert_close(at_one.total, expected)


def test_counting_the_kl_once_per_modality_is_a_larger_beta(maps, x):
    for aggregation in ("wb", "variance", "product"):
        counted = exact_model(maps, aggregation=aggregation, objective="aggregated", beta=0.7)
        plain = exact_model(maps, aggregation=aggregation, beta=3 * 0.7)
        both = (model.loss(copies(x, 4), seeded()).total for model in (counted, plain))
        torch.testing.assert_close(*both)


def test_independent_vaes_bound_the_evidence_of_each_modality(maps, x):
    """Each expert is its modality's exact posterior, so each VAE reaches its evidence."""
    model = exact_model(maps, aggregation="moe", objective="independent", shared=False)
    own, error = bound(model, x)
    expected = sum(evidence(maps, x, [m]) for m in range(3))
    assert abs(own - expected) < 4 * error + 1e-6


def test_independent_encoders_do_not_hear_of_each_other(maps, x):
    model = exact_model(maps, aggregation="moe", objective="independent", shared=False)
    batch = copies(x, 3)
    other = batch | {"m2": batch["m2"] + 5}
    found = []
    for inputs in (batch, other):
        model.zero_grad()
        model.loss(inputs, seeded()).total.sum().backward()
        found.append(model.encoders["m0"].weight.grad.clone())
    torch.testing.assert_close(*found)


def soft(centers, objective="mmvamp", **settings):
    """A model whose experts are N(center, 1) in one dimension, and a batch for it."""
    modalities = [Modality(f"m{m}", (1,), "normal", "mlp") for m in range(len(centers))]
    options = {"aggregation": "moe", "objective": objective, "shared": False} | settings
    model = MultimodalVAE(modalities, latent_dim=1, **options)
    for name, center in zip(model.names, centers, strict=True):
        model.encoders[name] = nn.Linear(1, 2)
        nn.init.zeros_(model.encoders[name].weight)
        model.encoders[name].bias.data = torch.tensor([float(center), 0.0])
    return model


@torch.no_grad()
def rate(model, n=20_000):
    batch = {name: torch.zeros(n, 1) for name in model.names}
    values = model.loss(batch, seeded()).terms["rate"]
    return values.mean().item(), values.std().item() / math.sqrt(n)


def test_soft_sharing_costs_nothing_alone_or_in_agreement():
    assert rate(soft([3.0])) == (0.0, 0.0)
    assert rate(soft([1.0, 1.0, 1.0]))[0] == pytest.approx(0.0, abs=1e-5)


def test_soft_sharing_never_costs_more_than_m_log_m():
    for centers in ([0, 0.5, 1], [0, 2, 4], [0, 3, 3]):
        value, error = rate(soft(centers))
        assert -4 * error < value < 3 * math.log(3) + 4 * error
    assert rate(soft([0, 10, 20]))[0] == pytest.approx(3 * math.log(3), abs=1e-3)


def test_the_released_code_s_rate_has_no_such_cap():
    assert rate(soft([0, 10, 20], "mmvamp_pairwise"))[0] == pytest.approx(200, rel=1e-6)
    near, far = (rate(soft([0, c], "mmvamp_pairwise"))[0] for c in (1, 2))
    paper = rate(soft([0, 1]))
    assert near > paper[0] + 4 * paper[1]
    assert far == pytest.approx(4 * near, rel=1e-6)


def test_the_released_code_starts_from_independent_vaes():
    model = soft([0, 2, 5], "mmvamp_pairwise", objective_options={"annealed": 0.5})
    alone = sum(kl_to_prior(Gaussian(torch.tensor([c]), torch.zeros(1))) for c in (0.0, 2.0, 5.0))
    model.progress = 0.0
    assert rate(model)[0] == pytest.approx(alone.item(), rel=1e-6)
    model.progress = 0.25
    half = rate(model)[0]
    model.progress = 0.5
    pairwise = rate(model)[0]
    assert half == pytest.approx((1 - 1e-5) * pairwise + 1e-5 * alone.item(), rel=1e-5)


@pytest.mark.parametrize("objective", ["independent", "mmvamp", "mmvamp_pairwise"])
def test_where_latents_are_apart_a_modality_is_reconstructed_from_itself(objective):
    model = soft([0, 50], objective).eval()
    assert model.source(["m0", "m1"], "m0") == ["m0"]
    assert model.source(["m1"], "m0") == ["m1"]
    for name in model.names:
        model.decoders[name] = nn.Identity()
    batch = {name: torch.zeros(2, 1) for name in model.names}
    drawn = model.generate(batch, n_samples=20, generator=seeded())
    assert drawn["m0"].abs().max() < 10
    assert (drawn["m1"] - 50).abs().max() < 10
    crossed = model.generate(batch, ["m1"], n_samples=20, generator=seeded())
    assert (crossed["m0"] - 50).abs().max() < 10
    assert not model.has_prior
    assert not model.has_density


def test_a_modality_s_weight_multiplies_its_likelihood_and_not_the_term(maps, x):
    modalities = [Modality(f"m{m}", (4,), "normal", "mlp", weight=w) for m, w in enumerate((1, 5))]
    torch.manual_seed(0)
    model = build_model("wb", modalities, latent_dim=2).double()
    batch = {name: row for name, row in copies(x, 4).items() if name != "m2"}
    losses = model.loss(batch, seeded())
    z = model.posterior(batch).rsample(seeded())
    first, second = (-d.log_prob(batch[n]).sum(1) for n, d in model.decode(z).items())
    torch.testing.assert_close(losses.terms["reconstruction"], first + second)
    torch.testing.assert_close(losses.total, first + 5 * second + losses.terms["kl"])


@pytest.mark.parametrize("name", ["mopoe", "moe_mixture", "poe_unimodal", "mvtcae", "moe_iwae"])
def test_styles_are_private(name):
    modalities = [Modality(n, (4,), "normal", "mlp") for n in "ab"]
    torch.manual_seed(0)
    model = build_model(name, modalities, latent_dim=3, style_dim=2)
    batch = {n: torch.randn(5, 4, generator=seeded(i)) for i, n in enumerate("ab")}
    losses = model.loss(batch, seeded())
    if "kl_style" in losses.terms:
        kl = sum(kl_to_prior(style) for style in model.styles(batch).values())
        torch.testing.assert_close(losses.terms["kl_style"], kl)
    losses.total.sum().backward()
    assert model.encoders["a"][-1].weight.grad.abs().sum(1).min() > 0
    z = torch.zeros(5, 3)
    plain = model.decode(z)
    styled = model.decode(z, styles={"a": torch.ones(5, 2)})
    assert not torch.equal(plain["a"].mean, styled["a"].mean)
    assert torch.equal(plain["b"].mean, styled["b"].mean)
    drawn = model.draw_styles(z, seeded())
    assert {key: style.shape for key, style in drawn.items()} == {"a": (5, 2), "b": (5, 2)}
    assert not model.has_density


def test_a_laplace_belief_is_trained_by_draws_only():
    modalities = [Modality(n, (4,), "normal", "mlp") for n in "ab"]
    with pytest.raises(ValueError, match="needs an objective without closed-form KL"):
        build_model("moe", modalities, latent="laplace")
    with pytest.raises(ValueError, match="needs the aggregation 'moe', got 'poe'"):
        build_model("moe_dreg", modalities, aggregation="poe")
    model = build_model("moe_dreg", modalities, latent_dim=3)
    batch = {n: torch.randn(5, 4, generator=seeded()) for n in "ab"}
    assert type(model.posterior(batch).components).__name__ == "Laplace"
    assert type(model.subset_posteriors(batch).components).__name__ == "Laplace"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 3}, "'iwae' takes n_draws, bound; got draws"),
        ({"bound": "firm"}, "bound must be one of loose, tight, mixture, got 'firm'"),
        ({"n_draws": 0}, "n_draws must be at least 1, got 0"),
    ],
)
def test_options_that_do_not_exist_are_answered_with_those_that_do(options, message):
    modalities = [Modality(n, (4,), "normal", "mlp") for n in "ab"]
    with pytest.raises(ValueError, match=message):
        build_model("moe_iwae", modalities, objective_options=options).loss(
            {n: torch.zeros(2, 4) for n in "ab"}
        )


# ------------------------------------------------------------------ choices and weights


@pytest.mark.parametrize("objective", ["elbo", "mixture_elbo"])
def test_the_gradient_through_the_choice_of_a_component_is_that_of_the_bound(maps, x, objective):
    """Hoelder pooling's weights depend on the encoders; every component in turn is the oracle."""

    def encoder_gradient(model):
        encoder = model.encoders["m0"]
        return torch.cat([encoder.weight.grad.flatten(), encoder.bias.grad])

    def oracle(rounds=30, n=2000):
        model, rows = exact_model(maps, aggregation="holder"), []
        for seed in range(rounds):
            model.zero_grad()
            posterior = model.posterior(copies(x, n))
            z = posterior.components.rsample(seeded(seed))  # (K, B, D)
            decoded = model.decode(z)
            nll = -sum(
                decoded[f"m{m}"].log_prob(row.expand(n, -1)).sum(-1) for m, row in enumerate(x)
            )
            kl = kl_to_prior(posterior.components)
            if objective == "mixture_elbo":
                kl = posterior.log_prob(z) - model.prior(z).log_prob(z)
            (posterior.batch_weights * (nll + kl)).sum(0).mean().backward()
            rows.append(encoder_gradient(model))
        rows = torch.stack(rows)
        return rows.mean(0), rows.std(0) / math.sqrt(rounds)

    drawn = gradients_of_holder(maps, x, objective, encoder_gradient)
    assert z_scores(drawn, oracle()).max() < 4.5


def gradients_of_holder(maps, x, objective, encoder_gradient, rounds=30, n=2000):
    model, rows = exact_model(maps, aggregation="holder", objective=objective), []
    for seed in range(rounds):
        model.zero_grad()
        model.loss(copies(x, n), seeded(100 + seed)).total.mean().backward()
        rows.append(encoder_gradient(model))
    rows = torch.stack(rows)
    return rows.mean(0), rows.std(0) / math.sqrt(rounds)


def test_learned_lambdas_learn_by_the_score_of_the_component_that_was_drawn(maps, x):
    options = {"aggregation": "code", "lambdas": "learned"}
    model, rows = exact_model(maps, **options), []
    for seed in range(20):
        model.zero_grad()
        model.loss(copies(x, 5000), seeded(seed)).total.mean().backward()
        rows.append(model.lambdas.grad.clone())
    rows = torch.stack(rows)
    posterior = model.posterior(copies(x, 200_000))
    z = posterior.components.rsample(seeded(9))
    with torch.no_grad():
        decoded = model.decode(z)
        nll = -sum(
            decoded[f"m{m}"].log_prob(row.expand(200_000, -1)).sum(-1) for m, row in enumerate(x)
        )
        values = (nll + kl_to_prior(posterior.components)).mean(1)  # of each component
        shares = model.lambdas.softmax(0)
        expected = shares * (values - shares @ values)
    error = (rows.mean(0) - expected).abs() / (rows.std(0) / math.sqrt(20) + 1e-3)
    assert error.max() < 5


def test_the_entropy_of_learned_lambdas_is_a_bonus(maps, x):
    options = {"aggregation": "code", "lambdas": "learned"}
    plain = exact_model(maps, **options)
    model = exact_model(maps, **options, objective="code", objective_options={"entropy": 10.0})
    a, b = (m.loss(copies(x, 5), seeded(1)).total for m in (plain, model))
    torch.testing.assert_close(b, a - 10 * math.log(7))


# ------------------------------------------------------------------ private latents

LOADINGS = torch.tensor([[1.0, 0.6, -0.4, 0.3], [0.2, -0.9, 0.5, 0.4], [0.7, 0.1, 0.2, -0.8]])


def private_model(maps, *, widths=0.0, **settings):
    """x_m = A_m z + b_m s_m + noise; experts and styles that are near, not exact."""
    settings = {"aggregation": "moe", "style_dim": 1, "auxiliary": True} | settings
    model = exact_model(maps, objective="private", **settings)
    for m in range(3):
        encoder, decoder = nn.Linear(4, 6).double(), nn.Linear(3, 4, bias=False).double()
        precision, loading = SHARPNESS[m] + 1, LOADINGS[m].double()
        with torch.no_grad():
            encoder.weight.zero_()
            encoder.bias.zero_()
            encoder.weight[:2] = (maps[m] / precision).T
            encoder.weight[2] = loading / (1 + loading.square().sum())
            encoder.bias[3:5] = -precision.log() + 0.2
            encoder.bias[5] = -(1 + loading.square().sum()).log() + 0.1
            decoder.weight.copy_(torch.cat([maps[m], loading.unsqueeze(1)], dim=1))
        model.encoders[f"m{m}"], model.decoders[f"m{m}"] = encoder, decoder
    with torch.no_grad():
        model.auxiliary.fill_(widths)
    return model


def private_evidence(maps, x, variances=(1.0, 1.0, 1.0)):
    """log p(x) where the private latent of modality m has this variance."""
    joint = maps.flatten(0, 1)
    covariance = torch.eye(12, dtype=torch.float64) + joint @ joint.T
    for m, variance in enumerate(variances):
        loading, rows = LOADINGS[m].double(), slice(4 * m, 4 * m + 4)
        covariance[rows, rows] += variance * torch.outer(loading, loading)
    world = torch.distributions.MultivariateNormal(joint.new_zeros(12), covariance)
    return world.log_prob(x.flatten()).item()


@pytest.mark.parametrize("aggregation", ["moe", "holder", "mopoe", "wb"])
def test_private_latents_keep_a_bound_while_the_auxiliary_prior_is_the_prior(maps, x, aggregation):
    top = (private_evidence(maps, x), 0.0)
    few = bound(private_model(maps, aggregation=aggregation), x)
    options = {"n_draws": 20}
    many = bound(private_model(maps, aggregation=aggregation, objective_options=options), x, 2000)
    assert below(few, many)
    assert below(many, top)


def test_one_draw_of_the_mixture_is_on_average_one_of_each_expert(maps, x):
    options = {"bound": "loose"}
    each = bound(private_model(maps, objective_options=options), x)
    mixed = bound(private_model(maps), x)
    assert abs(each[0] - mixed[0]) < 4 * math.hypot(each[1], mixed[1])
    assert each[1] < mixed[1]


def test_a_learned_auxiliary_prior_bounds_another_model_for_each_expert(maps, x):
    """Published as a bound of log p(x): it is one only of what its own prior makes of x."""
    variance = math.exp(1.5)
    options = {"bound": "loose", "n_draws": 200}
    found = bound(private_model(maps, widths=1.5, objective_options=options), x, n=400)
    worlds = [
        private_evidence(maps, x, [1.0 if k == m else variance for k in range(3)]) for m in range(3)
    ]
    assert below(found, (sum(worlds) / 3, 0.0))
    assert abs(found[0] - sum(worlds) / 3) < 1.5
    assert abs(sum(worlds) / 3 - private_evidence(maps, x)) > 0.2


def test_with_an_exact_prior_of_clusters_the_bound_stays_one(maps, x):
    model = private_model(maps, clusters=2)
    with torch.no_grad():
        model.cluster_means.zero_()
    assert bound(model, x)[0] == pytest.approx(bound(private_model(maps), x)[0])


def test_laplace_beliefs_may_have_private_latents(maps, x):
    losses = private_model(maps, latent="laplace").loss(copies(x, 5), seeded())
    assert losses.total.isfinite().all()
    assert set(losses.terms) == {"reconstruction", "kl", "kl_style"}


def test_what_a_decoder_is_not_told_comes_from_the_auxiliary_prior(maps, x):
    """Expert m0 alone is in the batch's component: m1's own private latent has no gradient."""
    model = private_model(maps, aggregation="moe", objective_options={"bound": "loose"})
    batch = copies(x, 50)
    only_first = Mixture(torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64), model.experts(batch))
    beliefs = model.beliefs(batch)._replace(posterior=only_first)
    model.beliefs = lambda _: beliefs
    style = beliefs.styles
    total = model.loss(batch, seeded()).total.sum()
    told = torch.autograd.grad(total, style["m0"].mu, retain_graph=True)[0]
    hidden = torch.autograd.grad(total, style["m1"].mu)[0]
    assert told.abs().max() > 0
    assert hidden.abs().max() == 0


def test_private_latents_without_dimensions_are_refused():
    with pytest.raises(ValueError, match="style_dim must be positive"):
        build_model("mmvae_plus", [Modality("a", (4,), "normal", "mlp")], style_dim=0)
