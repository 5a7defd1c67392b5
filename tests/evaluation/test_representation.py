"""Latent accuracy: where the class is known it is found, where it is not it is not."""

import pytest
import torch

from explorer.aggregations import AGGREGATIONS, subsets
from explorer.datasets import Modality, load_dataset
from explorer.evaluation.representation import encode, first, latent_correct
from explorer.gaussians import Gaussian
from explorer.models import MultimodalVAE, build_model

NAMES = ("a", "b", "c")


def model(aggregation="mwb"):
    modalities = [Modality(name, (4,), network="mlp", kind="vector") for name in NAMES]
    return MultimodalVAE(modalities, aggregation=aggregation, latent_dim=5).eval()


def experts(labels, knows, seed):
    """Every expert guesses, but those of ``knows``, who put the class into the mean."""
    generator = torch.Generator().manual_seed(seed)
    mu = torch.randn(len(NAMES), len(labels), 5, generator=generator)
    for name in knows:
        mu[NAMES.index(name)] += 8 * torch.nn.functional.one_hot(labels, 5)
    return Gaussian(mu, torch.zeros_like(mu))


def beliefs(aggregation, experts):
    """What a model believes given every subset when its encoders say this."""
    vae = model(aggregation)
    vae.experts = lambda batch: experts
    return vae.subset_posteriors({})


def labels(n, seed):
    return torch.randint(5, (n,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_the_class_is_read_from_subsets_that_know_it_and_from_no_other(aggregation):
    train, test = labels(400, 0), labels(300, 1)
    correct = latent_correct(
        (beliefs(aggregation, experts(train, ["b"], 2)), train),
        (beliefs(aggregation, experts(test, ["b"], 3)), test),
    )
    assert correct.shape == (7, 300)
    for subset, share in zip(subsets(NAMES), correct.double().mean(1), strict=True):
        assert share > 0.9 if "b" in subset else share < 0.4


def test_probes_are_tested_on_the_labels_of_the_test_tuples():
    train, test = labels(400, 0), labels(300, 1)
    shifted = (beliefs("mwb", experts(test, NAMES, 3)), (test + 1) % 5)
    correct = latent_correct((beliefs("mwb", experts(train, NAMES, 2)), train), shifted)
    assert correct.double().mean() < 0.1


def test_a_mixture_is_represented_by_its_mean():
    q = experts(labels(10, 0), ["a"], 1)
    mixture = beliefs("moe", q)
    assert mixture.components.mu.shape == (3, 7, 10, 5)
    torch.testing.assert_close(mixture.mean[3], (q.mu[0] + q.mu[1]) / 2)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_subsets_from_one_encoding_are_those_asked_one_by_one(aggregation):
    vae = model(aggregation)
    batch = {name: torch.randn(6, 4) for name in NAMES}
    with torch.inference_mode():
        together = vae.subset_posteriors(batch).mean
        for mean, subset in zip(together, subsets(NAMES), strict=True):
            torch.testing.assert_close(mean, vae.subset_posterior(batch, subset).mean)


@pytest.fixture(scope="module")
def data():
    return load_dataset("polydigits", n_train=40, n_test=30)


def test_the_batch_size_changes_nothing_and_every_image_is_encoded_once(data):
    vae = build_model("mwb", data.modalities, latent_dim=8).eval()
    seen = dict.fromkeys(vae.names, 0)

    def count(name):
        def hook(module, inputs):
            seen[name] += len(inputs[0])

        return hook

    for name, encoder in vae.encoders.items():
        encoder.register_forward_pre_hook(count(name))
    whole = encode(vae, data.test, 30)
    assert seen == dict.fromkeys(vae.names, 30)
    torch.testing.assert_close(encode(vae, data.test, 30, batch_size=7), whole)
    torch.testing.assert_close(encode(vae, data.test, 12), first(whole, 12))
    assert whole.components.mu.shape == (1, 31, 30, 8)


@pytest.mark.parametrize("n", [31, 0])
def test_asking_for_more_tuples_than_there_are_says_so(n, data):
    vae = build_model("mwb", data.modalities, latent_dim=8).eval()
    with pytest.raises(ValueError, match=f"30 tuples, but {n} were asked for"):
        encode(vae, data.test, n)


def test_a_single_class_is_refused():
    train = torch.zeros(20, dtype=torch.long)
    with pytest.raises(ValueError, match="two classes"):
        latent_correct(*((beliefs("mwb", experts(train, [], seed)), train) for seed in (0, 1)))
