"""How close what is shown comes to what was there, in the measures of each kind of modality.

SSIM depends on the range that images are said to span. Images here are in [0, 1], so the right
one is 1; published code left scikit-image to assume 2 for floats (-1 to 1), which reads a few
points better. Both are given, by name.

A text is compared as it is read: likeliest symbols, without the blanks around them, because where
a word starts cannot be known from other modalities. BLEU counts its characters; a word of ten is
too short a text to count words.

Shapes: S subsets, N tuples, D latent, images ``(channels, height, width)``.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from explorer.datasets.modality import Modality
from explorer.datasets.text import PADDING, read
from explorer.evaluation.figures import Progress, figure, rows
from explorer.models import MultimodalVAE

WINDOW = 7
"""Side of the windows that structural similarity compares, as scikit-image has it."""


@torch.inference_mode()
def translate(
    model: MultimodalVAE,
    means: Tensor,
    given: Sequence[str],
    target: str,
    styles: dict[str, Tensor] | None = None,
    *,
    batch_size: int = 250,
) -> Tensor:
    """Decode ``target`` from the mean of the belief given some modalities: ``(N, *shape)``.

    With its own style where it is among the given ones, else the mean of the styles' prior; from
    its own latent where latents are not shared. Images are clipped to [0, 1], as they are shown:
    decoders have no squashing at the end.

    Parameters
    ----------
    means
        Mean of the belief given every subset, ``(S, N, D)``.
    styles
        Modality name to the style that was read from it, ``(N, E)``; none by default.
    """
    z = means[rows(model.names)[tuple(model.source(given, target))]]
    own = {target: styles[target]} if styles and target in given else {}
    parts = []
    for start in range(0, len(z), batch_size):
        part = slice(start, start + batch_size)
        decoded = model.decode(z[part], [target], {name: s[part] for name, s in own.items()})
        parts.append(decoded[target].mean)
    shown = torch.cat(parts)
    kind = next(m.kind for m in model.modalities if m.name == target)
    return shown.clamp(0, 1) if kind == "image" else shown


@torch.inference_mode()
def read_styles(model: MultimodalVAE, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Mean of each modality's own latent, ``(N, E)``; empty where there are none."""
    return {name: style.mean for name, style in model.styles(batch).items()}


def reconstruct(model: MultimodalVAE, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Decode the mean of the belief given all modalities: name to ``(N, *shape)``."""
    with torch.inference_mode():
        means = model.subset_posteriors(batch).mean
    styles = read_styles(model, batch)
    return {name: translate(model, means, model.names, name, styles) for name in model.names}


def absolute_error(shown: Tensor, originals: Tensor) -> Tensor:
    """Mean absolute difference of each from its original, ``(N, *shape)`` -> ``(N,)``."""
    return (shown - originals).abs().flatten(1).mean(1)


def root_mean_square(shown: Tensor, originals: Tensor) -> Tensor:
    """Root mean squared difference of each from its original, ``(N, *shape)`` -> ``(N,)``."""
    return (shown - originals).square().flatten(1).mean(1).sqrt()


def similarity(images: Tensor, originals: Tensor, data_range: float) -> Tensor:
    """Structural similarity of each image with its original, ``(N, C, H, W)`` -> ``(N,)``.

    Wang et al. (2004) with scikit-image's defaults: a uniform 7x7 window, sample covariances, the
    mean over channels and valid positions.
    """
    height, width = (_running_mean(size, images) for size in images.shape[-2:])

    def local(x: Tensor) -> Tensor:
        return height @ x @ width.T

    mean_a, mean_b = local(images), local(originals)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    variances = sample * (
        local(images.square() + originals.square()) - mean_a.square() - mean_b.square()
    )
    covariance = sample * (local(images * originals) - mean_a * mean_b)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    ssim = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    ssim = ssim / ((mean_a.square() + mean_b.square() + c1) * (variances + c2))
    return ssim.mean((1, 2, 3))


def same_class(shown: Tensor, originals: Tensor) -> Tensor:
    """Whether the largest entry is the one that is set, ``(N, C)`` -> bool ``(N,)``."""
    return shown.argmax(-1) == originals.argmax(-1)


def same_attributes(shown: Tensor, originals: Tensor) -> Tensor:
    """Share of attributes on the right side of one half, ``(N, n)`` -> ``(N,)``."""
    return ((shown > 0.5) == (originals > 0.5)).double().mean(1)


def same_word(shown: Tensor, originals: Tensor, symbols: str) -> Tensor:
    """Whether each text reads as its original does, blanks around it aside: bool ``(N,)``."""
    pairs = zip(_words(shown, symbols), _words(originals, symbols), strict=True)
    return torch.tensor([a == b for a, b in pairs])


def same_characters(shown: Tensor, originals: Tensor) -> Tensor:
    """Share of places with the right symbol, blanks too: ``(N, length, n_symbols)`` -> ``(N,)``."""
    return same_class(shown, originals).double().mean(1)


def character_bleu(shown: Tensor, originals: Tensor, symbols: str, n_gram: int) -> float:
    """BLEU of all texts together, with characters for words: n-grams of 1 to ``n_gram`` symbols.

    Without smoothing, one reference each (torchmetrics). A word that is right but elsewhere counts
    in full. There is one such number for all texts, so it has no error over them.
    """
    from torchmetrics.functional.text import bleu_score  # seconds to import

    spaced = [
        [" ".join(word.replace(" ", "_")) for word in _words(x, symbols)]
        for x in (shown, originals)
    ]
    return bleu_score(spaced[0], [[word] for word in spaced[1]], n_gram=n_gram).item()


Fidelity = Callable[[Tensor, Tensor, Modality], Tensor | float]

NUMBERS: dict[str, Fidelity] = {
    "rmse": lambda a, b, _: root_mean_square(a, b),
    "absolute_error": lambda a, b, _: absolute_error(a, b),
}

MEASURES: dict[str, dict[str, Fidelity]] = {
    "image": {
        "ssim_data_range_1": lambda a, b, _: similarity(a, b, 1),
        "ssim_data_range_2": lambda a, b, _: similarity(a, b, 2),
        "absolute_error": lambda a, b, _: absolute_error(a, b),
    },
    "text": {
        "bleu_3_characters": lambda a, b, m: character_bleu(a, b, m.symbols, 3),
        "word_accuracy": lambda a, b, m: same_word(a, b, m.symbols),
        "character_accuracy": lambda a, b, _: same_characters(a, b),
    },
    "label": {"accuracy": lambda a, b, _: same_class(a, b)},
    "vector": NUMBERS,
    "spikes": NUMBERS,
    "audio": NUMBERS,
    "trajectory": NUMBERS,
    "attributes": {"accuracy": lambda a, b, _: same_attributes(a, b)} | NUMBERS,
}
"""By kind and name: (shown, originals, modality) -> ``(N,)``, or one number for all of them."""


def measures(modality: Modality) -> dict[str, Fidelity]:
    """Measures that suit a modality; a vector with a categorical likelihood is a label."""
    is_label = modality.kind == "vector" and modality.likelihood == "categorical"
    return MEASURES["label" if is_label else modality.kind]


def written(values: Sequence[Tensor | float]) -> dict[str, float] | float:
    """Figure over several ``(N,)``, or the mean of several numbers that have no error."""
    if isinstance(values[0], Tensor):
        return figure(torch.stack(list(values)))
    return round(sum(values) / len(values), 4)


def report(
    model: MultimodalVAE, means: Tensor, originals: dict[str, Tensor], on_step: Progress
) -> dict:
    """Section ``reconstruction`` of scores.json.

    Parameters
    ----------
    means
        Mean of the belief given every subset, ``(S, N, D)``.
    originals
        The N tuples.
    """
    styles = read_styles(model, originals)
    tables = {}
    for m, modality in enumerate(model.modalities):
        shown = translate(model, means, model.names, modality.name, styles)
        tables[modality.name] = {
            key: measure(shown, originals[modality.name], modality)
            for key, measure in measures(modality).items()
        }
        on_step((m + 1) / len(model.names))
    common = set.intersection(*(set(table) for table in tables.values()))
    means_of = {
        key: written([table[key] for table in tables.values()])
        for key in tables[model.names[0]]
        if key in common
    }
    return {
        "how": "decoder mean at the mean of the posterior given all modalities, images clipped to "
        "[0, 1] as they are shown; SSIM with the data range in its name; texts as they are read, "
        "without the blanks around them; mean: over modalities, where all have the measure",
        **{
            name: {key: written([value]) for key, value in table.items()}
            for name, table in tables.items()
        },
        **({"mean": means_of} if means_of else {}),
        "test_tuples": len(originals[model.names[0]]),
    }


def report_alone(
    model: MultimodalVAE, means: Tensor, originals: dict[str, Tensor], on_step: Progress
) -> dict:
    """Section ``self_reconstruction`` of scores.json; arguments as in :func:`report`.

    Each modality from its own belief alone: what fusing could add to, or has taken away (figures
    8 and 9 of Sutter et al. 2024).
    """
    styles = read_styles(model, originals)
    tables = {}
    for m, modality in enumerate(model.modalities):
        shown = translate(model, means, [modality.name], modality.name, styles)
        tables[modality.name] = {
            key: written([measure(shown, originals[modality.name], modality)])
            for key, measure in measures(modality).items()
        }
        on_step((m + 1) / len(model.names))
    return {
        "how": "decoder mean at the mean of the posterior given that modality alone, otherwise as "
        "in reconstruction",
        "by_modality": tables,
        "test_tuples": len(originals[model.names[0]]),
    }


def _running_mean(size: int, like: Tensor) -> Tensor:
    """Take the mean of every window on an axis of ``size``: ``(size - WINDOW + 1, size)``."""
    if size < WINDOW:
        raise ValueError(f"structural similarity needs images of {WINDOW} pixels, got {size}")
    n = size - WINDOW + 1
    place = torch.arange(size) - torch.arange(n).unsqueeze(1)
    return ((place >= 0) & (place < WINDOW)).to(like) / WINDOW


def _words(texts: Tensor, symbols: str) -> list[str]:
    return [text.strip(PADDING) for text in read(texts, symbols)]
