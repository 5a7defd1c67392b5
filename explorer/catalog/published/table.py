"""The shape of a printed table."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublishedTable:
    """A printed table, or numbers in a text.

    Parameters
    ----------
    measure
        What the numbers are.
    dataset
        On what data.
    columns
        What each number of a row stands for.
    rows
        (model key, where the row was printed, the numbers, ``-`` where there is none; a
        spread over runs follows ``±``).
    caveats
        What is known to be wrong with it, or different from ours.
    ours
        Dataset of ours to the figure that comes nearest to each column: (measure, given, target).
    """

    measure: str
    dataset: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]
    caveats: tuple[str, ...]
    ours: dict[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
