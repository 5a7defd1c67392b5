"""Which rule for my data? Questions answered one by one, then what the scores say of the advice."""

import pandas as pd
import streamlit as st

from explorer.app.shared.choices import show_cards
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.which_rule import TREE, Advice
from explorer.results.measures import MEASURES
from explorer.results.scores import rows


def show_which_rule(scores: pd.DataFrame) -> None:
    """Ask the questions of ``TREE`` and show the advice beside this dataset's figures."""
    with st.expander("Which rule for my data?"):
        node, depth = TREE, 0
        while not isinstance(node, Advice):
            answer = st.radio(
                node.ask, list(node.answers), index=None, horizontal=True, key=f"which_{depth}"
            )
            if answer is None:
                return
            node, depth = node.answers[answer], depth + 1
        show_advice(node, scores)


def show_advice(advice: Advice, scores: pd.DataFrame) -> None:
    """Models with their place among all by the measure, and their cards."""
    st.markdown(advice.why)
    st.markdown("\n".join(f"- {line}" for line in evidence(advice, scores)))
    show_cards(advice.models)


def evidence(advice: Advice, scores: pd.DataFrame) -> list[str]:
    """What the scores of a dataset say of each model of an advice, and who has the best figure.

    A model without a checkpoint is said to have none: advice that no figure supports yet says so.
    """
    measure = MEASURES[advice.measure]
    given = advice.given or None
    known = rows(scores[scores["measure"] == advice.measure])
    sizes = {s.given for s in known}
    if given is not None and given not in sizes and sizes:
        given = max(sizes, key=int)
    found = {s.model: s for s in known if given is None or s.given == given}
    ranked = sorted(found, key=lambda key: -measure.better * found[key].value)
    what = measure.label + (f", given {given}" if given else "")
    lines = []
    for key in advice.models:
        name = f"**{MODEL_LABELS[key]}**"
        if key in found:
            place = ranked.index(key) + 1
            lines.append(f"{name}: {what} {found[key]}, {place} of {len(ranked)} here.")
        else:
            lines.append(f"{name}: no figure of this dataset yet.")
    if ranked and ranked[0] not in advice.models:
        best = ranked[0]
        lines.append(f"The best here by that figure is {MODEL_LABELS[best]}, {found[best]}.")
    return lines
