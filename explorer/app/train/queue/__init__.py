"""Trainings that the app starts: one at a time, each in a process of its own, the others in line.

A training is a folder, ``<runs>/trainings/<number>/``, and all that is known of it is there, so a
server that is started again finds everything:

======================= ===================================================================
``request.json``        what is trained
``log.jsonl``           what happened, a line each, only ever appended: events, loss terms
``samples.json``        what the model drew last
``checkpoint/``         the training state and, at the end, the weights
======================= ===================================================================

Nothing here waits for torch but ``explorer.app.train.queue.process``, which trains.
"""

from explorer.app.train.queue.line import MOST_WAITING, Line, Training, free_tag, kept
from explorer.app.train.queue.record import MOST_MINUTES, MOST_SEED, Request, TrainingError
from explorer.app.train.queue.samples import Samples, read_samples

__all__ = [
    "MOST_MINUTES",
    "MOST_SEED",
    "MOST_WAITING",
    "Line",
    "Request",
    "Samples",
    "Training",
    "TrainingError",
    "free_tag",
    "kept",
    "read_samples",
]
