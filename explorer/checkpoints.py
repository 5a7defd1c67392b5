"""Trained models on disk: ``<root>/<dataset>/<model>/`` with weights, config.json, scores.json.

Checkpoints are found in ``pretrained/`` beside the package, then in the user's own runs
(``$EXPLORER_RUNS``, else ``runs/`` in the working directory). Nothing is unpickled.

``model.safetensors`` holds matrices at 8 bits a weight. A tensor ``NAME`` of dtype int8 (``I8``)
comes with ``NAME.scale``, float32 (``F32``) of shape ``(rows,)``, and means

    weight[i, ...] = NAME[i, ...] * NAME.scale[i]

where i is the place on the **first** axis of the shape as stored (of a transposed convolution, that
is its input channel). All other tensors mean what they hold: F32 biases, normalisation and running
statistics, I64 counters. A checkpoint of before has matrices in F16 and no scales. ``config.json``
has the arguments of the model and ``weights_sha256``, the hash of ``model.safetensors``.
``explorer.models.saved`` writes and reads this.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub.constants import CONFIG_NAME as CONFIG
from huggingface_hub.constants import SAFETENSORS_SINGLE_FILE as WEIGHTS
from safetensors import SafetensorError

from explorer.files.own.differences import differences
from explorer.files.sources.directory import whole_path
from explorer.files.whole import standing

if TYPE_CHECKING:
    from explorer.datasets import Dataset
    from explorer.models.vae import MultimodalVAE

SCORES = "scores.json"
PRETRAINED = Path(__file__).resolve().parents[1] / "pretrained"


class CheckpointError(ValueError):
    """A checkpoint that is missing, broken or not ours; says which, why, and the remedy."""


def runs_directory() -> Path:
    """Where training writes when it is not told otherwise."""
    return whole_path("EXPLORER_RUNS") if os.environ.get("EXPLORER_RUNS") else Path("runs")


def checkpoint_directory(dataset: str, model: str, root: Path | str | None = None) -> Path:
    """Folder of a checkpoint: in ``root`` if given, else the first place that has it.

    Raises
    ------
    CheckpointError
        Nowhere.
    """
    roots = [Path(root)] if root is not None else [PRETRAINED, runs_directory()]
    for place in roots:
        folder = standing(place / dataset / model)
        if (folder / CONFIG).is_file():
            return folder
    raise CheckpointError(
        f"no checkpoint of {model!r} on {dataset!r} in {' or '.join(map(shown, roots))}; "
        f"train one: python -m explorer train --dataset {dataset} --model {model} --minutes 4"
    )


def load_pretrained(dataset: str, model: str, root: Path | str | None = None) -> "MultimodalVAE":
    """A trained model, on the CPU, in eval mode.

    Parameters
    ----------
    dataset, model
        Keys of ``DATASETS`` and ``MODELS``.
    root
        Look here only; by default in ``pretrained/`` and then in the user's runs.

    Raises
    ------
    CheckpointError
        Missing, truncated, or not a checkpoint of this project.
    """
    # here, so that listing does not wait for torch
    from explorer.models.vae import MultimodalVAE

    folder = checkpoint_directory(dataset, model, root)
    if not (folder / WEIGHTS).is_file():
        raise CheckpointError(
            f"{shown(folder)} has a {CONFIG} but no {WEIGHTS}; copy it again or train again"
        )
    try:
        return MultimodalVAE.from_pretrained(folder)
    except (SafetensorError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"{shown(folder)} is truncated or damaged ({error}); copy it again or train again"
        ) from error
    except Exception as error:  # a file may hold anything; whoever lists models goes on
        reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise CheckpointError(
            f"{shown(folder)} is not a checkpoint this version can read ({reason}); train again "
            f"with python -m explorer train --dataset {dataset} --model {model}"
        ) from error


def start_from(
    model: "MultimodalVAE", start: str, name: str, root: Path | str | None = None
) -> "MultimodalVAE":
    """Give ``model`` the weights of a trained one, wherever name and shape are the same.

    Where digits are hard to find, a model that can draw easier ones is a start that random weights
    are not. What was taken is told in ``model.provenance``.

    Parameters
    ----------
    model
        Changed in place and returned.
    start
        Dataset whose weights, or ROOT/DATASET for those of another place than usual.
    name, root
        As in :func:`load_pretrained`.

    Raises
    ------
    CheckpointError
        There is no such checkpoint, or nothing in it fits.
    """
    place, dataset = os.path.split(start)
    source = load_pretrained(dataset, name, place or root)
    given, own = source.state_dict(), model.state_dict()
    fitting = {k: x for k, x in given.items() if k in own and own[k].shape == x.shape}
    if not fitting:
        raise CheckpointError(
            f"nothing in {start}/{name} has the name and shape of anything in this model; start "
            "from a checkpoint with the same modalities and networks"
        )
    model.load_state_dict(own | fitting)
    model.provenance = model.provenance | {
        "started_from": f"{_history(dataset, name, source.provenance)}, "
        f"{len(fitting)} of {len(own)} tensors"
    }
    return model


def _history(dataset: str, name: str, provenance: dict) -> str:
    """One line about trained weights, and about those that they were started from."""
    facts = [f"{key}={value}" for key, value in provenance.get("options", {}).items()]
    facts += [f"{provenance[key]} {key}" for key in ("steps", "core_minutes") if key in provenance]
    earlier = provenance.get("started_from")
    story = f"{dataset}/{name}" + (f" ({', '.join(facts)})" if facts else "")
    return story + (f" from {earlier}" if earlier else "")


def check_data(provenance: Mapping[str, object], data: "Dataset", what: str) -> None:
    """Refuse data that are not those that ``what`` was trained on.

    Nothing is refused where either has no fingerprint, as built-in datasets have none.

    Raises
    ------
    CheckpointError
        They differ; says in what.
    """
    known = provenance.get("data")
    if not isinstance(known, dict) or data.fingerprint is None:
        return
    found = differences(known, data.fingerprint)
    if found:
        raise CheckpointError(
            f"{what} was trained on other data than {data.name!r} has now: {'; '.join(found[:5])}. "
            "Train it again, or bring back the data that it was trained on"
        )


def check_replaced(folder: Path, data: "Dataset") -> None:
    """Refuse to train into a checkpoint of another folder of data with the same name.

    Data that were changed in their place may be trained on again.

    Raises
    ------
    CheckpointError
        The checkpoint that is there was trained on data of another folder.
    """
    try:
        known = json.loads((folder / CONFIG).read_text("utf-8"))["provenance"]["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # nothing is there, or nothing that says what it is
    now = data.fingerprint
    if not isinstance(known, dict) or now is None or known.get("folder") == now.get("folder"):
        return
    if differences(known, now):
        raise CheckpointError(
            f"{shown(folder)} holds a model that was trained on another folder called "
            f"{data.name!r}; give another --root, or rename one of the folders"
        )


def list_pretrained(
    dataset: str | None = None, root: Path | str | None = None
) -> list[tuple[str, str, Path]]:
    """Every checkpoint found, as (dataset, model, folder); earlier places win."""
    found: dict[tuple[str, str], Path] = {}
    for place in [Path(root)] if root is not None else [PRETRAINED, runs_directory()]:
        for config in sorted(place.glob(f"{dataset or '*'}/*/{CONFIG}")):
            folder = config.parent
            name = folder.name
            if name.startswith("."):  # half written, or set aside by whoever was killed at the swap
                name = name[1:].removesuffix(".before")
                if standing(folder.with_name(name)) != folder:
                    continue
            found.setdefault((folder.parent.name, name), folder)
    return [(dataset, model, folder) for (dataset, model), folder in found.items()]


def read_scores(folder: Path) -> dict | None:
    """What ``python -m explorer evaluate`` wrote beside a checkpoint; None if it has not run.

    Raises
    ------
    CheckpointError
        The file is damaged.
    """
    path = folder / SCORES
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"{shown(path)} is damaged ({error}); write it again: python -m explorer evaluate"
        ) from error


def commit() -> str | None:
    """Short hash of the commit this was computed with; None outside a git checkout."""
    root = Path(__file__).resolve().parents[1]
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def shown(path: Path) -> str:
    """How a path is told to people, who may be strangers to this machine: from here if it is."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
