"""Trainings that the app starts: one at a time, each in a process of its own, the others in line.

A training is a folder, ``<runs>/trainings/<number>/``, and all that is known of it is there, so a
server that is started again finds everything:

======================= ===================================================================
``request.json``        what is trained
``log.jsonl``           what happened, a line each, only ever appended: events, loss terms
``samples.json``        what the model drew last
``checkpoint/``         the training state and, at the end, the weights
======================= ===================================================================

Nothing here waits for torch but ``explorer.trainings.process``, which trains.
"""

from explorer.trainings.line import MOST_WAITING, Line, Training, free_tag, kept
from explorer.trainings.record import MOST_MINUTES, MOST_SEED, Request, TrainingError
from explorer.trainings.samples import Samples, read_samples

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
