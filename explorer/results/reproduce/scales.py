"""How much of a recipe is carried out, and what that leaves out."""

from typing import NamedTuple

from explorer.training.recipes import Recipe, find_recipe


class Scale(NamedTuple):
    """How much is trained and measured.

    Parameters
    ----------
    n_train, n_test
        Tuples of the dataset; None takes all there are.
    steps, batch_size, seeds
        Of every training; None is what the recipe says.
    n_probe
        Training latents for the linear classifiers: 500 in the papers.
    n_measured
        Test tuples for accuracy, coherence and translation.
    n_prior
        Draws from the prior for joint coherence.
    n_likelihood, n_draws
        Test tuples for log p(x), and importance draws for each.
    judge_steps, judge_batch
        Training of the papers' classifiers.
    about
        What it is for.
    """

    n_train: int | None
    n_test: int | None
    steps: int | None
    batch_size: int | None
    seeds: int | None
    n_probe: int
    n_measured: int
    n_prior: int
    n_likelihood: int
    n_draws: int
    judge_steps: int
    judge_batch: int
    about: str


SCALES: dict[str, Scale] = {
    "smoke": Scale(320, 96, 2, 16, 1, 96, 64, 16, 12, 12, 3, 16, "that every step works"),
    "small": Scale(
        None, None, None, None, None, 500, 2000, 2000, 64, 100, 700, 128, "an hour of two cores"
    ),
    "paper": Scale(
        None, None, None, None, None, 500, 10_000, 10_000, 1000, 1000, 20_000, 256, "as printed"
    ),
}


def scaled(name: str, version: str, scale: str) -> Recipe:
    """The recipe as it is carried out at a scale.

    Raises
    ------
    ValueError
        An unknown recipe, version or scale.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    recipe = find_recipe(name, version, scale)
    size = SCALES[scale]
    if size.steps is not None:
        budget = {"steps": size.steps, "epochs": None, "batch_size": size.batch_size}
        recipe = recipe._replace(
            training={**recipe.training, **budget}, betas=recipe.betas[:1], seeds=size.seeds
        )
    return recipe


def left_out(name: str, version: str, scale: str) -> list[str]:
    """What the scale does otherwise than the paper, a sentence each; none at its own scale."""
    whole, part, size = find_recipe(name, version), scaled(name, version, scale), SCALES[scale]
    found = []
    before, now = (_budget(recipe) for recipe in (whole, part))
    if before != now:
        found.append(f"Training: {now} instead of {before}.")
    if whole.seeds != part.seeds:
        found.append(f"Seeds: {part.seeds} instead of {whole.seeds}.")
    if whole.betas != part.betas:
        found.append(f"Weights of the KL term: {_few(part.betas)} instead of {_few(whole.betas)}.")
    missing = [model for model in whole.models if model not in part.models]
    if missing:
        found.append(f"Not trained: {', '.join(missing)}.")
    if whole.judges != part.judges:
        found.append("Judges: those that ship with this project instead of the paper's networks.")
    paper = SCALES["paper"]
    if size != paper:
        found.append(
            f"Measured: {size.n_measured} test tuples instead of {paper.n_measured}, log p(x) of "
            f"{size.n_likelihood} with {size.n_draws} draws instead of {paper.n_likelihood} with "
            f"{paper.n_draws}, judges trained for {size.judge_steps} steps instead of "
            f"{paper.judge_steps}."
        )
    return found


def _budget(recipe: Recipe) -> str:
    training = recipe.training
    unit = "steps" if training.get("steps") else "epochs"
    rate = training.get("learning_rate")
    at = f" at {rate:g}" if rate else ""
    return (
        f"{training[unit]} {unit} of {training['batch_size']} with {training['optimizer']}{at}, "
        f"{training['schedule'].replace('_', '-')} rate"
    )


def _few(numbers: tuple[float, ...]) -> str:
    shown = [f"{number:g}" for number in numbers]
    return ", ".join(shown if len(shown) < 5 else [*shown[:2], "...", shown[-1]])
