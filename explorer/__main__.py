"""The command line: ``python -m explorer train | evaluate | compare | data | pretrained``."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

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
OptimizerOption = Annotated[
    str, typer.Option(help="muon, or adamw as in the papers: what moves the weights.")
]
RateOption = Annotated[
    float | None,
    typer.Option(help="Peak of the one-cycle schedule; by default what suits the optimizer."),
]
WorkersOption = Annotated[str, typer.Option(help="Processes, one thread each; auto: one a core.")]
EngineOption = Annotated[str, typer.Option(help="local, or dask: a cluster.")]
SchedulerOption = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler; without it, workers here.")
]
RetryOption = Annotated[bool, typer.Option(help="Run again what failed.")]
DeviceOption = Annotated[
    str,
    typer.Option("--device", "--accelerator", help="auto (a GPU where there is one), cpu, cuda."),
]
VersionOption = Annotated[str, typer.Option(help="Of the recipe: paper, or its released code.")]
ThreadsOption = Annotated[int, typer.Option(help="CPU threads; more than one seldom pays.")]


@app.command()
def train(
    context: typer.Context,
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
    beta_style: Annotated[
        float | None, typer.Option(help="Weight of these ones' KL term, times beta.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="How much experts count: m0=2,m3=0.5; 1 where a modality is left out."),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Samples a step.")] = 128,
    optimizer: OptimizerOption = "muon",
    learning_rate: RateOption = None,
    seed: Annotated[int, typer.Option(help="Weights, order of the data, noise.")] = 0,
    start: Annotated[
        str | None,
        typer.Option(
            "--start-from", help="DATASET whose checkpoint gives the weights, or ROOT/DATASET."
        ),
    ] = None,
    option: OptionOption = None,
    resume: Annotated[bool, typer.Option(help="Continue what was stopped.")] = False,
    device: DeviceOption = "auto",
    devices: Annotated[int, typer.Option(help="How many; several train with DDP.")] = 1,
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed, ...")] = "32-true",
    log: Annotated[
        str | None, typer.Option(help="csv or tensorboard: losses in log/ beside the checkpoint.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="A paper's experiment, see recipes; options that are given change it."),
    ] = None,
    version: VersionOption = "paper",
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Train a model and save it under ROOT/DATASET/MODEL (by default runs/)."""
    from explorer.training.command import train as run
    from explorer.training.command import train_recipe

    if recipe is not None:
        typed = {
            name: value
            for name, value in context.params.items()
            if context.get_parameter_source(name).name == "COMMANDLINE"
            and name not in ("recipe", "version", "root")
        }
        train_recipe(recipe, version, typed, root=root, console=console)
        return
    run(
        dataset,
        model,
        option=option,
        start=start,
        seed=seed,
        recipe={
            "latent_dim": latent_dim,
            "style_dim": style_dim,
            "beta": beta,
            "beta_style": beta_style,
        },
        weights=weights,
        budget={"steps": steps, "epochs": epochs, "minutes": minutes},
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        resume=resume,
        device=device,
        devices=devices,
        precision=precision,
        log=log,
        threads=threads,
        root=root,
        console=console,
    )


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where the files are written.")],
    classes: Annotated[str, typer.Option(help="Classes to include, commas between.")] = "fusion",
) -> None:
    """Write the static edition: plain files for any web host or a USB stick, without a server."""
    from explorer.app.export.site import export as run

    files = run(folder, tuple(filter(None, classes.split(","))))
    total = sum(files.values()) / 1e6
    console.print(
        f"{len(files)} files, {total:.1f} MB; open {folder / 'index.html'}", soft_wrap=True
    )


@app.command()
def material(
    folder: Annotated[Path, typer.Argument(help="Where the sheets are written.")],
    name: Annotated[str, typer.Option(help="The class, as in ?class=.")] = "fusion",
    address: Annotated[
        str, typer.Option(help="Where the app can be opened; gives the slides QR codes.")
    ] = "http://localhost:8501",
) -> None:
    """Write a class's plan, worksheet, key, misconceptions and slides, to print or project."""
    from explorer.app.lesson.material import write

    for file in write(folder, name, address):
        console.print(str(file), soft_wrap=True, markup=False)


@app.command("class")
def classroom(
    name: Annotated[str, typer.Option(help="The class, as in ?class=.")] = "fusion",
    address: Annotated[
        str | None, typer.Option(help="Of this computer in the room's network; found by itself.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port that students connect to.")] = 8501,
    file: Annotated[
        Path | None, typer.Option(help="Keeps the answers; by default in the data.")
    ] = (None),
) -> None:
    """Serve a class to the people in a room, with a code, a QR code and a teacher's page."""
    from explorer.app.lesson.classroom import start

    start(name, address, port, file, console)


@app.command(hidden=True)
def attend(folder: Path) -> None:
    """Carry out what the Train page asked for in FOLDER, until standard input ends."""
    from explorer.app.train.queue.process import attend as run

    run(folder)


@app.command()
def embed(
    dataset: DatasetOption = "polydigits",
    model: Annotated[str, typer.Option(help="Key of MODELS, or all.")] = "all",
    tuples: Annotated[int, typer.Option(min=1, max=60_000, help="Test tuples to map.")] = 1000,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Fits of the map, to see what is stable.")
    ] = 3,
    device: DeviceOption = "auto",
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Map the latent space of a checkpoint by subset (UMAP and PCA), for the app."""
    from explorer.evaluation.command import embed as run

    run(
        dataset,
        model,
        tuples=tuples,
        seeds=seeds,
        device=device,
        threads=threads,
        root=root,
        console=console,
    )


@app.command()
def classifiers(
    dataset: DatasetOption = "polydigits",
    judge: Annotated[
        str,
        typer.Option(help="ours, published (their network) or sharp; coherence is read by all."),
    ] = "ours",
    epochs: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=10_000, help="Passes over the training tuples; 3, or more of few."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Weights, order, augmentation.")] = 0,
    device: DeviceOption = "auto",
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Train the classifiers that read generated images, under ROOT/DATASET (by default runs/)."""
    from explorer.evaluation.command import classifiers as run

    run(
        dataset,
        judge=judge,
        epochs=epochs,
        seed=seed,
        device=device,
        threads=threads,
        root=root,
        console=console,
    )


@app.command()
def evaluate(
    dataset: DatasetOption = "polydigits",
    model: Annotated[str, typer.Option(help="Key of MODELS, or all.")] = "all",
    seed: Annotated[int, typer.Option(min=0, help="Of every draw.")] = 0,
    tuples: Annotated[
        int, typer.Option(min=2, help="Test tuples for latent accuracy; at most, for most others.")
    ] = 2000,
    draws: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Importance draws for log p(x), a tuple.")
    ] = 100,
    likelihood_tuples: Annotated[int, typer.Option(min=1, help="Test tuples for log p(x).")] = 100,
    every_subset: Annotated[
        bool, typer.Option("--every-subset", help="Estimate log p(x) given every subset.")
    ] = False,
    device: DeviceOption = "auto",
    threads: ThreadsOption = 1,
    root: RootOption = None,
) -> None:
    """Measure a checkpoint and write scores.json beside it.

    The classifiers are those of ROOT/DATASET, else the shipped ones; without any, coherence is not.
    """
    from explorer.evaluation.command import evaluate as run
    from explorer.results.command import show_checkpoints

    name = run(
        dataset,
        model,
        seed=seed,
        tuples=tuples,
        draws=draws,
        likelihood_tuples=likelihood_tuples,
        every_subset=every_subset,
        device=device,
        threads=threads,
        root=root,
        console=console,
    )
    show_checkpoints(console, name, root)


@app.command()
def compare(
    dataset: DatasetOption = "polydigits",
    models: Annotated[str, typer.Option(help="Keys of MODELS, commas between; or all.")] = "all",
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="Trainings of each, which differ in the seed.")
    ] = 3,
    betas: Annotated[
        str | None,
        typer.Option(help="Weights of the KL term, with commas between; the recipes' by default."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Budget of every training.")] = 3000,
    latent_dim: Annotated[int, typer.Option(min=1, max=4096, help="Latent dimensions.")] = 64,
    batch_size: Annotated[int, typer.Option(min=2, max=65_536, help="Samples a step.")] = 128,
    optimizer: OptimizerOption = "muon",
    learning_rate: RateOption = None,
    validation_tuples: Annotated[
        int, typer.Option(min=2, help="Training tuples held out, to select beta by.")
    ] = 1000,
    test_tuples: Annotated[int, typer.Option(min=2, help="Test tuples of most measures.")] = 1000,
    start: Annotated[
        str,
        typer.Option(
            "--start-from", help="DATASET whose checkpoints give the weights, or ROOT/DATASET."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Comparisons of other settings have others.")] = "main",
    workers: WorkersOption = "auto",
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    device: DeviceOption = "cpu",
    retry: RetryOption = False,
    root: RootOption = None,
) -> None:
    """Train and measure what is missing of a fair comparison, then write its one table.

    All under ROOT/comparisons/DATASET/NAME. Stop it as you like, and give the same command to go
    on: runs that have a result are not run again.
    """
    from explorer.results.comparison import Settings
    from explorer.results.comparison.command import compare as run

    settings = Settings(
        dataset,
        steps,
        latent_dim,
        batch_size,
        learning_rate,
        validation_tuples,
        test_tuples,
        start,
        optimizer,
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
        accelerator=device,
        retry=retry,
        console=console,
    )
    raise typer.Exit(code)


@app.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="A recipe, e.g. wb-mst; see explorer recipes.")],
    scale: Annotated[str, typer.Option(help="smoke (seconds), small (an hour), paper.")] = "small",
    version: VersionOption = "paper",
    models: Annotated[str | None, typer.Option(help="Only these, commas between.")] = None,
    workers: WorkersOption = "auto",
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    device: DeviceOption = "auto",
    retry: RetryOption = False,
    root: RootOption = None,
) -> None:
    """Make a paper's table again, and print it beside what the paper prints.

    All under ROOT/reproductions/NAME. Stop it as you like, and give the same command to go on.
    """
    from explorer.results.reproduce.command import reproduce as run

    code = run(
        name,
        version=version,
        scale=scale,
        models=models,
        root=root,
        workers=workers,
        engine=engine,
        scheduler=scheduler,
        device=device,
        retry=retry,
        console=console,
    )
    raise typer.Exit(code)


@app.command()
def recipes() -> None:
    """List the papers' experiments that reproduce and train --recipe know."""
    from explorer.training.recipes import RECIPES

    for name, recipe in RECIPES.items():
        console.print(f"{name:18} {recipe.paper}: {', '.join(recipe.models)}", soft_wrap=True)


@app.command()
def pretrain(
    dataset: Annotated[
        list[str] | None, typer.Option(help="Key of DATASETS; several times for several; all.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Key of MODELS; several times for several; all.")
    ] = None,
    scale: Annotated[
        float, typer.Option(min=0.001, max=100, help="What the budgets are multiplied by.")
    ] = 1.0,
    tuples: Annotated[int, typer.Option(min=2, help="Test tuples of the evaluation.")] = 2000,
    maps: Annotated[bool, typer.Option(help="Also map the latent spaces.")] = True,
    root: RootOption = None,
) -> None:
    """Make every checkpoint that ships anew: train, evaluate and map what is missing.

    Stop it as you like, and give the same command to go on. The exit code is 1 where something
    could not be made, for want of data for example; the rest is made all the same.
    """
    import torch

    from explorer.results.pretrain import PLANS, tasks
    from explorer.results.pretrain import pretrain as run

    torch.set_num_threads(1)
    asked = tasks(dataset or PLANS, model, scale)
    failed = run(asked, root=root, maps=maps, tuples=tuples, console=console)
    raise typer.Exit(1 if failed else 0)


@app.command()
def presets(threads: ThreadsOption = 1) -> None:
    """Write what Generation shows of PolyDigits before it computes: presets and conflict rates."""
    from explorer.app.generation.command import presets as run

    run(threads, console)


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
    fetch(name, way, again, console)
    if root is not None:
        console.print(
            f"set EXPLORER_DATA={root} for other commands and the app", soft_wrap=True, markup=False
        )


@pretrained_app.command("list")
def pretrained_list() -> None:
    """Every checkpoint found, with its budget and headline scores."""
    from explorer.results.command import show_checkpoints

    show_checkpoints(console)


@pretrained_app.command("describe")
def pretrained_describe(
    dataset: NameArgument,
    model: Annotated[str, typer.Argument(help="Key of MODELS, or classifiers.")],
    root: RootOption = None,
) -> None:
    """Print the layers of a model's networks as JSON: what a browser computes them from."""
    import json

    from explorer.app.generation.served import description

    sys.stdout.write(json.dumps(description(dataset, model, root)) + "\n")


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
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
