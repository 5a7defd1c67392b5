"""Which rule for my data? A few questions that end at models, each with the figure that speaks.

The figures are not here: a leaf names a measure of scores.json, and whoever shows it reads what
the chosen dataset's checkpoints say. To change the advice: edit ``TREE``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from explorer.catalog.looks import MODEL_LABELS


class Advice(NamedTuple):
    """Where questions end.

    Parameters
    ----------
    models
        Keys of ``MODELS``, the first choice first.
    why
        One or two sentences.
    measure, given
        Key of ``explorer.results.measures.MEASURES`` that supports it, and given how many
        modalities; ``given`` is empty where the measure has none.
    """

    models: tuple[str, ...]
    why: str
    measure: str
    given: str = ""


class Question(NamedTuple):
    """A question about the data, and where each answer leads."""

    ask: str
    answers: dict[str, "Question | Advice"]


TREE = Question(
    "Will all views be there when the model is used?",
    {
        "always": Advice(
            ("mac_vae", "mvtcae", "poe"),
            "Nothing has to be said from one view alone, so the beliefs may be sharpened by each "
            "other or come from one network that sees everything.",
            "latent_accuracy",
            "5",
        ),
        "some may be missing": Question(
            "Can a view be wrong, so that it contradicts the others?",
            {
                "yes": Advice(
                    ("moe", "holder", "mwb"),
                    "A product follows whoever is surest, right or wrong. A mixture keeps every "
                    "opinion; Hölder pooling does too, and leans to those who agree; a mixture of "
                    "Wasserstein barycenters lets the majority weigh.",
                    "coherence",
                    "1",
                ),
                "no": Question(
                    "Does a view have detail of its own that its samples must show?",
                    {
                        "yes": Advice(
                            ("mmvae_plus", "holder_plus", "mopoe_style"),
                            "Private latents keep such detail out of what is shared. Unless the "
                            "objective hides them from decoders that should listen to others, "
                            "all of a view goes there and coherence is lost.",
                            "coherence",
                            "1",
                        ),
                        "no": Question(
                            "Must all views be drawn together, from nothing?",
                            {
                                "yes": Advice(
                                    ("moe_dreg", "mmjsd", "cmvae"),
                                    "Draws from the prior agree where beliefs fill the prior: a "
                                    "mixture's do, and a prior that moves or has clusters meets "
                                    "them half way.",
                                    "joint_coherence",
                                ),
                                "no": Advice(
                                    ("mopoe", "mwb", "code"),
                                    "Every subset is trained, so any of them may be asked, and "
                                    "more views make the answer better.",
                                    "coherence",
                                    "4",
                                ),
                            },
                        ),
                    },
                ),
            },
        ),
    },
)


def advices(node: Question | Advice = TREE) -> Iterator[Advice]:
    """Every end of the tree, in order."""
    if isinstance(node, Advice):
        yield node
        return
    for following in node.answers.values():
        yield from advices(following)


def as_markdown(node: Question | Advice = TREE, depth: int = 0) -> str:
    """Write the tree as a nested list, as the README has it."""
    indent = "  " * depth
    if isinstance(node, Advice):
        return ""
    lines = [f"{indent}- {node.ask}"]
    for answer, following in node.answers.items():
        if isinstance(following, Advice):
            names = ", ".join(f"{MODEL_LABELS[key]} (`{key}`)" for key in following.models)
            lines.append(f"{indent}  - *{answer}*: {names}")
        else:
            lines.append(f"{indent}  - *{answer}*:")
            lines.append(as_markdown(following, depth + 2))
    return "\n".join(lines)
