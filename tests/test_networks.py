"""Networks: shapes, gradients, what batch normalisation may and may not do."""

import pytest
import torch

from explorer.networks import NETWORKS

IMAGE = (3, 28, 28)
MAKERS = pytest.mark.parametrize("make", NETWORKS.values(), ids=list(NETWORKS))


def n_parameters(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


@MAKERS
@pytest.mark.parametrize("shape", [IMAGE, (1, 28, 28)])
def test_an_encoder_gives_two_numbers_a_dimension_and_a_decoder_the_observation(make, shape):
    encoder, decoder = make(shape, 7)
    assert encoder(torch.rand(4, *shape)).shape == (4, 14)
    assert decoder(torch.randn(4, 7)).shape == (4, *shape)


@MAKERS
def test_every_parameter_gets_a_gradient(make):
    torch.manual_seed(0)
    encoder, decoder = make(IMAGE, 5)
    mu, logvar = encoder(torch.rand(8, *IMAGE)).chunk(2, dim=-1)
    (decoder(mu + logvar) ** 2).mean().backward()
    for module in (encoder, decoder):
        silent = [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()]
        assert not silent


@MAKERS
def test_in_eval_mode_an_observation_is_encoded_alike_in_any_company(make):
    torch.manual_seed(0)
    encoder, decoder = make(IMAGE, 5)
    images, z = torch.rand(6, *IMAGE), torch.randn(6, 5)
    encoder(images)  # moves the running statistics off their start
    encoder.eval()
    decoder.eval()
    torch.testing.assert_close(encoder(images)[2:3], encoder(images[2:3]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(decoder(z)[2:3], decoder(z[2:3]), rtol=1e-4, atol=1e-5)


@MAKERS
def test_decoders_are_not_squashed_into_the_unit_interval(make):
    torch.manual_seed(0)
    _, decoder = make(IMAGE, 5)
    drawn = decoder.eval()(1000 * torch.randn(64, 5))
    assert drawn.min() < 0
    assert drawn.max() > 1


@pytest.mark.parametrize(
    ("name", "latent_dim", "million"), [("patch", 64, 1.71), ("mopoe_conv", 512, 14.06)]
)
def test_five_modalities_have_as_many_parameters_as_the_recipe_says(name, latent_dim, million):
    assert round(5 * n_parameters(*NETWORKS[name](IMAGE, latent_dim)) / 1e6, 2) == million


@pytest.mark.parametrize("name", ["patch", "mopoe_conv"])
@pytest.mark.parametrize("shape", [(3, 32, 32), (784,)])
def test_convolutions_refuse_shapes_they_were_not_made_for(name, shape):
    with pytest.raises(ValueError, match=f"'{name}' needs images of shape .* got"):
        NETWORKS[name](shape, 4)


def test_the_mlp_takes_any_shape():
    encoder, decoder = NETWORKS["mlp"]((2, 3, 5), 4)
    assert encoder(torch.rand(6, 2, 3, 5)).shape == (6, 8)
    assert decoder(torch.rand(6, 4)).shape == (6, 2, 3, 5)
