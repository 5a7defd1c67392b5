"""What the browser is served so that it can compute: checkpoints, their layers, and samples."""

from pathlib import Path

from explorer.checkpoints import load_pretrained
from explorer.evaluation.classifiers import FOLDER, load_classifiers
from explorer.networks.description import describe


def description(dataset: str, model: str, root: Path | None = None) -> dict[str, object]:
    """The layers of a trained model's networks, or of a dataset's classifiers, as JSON has them.

    Parameters
    ----------
    dataset, model
        As in ``load_pretrained``; ``classifiers`` for those of the dataset.
    root
        Look here only.

    Raises
    ------
    CheckpointError
        There is none, or it is damaged.
    ValueError
        It has a layer that the browser does not know.
    """
    if model == FOLDER:
        return describe(load_classifiers(dataset, root))
    return describe(load_pretrained(dataset, model, root))
