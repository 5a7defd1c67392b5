"""How a reproduction lies on disk, and what of it is still to do."""

import json
from pathlib import Path
from typing import NamedTuple

from explorer.checkpoints import runs_directory
from explorer.files.whole import write_whole
from explorer.results.comparison.runs import RESULT, ComparisonError, Run
from explorer.results.reproduce.scales import scaled
from explorer.training.recipes import Recipe

ABOUT, TABLE = "reproduction.json", "table.md"


class Reproduction(NamedTuple):
    """What is made again.

    Parameters
    ----------
    name, version, scale
        As :func:`explorer.results.reproduce.scales.scaled` has them.
    dataset
        Which of the recipe's datasets was at hand when it began.
    """

    name: str
    version: str
    scale: str
    dataset: str

    @property
    def recipe(self) -> Recipe:
        """The recipe as it is carried out."""
        return scaled(self.name, self.version, self.scale)


def begin(asked: Reproduction, root: Path | None) -> Path:
    """The folder of a reproduction, begun or gone on with.

    Raises
    ------
    ComparisonError
        What is there was made of other data.
    """
    version = "" if asked.version == "paper" else f"-{asked.version}"
    place = Path(root or runs_directory()).resolve() / "reproductions"
    folder = place / asked.name / f"{asked.scale}{version}"
    if (folder / ABOUT).is_file():
        before = read_about(folder)
        if before != asked:
            raise ComparisonError(
                f"{folder} was begun with {before.dataset}, and {asked.dataset} is at hand now; "
                "give another --root, or delete the folder"
            )
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / ABOUT, json.dumps(asked._asdict(), indent=1) + "\n")
    return folder


def read_about(folder: Path) -> Reproduction:
    """Which reproduction a folder holds."""
    try:
        return Reproduction(**json.loads((folder / ABOUT).read_text("utf-8")))
    except (OSError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ComparisonError(f"{folder / ABOUT} is no reproduction ({error})") from error


def plan(recipe: Recipe, models: list[str] | None = None) -> list[Run]:
    """Every model, beta and seed, seed by seed; only ``models`` where they are given."""
    unknown = sorted(set(models or []) - set(recipe.models))
    if unknown:
        raise ComparisonError(
            f"models of this recipe and scale are {', '.join(recipe.models)}; got "
            f"{', '.join(unknown)}"
        )
    return [
        Run(model, beta, seed)
        for seed in range(recipe.seeds)
        for model in recipe.models
        for beta in recipe.betas
        if not models or model in models
    ]


def read_results(folder: Path) -> dict[Run, dict]:
    """What finished and failed runs wrote: ``tables``, ``trained``, ``computed``, ``reason``."""
    found = {}
    for path in sorted((folder / "runs").glob(f"*/*/{RESULT}")):
        try:
            values = json.loads(path.read_text("utf-8"))
            run = Run(values["model"], float(values["beta"]), int(values["seed"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ComparisonError(
                f"{path} is not a result ({error!r}); delete it and give the same command again"
            ) from error
        found[run] = values
    return found
