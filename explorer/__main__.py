"""The command line: ``python -m explorer train | evaluate | compare | data | pretrained``."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

ALLOCATOR = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}
"""glibc settings that keep freed buffers: about 20 % off a training step on a CPU."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
data_app = typer.Typer(no_args_is_help=True, help="Datasets: what there is and where.")
pretrained_app = typer.Typer(no_args_is_help=True, help="Trained models at hand.")
app.add_typer(data_app, name="data")
app.add_typer(pretrained_app, name="pretrained")
console = Console()

DatasetOption = Annotated[str, typer.Option(help="Key of DATASETS, or a folder of your own.")]
ModelOption = Annotated[str, typer.Option(help="Key of MODELS.")]
RootOption = Annotated[Path | None, typer.Option("--root", help="Where checkpoints are kept.")]
NameArgument = Annotated[str, typer.Argument(help="Key of DATASETS, or a folder of your own.")]
OptionOption = Annotated[
    list[str] | None,
    typer.Option("--option", help="KEY=VALUE for the dataset's function, e.g. digits=polydigits."),
]
DataOption = Annotated[
    Path | None, typer.Option("--root", help="Data directory; by default $EXPLORER_DATA.")
]
ThreadsOption = Annotated[int, typer.Option(help="CPU threads; more than one seldom pays.")]


@app.command()
def train(
    dataset: DatasetOption = "polydigits",
    model: ModelOption = "mwb",
    steps: Annotated[int | None, typer.Option(help="Budget in optimiser steps.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Budget in passes over the data.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Budget in minutes.")] = None,
    beta: Annotated[
        float | None, typer.Option(help="Weight of the KL term; the recipe's by default.")
    ] = None,
    latent_dim: Annotated[int, typer.Option(help="Latent dimensions.")] = 64,
    style_dim: Annotated[
        int | None, typer.Option(help="Further ones of each modality alone.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Samples a step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Peak of the one-cycle schedule.")] = 4e-3,
    seed: Annotated[int, typer.Option(help="Weights, order of the data, noise.")] = 0,
    start: Annotated[
        str | None,
        typer.Option(
            "--start-from", help="DATASET whose checkpoint gives the weights, or ROOT/DATASET."
        ),
    ] = None,
    option: OptionOption = None,
    resume: Annotated[bool, typer.Option(help="Continue what was stopped.")] = False,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, cuda.")] = "auto",
    devices: Annotated[int, typer.Option(help="How many; several train with DDP.")] = 1,
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed, ...")] = "32-true",
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Train a model and save it under ROOT/DATASET/MODEL (by default runs/)."""
    import torch

    from explorer.checkpoints import runs_directory, start_from
    from explorer.datasets import load_dataset
    from explorer.models import build_model
    from explorer.training import train as run

    torch.set_num_threads(threads)
    options = _options(option)
    data = load_dataset(dataset, **options)
    torch.manual_seed(seed)
    asked = {"beta": beta, "style_dim": style_dim}
    changed = {key: value for key, value in asked.items() if value is not None}
    built = build_model(model, data.modalities, latent_dim=latent_dim, **changed)
    if options:
        built.provenance["options"] = options
    if start is not None:
        start_from(built, start, model)
    folder = (root or runs_directory()) / data.name / model
    state = runs_directory() / data.name / model
    if steps is None and epochs is None and minutes is None:
        minutes = 4.0
    try:
        run(
            built,
            data,
            steps=steps,
            epochs=epochs,
            minutes=minutes,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            directory=state,
            resume=resume,
            accelerator=accelerator,
            devices=devices,
            precision=precision,
        )
    except KeyboardInterrupt:
        console.print(f"stopped; the state is in {state}, continue with --resume")
        raise typer.Exit(130) from None
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        built.provenance["model"] = model
        built.save_pretrained(folder)
        console.print(f"saved {folder}")


@app.command(hidden=True)
def attend(folder: Path) -> None:
    """Carry out what the Train page asked for in FOLDER, until standard input ends."""
    from explorer.trainings.process import attend as run

    run(folder)


@app.command()
def embed(
    dataset: DatasetOption = "polydigits",
    model: Annotated[str, typer.Option(help="Key of MODELS, or all.")] = "all",
    tuples: Annotated[int, typer.Option(help="Test tuples to map.")] = 1000,
    seeds: Annotated[int, typer.Option(help="Fits of the map, to see what is stable.")] = 3,
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Map the latent space of a checkpoint by subset (UMAP and PCA), for the app."""
    import torch

    from explorer.datasets import load_dataset
    from explorer.evaluation.embedding import embed_pretrained

    torch.set_num_threads(threads)
    data = load_dataset(dataset)
    for name in _asked(data.name, model, root):
        with console.status(name) as status:
            folder = embed_pretrained(
                data.name,
                name,
                data,
                root,
                n_tuples=tuples,
                n_seeds=seeds,
                progress=lambda step, name=name: status.update(f"{name}: {step}"),
            )
        console.print(f"saved {folder / 'embedding.npz'}")


@app.command()
def classifiers(
    dataset: DatasetOption = "polydigits",
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the training tuples; 3, or more of few.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Weights, order, augmentation.")] = 0,
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Train the classifiers that read generated images, under ROOT/DATASET (by default runs/)."""
    import torch
    from rich.progress import Progress

    from explorer.checkpoints import runs_directory
    from explorer.datasets import load_dataset
    from explorer.evaluation import classifiers as judges
    from explorer.training import commit

    torch.set_num_threads(threads)
    data = load_dataset(dataset)
    epochs = epochs or judges.enough_epochs(data)
    with Progress(console=console) as progress:
        task = progress.add_task(f"{len(data.modalities)} classifiers", total=1.0)
        trained = judges.train_classifiers(
            data,
            epochs=epochs,
            seed=seed,
            on_step=lambda done: progress.update(task, completed=done),
        )
    folder = (root or runs_directory()) / data.name / judges.FOLDER
    about = {"dataset": data.name, "epochs": epochs, "seed": seed, "torch": torch.__version__}
    judges.save_classifiers(trained, folder, about | {"commit": commit()})
    table = Table("modality", "correct on real test observations")
    for name, share in trained.ceiling.items():
        table.add_row(name, f"{share:.4f}")
    table.add_row("all agree", f"{trained.agreement:.4f}")
    console.print(table)
    console.print(f"saved {folder}")


@app.command()
def evaluate(
    dataset: DatasetOption = "polydigits",
    model: Annotated[str, typer.Option(help="Key of MODELS, or all.")] = "all",
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 0,
    tuples: Annotated[
        int, typer.Option(help="Test tuples for latent accuracy; at most, for most others.")
    ] = 2000,
    draws: Annotated[int, typer.Option(help="Importance draws for log p(x), a tuple.")] = 100,
    likelihood_tuples: Annotated[int, typer.Option(help="Test tuples for log p(x).")] = 100,
    every_subset: Annotated[
        bool, typer.Option("--every-subset", help="Estimate log p(x) given every subset.")
    ] = False,
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Measure a checkpoint and write scores.json beside it.

    The classifiers are those of ROOT/DATASET, else the shipped ones; without any, coherence is not.
    """
    import time

    import torch
    from rich.progress import Progress

    from explorer.checkpoints import checkpoint_directory, load_pretrained
    from explorer.datasets import load_dataset
    from explorer.evaluation import evaluate as run
    from explorer.evaluation import fitting_sizes, origin, write_scores
    from explorer.evaluation.classifiers import find_classifiers

    torch.set_num_threads(threads)
    data = load_dataset(dataset)
    dataset = data.name
    models = _asked(dataset, model, root)
    judges = find_classifiers(dataset, root)
    if isinstance(judges, str):
        console.print(f"coherence is left out: {judges}", soft_wrap=True)
    sizes = fitting_sizes(data, n_test=tuples, n_likelihood=likelihood_tuples)
    with Progress(console=console) as progress:
        for key in models:
            loaded = load_pretrained(dataset, key, root)
            folder = checkpoint_directory(dataset, key, root)
            task = progress.add_task(key, total=1.0)
            started, used = time.monotonic(), time.process_time()
            scores = run(
                loaded,
                data,
                judges,
                seed=seed,
                every_subset=every_subset,
                n_draws=draws,
                **sizes,
                on_step=lambda name, done, key=key, task=task: progress.update(
                    task, description=f"{key}: {name}", completed=done
                ),
            )
            progress.update(task, description=key, completed=1.0)
            recipe = {"dataset": dataset, "model": key}
            took = time.monotonic() - started, time.process_time() - used
            write_scores(recipe | scores | {"computed": origin(folder, seed, *took)}, folder)
    _print_checkpoints(dataset, root)


@app.command()
def compare(
    dataset: DatasetOption = "polydigits",
    models: Annotated[str, typer.Option(help="Keys of MODELS, commas between; or all.")] = "all",
    seeds: Annotated[int, typer.Option(help="Trainings of each, which differ in the seed.")] = 3,
    betas: Annotated[
        str | None,
        typer.Option(help="Weights of the KL term, with commas between; the recipes' by default."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Budget of every training.")] = 3000,
    latent_dim: Annotated[int, typer.Option(help="Latent dimensions.")] = 64,
    batch_size: Annotated[int, typer.Option(help="Samples a step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Peak of the one-cycle schedule.")] = 4e-3,
    validation_tuples: Annotated[
        int, typer.Option(help="Training tuples held out, to select beta by.")
    ] = 1000,
    test_tuples: Annotated[int, typer.Option(help="Test tuples of most measures.")] = 1000,
    start: Annotated[
        str,
        typer.Option(
            "--start-from", help="DATASET whose checkpoints give the weights, or ROOT/DATASET."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Comparisons of other settings have others.")] = "main",
    workers: Annotated[str, typer.Option(help="Processes, one thread each; auto: one a core.")] = (
        "auto"
    ),
    engine: Annotated[str, typer.Option(help="local, or dask: a cluster.")] = "local",
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler; without it, workers here.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="Trains on it: cpu, cuda, auto.")] = "cpu",
    retry: Annotated[bool, typer.Option(help="Run again what failed.")] = False,
    root: RootOption = None,
) -> None:
    """Train and measure what is missing of a fair comparison, then write its one table.

    All under ROOT/comparisons/DATASET/NAME. Stop it as you like, and give the same command to go
    on: runs that have a result are not run again.
    """
    from explorer.comparison import Settings
    from explorer.comparison.command import compare as run

    settings = Settings(
        dataset,
        steps,
        latent_dim,
        batch_size,
        learning_rate,
        validation_tuples,
        test_tuples,
        start,
    )
    code = run(
        settings,
        name=name,
        root=root,
        models=models,
        seeds=seeds,
        betas=betas,
        workers=workers,
        engine=engine,
        scheduler=scheduler,
        accelerator=accelerator,
        retry=retry,
        console=console,
    )
    raise typer.Exit(code)


@app.command()
def presets(threads: ThreadsOption = 1) -> None:
    """Write what Generation shows of PolyDigits before it computes: presets and conflict rates."""
    import torch
    from rich.progress import Progress

    from explorer.checkpoints import load_pretrained
    from explorer.datasets import load_dataset
    from explorer.evaluation.classifiers import load_classifiers
    from explorer.pages.answers import Lab
    from explorer.pages.presets import CACHE, DATASET, write_cache
    from explorer.palette import LABELS

    torch.set_num_threads(threads)
    models = {key: load_pretrained(DATASET, key) for key in LABELS}
    lab = Lab(load_dataset(DATASET), models, load_classifiers(DATASET))
    with Progress(console=console) as progress:
        task = progress.add_task("presets")
        for what, done, total in write_cache(lab, CACHE):
            progress.update(task, description=what, completed=done, total=total)
    console.print(f"wrote {CACHE}")


@data_app.command("list")
def data_list() -> None:
    """Every dataset, and whether its files are here."""
    from explorer.datasets.command import show_all

    show_all(console)


@data_app.command("check")
def data_check(name: NameArgument, root: DataOption = None) -> None:
    """Read all files of a dataset, say what is missing or damaged, then load it.

    The exit code is 1 where it cannot be used as it is.
    """
    from explorer.datasets.command import check, look_in

    look_in(root)
    raise typer.Exit(0 if check(name, console) else 1)


@data_app.command("fetch")
def data_fetch(
    name: NameArgument,
    root: DataOption = None,
    way: Annotated[
        str | None, typer.Option(help="Which files, of a dataset that is served in several ways.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what is here already.")] = False,
) -> None:
    """Download what is not here of a dataset; stop it as you like, it goes on where it was."""
    from explorer.datasets.command import fetch, look_in

    look_in(root)
    try:
        fetch(name, way, again, console)
    except KeyboardInterrupt:
        console.print("stopped; what came is kept, the same command goes on from there")
        raise typer.Exit(130) from None
    if root is not None:
        console.print(f"set EXPLORER_DATA={root} for other commands and the app", soft_wrap=True)


@pretrained_app.command("list")
def pretrained_list() -> None:
    """Every checkpoint found, with its budget and headline scores."""
    _print_checkpoints()


def _options(given: list[str] | None) -> dict[str, int | str]:
    """``--option KEY=VALUE``, with whole numbers as such."""
    pairs = [text.partition("=") for text in given or []]
    if any(not (key and value) for key, _, value in pairs):
        raise ValueError(f"--option must be KEY=VALUE, got {' '.join(given)}")
    return {key: int(value) if value.isdecimal() else value for key, _, value in pairs}


def _asked(dataset: str, model: str, root: Path | None) -> list[str]:
    """Return the models meant by ``--model``: one, or all that have a checkpoint."""
    from explorer.checkpoints import list_pretrained

    models = [key for _, key, _ in list_pretrained(dataset, root)] if model == "all" else [model]
    if not models:
        raise ValueError(f"no checkpoint on {dataset!r} yet; python -m explorer train makes one")
    return models


def _print_checkpoints(dataset: str | None = None, root: Path | None = None) -> None:
    from explorer.checkpoints import list_pretrained
    from explorer.scores import MEASURES, headline, read_evaluations, tidy
    from explorer.scores import columns as headline_columns

    # a narrow terminal wraps these lines; cut figures would be worse
    wide = Console(width=max(console.width, 130))
    models: dict[str, list[str]] = {}
    for name, model, _ in list_pretrained(dataset, root):
        models.setdefault(name, []).append(model)
    for name, own in models.items():
        evaluations = {e.model: e for e in read_evaluations(name, root)}
        scores = tidy(evaluations.values())
        rows = {model: headline(scores, model) for model in own}
        columns = headline_columns(rows.values())
        table = Table(box=SIMPLE_HEAD, title=name)
        table.add_column("model", no_wrap=True)
        for column in ("core-minutes", *columns):
            table.add_column(column)
        for model, row in rows.items():
            cells = [
                f"{row[c].value:.{MEASURES[row[c].measure].digits}f}" if c in row else "-"
                for c in columns
            ]
            trained = evaluations[model].trained if model in evaluations else {}
            table.add_row(model, str(trained.get("core_minutes", "-")), *cells)
        wide.print(table)
    if models:
        console.print("the number in a column is how many modalities were given", style="dim")


def main() -> None:
    """Run the command line; what the user can mend ends in one sentence, not a traceback."""
    if sys.platform == "linux" and not ALLOCATOR.keys() <= os.environ.keys():
        # glibc reads these when the process starts
        os.execve(
            sys.executable,
            [sys.executable, "-m", "explorer", *sys.argv[1:]],
            ALLOCATOR | os.environ,
        )
    try:
        app()
    except (ValueError, OSError, RuntimeError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
