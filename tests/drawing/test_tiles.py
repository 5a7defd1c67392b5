"""What observations look like, kind by kind."""

import numpy as np
import pytest
import torch

from explorer.datasets.modality import KINDS, Modality
from explorer.datasets.text import spell
from explorer.drawing.tiles import INK, MARK, PAPER, PICTURES, WORDS, describe, picture, pictures

SYMBOLS = " abc"
MODALITIES = {
    "image": Modality("image", (1, 5, 7)),
    "text": Modality("text", (4, 4), kind="text", likelihood="categorical", symbols=SYMBOLS),
    "spikes": Modality("spikes", (30, 10), kind="spikes", likelihood="poisson"),
    "vector": Modality("vector", (6,), kind="vector", likelihood="normal"),
    "audio": Modality("audio", (1, 12, 9), kind="audio", likelihood="normal"),
    "trajectory": Modality("trajectory", (2, 8), kind="trajectory", likelihood="normal"),
    "attributes": Modality(
        "attributes", (4,), kind="attributes", parts=("hat", "beard", "smile", "young")
    ),
    "label": Modality("label", (3,), kind="label", parts=("one", "two", "an unusually long name")),
}


def observations(kind, n=3):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n, *MODALITIES[kind].shape, generator=generator)


def test_every_kind_has_a_picture_and_words():
    assert set(PICTURES) == set(WORDS) == set(KINDS) == set(MODALITIES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tile_is_pixels_of_one_size_and_one_is_as_many(kind):
    modality, x = MODALITIES[kind], observations(kind)
    tiles = pictures(modality, x)
    assert tiles.dtype == np.uint8
    assert tiles.shape == (3, *tiles.shape[1:3], 3)
    assert np.array_equal(picture(modality, x[1]), tiles[1])
    assert describe(modality, x[1])


@pytest.mark.parametrize("kind", KINDS)
def test_another_shape_is_refused(kind):
    with pytest.raises(ValueError, match=rf"observations of '{kind}' must have shape"):
        pictures(MODALITIES[kind], torch.zeros(3, 2, 2, 2, 2))


def test_a_grey_image_keeps_its_pixels_and_clips():
    x = torch.tensor([[-1.0, 0.2, 0.5, 0.7, 0.9, 1.0, 7.0]]).expand(1, 5, 7)
    tile = picture(MODALITIES["image"], x)
    assert tile.shape == (5, 7, 3)
    assert tile[0, :, 0].tolist() == [0, 51, 128, 178, 230, 255, 255]
    assert (tile == tile[..., :1]).all()


def darkness(tile):
    return np.abs(tile.astype(float) - PAPER).sum()


def test_an_unsure_letter_has_less_ink_and_a_blank_has_none():
    modality = MODALITIES["text"]
    sure = spell(["abc"], SYMBOLS, 4)[0]
    unsure = 0.6 * sure + 0.1
    assert darkness(picture(modality, sure)) > 1.3 * darkness(picture(modality, unsure))
    assert darkness(picture(modality, spell([""], SYMBOLS, 4)[0])) == 0
    assert picture(modality, sure).min(axis=(0, 1)).tolist() == list(INK)
    assert describe(modality, unsure) == "“abc”"
    assert describe(modality, spell([""], SYMBOLS, 4)[0]) == "blank"


def test_each_letter_stands_in_its_place():
    ink = [
        darkness(place)
        for place in np.split(
            picture(MODALITIES["text"], spell([" a c"], SYMBOLS, 4)[0]), 4, axis=1
        )
    ]
    assert [amount > 0 for amount in ink] == [False, True, False, True]


def test_neurons_are_rows_and_more_spikes_are_lighter():
    modality = MODALITIES["spikes"]
    counts = torch.zeros(30, 10)
    counts[20:, 7] = torch.linspace(0.1, 1, 10)  # 5.5 in all
    tile = picture(modality, counts).astype(int).sum(-1)
    height, width = tile.shape
    silent, column = tile[: height // 2], tile[:, width * 15 // 20]
    assert silent.max() == silent.min() == tile.min()
    assert (np.diff(column[height * 21 // 30 :]) >= 0).all()
    assert column[-1] == tile.max()
    assert describe(modality, counts) == "5 spikes, 1.0 of the busiest neuron"


def test_bars_rise_and_fall_from_zero():
    modality = MODALITIES["vector"]
    tile = picture(modality, torch.tensor([1.0, -1.0, 0.0, 0.5, 2.5, -9.0]))
    dark = (tile == INK).all(-1)
    height, width = dark.shape
    above = [dark[: height // 2 - 1, int(width * (i + 0.5) / 6)].sum() for i in range(6)]
    below = [dark[height // 2 + 1 :, int(width * (i + 0.5) / 6)].sum() for i in range(6)]
    assert above[1] == above[2] == above[5] == below[0] == below[2] == below[3] == below[4] == 0
    assert 0 < above[3] < above[0] < above[4]
    assert 0 < below[1] < below[5]


def test_low_bands_are_at_the_bottom_and_louder_is_lighter():
    modality = MODALITIES["audio"]
    sound = torch.zeros(1, 12, 9)
    sound[0, 2, 5], sound[0, 11, 0] = 1.0, 0.5
    tile = picture(modality, sound).astype(int).sum(-1)
    assert tile.shape == (12, 9)
    assert np.unravel_index(tile.argmax(), tile.shape) == (9, 5)
    assert tile.min() < tile[0, 0] < tile.max()
    assert describe(modality, sound) == "loudest in band 3 of 12, frame 6 of 9"


def test_a_stroke_is_a_line_with_a_dot_where_it_starts():
    modality = MODALITIES["trajectory"]
    x = torch.linspace(0, 1, 8)
    tile = picture(modality, torch.stack([x, torch.zeros(8)]))  # along the bottom, to the right
    dark, dot = (tile == INK).all(-1), (tile == MARK).all(-1)
    assert dark[: tile.shape[0] // 2].sum() == 0 < dark.sum()
    assert dot[:, : tile.shape[1] // 4].sum() == dot.sum() > 0
    other = picture(modality, torch.stack([x.flip(0), torch.zeros(8)]))
    assert (other == MARK).all(-1)[:, 3 * tile.shape[1] // 4 :].any()
    assert describe(modality, torch.stack([x, x])) == "a line from the bottom left to the top right"


def test_bars_of_attributes_are_as_high_as_they_are_likely_and_the_strongest_named():
    modality = MODALITIES["attributes"]
    shares = torch.tensor([0.5, 0.0, 1.0, 0.25])
    tile = picture(modality, shares)
    height, width = tile.shape[:2]
    dark = (tile == INK).all(-1)
    heights = [dark[:, int(width * (i + 0.5) / 4)].sum() / height for i in range(4)]
    np.testing.assert_allclose(heights, shares, atol=2 / height)
    assert describe(modality, shares) == "smile 100%, hat 50%, young 25%"


def test_no_strong_attribute_is_lost_among_more_than_there_are_columns():
    modality = Modality("many", (1000,), kind="attributes")
    for one in (0, 501, 999):
        shares = torch.zeros(1000)
        shares[one] = 1
        assert (picture(modality, shares) == INK).all(-1)[0].any()
    assert describe(modality, shares).startswith("999 100%")


def test_a_label_is_named_as_strongly_as_it_is_likely():
    modality = MODALITIES["label"]
    sure, unsure = torch.tensor([0.98, 0.02, 0.0]), torch.tensor([0.4, 0.3, 0.3])
    tiles = pictures(modality, torch.stack([sure, unsure]))
    half = tiles.shape[1] // 2
    assert darkness(tiles[0, :half]) > 2 * darkness(tiles[1, :half]) > 0
    bars = (tiles[0, half:] == INK).all(-1).sum(0)
    assert bars[: len(bars) // 3].max() > 0.9 * half > 0.1 * half > bars[len(bars) // 3 :].max()
    assert describe(modality, sure) == "one 98%"
    assert describe(Modality("plain", (3,), kind="label"), unsure) == "0 40%"


def test_a_name_too_long_for_its_tile_is_cut():
    tile = picture(MODALITIES["label"], torch.tensor([0.0, 0.0, 1.0]))
    ink = np.flatnonzero((tile[: tile.shape[0] // 2] != PAPER).any((0, 2)))
    assert 0 < ink.min() < ink.max() < tile.shape[1] - 1
    assert describe(MODALITIES["label"], torch.tensor([0.0, 0.0, 1.0])).startswith("an unusually")


def test_a_long_text_goes_on_in_the_next_line():
    shape = (70, 3)
    text = Modality("t", shape, "categorical", "dense", kind="text", symbols=" ab")
    x = np.zeros((1, *shape), np.float32)
    x[..., 0] = 1
    blank = picture(text, x[0])
    assert blank.shape == (3 * 36, 32 * 23, 3)
    x[0, 33] = (0, 1, 0)  # second of the second line
    changed = (picture(text, x[0]) != blank).any(-1)
    rows, columns = changed.nonzero()
    assert 36 <= rows.min() <= rows.max() < 72
    assert 23 <= columns.min() <= columns.max() < 46


LETTERS = "äéñßŁčжЖмΩλ€µ"


def ink(symbols):
    """What is drawn of each symbol, as bytes."""
    text = Modality("t", (1, len(symbols)), kind="text", symbols=symbols, network="dense")
    return [
        pictures(text, np.eye(len(symbols))[[k]][:, None])[0].tobytes() for k in range(len(symbols))
    ]


def test_letters_beyond_ascii_are_drawn_each_in_its_own_way():
    drawn = ink(" " + LETTERS)
    assert len(set(drawn)) == len(LETTERS) + 1


def test_letters_that_no_font_has_are_told_apart_too():
    assert len(set(ink(" 中日אع\U0010fffe"))) == 6


def test_names_of_classes_are_drawn_in_their_letters():
    label = Modality("l", (2,), kind="label", parts=("ёж", "щё"), network="dense")
    first, second = pictures(label, np.eye(2))
    assert (first[:40] != second[:40]).any()


def test_numbers_are_told_in_the_units_of_the_table():
    size = Modality(
        "size", (2,), kind="vector", network="dense", parts=("length", "weight"),
        scaling=((46, 10), (4, 2)),
    )  # fmt: skip
    assert describe(size, np.array([1.0, -1.0])) == "length 56, weight 2"
