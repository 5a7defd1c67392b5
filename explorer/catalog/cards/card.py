"""What a card says of a model."""

from typing import NamedTuple


class Card(NamedTuple):
    r"""A model on a card.

    Parameters
    ----------
    label
        Its short name, from ``explorer.catalog.looks``.
    idea
        Two sentences in plain words.
    formula
        LaTeX of how beliefs fuse or of what is minimised. Everywhere: x are the modalities
        :math:`x_1 \dots x_M`, q_m the belief from the m-th alone, p the prior N(0, I), A a
        non-empty subset, beta the weight of what stands in the place of the KL term.
    character
        One sentence: where it is zero-forcing, mass-covering, or moves mass.
    paper
        As it is cited.
    faults
        Known faults of paper or code; where those disagree, which one is built here.
    """

    label: str
    idea: str
    formula: str
    character: str
    paper: str
    faults: tuple[str, ...]
