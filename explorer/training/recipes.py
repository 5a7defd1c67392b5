"""How the papers trained their models, by name: data for ``train``, ``compare`` and ``reproduce``.

A recipe says what a paper prints. Where its released code does something else, ``code`` says what,
and :func:`find_recipe` gives that version when asked for ``"code"``. What neither says stands in
``unsaid``. No paper's code is run: networks are rebuilt from its layer lists, data from its rules.

To add a recipe: an entry in ``RECIPES``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from explorer.files.sources import is_at_hand, what_is_needed

if TYPE_CHECKING:
    from explorer.datasets import Dataset, Modality

VERSIONS = ("paper", "code")


class Recipe(NamedTuple):
    """One experiment of one paper.

    Parameters
    ----------
    paper
        Whose experiment it is.
    datasets
        Keys of ``DATASETS``: the paper's first, then what stands in for it, nearest first.
    models
        Keys of ``MODELS`` in the paper's table; the paper's own model is the first.
    model
        Arguments that all models are built with.
    training
        Arguments of ``explorer.training.train``: budget, batch size, optimizer and its schedule.
    betas
        Weights of the KL term, or of what stands in its place; each is a training of its own.
    seeds
        How many trainings of each.
    protocol
        Key of ``explorer.results.reproduce.protocol.PROTOCOLS``: how the paper evaluates.
    tables
        Keys of ``PUBLISHED`` that print the results; none where the paper only draws figures.
    own
        Model to arguments that only it is built with.
    likelihoods
        Kind of modality to its likelihood and weight; other kinds keep the dataset's.
    own_likelihoods
        Model to the same, where it differs from the other models.
    judges
        What reads generations: ``published`` networks, ``ours`` that ship, or ``none``.
    small
        What the small scale changes: ``training``, ``betas``, ``seeds``, ``models``.
    code
        Fields in which the released code differs from the paper.
    unsaid
        What the paper does not say, or what we do otherwise, in sentences.
    """

    paper: str
    datasets: tuple[str, ...]
    models: tuple[str, ...]
    model: Mapping[str, object]
    training: Mapping[str, object]
    betas: tuple[float, ...]
    seeds: int
    protocol: str
    tables: tuple[str, ...] = ()
    own: Mapping[str, Mapping[str, object]] = {}
    likelihoods: Mapping[str, tuple[str, float]] = {}
    own_likelihoods: Mapping[str, Mapping[str, tuple[str, float]]] = {}
    judges: str = "published"
    small: Mapping[str, object] = {}
    code: Mapping[str, object] = {}
    unsaid: tuple[str, ...] = ()


ADAM = {"optimizer": "adamw", "schedule": "constant", "weight_decay": 0.0}
"""Adam at a constant rate, as in the released code of MoPoE: AdamW without decay is Adam."""
DECAYED = ADAM | {"weight_decay": 1e-5}
"""As the MAC-WAE study has it, where the decay is Adam's (added to the gradient), not AdamW's."""
QUICK = {"optimizer": "muon", "learning_rate": None, "weight_decay": 0.01, "schedule": "one_cycle"}
"""What learns most in few steps: how the small scale trains."""

MOPOE, BARYCENTER = "Sutter, Daunhawer & Vogt (2021)", "Qiu et al. (2025)"
MMVAMP, MAC_WAE = "Sutter et al. (2024)", "Tokar & Sanner (2026)"

MST, POLYMNIST = ("mnist_svhn_text", "digits_photo_text"), ("polymnist", "polydigits")
TRANSLATED = ("translated_polymnist", "translated_polydigits")

FEW = {"epochs": None, "steps": 1000, "batch_size": 128}
"""Budget of a training at the small scale."""
FACES = {
    "training": FEW | QUICK | {"steps": 60, "batch_size": 32},
    "seeds": 1,
    "judges": "ours",
}
"""The small scale of networks of 100 M parameters: what an hour of two cores allows."""

NO_APPENDIX = (
    "The paper's appendix with its settings was not found: beta, epochs and learning rate are "
    "those of the experiment of Sutter et al. (2021) that it says to follow.",
    "Whether its models are also trained on every modality alone is not said: ours are not.",
)
NO_SIGMOID = "The sigmoid at the end of the decoders is left out, as everywhere here."
SELECTION = (
    "The study takes beta and the epoch with the lowest validation loss, which favors the smallest "
    "beta; here every beta is shown, at the last epoch."
)

_mopoe_mst = Recipe(
    paper=MOPOE,
    datasets=MST,
    models=("mopoe", "poe_unimodal", "moe"),
    model={"latent_dim": 20},
    training={"epochs": 150, "batch_size": 256, "learning_rate": 1e-3} | ADAM,
    betas=(5.0,),
    seeds=5,
    protocol="mopoe",
    tables=("mst_latent_accuracy", "mst_coherence", "mst_log_likelihood"),
    small={"training": FEW | QUICK, "seeds": 2, "models": ("mopoe", "moe")},
    code={"training": {"epochs": 200}, "betas": (2.5,)},
)
_mopoe_polymnist = Recipe(
    paper=MOPOE,
    datasets=POLYMNIST,
    models=("mopoe", "poe_unimodal", "moe"),
    model={"latent_dim": 512},
    training={"epochs": 300, "batch_size": 256, "learning_rate": 1e-3} | ADAM,
    betas=(2.5,),
    seeds=5,
    protocol="mopoe",
    tables=("polymnist_coherence",),
    small={"training": FEW | QUICK, "seeds": 1, "models": ("mopoe", "moe")},
    code={"training": {"learning_rate": 5e-4}},
)
_mopoe_celeba = Recipe(
    paper=MOPOE,
    datasets=("celeba",),
    models=("mopoe", "poe_unimodal", "moe"),
    model={"latent_dim": 32, "style_dim": 32},
    training={"epochs": 200, "batch_size": 256, "learning_rate": 5e-4} | ADAM,
    betas=(2.5,),
    seeds=1,
    protocol="celeba",
    tables=("celeba_average_precision",),
    small=FACES | {"models": ("mopoe",)},
    code={
        "model": {"latent_dim": 20, "beta_style": 2.0},
        "training": {"epochs": 250},
        "likelihoods": {"image": ("laplace", 1 / 3), "text": ("categorical", 16.0)},
    },
    unsaid=(
        "How many runs the paper made on CelebA is not said: one here.",
        "The code weighs the styles of images by 1 and of texts by 5; here both weigh the same.",
    ),
)
_mmvamp_polymnist = Recipe(
    paper=MMVAMP,
    datasets=TRANSLATED,
    models=("mmvamp", "independent", "aggregated_std"),
    model={"latent_dim": 512},
    training={"epochs": 500, "batch_size": 256, "learning_rate": 5e-4} | ADAM,
    betas=tuple(2.0**k for k in range(-8, 4)),
    seeds=5,
    protocol="mmvamp",
    small={"training": FEW | QUICK | {"steps": 60, "batch_size": 32}, "betas": (1.0,), "seeds": 1},
    code={
        "models": ("mmvamp_pairwise", "independent", "aggregated_product"),
        "training": {"batch_size": 128},
        "own": {"mmvamp_pairwise": {"objective_options": {"annealed": 300_000 / 234_000}}},
    },
    unsaid=("Figures only: nothing is printed to stand beside ours.",),
)
_mmvamp_celeba = Recipe(
    paper=MMVAMP,
    datasets=("celeba",),
    models=("mmvamp", "independent", "aggregated_std"),
    model={"latent_dim": 128},
    training={"epochs": 250, "batch_size": 256, "learning_rate": 2e-4} | ADAM,
    betas=(0.25, 0.5, 1.0, 2.0, 4.0),
    seeds=3,
    protocol="celeba",
    likelihoods={"image": ("laplace", 1.0), "text": ("categorical", 16.0)},
    small=FACES | {"betas": (1.0,)},
    code={
        "models": ("mmvamp_pairwise", "independent", "aggregated_product"),
        "training": {"epochs": 350, "batch_size": 128, "learning_rate": 1e-5},
    },
    unsaid=(
        "Three seeds as the text says; the caption of its figure says five.",
        "The residual networks are those of MoPoE's experiment, twice as wide as this paper's.",
        "Figures only: nothing is printed to stand beside ours.",
    ),
)
_mmvamp_rats = Recipe(
    paper=MMVAMP,
    datasets=("rats", "simulated_rats"),
    models=("mmvamp", "independent", "aggregated_std"),
    model={"latent_dim": 2},
    training={"epochs": 1000, "batch_size": 128, "learning_rate": 1e-3} | ADAM,
    betas=(1e-5, 1e-4, 1e-3, 2.5e-3, 5e-3, 1e-2),
    seeds=1,
    protocol="rats",
    judges="none",
    likelihoods={"spikes": ("normal", 2.0)},
    small={"training": FEW | QUICK | {"steps": 300}, "betas": (1e-3, 1e-2), "seeds": 2},
    code={"models": ("mmvamp_pairwise", "independent", "aggregated_product")},
    unsaid=(
        "The paper's validation data are its training data; ours are held out.",
        "How many runs were made is not said: one here.",
        "Figures only: nothing is printed to stand beside ours.",
    ),
)


def _mac(datasets: tuple[str, ...], row: int, **changes: object) -> Recipe:
    """One data set of the MAC-WAE study; ``row`` is its place in the columns of the tables."""
    rate = (5e-4, 1e-3, 5e-4, 1e-4)[row]
    masks, hidden = ((10, 0.4), (10, 0.4), (5, 0.25), (10, 0.4))[row]
    given = {"n_masks": masks, "p_hidden": hidden}
    squared = dict.fromkeys(("image", "label", "trajectory", "audio", "text"), ("normal", 2.0))
    base = Recipe(
        paper=MAC_WAE,
        datasets=datasets,
        models=("mac_wae", "mac_vae", "m_wae", "mvtcae", "jmvae", "mopoe", "nexus"),
        model={"latent_dim": 128},
        training={"epochs": 150, "batch_size": 128, "learning_rate": rate} | DECAYED,
        betas=(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
        seeds=3,
        protocol="mac",
        judges="none",
        tables=("mac_wae_reconstruction", "mac_wae_many_to_one", "mac_wae_one_to_one"),
        own={
            "mac_wae": given,
            "mac_vae": given,
            "m_wae": given,
            "mvtcae": {"objective_options": {"alpha": 0.1}},
            "nexus": {"message_dim": 10, "p_drop": 0.0},
        },
        likelihoods={
            "image": ("normal", 1.0),
            "trajectory": ("normal", 1.0),
            "audio": ("normal", 1.0),
            "label": ("categorical", 1.0),
            "text": ("categorical", 1.0),
        },
        own_likelihoods={"mac_wae": squared, "m_wae": squared},
        small={
            "training": FEW | QUICK | {"steps": 300, "batch_size": 64},
            "betas": (1.0,),
            "seeds": 1,
            "models": ("mac_wae", "mac_vae", "mvtcae"),
            "own": {"mac_wae": {"n_masks": 2}, "mac_vae": {"n_masks": 2}},
        },
        unsaid=(SELECTION, NO_SIGMOID, "No code of M-WAE is released: ours hides the mask."),
    )
    return base._replace(**changes)


_mac_polymnist = _mac(POLYMNIST, 0, code={"model": {"latent_dim": 64}})
RECIPES: dict[str, Recipe] = {
    "mopoe-polymnist": _mopoe_polymnist,
    "mopoe-mst": _mopoe_mst,
    "mopoe-celeba": _mopoe_celeba,
    "wb-mst": _mopoe_mst._replace(
        paper=BARYCENTER,
        models=("mwb", "wb"),
        small={"training": FEW | QUICK, "seeds": 2},
        code={},
        unsaid=NO_APPENDIX,
    ),
    "wb-polymnist": _mopoe_polymnist._replace(
        paper=BARYCENTER,
        models=("mwb", "wb"),
        small={"training": FEW | QUICK, "seeds": 1},
        code={},
        unsaid=(*NO_APPENDIX, "Its PolyMNIST results are figures; the table has others' rows."),
    ),
    "wb-celeba": _mopoe_celeba._replace(
        paper=BARYCENTER,
        models=("mwb", "wb"),
        small=FACES,
        code={},
        seeds=5,
        unsaid=NO_APPENDIX,
    ),
    "mmvamp-polymnist": _mmvamp_polymnist,
    "mmvamp-celeba": _mmvamp_celeba,
    "mmvamp-rats": _mmvamp_rats,
    "mac-polymnist": _mac_polymnist,
    "mac-mhd": _mac(
        ("mhd", "mhd_like"),
        1,
        training=_mac_polymnist.training | {"learning_rate": 1e-3, "batch_size": 64},
        code={
            "own": {m: {"p_hidden": 0.25} for m in ("mac_wae", "mac_vae", "m_wae")},
        },
    ),
    "mac-celeba": _mac(
        ("celeba_attributes",),
        3,
        models=("mac_wae", "mac_vae", "m_wae", "mvtcae", "jmvae", "nexus"),
        training=_mac_polymnist.training | {"learning_rate": 1e-4, "batch_size": 64},
        betas=(1.0,),
        code={"training": {"learning_rate": 5e-4}},
    ),
    "mac-cub": _mac(
        ("cub", "cub_attributes"),
        2,
        training=_mac_polymnist.training | {"epochs": 200, "batch_size": 32},
        code={"model": {"latent_dim": 256}, "training": {"learning_rate": 1e-4}},
        unsaid=(
            SELECTION,
            NO_SIGMOID,
            "Sentences are spelled in characters here, 18 words of 5,451 there, and the "
            "transformer that reads them is left out.",
        ),
    ),
}
"""Name to recipe; the name begins with the paper's model and ends with the data."""


def find_recipe(name: str, version: str = "paper", scale: str = "paper") -> Recipe:
    """The recipe called ``name``, as the paper prints it or as its released code has it.

    Parameters
    ----------
    version
        One of ``VERSIONS``.
    scale
        ``small`` applies what the recipe says of that; anything else leaves it whole.

    Raises
    ------
    ValueError
        An unknown name or version, or a recipe whose released code is not known to differ.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}; got {name!r}")
    if version not in VERSIONS:
        raise ValueError(f"version must be one of {', '.join(VERSIONS)}; got {version!r}")
    recipe = RECIPES[name]
    if version == "code":
        if not recipe.code:
            raise ValueError(f"no released code is known that differs for {name}; leave it out")
        recipe = _changed(recipe, recipe.code)
    return _changed(recipe, recipe.small) if scale == "small" else recipe


def model_options(recipe: Recipe, model: str, beta: float) -> dict[str, object]:
    """Arguments that a model of the recipe is built with."""
    return {**recipe.model, **recipe.own.get(model, {}), "beta": beta}


def dataset_at_hand(recipe: Recipe) -> str:
    """The first dataset of a recipe whose files are here.

    Raises
    ------
    ValueError
        None is; says how to get the paper's.
    """
    for dataset in recipe.datasets:
        if is_at_hand(dataset):
            return dataset
    raise ValueError(
        f"none of {', '.join(recipe.datasets)} is here. {what_is_needed(recipe.datasets[0])}"
    )


def load_for(
    recipe: Recipe, dataset: str, model: str | None = None, **options: int | str
) -> "Dataset":
    """A recipe's data, with the papers' networks where they fit, and the recipe's likelihoods.

    Parameters
    ----------
    model
        Whose likelihoods, where they differ between models.
    options
        As the dataset's function has them.
    """
    from explorer.datasets import PUBLISHED, load_dataset  # torch is not needed to read recipes

    data = load_dataset(dataset, published=dataset in PUBLISHED, **options)
    likelihoods = {**recipe.likelihoods, **recipe.own_likelihoods.get(model, {})}

    def changed(modality: "Modality") -> "Modality":
        if modality.kind not in likelihoods:
            return modality
        likelihood, weight = likelihoods[modality.kind]
        return replace(modality, likelihood=likelihood, weight=weight)

    return replace(data, modalities=tuple(map(changed, data.modalities)))


def _changed(recipe: Recipe, changes: Mapping[str, object]) -> Recipe:
    """The recipe with some fields replaced, and tables within them merged, two levels deep."""
    merged = {}
    for field, new in changes.items():
        old = getattr(recipe, field)
        if field.startswith("own"):
            new = {**old, **{key: {**old.get(key, {}), **table} for key, table in new.items()}}
        elif isinstance(new, Mapping):
            new = {**old, **new}
        merged[field] = new
    return recipe._replace(**merged)
