"""Not one conflict but two hundred, met beforehand by ``python -m explorer presets``."""

import pandas as pd
import streamlit as st

from explorer.app.generation.presets import RATES, read_rates
from explorer.catalog.looks import MODEL_LABELS


def table(rows: list[dict]) -> pd.DataFrame:
    """Shares of conflicts by behavior, one line a model; right without a conflict beside them."""
    return pd.DataFrame(
        {
            MODEL_LABELS[row["key"]] + (", whole mixture" if row["whole"] else ""): {
                **row["behaviors"],
                "right without a conflict": row["calm"],
            }
            for row in rows
        }
    ).T


def show_rates() -> None:
    """Counts of every scenario; a sentence where they are not kept."""
    rates = read_rates()
    if not rates:
        st.info(f"{RATES} is not here or damaged; write it: python -m explorer presets")
        return
    scenario = st.segmented_control(
        "Views of each digit",
        list(rates),
        default=next(iter(rates)),
        required=True,
        key="generation_scenario",
    )
    rows = rates[scenario]
    st.markdown(
        f"{rows[0]['n_samples']} conflicts, {rows[0]['n_draws']} draws each: in how many does a "
        "model, with its own network and rule, do what?"
    )
    st.dataframe(table(rows).style.format("{:.0%}"))
