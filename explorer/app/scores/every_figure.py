"""Every figure of a measure, one row each, with its noise and where it comes from."""

import pandas as pd
import streamlit as st

from explorer.app.shared.downloads import offer
from explorer.catalog.looks import MODEL_LABELS
from explorer.results.scores import MEASURES, Evaluation, Score, absences
from explorer.subsets import subset_title


def show_everything(scores: list[Score], evaluations: list[Evaluation]) -> None:
    st.header("Every figure")
    there = {score.measure for score in scores}
    measure = st.selectbox(
        "Show",
        list(MEASURES),
        format_func=lambda key: MEASURES[key].label,
        key="figures",
        bind="query-params",
    )
    section = MEASURES[measure].path.split("/")[0]
    if measure not in there:
        reasons = {
            reason
            for evaluation in evaluations
            for path, reason in absences(evaluation).items()
            if path.split("/")[0] == section
        }
        st.info(
            "None of the chosen models has it on this dataset. "
            + " ".join(f"{reason.rstrip('.')}." for reason in sorted(reasons))
        )
        return
    computed = {e.model: e.scores["computed"] for e in evaluations if e.scores is not None}
    names = max((score.given.split("+") for score in scores), key=len)
    table = pd.DataFrame(
        {
            "model": MODEL_LABELS[score.model],
            "given": subset_title(score.given, names),
            "target": score.target,
            "value": score.value,
            "low": score.interval[1] if score.standard_error is not None else None,
            "high": score.interval[2] if score.standard_error is not None else None,
            "n": score.n,
            "training runs": 1,
            "evaluated at commit": computed[score.model]["commit"],
            "hardware": computed[score.model]["cpu"],
        }
        for score in scores
        if score.measure == measure
    )
    st.dataframe(table, hide_index=True, key="every")
    st.caption(how(evaluations, section))
    offer(table, "These figures", measure)


def how(evaluations: list[Evaluation], section: str) -> str:
    """How the evaluation says a section was computed, as a sentence."""
    texts = [
        e.scores[section]["how"]
        for e in evaluations
        if e.scores is not None and "how" in e.scores.get(section, {})
    ]
    return f"{texts[0][0].upper()}{texts[0][1:]}." if texts else ""
