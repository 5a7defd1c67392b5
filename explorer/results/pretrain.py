"""``python -m explorer pretrain``: every checkpoint that ships, made anew from one table.

Within a dataset all models have the same budget of computing time: ``steps`` of a model is the
plan's divided by what a step of it costs (``COST``). What is there and was made by the plan as it
stands is not made again, so the same command goes on after a stop.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from explorer.checkpoints import CONFIG, PRETRAINED, SCORES, load_pretrained
from explorer.datasets import Dataset, load_dataset
from explorer.evaluation import weights_sha256
from explorer.evaluation.command import evaluate
from explorer.evaluation.maps import REPORT, embed_pretrained
from explorer.evaluation.sampling import fit
from explorer.models import MODELS
from explorer.training import STATE, train_checkpoint
from explorer.training.run import OtherSettingsError

BATCH_SIZE, SEED = 128, 0
MAP = {"n_tuples": 200, "n_seeds": 1}
"""How maps are made: small enough to ship with every model."""

FAILURES = (ValueError, RuntimeError, ArithmeticError, OSError)
"""What ends one checkpoint in a sentence, and lets the next begin."""

COST = {
    "poe_unimodal": 1.6,
    "jmvae": 1.65,
    "nexus": 1.45,
    "mac_wae": 2.7,
    "mac_vae": 2.7,
    "m_wae": 2.6,
    "moe_iwae": 5.8,
    "moe_dreg": 5.7,
}
"""Computing time of a training step on PolyDigits as a multiple of that of ``mwb``, by
``python benchmarks/training.py``; all others are within 6 % of it."""

OWN_BETA = tuple(name for name, recipe in MODELS.items() if recipe.get("beta", 1.0) != 1.0)
"""Models whose regulariser is in other units than a KL term: they keep the beta of their recipe."""


class Plan(NamedTuple):
    """How the checkpoints of a dataset are made.

    Parameters
    ----------
    models
        Keys of ``MODELS``.
    steps
        Of a model that costs 1.
    beta
        Weight of the KL term of all models but those in ``OWN_BETA``.
    latent_dim
        Latent dimensions.
    own
        Model to further arguments of it.
    options
        Of the dataset.
    """

    models: tuple[str, ...]
    steps: int
    beta: float = 1.0
    latent_dim: int = 64
    own: Mapping[str, Mapping[str, object]] = {}
    options: Mapping[str, object] = {}


class Task(NamedTuple):
    """One checkpoint to make: where, of what, and how."""

    dataset: str
    model: str
    steps: int
    recipe: dict[str, object]
    options: dict[str, object]


JOINT = ("mopoe", "mvtcae", "jmvae", "nexus", "mac_wae", "mac_vae", "m_wae")
SOFT = ("independent", "aggregated_std", "aggregated_product", "mmvamp", "mmvamp_pairwise")

PLANS: dict[str, Plan] = {
    "polydigits": Plan(tuple(MODELS), 3000),
    "digits_photo_text": Plan(tuple(MODELS), 2000),
    "translated_polydigits": Plan((*SOFT, "aggregated_variance", "mopoe", "mwb"), 2000),
    "simulated_rats": Plan(
        ("independent", "aggregated_std", "mmvamp", "mmvamp_pairwise"), 1500, latent_dim=2
    ),
    "mfeat": Plan(JOINT, 1500),
    "mhd_like": Plan(JOINT, 1500),
    "mnist_svhn_text": Plan(("poe", "poe_unimodal", "moe", "mopoe", "wb", "mwb"), 3000),
    "cub_attributes": Plan(JOINT, 1200),
    "celeba": Plan(
        (
            *("poe", "poe_unimodal", "moe", "mopoe", "mopoe_style", "wb", "mwb", "mmvamp"),
            *("independent", "aggregated_std"),
        ),
        800,
        latent_dim=32,
        own={"mopoe_style": {"style_dim": 8, "beta_style": 5.0}},
    ),
    "celeba_attributes": Plan(("mac_wae", "m_wae", "mvtcae"), 800),
    "translated_polymnist": Plan(
        ("independent", "aggregated_std", "aggregated_product", "moe", "mopoe", "mmvamp"), 3000
    ),
    "polymnist": Plan(
        (
            *("mwb", "mopoe", "poe_unimodal", "mvtcae", "moe", "poe", "wb", "logpool", "mmvamp"),
            *("mac_wae", "mac_vae", "m_wae"),
        ),
        5000,
        beta=0.2,
    ),
}
"""By dataset, the quick ones first."""


def tasks(datasets: Iterable[str], models: Iterable[str] | None, scale: float) -> list[Task]:
    """What the plans ask for, in their order.

    Parameters
    ----------
    datasets
        Keys of ``PLANS``.
    models
        Only these; None for all.
    scale
        What budgets are multiplied by.

    Raises
    ------
    ValueError
        An unknown dataset, or a model that none of the plans has.
    """
    datasets = list(datasets)
    unknown = [name for name in datasets if name not in PLANS]
    if unknown:
        raise ValueError(f"--dataset must be among {', '.join(PLANS)}; got {', '.join(unknown)}")
    wanted = None if models is None else set(models)
    planned = {model for name in datasets for model in PLANS[name].models}
    if wanted is not None and wanted - planned:
        raise ValueError(
            f"--model must be among {', '.join(sorted(planned))}; got "
            f"{', '.join(sorted(wanted - planned))}"
        )
    return [
        task
        for name in datasets
        for task in _of(name, PLANS[name], scale)
        if wanted is None or task.model in wanted
    ]


def pretrain(
    asked: list[Task],
    *,
    root: Path | None = None,
    maps: bool = True,
    tuples: int = 2000,
    console: Console,
) -> int:
    """Train, evaluate and map what is missing; return how many checkpoints could not be made."""
    root = root or PRETRAINED
    data, failed = None, []
    for number, task in enumerate(asked, start=1):
        folder = root / task.dataset / task.model
        console.print(f"{number} of {len(asked)}: {task.dataset}/{task.model}", markup=False)
        try:
            if data is None or data[0] != (task.dataset, task.options):
                data = (task.dataset, task.options), load_dataset(task.dataset, **task.options)
            carry_out(task, data[1], folder, root, maps, tuples, console)
        except FAILURES as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            failed.append((task, reason))
            console.print(f"[bold red]failed:[/] {escape(reason)}", highlight=False)
    _show(asked, failed, root, console)
    return len(failed)


def carry_out(
    task: Task,
    data: Dataset,
    folder: Path,
    root: Path,
    maps: bool,
    tuples: int,
    console: Console,
) -> None:
    """Do what is left of a task: train, fit the sampler, evaluate, map."""
    if not is_trained(task, folder):
        _train(task, data, folder)
    model = load_pretrained(task.dataset, task.model, root)
    if model.has_prior and model.sampler is None:
        fit(model, data, folder, weights_sha256(folder), seed=SEED)
    if _measured(folder / SCORES, "computed", "weights_sha256") != weights_sha256(folder):
        evaluate(
            task.dataset,
            task.model,
            seed=SEED,
            tuples=tuples,
            draws=100,
            likelihood_tuples=100,
            every_subset=False,
            device="cpu",
            threads=1,
            root=root,
            console=console,
        )
    if maps and not weights_sha256(folder).startswith(_measured(folder / REPORT, "weights") or "-"):
        embed_pretrained(task.dataset, task.model, data, root, **MAP)


def is_trained(task: Task, folder: Path) -> bool:
    """Whether the checkpoint there was made as the plan says."""
    config = _read(folder / CONFIG)
    told = config.get("provenance", {})
    expected = {"steps": task.steps, "optimizer": "muon", "seed": SEED, "batch_size": BATCH_SIZE}
    return (
        all(told.get(key) == value for key, value in expected.items())
        and told.get("options", {}) == task.options
        and all(config.get(key) == value for key, value in task.recipe.items())
    )


def _train(task: Task, data: Dataset, folder: Path) -> None:
    """Train and save, from the state that is there if it is this task's."""
    settings = {
        "recipe": task.recipe,
        "options": task.options,
        "seed": SEED,
        "steps": task.steps,
        "batch_size": min(BATCH_SIZE, len(data.train)),
        "accelerator": "cpu",
    }
    try:
        train_checkpoint(folder, data, task.model, resume=(folder / STATE).is_file(), **settings)
    except OtherSettingsError:
        train_checkpoint(folder, data, task.model, **settings)


def _of(dataset: str, plan: Plan, scale: float) -> Iterator[Task]:
    for model in plan.models:
        recipe = {"latent_dim": plan.latent_dim, **plan.own.get(model, {})}
        if model not in OWN_BETA:
            recipe["beta"] = plan.beta
        steps = max(1, round(scale * plan.steps / COST.get(model, 1.0)))
        yield Task(dataset, model, steps, recipe, dict(plan.options))


def _read(path: Path) -> dict:
    """What a file of ours says; nothing where it is missing or damaged, as if it were not there."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _measured(path: Path, *keys: str) -> object:
    found: object = _read(path)
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _show(asked: list[Task], failed: list[tuple[Task, str]], root: Path, console: Console) -> None:
    """One line for each checkpoint: its budget, and why it could not be made."""
    reasons = {(task.dataset, task.model): reason for task, reason in failed}
    table = Table("checkpoint", "steps", "core-minutes", "state")
    for task in asked:
        told = _read(root / task.dataset / task.model / CONFIG).get("provenance", {})
        reason = reasons.get((task.dataset, task.model))
        minutes = "" if reason else str(told.get("core_minutes", ""))
        name = f"{task.dataset}/{task.model}"
        table.add_row(name, str(task.steps), minutes, escape(reason or "made"))
    console.print(table)
