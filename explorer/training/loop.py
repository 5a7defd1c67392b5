"""The one training loop: any model, any dataset, CPU, GPU or several (Lightning Fabric).

The data order and the noise of step n depend on the seed and on n alone. So a run that was
killed and resumed ends with the weights of one that was not, and nothing about random number
generators has to be stored.

Shapes: B batch.
"""

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import torch
from lightning.fabric import Fabric
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from explorer.checkpoints import commit
from explorer.datasets import Dataset
from explorer.models import MultimodalVAE
from explorer.models.terms import mixed_seed
from explorer.training.numbers import PEAK, check_budget, check_numbers, check_words
from explorer.training.optimizer import build_optimizers
from explorer.training.run import Run, fingerprint, interruptions, locked

SAVE_EVERY_SECONDS = 30.0
WARM_UP = 0.05
"""Share of the run over which the learning rate rises."""

CHECK_EVERY = {"cpu": 1}
"""Steps between looks at the loss, by device; 50 elsewhere, so that the device never waits."""


def train(
    model: MultimodalVAE,
    data: Dataset,
    *,
    steps: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    batch_size: int = 128,
    optimizer: str = "muon",
    schedule: str = "one_cycle",
    learning_rate: float | None = None,
    weight_decay: float = 0.01,
    seed: int = 0,
    directory: Path | str | None = None,
    resume: bool = False,
    accelerator: str = "auto",
    devices: int = 1,
    precision: str = "32-true",
    progress: bool = True,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> MultimodalVAE:
    """Train ``model`` on ``data.train`` and return it, in eval mode.

    The learning rate follows its schedule over exactly one of ``steps``, ``epochs`` or
    ``minutes``.

    Parameters
    ----------
    model, data
        Trained in place; moved to the device and back.
    steps, epochs, minutes
        The budget. With ``minutes`` the learning rate follows the clock, so the run always
        completes its cycle; only ``steps`` and ``epochs`` are reproducible.
    batch_size
        Samples a step, over all devices together.
    optimizer
        Key of ``explorer.training.numbers.PEAK``.
    schedule
        Key of ``SCHEDULES``.
    learning_rate
        Peak of the schedule; what suits the optimizer by default.
    seed
        Order of the data and all noise. (Initial weights are the caller's: seed before building.)
    directory
        Where to keep the training state, every 30 seconds and at the end; None keeps nothing.
        One training at a time may use it.
    resume
        Continue from the state in ``directory``.
    accelerator, devices, precision
        As Lightning Fabric has them; several devices train with DDP.
    progress
        Show a progress bar with the loss terms and the time left.
    on_step
        Called after every check of the loss with the number of steps done and the loss terms.
    stop
        Asked before every step; True ends the run there as if its budget were used.

    Raises
    ------
    ValueError
        Numbers out of range, not exactly one budget; nothing to resume, or a state of other
        settings; another training in ``directory``.
    TrainingDivergedError
        A loss that is not finite. The last good state stays in ``directory``.
    KeyboardInterrupt
        After the step it came in was completed and the state saved, if there is a ``directory``.
    """
    budget = {"steps": steps, "epochs": epochs, "minutes": minutes}
    numbers = {"batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    check_numbers(budget | numbers | {"weight_decay": weight_decay, "devices": devices})
    check_words({"optimizer": optimizer, "precision": precision, "accelerator": accelerator})
    check_budget(budget)
    if resume and directory is None:
        raise ValueError("resume needs the directory that holds the training state")
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {schedule!r}")
    if batch_size > len(data.train):
        raise ValueError(f"batch_size {batch_size} exceeds the {len(data.train)} training samples")
    parallel = "ddp" if devices > 1 else "auto"
    fabric = Fabric(
        accelerator=accelerator, devices=devices, strategy=parallel, precision=precision
    )
    fabric.launch()
    steps_per_epoch = len(data.train) // batch_size
    optimizers = build_optimizers(
        model, optimizer, learning_rate=learning_rate, weight_decay=weight_decay
    )
    settings = {
        "steps": steps if epochs is None else max(1, round(epochs * steps_per_epoch)),
        "minutes": minutes,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "schedule": schedule,
        "learning_rate": PEAK[optimizer] if learning_rate is None else learning_rate,
        "weight_decay": weight_decay,
        "seed": seed,
        "devices": devices,
        "precision": precision,
    }
    place = None if directory is None else Path(directory)
    known = settings if place is None else settings | _identity(model, data)
    with locked(place if fabric.is_global_zero else None), interruptions() as interrupted:
        model.train()
        wrapped, *movers = fabric.setup(model, *optimizers)
        run = Run(place, known, model, optimizers, resume=resume)
        run.path = run.path if fabric.is_global_zero else None
        split = data.train.to(fabric.device)
        noise = torch.Generator(device=fabric.device)
        pending: list[Tensor] = []
        names: list[str] = []
        check_every = CHECK_EVERY.get(fabric.device.type, 50)
        with _Bar(progress and fabric.is_global_zero) as bar:
            while True:
                done = run.done
                last = done >= 1 or interrupted() or (stop is not None and stop())
                if devices > 1:
                    last = fabric.broadcast(last)
                if pending and (len(pending) >= check_every or last):
                    terms = run.check(torch.stack(pending).cpu(), names)
                    pending.clear()
                    saves = time.monotonic() - run.saved_at > SAVE_EVERY_SECONDS
                    bar.tell(run.step, done, terms, in_log=saves)
                    _tell(on_step, run, terms)
                    if saves:
                        run.save()
                if last:
                    break
                model.progress = min(1.0, done)
                _set_rates(optimizers, SCHEDULES[schedule](model.progress))
                noise.manual_seed(mixed_seed(seed, fabric.global_rank, run.step))
                index = _index(len(split), batch_size, seed, run.step, fabric.device)
                losses = wrapped(split[index[fabric.global_rank :: fabric.world_size]], noise)
                loss = losses.total.mean()
                for mover in movers:
                    mover.zero_grad()
                fabric.backward(loss)
                names = ["total", *losses.terms]
                means = [loss, *(term.mean() for term in losses.terms.values())]
                pending.append(torch.stack(means).detach())
                for mover in movers:
                    mover.step()
                run.step += 1
        run.save()
        if interrupted():
            raise KeyboardInterrupt
    model.to("cpu").eval()
    model.progress = 1.0
    model.provenance = model.provenance | {
        "dataset": data.name,
        **({} if data.fingerprint is None else {"data": data.fingerprint}),
        **{key: value for key, value in settings.items() if value is not None},
        "epochs": round(run.step / steps_per_epoch, 2),
        "steps": run.step,
        "core_minutes": round(run.cpu_seconds / 60, 2),
        "wall_minutes": round(run.elapsed / 60, 2),
        "device": fabric.device.type,
        "torch": torch.__version__,
        "commit": commit(),
    }
    return model


def one_cycle(done: float) -> float:
    """Learning rate as a share of its peak: up over the first 5 % of the run, then down to nothing.

    >>> one_cycle(0.05), one_cycle(0.525)
    (1.0, 0.5)
    """
    if done < WARM_UP:
        return 0.04 + 0.96 * done / WARM_UP
    return max(0.0, 1 - done) / (1 - WARM_UP)


SCHEDULES: dict[str, Callable[[float], float]] = {
    "one_cycle": one_cycle,
    "constant": lambda done: 1.0,
}
"""Name to a function from the share of the run that is done to the rate's share of its peak."""


def _identity(model: MultimodalVAE, data: Dataset) -> dict[str, object]:
    """What a state must agree in beside numbers: model, start, data and options."""
    told = ("model", "options", "started_from")
    return {
        "kind": type(model).__name__,
        **model.config,
        **{key: model.provenance.get(key) for key in told},
        "dataset": data.name,
        "data": fingerprint(data),
    }


def _index(n: int, batch_size: int, seed: int, step: int, device: torch.device) -> Tensor:
    """Which samples a step takes, of all devices together, ``(B,)``."""
    epoch, place = divmod(step, n // batch_size)
    return _order(n, seed, epoch, device)[place * batch_size : (place + 1) * batch_size]


@lru_cache(maxsize=1)
def _order(n: int, seed: int, epoch: int, device: torch.device) -> Tensor:
    generator = torch.Generator().manual_seed(mixed_seed(seed, epoch, 1 << 20))
    return torch.randperm(n, generator=generator).to(device)


def _set_rates(optimizers: list[torch.optim.Optimizer], share: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share


def _tell(
    on_step: Callable[[int, dict[str, float]], None] | None, run: Run, terms: dict[str, float]
) -> None:
    """Call ``on_step``; what interrupts it comes between two steps, so the state is saved."""
    if on_step is None:
        return
    try:
        on_step(run.step, terms)
    except KeyboardInterrupt:
        run.save()
        raise


class _Bar:
    """A progress bar with the loss terms, and lines where output goes to a file; or nothing."""

    def __init__(self, shown: bool) -> None:
        self.bar = None
        if shown:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[terms]}"),
            )
            self.task = self.bar.add_task("training", total=1.0, terms="")

    def __enter__(self) -> "_Bar":
        if self.bar:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def tell(self, step: int, done: float, terms: dict[str, float], *, in_log: bool) -> None:
        """Show how far it is; ``in_log`` also where no bar can be seen."""
        if self.bar is None:
            return
        text = f"step {step}  " + "  ".join(f"{name} {x:.1f}" for name, x in terms.items())
        self.bar.update(self.task, completed=min(done, 1), terms=text)
        if in_log and not self.bar.console.is_terminal:
            self.bar.console.print(f"{done:.0%}  {text}", markup=False)
