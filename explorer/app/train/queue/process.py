"""The process that trains: a thread and low priority, so that pages stay quick.

It goes on while its standard input is open. A line there, or its end, ends the training after the
step it is at; then the weights are saved as they are.
"""

import base64
import io
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from explorer.app.train.queue.record import CHECKPOINT, STATE, Request, append, read_request
from explorer.app.train.queue.samples import SAMPLES, Row, Samples
from explorer.datasets import Dataset, Modality, load_dataset
from explorer.datasets.modality import told_in_words
from explorer.drawing.tiles import describe, pictures, shares
from explorer.files.whole import alone, write_whole
from explorer.models import MultimodalVAE
from explorer.training import train_checkpoint

TELL_EVERY_SECONDS = 0.5
DRAW_EVERY_SECONDS = 3.0
DRAW_SHARE = 0.1
"""Of the time, at most, for drawing samples."""

PRIORITY = 10
N_SAMPLES = 8
BATCH_SIZE = 128
"""Or all there are, of a dataset that is smaller."""
FAILURES = (ValueError, RuntimeError, OSError, MemoryError)
"""Divergence, a full disk, an unknown model: what ends in a sentence."""


class Ear:
    """Listens to standard input: says whether to stop, and as what."""

    def __init__(self) -> None:
        self.heard = ""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        self.heard = "stopped" if os.read(0, 64) else "interrupted"


def attend(folder: Path) -> str:
    """Train what ``folder`` asks for; return and log how it ended."""
    ear = Ear()
    if hasattr(os, "nice"):
        os.nice(PRIORITY)
    torch.set_num_threads(1)
    with alone(folder / ".lock"):
        try:
            carry_out(read_request(folder), folder, stop=lambda: bool(ear.heard))
        except FAILURES as error:
            append(folder, event="failed", message=_sentence(error))
            return "failed"
        end = ear.heard or "finished"
        message = "The server ended while it was training." if end == "interrupted" else ""
        append(folder, event=end, message=message)
    return end


def carry_out(request: Request, folder: Path, stop: Callable[[], bool]) -> MultimodalVAE:
    """Train, tell the log, draw samples, save the weights."""
    data = load_dataset(request.dataset)
    checkpoint = folder / CHECKPOINT
    told = drawn = -DRAW_EVERY_SECONDS
    pause = DRAW_EVERY_SECONDS

    def watch(model: MultimodalVAE) -> Callable[[int, dict[str, float]], None]:
        draw = drawer(model, data, folder)

        def on_step(step: int, terms: dict[str, float]) -> None:
            nonlocal told, drawn, pause
            now = time.monotonic()
            if now - told >= TELL_EVERY_SECONDS:
                told = now
                append(folder, step=step, done=round(model.progress, 4), terms=_rounded(terms))
            if now - drawn >= pause:
                draw(step)
                drawn = time.monotonic()
                pause = max(DRAW_EVERY_SECONDS, (drawn - now) / DRAW_SHARE)
            last.update(step=step, done=model.progress, terms=_rounded(terms))

        return on_step

    last: dict[str, object] = {}
    model = train_checkpoint(
        checkpoint,
        data,
        request.model,
        recipe={"beta": request.beta},
        seed=request.seed,
        resume=(checkpoint / STATE).is_file(),
        watch=watch,
        stop=stop,
        minutes=request.minutes,
        batch_size=min(BATCH_SIZE, len(data.train)),
        progress=False,
    )
    if last:
        append(folder, **last if stop() else last | {"done": 1.0})
        drawer(model, data, folder)(last["step"])
    return model


def drawer(model: MultimodalVAE, data: Dataset, folder: Path) -> Callable[[int], None]:
    """A function that draws every modality given the first, always of the same test samples."""
    given = data.modalities[0]
    test = data.single().having(given.name).test
    labels, n = test.labels, min(N_SAMPLES, len(test))
    firsts = [int((labels == label).nonzero()[0]) for label in labels.unique()]
    index = (firsts[:n] + [i for i in range(n) if i not in firsts[:n]])[:n]
    observed = test[index][given.name]

    def draw(step: int) -> None:
        training = model.training
        device = next(model.parameters()).device
        model.eval()
        found = model.generate(
            {given.name: observed.to(device)},
            generator=torch.Generator(device).manual_seed(0),
        )
        model.train(training)
        drawn = {modality: found[modality.name][0].cpu() for modality in data.modalities}
        write_samples(folder, step, given, observed, drawn)

    return draw


def write_samples(
    folder: Path, step: int, given: Modality, seen: object, drawn: Mapping[Modality, object]
) -> None:
    """Write samples, whole or not at all; ``seen`` and each of ``drawn`` are ``(N, *shape)``."""
    samples = Samples(step, row(given, seen), rows(drawn))
    write_whole(folder / SAMPLES, json.dumps(samples))


def rows(drawn: Mapping[Modality, object]) -> list[Row]:
    """Samples of every modality, ``(N, *shape)`` each; those told in words in a row together."""
    words = told_in_words(list(drawn))
    found = [row(modality, x) for modality, x in drawn.items() if modality not in words]
    if words:
        holding = [
            f"{modality.name} {float(drawn[modality][:, 1].mean()):.0%}" for modality in words
        ]
        table = shares(words, [drawn[modality] for modality in words])
        told = ", ".join(holding)
        found.append(Row(f"{len(words)} labels", table.shape[1], [_png_url(table)], [told]))
    return found


def row(modality: Modality, x: object) -> Row:
    """Samples of a modality, ``(N, *shape)``, each as a picture and in words."""
    tiles = pictures(modality, x)  # (N, H, W, 3)
    words = [describe(modality, one) for one in x]
    return Row(modality.name, tiles.shape[2], [_png_url(tile) for tile in tiles], words)


def _png_url(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _rounded(terms: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in terms.items()}


def _sentence(error: BaseException) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text if text.endswith(".") else f"{text}."
