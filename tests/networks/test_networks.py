"""Networks: shapes, gradients, what batch normalisation may and may not do."""

import pytest
import torch

from explorer.networks import NETWORKS

IMAGE = (3, 28, 28)
TEXT, SPIKES = (8, 27), (46, 10)
IMAGES_ONLY = ["patch", "mopoe_conv", "mopoe_mnist", "mopoe_svhn"]
SQUASHED = ["mopoe_mnist"]
SHAPES = {
    "patch": [IMAGE, (1, 28, 28), (3, 32, 32), (3, 64, 64)],
    "mopoe_conv": [IMAGE, (1, 28, 28)],
    "mopoe_mnist": [(1, 28, 28)],
    "mopoe_svhn": [(3, 32, 32)],
    "mopoe_text": [TEXT],
    "text_patch": [(256, 39)],
    "mopoe_face": [(3, 64, 64)],
    "mopoe_attributes": [(256, 39)],
    "mac_conv": [(3, 64, 64), IMAGE],
    "mac_sound": [(1, 32, 128)],
    "mmvamp_resnet": [IMAGE],
}
CASES = [(name, shape) for name in NETWORKS for shape in SHAPES.get(name, [TEXT, SPIKES, (12,)])]
EACH = pytest.mark.parametrize(("name", "shape"), CASES, ids=lambda case: str(case))


def n_parameters(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


@EACH
def test_an_encoder_gives_two_numbers_a_dimension_and_a_decoder_the_observation(name, shape):
    encoder, decoder = NETWORKS[name](shape, 7)
    assert encoder(torch.rand(4, *shape)).shape == (4, 14)
    assert decoder(torch.randn(4, 7)).shape == (4, *shape)


@EACH
def test_every_parameter_gets_a_gradient(name, shape):
    torch.manual_seed(0)
    encoder, decoder = NETWORKS[name](shape, 5)
    mu, logvar = encoder(torch.rand(8, *shape)).chunk(2, dim=-1)
    (decoder(mu + logvar) ** 2).mean().backward()
    for module in (encoder, decoder):
        silent = [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()]
        assert not silent


@EACH
def test_in_eval_mode_an_observation_is_encoded_alike_in_any_company(name, shape):
    torch.manual_seed(0)
    encoder, decoder = NETWORKS[name](shape, 5)
    images, z = torch.rand(6, *shape), torch.randn(6, 5)
    encoder(images)  # moves the running statistics off their start
    encoder.eval()
    decoder.eval()
    torch.testing.assert_close(encoder(images)[2:3], encoder(images[2:3]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(decoder(z)[2:3], decoder(z[2:3]), rtol=1e-4, atol=1e-5)


@EACH
def test_decoders_are_not_squashed_into_the_unit_interval_but_where_published(name, shape):
    torch.manual_seed(0)
    _, decoder = NETWORKS[name](shape, 5)
    drawn = decoder.eval()(1000 * torch.randn(64, 5))
    assert (drawn.min() < 0) != (name in SQUASHED)
    assert (drawn.max() > 1) != (name in SQUASHED)


@pytest.mark.parametrize(
    ("name", "latent_dim", "million"),
    [("patch", 64, 1.71), ("mopoe_conv", 512, 14.06), ("mmvamp_resnet", 512, 103.11)],
)
def test_five_modalities_have_as_many_parameters_as_the_recipe_says(name, latent_dim, million):
    assert round(5 * n_parameters(*NETWORKS[name](IMAGE, latent_dim)) / 1e6, 2) == million


@pytest.mark.parametrize("name", IMAGES_ONLY)
@pytest.mark.parametrize("shape", [(3, 30, 30), (3, 28, 32), (784,)])
def test_convolutions_refuse_shapes_they_were_not_made_for(name, shape):
    with pytest.raises(ValueError, match=f"'{name}' needs images of shape .* got"):
        NETWORKS[name](shape, 4)


@pytest.mark.parametrize("shape", [(9, 27), (8,), (8, 27, 1)])
def test_convolutions_over_text_want_eight_characters(shape):
    with pytest.raises(ValueError, match=r"needs texts of shape \(8, n_symbols\), got"):
        NETWORKS["mopoe_text"](shape, 4)


def test_patches_of_text_want_256_characters():
    with pytest.raises(ValueError, match=r"needs texts of shape \(256, n_symbols\), got \(8, 27\)"):
        NETWORKS["text_patch"](TEXT, 4)


def test_the_rats_network_is_as_wide_as_the_data_and_no_wider():
    # FC D-D twice, FC D-2, two heads FC 2-2; FC 2-D, FC D-D twice
    expected = 4 * (460 * 460 + 460) + (460 * 2 + 2) + 2 * (2 * 2 + 2) + (2 * 460 + 460)
    assert n_parameters(*NETWORKS["mmvamp_rats"]((46, 10), 2)) == expected


TEXT_PLACES = [1, 4, 8, 16, 32, 64, 128, 256]


@pytest.mark.parametrize(
    ("name", "shape", "down", "up"),
    [
        ("mopoe_face", (3, 64, 64), [33, 16, 8, 4, 1], [1, 4, 8, 16, 32, 64]),
        ("mopoe_attributes", (256, 39), TEXT_PLACES[::-1], [*TEXT_PLACES, 39]),
        ("mac_conv", (3, 64, 64), [32, 16, 8, 4], [4, 8, 16, 32, 64]),
        ("mac_conv", IMAGE, [14, 7, 4], [4, 7, 14, 28]),
        ("mmvamp_resnet", IMAGE, [28, 14, 7], [7, 14, 28]),
    ],
)
def test_layers_have_the_published_sizes(name, shape, down, up):
    def sizes(network, x):
        found = []
        for layer in network:
            x = layer(x)
            if x.ndim == len(shape) + 1:
                found.append(x.shape[-1])
        return list(dict.fromkeys(found))

    encoder, decoder = NETWORKS[name](shape, 4)
    assert sizes(encoder, torch.rand(2, *shape)) == down
    assert sizes(decoder, torch.randn(2, 4)) == up
