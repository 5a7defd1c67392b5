"""``python -m explorer evaluate | classifiers | embed``: measured, printed, written."""

import time
from math import isfinite
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from explorer.checkpoints import (
    check_data,
    checkpoint_directory,
    commit,
    list_pretrained,
    load_pretrained,
    runs_directory,
)
from explorer.datasets import load_dataset
from explorer.evaluation import evaluate as measure
from explorer.evaluation import fitting_sizes, origin, write_scores
from explorer.evaluation.classifiers import (
    enough_epochs,
    find_classifiers,
    find_judges,
    folder_of,
    save_classifiers,
    to_read,
    train_classifiers,
)
from explorer.evaluation.maps import embed_pretrained


def evaluate(
    dataset: str,
    model: str,
    *,
    seed: int,
    tuples: int,
    draws: int,
    likelihood_tuples: int,
    every_subset: bool,
    device: str,
    threads: int,
    root: Path | None,
    console: Console,
) -> str:
    """Write scores.json beside the checkpoints asked for; return the dataset's name."""
    torch.set_num_threads(threads)
    data = load_dataset(dataset)
    models = _asked(data.name, model, root)
    judges = find_classifiers(data.name, root)
    if isinstance(judges, str):
        console.print(f"coherence is left out: {judges}", soft_wrap=True, markup=False)
    others = find_judges(data.name, root)
    for each in (judges, *others.values()):
        if not isinstance(each, str):
            check_data(each.provenance, data, "a classifier that reads observations")
    sizes = fitting_sizes(data, n_test=tuples, n_likelihood=likelihood_tuples)
    with Progress(console=console) as progress:
        for key in models:
            loaded = load_pretrained(data.name, key, root)
            check_data(loaded.provenance, data, f"model {key!r}")
            folder = checkpoint_directory(data.name, key, root)
            task = progress.add_task(key, total=1.0)
            started, used = time.monotonic(), time.process_time()
            scores = measure(
                loaded,
                data,
                judges,
                others=others,
                seed=seed,
                every_subset=every_subset,
                device=device,
                n_draws=draws,
                **sizes,
                on_step=lambda name, done, key=key, task=task: progress.update(
                    task, description=f"{key}: {name}", completed=done
                ),
            )
            progress.update(task, description=key, completed=1.0)
            recipe = {"dataset": data.name, "model": key}
            took = time.monotonic() - started, time.process_time() - used
            write_scores(recipe | scores | {"computed": origin(folder, seed, *took)}, folder)
    return data.name


def classifiers(
    dataset: str,
    *,
    judge: str,
    epochs: float | None,
    seed: int,
    device: str,
    threads: int,
    root: Path | None,
    console: Console,
) -> None:
    """Train the classifiers of a dataset, print their ceilings, and save them."""
    if epochs is not None and not isfinite(epochs):
        raise ValueError(f"--epochs must be a number, got {epochs}")
    torch.set_num_threads(threads)
    data = load_dataset(dataset)
    epochs = epochs or enough_epochs(data)
    with Progress(console=console) as progress:
        task = progress.add_task(f"{len(to_read(data))} classifiers", total=1.0)
        trained = train_classifiers(
            data,
            judge=judge,
            epochs=epochs,
            seed=seed,
            device=device,
            on_step=lambda done: progress.update(task, completed=done),
        )
    folder = (root or runs_directory()) / data.name / folder_of(judge)
    about = {"dataset": data.name, "epochs": epochs, "seed": seed, "torch": torch.__version__}
    save_classifiers(trained, folder, about | {"commit": commit()})
    table = Table("modality", "correct on real test observations")
    for name, share in (trained.ceiling | {"all agree": trained.agreement}).items():
        table.add_row(name, "no test rows" if share is None else f"{share:.4f}")
    console.print(table)
    own = len(data.modalities) - len(trained.shapes)
    if own:
        console.print(f"{own} modalities are classes themselves and take no classifier")
    console.print(f"saved {folder}", markup=False)


def embed(
    dataset: str,
    model: str,
    *,
    tuples: int,
    seeds: int,
    device: str,
    threads: int,
    root: Path | None,
    console: Console,
) -> None:
    """Map the latent spaces of the checkpoints asked for, and keep the maps beside them."""
    torch.set_num_threads(threads)
    data = load_dataset(dataset)
    for key in _asked(data.name, model, root):
        with console.status(key) as status:
            folder = embed_pretrained(
                data.name,
                key,
                data,
                root,
                device,
                n_tuples=tuples,
                n_seeds=seeds,
                progress=lambda step, key=key, status=status: status.update(f"{key}: {step}"),
            )
        console.print(f"saved {folder / 'embedding.npz'}", markup=False)


def _asked(dataset: str, model: str, root: Path | None) -> list[str]:
    """Return the models meant by ``--model``: one, or all that have a checkpoint."""
    models = [key for _, key, _ in list_pretrained(dataset, root)] if model == "all" else [model]
    if not models:
        raise ValueError(f"no checkpoint on {dataset!r} yet; python -m explorer train makes one")
    return models
