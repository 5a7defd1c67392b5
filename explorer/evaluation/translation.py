"""Translation: how close one modality comes when it is made from all, from others, or from one.

Three tasks, as in the MAC-WAE study: *reconstruction* from all modalities, *many to one* from all
others, *one to one* from each other one alone, averaged over these. The mean of the belief is
decoded, for every model alike; the study compared deterministic codes with one draw of the
others' posteriors.

Shapes: S subsets, N tuples, D latent.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from explorer.evaluation.fidelity import measures, read_styles, translate, written
from explorer.evaluation.figures import Progress
from explorer.models import MultimodalVAE

COMPARED = {
    "ssim_data_range_1": 1,
    "rmse": -1,
    "accuracy": 1,
    "bleu_3_characters": 1,
    "word_accuracy": 1,
}
"""Measures of ``explorer.evaluation.fidelity`` that translations are told in; 1: more is better."""


LABELS = "all labels"
"""What the mean over modalities that are labels is called; no modality can be."""


def tasks(names: Sequence[str], target: str) -> dict[str, list[list[str]]]:
    """Task to what is given in it, once for each way to do it.

    >>> tasks(["a", "b"], "b")
    {'reconstruction': [['a', 'b']], 'many_to_one': [['a']], 'one_to_one': [['a']]}
    """
    others = [name for name in names if name != target]
    return {
        "reconstruction": [list(names)],
        "many_to_one": [others],
        "one_to_one": [[name] for name in others],
    }


def report(
    model: MultimodalVAE, means: Tensor, originals: dict[str, Tensor], on_step: Progress
) -> dict:
    """Section ``translation`` of scores.json: modality, task, measure.

    Parameters
    ----------
    means
        Mean of the belief given every subset, ``(S, N, D)``.
    originals
        The N tuples.
    """
    styles = read_styles(model, originals)
    labels = [m.name for m in model.modalities if m.kind == "label"]
    right: dict[str, list[Tensor]] = {}
    found: dict[str, dict] = {}
    for m, modality in enumerate(model.modalities):
        name = modality.name
        suited = {key: f for key, f in measures(modality).items() if key in COMPARED}
        found[name] = {}
        for task, sources in tasks(model.names, name).items():
            values: dict[str, list[Tensor | float]] = {}
            for given in filter(None, sources):
                shown = translate(model, means, given, name, styles)
                for key, measure in suited.items():
                    values.setdefault(key, []).append(measure(shown, originals[name], modality))
            found[name][task] = {key: written(each) for key, each in values.items()}
            if name in labels and values:
                right.setdefault(task, []).extend(values["accuracy"])
        on_step((m + 1) / len(model.names))
    if len(labels) > 1:
        found[LABELS] = {task: {"accuracy": written(each)} for task, each in right.items()}
    return {
        "how": "decoder mean at the mean of the posterior given all modalities (reconstruction), "
        "all others (many_to_one) or one other (one_to_one, mean over them); SSIM with data range "
        "1, root mean squared error of each observation, texts as they are read without the "
        "blanks around them, BLEU on up to 3 of their characters"
        + (f"; {LABELS}: mean over the {len(labels)} that are one" if len(labels) > 1 else ""),
        **found,
        "test_tuples": len(originals[model.names[0]]),
    }


def outcomes(
    sections: Mapping[str, dict],
) -> tuple[dict[tuple[str, str], dict[str, float]], dict[tuple[str, str], int]]:
    """Turn the translation sections of several models into what ``ranking`` takes.

    An outcome is a task and a modality, in the first measure that the modality has (for a text
    BLEU, as in the MAC-WAE study). Where several modalities are labels their mean is one outcome,
    and none is one by itself, as in that study. Models of different modalities share no outcome.

    Parameters
    ----------
    sections
        Model to its section ``translation``.

    Returns
    -------
    outcomes, better
        (task, modality) -> model -> value, and (task, modality) -> 1 when more is better, else -1.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    better: dict[tuple[str, str], int] = {}
    for model, section in sections.items():
        for modality, by_task in section.items():
            if not isinstance(by_task, dict):
                continue
            for task, table in by_task.items():
                pooled = LABELS in section and modality != LABELS and set(table) == {"accuracy"}
                if not table or pooled:
                    continue
                measure, value = next(iter(table.items()))
                number = value["mean"] if isinstance(value, dict) else value
                found.setdefault((task, modality), {})[model] = number
                better[task, modality] = COMPARED[measure]
    return found, better
