"""The one training loop: any model, any dataset, CPU, GPU or several (Lightning Fabric).

The data order and the noise of step n depend on the seed and on n alone. So a run that was
killed and resumed ends with the weights of one that was not, and nothing about random number
generators has to be stored.

Shapes: B batch.
"""

import math
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from lightning.fabric import Fabric
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from explorer.checkpoints import commit
from explorer.datasets import Dataset
from explorer.models import MultimodalVAE
from explorer.models.terms import mixed_seed

STATE = "state.pt"
SAVE_EVERY_SECONDS = 30.0
CHECK_EVERY = {"cpu": 1}
"""Steps between looks at the loss, by device; 50 elsewhere, so that the device never waits."""

REMEDY = "Try a lower learning rate, or check the data"


class TrainingDivergedError(RuntimeError):
    """The loss stopped being a number; says at which step, in which term, and what is kept."""


def train(
    model: MultimodalVAE,
    data: Dataset,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    batch_size: int = 128,
    learning_rate: float = 4e-3,
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

    AdamW with a one-cycle learning rate over exactly one of ``steps``, ``epochs`` or ``minutes``.

    Parameters
    ----------
    model, data
        Trained in place; moved to the device and back.
    steps, epochs, minutes
        The budget. With ``minutes`` the learning rate follows the clock, so the run always
        completes its cycle; only ``steps`` and ``epochs`` are reproducible.
    batch_size
        Samples a step, over all devices together.
    learning_rate
        Peak of the cycle.
    seed
        Order of the data and all noise. (Initial weights are the caller's: seed before building.)
    directory
        Where to keep the training state, every 30 seconds and at the end; None keeps nothing.
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
        Not exactly one budget; nothing to resume, or a state of other settings.
    TrainingDivergedError
        A loss that is not finite. The last good state stays in ``directory``.
    KeyboardInterrupt
        After the state was saved, if there is a ``directory``.
    """
    budget = {"steps": steps, "epochs": epochs, "minutes": minutes}
    given = {key: value for key, value in budget.items() if value is not None}
    if len(given) != 1 or min(given.values()) <= 0:
        raise ValueError(f"give one of steps, epochs or minutes, above 0; got {given or 'none'}")
    if resume and directory is None:
        raise ValueError("resume needs the directory that holds the training state")
    if batch_size > len(data.train):
        raise ValueError(f"batch_size {batch_size} exceeds the {len(data.train)} training samples")

    fabric = Fabric(
        accelerator=accelerator,
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        precision=precision,
    )
    fabric.launch()
    steps_per_epoch = len(data.train) // batch_size
    if epochs is not None:
        steps = epochs * steps_per_epoch
    settings = {
        "steps": steps,
        "minutes": minutes,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "seed": seed,
    }

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True
    )
    step, elapsed, cpu_seconds = 0, 0.0, 0.0
    path = None if directory is None else Path(directory) / STATE
    if resume:
        state = _load_state(path, settings)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, elapsed, cpu_seconds = state["step"], state["elapsed"], state["cpu_seconds"]
    model.train()
    wrapped, wrapped_optimizer = fabric.setup(model, optimizer)
    split = data.train.to(fabric.device)
    noise = torch.Generator(device=fabric.device)
    started, cpu_started, saved = time.monotonic(), time.process_time(), time.monotonic()
    earlier, cpu_earlier = elapsed, cpu_seconds
    check_every = CHECK_EVERY.get(fabric.device.type, 50)
    pending: list[Tensor] = []
    names: list[str] = []
    order, order_epoch = None, None

    def save() -> None:
        if path is not None and fabric.is_global_zero:
            _check_weights(model, step, path)
            _save_state(
                {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": step,
                    "elapsed": elapsed,
                    "cpu_seconds": cpu_seconds,
                    "settings": settings,
                },
                path,
            )

    bar = _progress_bar() if progress and fabric.is_global_zero else None
    with bar or nullcontext():
        task = bar and bar.add_task("training", total=1.0, terms="")
        try:
            while True:
                elapsed = earlier + time.monotonic() - started
                cpu_seconds = cpu_earlier + time.process_time() - cpu_started
                done = step / steps if steps is not None else elapsed / (60 * minutes)
                last = done >= 1 or (stop is not None and stop())
                if devices > 1:
                    last = fabric.broadcast(last)
                if pending and (len(pending) >= check_every or last):
                    terms = _check(pending, names, step, path)
                    if bar:
                        bar.update(task, completed=min(done, 1), terms=_describe(step, terms))
                    if on_step is not None:
                        on_step(step, terms)
                    pending.clear()
                    if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                        save()
                        saved = time.monotonic()
                        if bar and not bar.console.is_terminal:  # a log file shows no bar
                            bar.console.print(f"{done:.0%}  {_describe(step, terms)}")
                if last:
                    break

                for group in optimizer.param_groups:
                    group["lr"] = learning_rate * one_cycle(done)
                epoch, place = divmod(step, steps_per_epoch)
                if epoch != order_epoch:
                    order, order_epoch = _order(len(split), seed, epoch, fabric.device), epoch
                index = order[place * batch_size : (place + 1) * batch_size]
                index = index[fabric.global_rank :: fabric.world_size]
                model.progress = min(1.0, done)
                noise.manual_seed(mixed_seed(seed, fabric.global_rank, step))
                losses = wrapped(split[index], noise)
                loss = losses.total.mean()
                wrapped_optimizer.zero_grad()
                fabric.backward(loss)
                names = ["total", *losses.terms]
                pending.append(
                    torch.stack([loss, *(t.mean() for t in losses.terms.values())]).detach()
                )
                wrapped_optimizer.step()
                step += 1
        except KeyboardInterrupt:
            if not pending or torch.isfinite(torch.stack(pending)).all():
                save()
            raise
    save()
    model.to("cpu").eval()
    model.progress = 1.0
    model.provenance = model.provenance | {
        "dataset": data.name,
        **{key: value for key, value in settings.items() if value is not None},
        "epochs": round(step / steps_per_epoch, 2),
        "steps": step,
        "core_minutes": round(cpu_seconds / 60, 2),
        "wall_minutes": round(elapsed / 60, 2),
        "device": fabric.device.type,
        "precision": precision,
        "torch": torch.__version__,
        "commit": commit(),
    }
    return model


def one_cycle(done: float) -> float:
    """Learning rate as a share of its peak: up linearly for 15 % of the run, down as a cosine.

    >>> one_cycle(0.15)
    1.0
    """
    if done < 0.15:
        return 0.04 + 0.96 * done / 0.15
    return 1e-4 + (1 - 1e-4) * (1 + math.cos(math.pi * min(1, (done - 0.15) / 0.85))) / 2


def _order(n: int, seed: int, epoch: int, device: torch.device) -> Tensor:
    generator = torch.Generator().manual_seed(mixed_seed(seed, epoch, 1 << 20))
    return torch.randperm(n, generator=generator).to(device)


def _check(pending: list[Tensor], names: list[str], step: int, path: Path | None) -> dict:
    """Return the last step's loss terms, or name the first bad step and term in an error."""
    losses = torch.stack(pending).cpu()
    bad = (~torch.isfinite(losses)).nonzero()
    if len(bad):
        row = int(bad[0, 0])
        # column 0 is the total, bad because a term is: name the term
        column = int(bad[bad[:, 0] == row, 1][:2][-1])
        raise TrainingDivergedError(
            f"loss term {names[column]!r} became {losses[row, column]} at step "
            f"{step - len(pending) + row + 1}; {_kept(path)}. {REMEDY}"
        )
    return dict(zip(names, losses[-1].tolist(), strict=True))


def _check_weights(model: MultimodalVAE, step: int, path: Path) -> None:
    """Refuse to keep weights that a finite loss with an infinite gradient has spoilt."""
    for name, x in model.state_dict().items():
        if not torch.isfinite(x).all():
            raise TrainingDivergedError(
                f"{name} is no longer finite after step {step}; {_kept(path)}. {REMEDY}"
            )


def _kept(path: Path | None) -> str:
    if path is None:
        return "nothing was kept: no directory was given"
    if not path.exists():
        return "no state had been saved yet"
    return f"the last good state is kept in {path}"


def _save_state(state: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise OSError(
            f"could not write the training state to {path} ({error}); what was saved there before "
            "is untouched. Free some space and continue with --resume"
        ) from error


def _load_state(path: Path, settings: dict) -> dict:
    if not path.exists():
        raise ValueError(f"nothing to resume: {path} does not exist; train without --resume first")
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise ValueError(
            f"{path} is not a whole training state ({error}); delete it and train again"
        ) from error
    different = {
        key: (state["settings"].get(key), value)
        for key, value in settings.items()
        if state["settings"].get(key) != value
    }
    if different:
        changes = ", ".join(f"{key} was {a}, now {b}" for key, (a, b) in different.items())
        raise ValueError(f"cannot resume {path} with other settings: {changes}")
    return state


def _describe(step: int, terms: dict[str, float]) -> str:
    return f"step {step}  " + "  ".join(f"{name} {value:.1f}" for name, value in terms.items())


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[terms]}"),
    )
