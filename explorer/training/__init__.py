"""Training: one loop, its optimizers, its state on disk, and the one way to a checkpoint."""

from explorer.training.checkpoint import train_checkpoint
from explorer.training.loop import one_cycle, train
from explorer.training.run import STATE, TrainingDivergedError

__all__ = ["STATE", "TrainingDivergedError", "one_cycle", "train", "train_checkpoint"]
