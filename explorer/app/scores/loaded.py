"""Scores and comparisons of a dataset, read once a state of their files, for all visitors."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

from explorer import checkpoints
from explorer.results import findings
from explorer.results.scores import Evaluation, Score, headline, read_evaluations, tidy

KEPT = 16
"""Datasets, at most, whose scores are kept; no session changes them."""


class Shelf(NamedTuple):
    """What is known of the models of a dataset.

    Parameters
    ----------
    evaluations
        Of every model there is, trained or not.
    table
        Every figure of them, as ``results.scores.tidy`` has them.
    headlines
        Model to its headline figures.
    sentences
        What the figures say, as Markdown; empty ones are left out.
    """

    evaluations: list[Evaluation]
    table: pd.DataFrame
    headlines: dict[str, dict[str, Score]]
    sentences: list[str]


def shelf(dataset: str) -> Shelf:
    """Everything about the models of a dataset, as the files are now."""
    return _shelf(dataset, stamp(dataset, "*/*.json"))


def stamp(folder: str, pattern: str) -> tuple[tuple[str, int, int], ...]:
    """Which files match below a folder of the places of checkpoints, since when, and how large."""
    found = []
    for place in (checkpoints.PRETRAINED, checkpoints.runs_directory()):
        for path in sorted((place / folder).glob(pattern)):
            try:
                about = path.stat()
            except OSError:  # deleted since
                continue
            found.append((str(path), about.st_mtime_ns, about.st_size))
    return tuple(found)


@st.cache_resource(show_spinner="Reading the scores", max_entries=KEPT)
def _shelf(dataset: str, files: tuple[tuple[str, int, int], ...]) -> Shelf:
    evaluations = read_evaluations(dataset)
    table = tidy(evaluations)
    rates = next((Path(path).parent for path, *_ in files if path.endswith("conflict.json")), None)
    sentences = [
        findings.one_view(table),
        findings.all_views(table),
        findings.conflict(findings.read_rates(rates)) if rates else "",
    ]
    return Shelf(
        evaluations,
        table,
        {e.model: headline(table, e.model) for e in evaluations if e.scores is not None},
        [sentence for sentence in sentences if sentence],
    )
