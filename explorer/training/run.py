"""What a training is at between two steps: kept on disk, and taken up again from there.

The state of a run lies in the folder that the run writes to, which is locked while it is on. It
holds every setting that the weights depend on, so that it is never taken for another run's.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from reprlib import repr as shortened

import torch
from torch import Tensor, nn

from explorer.datasets import Dataset

STATE = "state.pt"
REMEDY = "Try a lower learning rate, or check the data"


class TrainingDivergedError(RuntimeError):
    """The loss stopped being a number; says at which step, in which term, and what is kept."""


class Run:
    """A training: where it is, what it was asked for, and its state on disk.

    Parameters
    ----------
    directory
        Where the state is kept; None keeps nothing.
    settings
        All that the weights depend on, as plain values. A state of other settings is refused.
    model, optimizers
        What is trained, on its device: optimizers take over the device of the parameters.
    resume
        Go on from the state in ``directory``.

    Attributes
    ----------
    step
        Steps taken.
    elapsed, cpu_seconds
        Time used, earlier parts of a resumed run included.
    """

    def __init__(
        self,
        directory: Path | None,
        settings: dict[str, object],
        model: nn.Module,
        optimizers: list[torch.optim.Optimizer],
        *,
        resume: bool = False,
    ) -> None:
        self.path = None if directory is None else directory / STATE
        self.settings, self.model, self.optimizers = settings, model, optimizers
        self.step, self.elapsed, self.cpu_seconds = 0, 0.0, 0.0
        self.has_saved = False
        if resume:
            self._load()
        self._clocks = time.monotonic() - self.elapsed, time.process_time() - self.cpu_seconds
        self.saved_at = time.monotonic()

    @property
    def done(self) -> float:
        """Share of the budget that is used, as of now."""
        wall, cpu = self._clocks
        self.elapsed, self.cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
        if self.settings["steps"] is not None:
            return self.step / self.settings["steps"]
        return self.elapsed / (60 * self.settings["minutes"])

    def check(self, losses: Tensor, names: list[str]) -> dict[str, float]:
        """Return the last loss terms, or raise an error about the first step that has a bad one.

        Parameters
        ----------
        losses
            The total and the terms of the latest steps, ``(steps, len(names))``.
        """
        bad = (~torch.isfinite(losses)).nonzero()
        if len(bad):
            row = int(bad[0, 0])
            # column 0 is the total, bad because a term is: name the term
            column = int(bad[bad[:, 0] == row, 1][:2][-1])
            raise TrainingDivergedError(
                f"loss term {names[column]!r} became {losses[row, column]} at step "
                f"{self.step - len(losses) + row + 1}; {self._kept()}. {REMEDY}"
            )
        return dict(zip(names, losses[-1].tolist(), strict=True))

    def save(self) -> None:
        """Write the state, whole or not at all; weights that are not finite are refused.

        Raises
        ------
        TrainingDivergedError
            A finite loss had an infinite gradient.
        OSError
            It could not be written; what was there is untouched.
        """
        for name, x in self.model.state_dict().items():
            if not torch.isfinite(x).all():
                raise TrainingDivergedError(
                    f"{name} is no longer finite after step {self.step}; {self._kept()}. {REMEDY}"
                )
        self.saved_at = time.monotonic()
        if self.path is None:
            return
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "elapsed": self.elapsed,
            "cpu_seconds": self.cpu_seconds,
            "settings": self.settings,
        }
        partial = self.path.with_suffix(".partial")
        try:
            torch.save(state, partial)
            os.replace(partial, self.path)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
            raise OSError(
                f"could not write the training state to {self.path} ({error}); what was saved "
                "there before is untouched. Free some space and continue with --resume"
            ) from error
        self.has_saved = True

    def _load(self) -> None:
        if not self.path.exists():
            raise ValueError(
                f"nothing to resume: {self.path} does not exist; train without --resume first"
            )
        try:
            state = torch.load(self.path, weights_only=True, map_location="cpu")
            check_same(self.settings, state["settings"], f"cannot resume {self.path}")
            self.model.load_state_dict(state["model"])
            for optimizer, given in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(given)
            self.step, self.elapsed = state["step"], state["elapsed"]
            self.cpu_seconds = state["cpu_seconds"]
        except OtherSettingsError:
            raise
        except Exception as error:
            raise ValueError(
                f"{self.path} is not a whole training state ({shortened(str(error))}); delete it "
                "and train again"
            ) from error
        self.has_saved = True

    def _kept(self) -> str:
        if self.path is None:
            return "nothing was kept: no directory was given"
        if not self.has_saved:
            return "no state had been saved yet"
        return f"the last good state is kept in {self.path}"


class OtherSettingsError(ValueError):
    """What was asked for differs from what is on disk; names each setting that does."""


def check_same(now: Mapping[str, object], before: Mapping[str, object], what: str) -> None:
    """Raise :class:`OtherSettingsError` unless both are equal; ``what`` begins the sentence."""
    keys = [key for key in {**now, **before} if now.get(key) != before.get(key)]
    if keys:
        changes = ", ".join(
            f"{key} was {shortened(before.get(key))}, now {shortened(now.get(key))}" for key in keys
        )
        raise OtherSettingsError(f"{what} with other settings: {changes}")


def fingerprint(data: Dataset) -> str:
    """Short hash of the training split: its size, labels and first samples, in their order."""
    found = sha256(repr((len(data.train), data.classes)).encode())
    found.update(data.train.labels.cpu().numpy().tobytes())
    first = data.train[torch.arange(min(16, len(data.train)))]
    for name in sorted(first):
        found.update(name.encode())
        found.update(first[name].cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


@contextmanager
def locked(directory: Path | None) -> Iterator[None]:
    """Hold a folder, which is made where it is missing, for one training at a time.

    The system frees the lock when the process dies, however it dies.

    Raises
    ------
    ValueError
        Another process trains there.
    OSError
        It is a file, or cannot be written to.
    """
    if directory is None:
        yield
        return
    check_writable(directory)
    try:
        import fcntl
    except ImportError:  # not on Windows: there, two trainings in one folder are on the user
        yield
        return
    place = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another training is on in {directory}; wait for it, or give another --root"
            ) from None
        yield
    finally:
        os.close(place)


def check_writable(directory: Path) -> None:
    """Make a folder, and raise an OSError that says what to do unless a file can be made in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / f".{os.getpid()}.probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"cannot write to {directory} ({error.strerror}); give another --root, or mend its "
            "permissions"
        ) from error


@contextmanager
def interruptions() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C; yield a function that says whether it came.

    An interrupt within a step would leave half of it done (batch normalisation has seen the
    batch, weights have not moved). A second Ctrl-C interrupts at once. Outside the main thread,
    where signals do not arrive, nothing is held back.
    """
    came = False

    def note(number: int, frame: object) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, before)
