"""Classifiers that read what is generated: one small network per modality, and what they can see.

What a classifier manages on real observations, its ceiling, is stored with the weights and shown
wherever a verdict is (generated digits can be easier than real ones and pass it). They are always
in eval mode: released code leaves dropout on, which cost classifiers like its own nine to eighteen
points of accuracy, and costs these one.

The networks themselves are in ``explorer.evaluation.readers``.

Shapes: B batch, C classes; any leading axes are allowed where the docstring says ``*``.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.checkpoints import PRETRAINED, CheckpointError, runs_directory, shown
from explorer.datasets import Dataset, Modality
from explorer.evaluation.average_precision import mean_average_precision
from explorer.evaluation.readers import AUGMENTATIONS, CLASSIFIER_NETWORKS, JUDGES, spell_names
from explorer.files.whole import whole_folder
from explorer.models.device import find_device, moved

FOLDER, WEIGHTS, CONFIG = "classifiers", "model.safetensors", "classifiers.json"
LEAST_STEPS = 300
CHUNK = 2048
"""Observations read at a time: bounds memory, changes nothing else."""


class Classifiers(nn.Module):
    """A network for each modality that takes one, to call what it shows; always in eval mode.

    Parameters
    ----------
    shapes
        Modality name to the shape of one observation.
    n_classes
        C.
    ceiling
        Modality name to the share of real test observations called correctly.
    agreement
        Share of real test tuples on which all classifiers agree.
    kinds
        Modality name to what ``Modality.kind`` says; images where a name is not in it.
    multi_label
        Whether several classes may hold at once. Then the ceiling is the mean average precision
        over classes, and the agreement a share of tuples and classes.
    judge
        Key of ``readers.JUDGES``: which networks read pictures, and how they were trained.
    """

    def __init__(
        self,
        shapes: dict[str, tuple[int, ...]],
        n_classes: int,
        ceiling: dict[str, float] | None = None,
        agreement: float | None = None,
        kinds: dict[str, str] | None = None,
        multi_label: bool = False,
        judge: str = "ours",
    ) -> None:
        super().__init__()
        self.judge = judge
        self.provenance: dict[str, object] = {}
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        self.n_classes = n_classes
        self.ceiling = ceiling or {}
        self.agreement = agreement
        self.multi_label = multi_label
        self.kinds = dict.fromkeys(self.shapes, "image") | (kinds or {})
        networks = CLASSIFIER_NETWORKS | {"image": JUDGES[judge].read_image}
        self.networks = nn.ModuleDict(
            {
                name: networks[self._reader(name)](shape, n_classes)
                for name, shape in self.shapes.items()
            }
        )
        self.eval()

    @property
    def config(self) -> dict[str, object]:
        """The arguments that make them again, weights apart."""
        return {
            "shapes": self.shapes,
            "n_classes": self.n_classes,
            "ceiling": self.ceiling,
            "agreement": self.agreement,
            "kinds": self.kinds,
            "multi_label": self.multi_label,
            "judge": self.judge,
        }

    def _reader(self, name: str) -> str:
        return "names" if self.multi_label and self.kinds[name] == "text" else self.kinds[name]

    def train(self, mode: bool = True) -> "Classifiers":
        """Stay in eval mode: a judge with dropout on calls real images wrong."""
        return super().train(False)

    @torch.inference_mode()
    def probabilities(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Class probabilities of each modality's observations: name to ``(*, C)``.

        They sum to one, or are each on its own where several classes may hold.

        Parameters
        ----------
        observations
            Any of the modalities, ``(*, *shape)``; leading axes may differ.

        Raises
        ------
        ValueError
            A modality that has no classifier, or observations of another shape.
        """
        answers = {}
        for name, x in observations.items():
            shape = self._shape(name, x)
            flat = x.reshape(-1, *shape)
            logits = [self.networks[name](part) for part in flat.split(CHUNK)]
            leading = x.shape[: x.ndim - len(shape)]
            joined = torch.cat(logits)
            shares = joined.sigmoid() if self.multi_label else joined.softmax(-1)
            answers[name] = shares.reshape(*leading, self.n_classes)
        return answers

    def predict(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Likeliest class of each observation: name to long ``(*)``.

        Where several may hold, whether each is likely, 0 or 1: ``(*, C)``.
        """
        return {name: self.call(p) for name, p in self.probabilities(observations).items()}

    def call(self, probabilities: Tensor) -> Tensor:
        """What probabilities ``(*, C)`` come down to; as :meth:`predict`."""
        return (probabilities > 0.5).long() if self.multi_label else probabilities.argmax(-1)

    def single(self, data: Dataset) -> "Classifiers":
        """Read one class a sample: those of ``data.single()``, measured on ``data.test``."""
        if not self.multi_label:
            return self
        k = data.classes.index(data.leading)
        asked = deepcopy(self)
        asked.n_classes, asked.multi_label = 2, False
        for network in asked.networks.values():
            last = nn.Linear(network[-1].in_features, 2)
            for new, old in ((last.weight, network[-1].weight), (last.bias, network[-1].bias)):
                new.data = torch.stack([torch.zeros_like(old[k]), old[k]])  # odds are kept
            network[-1] = last
        asked.ceiling, asked.agreement = _measure(asked.eval(), data.single().having())
        return asked

    def _shape(self, name: str, x: Tensor) -> tuple[int, ...]:
        if name not in self.shapes:
            raise ValueError(f"no classifier for {name!r}; there is one for {list(self.shapes)}")
        shape = self.shapes[name]
        if tuple(x.shape[-len(shape) :]) != shape:
            raise ValueError(
                f"observations of {name!r} must have shape (*, {', '.join(map(str, shape))})"
                f", got {tuple(x.shape)}"
            )
        return shape


def train_classifiers(
    data: Dataset,
    *,
    judge: str = "ours",
    epochs: float = 3,
    batch_size: int = 128,
    seed: int = 0,
    device: str = "cpu",
    on_step: Callable[[float], None] | None = None,
) -> Classifiers:
    """Train one classifier per modality on ``data.train``, and measure it on ``data.test``.

    By our own judge, images are turned, sheared, scaled and shifted a little at every step: the
    digits come from few hands, and without it they are learned by heart (about one point less on
    test images). Texts are misspelled a little, so that no single letter is trusted. Where several
    classes may hold, a text is taken to spell out their names, and read so.

    Parameters
    ----------
    data
        Modalities of any kind, with labels. Of data with gaps, each classifier is trained on what
        is there, and measured on tuples that have everything.
    judge
        Key of ``readers.JUDGES``.
    epochs
        Passes over the training tuples, times the judge's ``effort``.
    seed
        Weights, order and augmentation.
    device
        Where they are trained, as :func:`explorer.models.device.find_device` has it; they come
        back to the CPU.
    on_step
        Called after every step with the share of the training that is done.

    Raises
    ------
    ValueError
        There is no such judge, or it would differ from ours in nothing: no modality is an image.
    """
    _check_judge(data, judge)
    torch.manual_seed(seed)
    where = find_device(device)
    data = moved(data, where)
    classifiers = _untrained(data, judge).to(where)
    learned = [p for p in classifiers.networks.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, weight_decay=JUDGES[judge].weight_decay, fused=True)
    generator = torch.Generator().manual_seed(seed)
    steps = max(1, round(JUDGES[judge].effort * epochs * len(data.train) / batch_size))
    for step in range(steps):
        index = torch.randint(len(data.train), (batch_size,), generator=generator).to(where)
        for group in optimizer.param_groups:
            group["lr"] = JUDGES[judge].learning_rate * _schedule(step / steps)
        loss = _loss(classifiers, data, index, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if on_step is not None:
            on_step((step + 1) / steps)
    classifiers.eval()
    classifiers.ceiling, classifiers.agreement = _measure(classifiers, data)
    if data.fingerprint is not None:
        classifiers.provenance["data"] = data.fingerprint
    return classifiers.cpu()


def _check_judge(data: Dataset, judge: str) -> None:
    if judge not in JUDGES:
        raise ValueError(f"judge must be one of {', '.join(JUDGES)}, got {judge!r}")
    if judge != "ours" and not any(m.kind == "image" for m in data.modalities):
        raise ValueError(
            f"judges differ in how they read pictures, and {data.name!r} has none; use --judge ours"
        )


def _untrained(data: Dataset, judge: str) -> Classifiers:
    """The networks before training, in training mode; those that spell names are ready."""
    modalities = to_read(data)
    classifiers = Classifiers(
        {m.name: m.shape for m in modalities},
        len(data.classes),
        kinds={m.name: m.kind for m in modalities},
        multi_label=data.multi_label,
        judge=judge,
    )
    for m in modalities:
        classifiers.networks[m.name].train()
        if data.multi_label and m.kind == "text":
            spell_names(classifiers.networks[m.name], data.classes, m.symbols)
    return classifiers


def _loss(
    classifiers: Classifiers, data: Dataset, index: Tensor, generator: torch.Generator
) -> Tensor:
    """Sum of what all networks that are learned lose on a batch."""
    batch, labels, judge = data.train[index], data.train.labels[index], JUDGES[classifiers.judge]
    loss = torch.zeros((), device=index.device)
    for name, x, classes in _there(batch, labels, [m.name for m in data.modalities]):
        if name not in classifiers.networks or not _is_learned(classifiers.networks[name]):
            continue
        augment = AUGMENTATIONS.get(classifiers.kinds[name]) if judge.augment else None
        logits = classifiers.networks[name](x if augment is None else augment(x, generator))
        loss = loss + (
            F.binary_cross_entropy_with_logits(logits, classes.float())
            if classifiers.multi_label
            else F.cross_entropy(logits, classes, label_smoothing=judge.label_smoothing)
        )
    return loss


def to_read(data: Dataset) -> tuple[Modality, ...]:
    """The modalities that it takes a network to read: all but those that are a class themselves.

    Where several classes may hold, a modality can be the label of one of them ("not bald" or
    "bald"). It says itself whether that one holds, and of the others nothing.
    """
    own = {(f"not {name}", name) for name in data.classes} if data.multi_label else set()
    return tuple(m for m in data.modalities if m.parts not in own)


def enough_epochs(data: Dataset, batch_size: int = 128) -> float:
    """How many epochs :func:`train_classifiers` needs: three, and more of a small dataset."""
    return max(3.0, LEAST_STEPS * batch_size / len(data.train))


def save_classifiers(classifiers: Classifiers, folder: Path, provenance: dict) -> None:
    """Write weights (fp32) and ``classifiers.json`` with shapes, ceilings and provenance.

    The folder is written beside its place and then swapped: whole or as it was.
    """
    config = classifiers.config | {"provenance": classifiers.provenance | provenance}
    with whole_folder(folder) as beside:
        save_file(classifiers.state_dict(), beside / WEIGHTS)
        (beside / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def folder_of(judge: str) -> str:
    """Name of the folder, beside a dataset's checkpoints, that holds a judge's classifiers."""
    return FOLDER if judge == "ours" else f"{FOLDER}-{judge}"


def load_classifiers(
    dataset_name: str, root: Path | str | None = None, judge: str = "ours"
) -> Classifiers:
    """Trained classifiers of a dataset, on the CPU, in eval mode.

    Parameters
    ----------
    dataset_name
        Key of ``DATASETS``.
    root
        Look here only; by default in ``pretrained/`` and then in the user's runs.
    judge
        Key of ``readers.JUDGES``.

    Raises
    ------
    CheckpointError
        Missing, truncated, or not classifiers of this project.
    """
    roots = [Path(root)] if root is not None else [PRETRAINED, runs_directory()]
    folders = [place / dataset_name / folder_of(judge) for place in roots]
    folder = next((f for f in folders if (f / CONFIG).is_file()), None)
    remedy = f"train them: python -m explorer classifiers --dataset {dataset_name}" + (
        "" if judge == "ours" else f" --judge {judge}"
    )
    if folder is None:
        raise CheckpointError(
            f"no classifiers for {dataset_name!r} in {' or '.join(map(shown, roots))}; {remedy}"
        )
    try:
        config = json.loads((folder / CONFIG).read_text())
        provenance = config.pop("provenance")
        classifiers = Classifiers(**config)
        classifiers.provenance = provenance
        classifiers.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{shown(folder)} is incomplete or damaged ({reason}); {remedy}"
        ) from error
    return classifiers


def find_classifiers(
    dataset_name: str, root: Path | None = None, judge: str = "ours"
) -> Classifiers | str:
    """Those under ``root`` if there are some, else those at hand; or why there are none."""
    own = root is not None and (root / dataset_name / folder_of(judge) / CONFIG).is_file()
    try:
        return load_classifiers(dataset_name, root if own else None, judge)
    except CheckpointError as error:
        return str(error)


def find_judges(dataset_name: str, root: Path | None = None) -> dict[str, Classifiers]:
    """Every judge of a dataset that is at hand, in the order of ``readers.JUDGES``."""
    found = {judge: find_classifiers(dataset_name, root, judge) for judge in JUDGES}
    return {judge: c for judge, c in found.items() if not isinstance(c, str)}


def _schedule(done: float) -> float:
    return min(1, done / 0.15 + 1e-3) * (1 + math.cos(math.pi * done)) / 2


def _there(
    batch: dict[str, Tensor], labels: Tensor, names: Iterable[str]
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each modality of a batch with the labels, where two samples or more have it."""
    observed = batch.get("observed")
    for m, name in enumerate(names):
        rows = slice(None) if observed is None else observed[:, m]
        if name in batch and len(labels[rows]) > 1:
            yield name, batch[name][rows], labels[rows]


def _measure(
    classifiers: Classifiers, data: Dataset
) -> tuple[dict[str, float | None], float | None]:
    """How often each classifier is right, and how often all say the same, of test samples.

    Each is asked about the samples that have its modality; None where none has it, or has all.
    """
    names, ceiling = list(classifiers.shapes), {}
    together = _asked(classifiers, data, names)
    gaps = getattr(data.test, "observed", None) is not None
    for name in names:
        called, shares, labels = _asked(classifiers, data, [name]) if gaps else together
        if not len(labels):
            ceiling[name] = None
            continue
        share = (
            mean_average_precision(labels.cpu().numpy(), shares[name].cpu().numpy())
            if classifiers.multi_label
            else (called[name] == labels).double().mean().item()
        )
        ceiling[name] = round(share, 4)
    if not len(together[2]):
        return ceiling, None
    stacked = torch.stack(list(together[0].values()))
    return ceiling, round((stacked == stacked[0]).all(0).double().mean().item(), 4)


def _asked(
    classifiers: Classifiers, data: Dataset, names: list[str]
) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Calls, shares and true labels of the test samples that have all these modalities."""
    observed = getattr(data.test, "observed", None)
    places = [m for m, one in enumerate(data.modalities) if one.name in names]
    rows = torch.arange(len(data.test), device=data.test.labels.device)
    if observed is not None:
        rows = observed[:, places].all(1).nonzero().flatten()
    if not len(rows):
        return {}, {}, data.test.labels[rows]
    batches = (data.test[some] for some in rows.split(CHUNK))
    parts = [classifiers.probabilities({name: x[name] for name in names}) for x in batches]
    shares = {name: torch.cat([part[name] for part in parts]) for name in names}
    calls = {name: classifiers.call(share) for name, share in shares.items()}
    return calls, shares, data.test.labels[rows]


def _is_learned(network: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in network.parameters())
