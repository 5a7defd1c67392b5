"""Every figure of a measure, one row each, with its noise and where it comes from."""

import pandas as pd
import streamlit as st

from explorer.app.shared.downloads import offer
from explorer.catalog.looks import MODEL_LABELS
from explorer.results.scores import MEASURES, Evaluation, absences, with_origin
from explorer.subsets import subset_title


def show_everything(scores: pd.DataFrame, evaluations: list[Evaluation]) -> None:
    there = set(scores["measure"])
    measure = st.selectbox(
        "Show",
        list(MEASURES),
        format_func=lambda key: MEASURES[key].label,
        key="scores_measure",
    )
    section = MEASURES[measure].path.split("/")[0]
    if measure not in there:
        reasons = {
            reason
            for evaluation in evaluations
            for path, reason in absences(evaluation).items()
            if path.split("/")[0] == section
        }
        st.info("None of the chosen models has it on this dataset.")
        st.text("\n".join(f"{reason.rstrip('.')}." for reason in sorted(reasons)))
        return
    own = with_origin(scores[scores["measure"] == measure], evaluations)
    names = max((given.split("+") for given in scores["given"]), key=len)
    table = pd.DataFrame(
        {
            "model": own["model"].map(MODEL_LABELS.get),
            "given": [subset_title(given, names) for given in own["given"]],
            **{column: own[column] for column in ("target", "value", "low", "high", "n")},
            "training runs": 1,
            "evaluated at commit": own["evaluation_commit"],
            "hardware": own["cpu"],
        }
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
