"""A table that is shown, as CSV, JSON and LaTeX."""

import pandas as pd
import streamlit as st

LATEX = str.maketrans({"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "–": "--"})


def offer(table: pd.DataFrame, what: str, name: str) -> None:
    """Three buttons; ``what`` says in words what is in the files, which are called ``name``."""
    files = {
        "CSV": (
            "csv",
            "text/csv",
            lambda: table.rename(columns=cell).map(cell).to_csv(index=False),
        ),
        "JSON": ("json", "application/json", lambda: table.to_json(orient="records", indent=1)),
        "LaTeX": ("tex", "application/x-tex", lambda: latex(table)),
    }
    with st.container(horizontal=True):
        for kind, (ending, mime, text) in files.items():
            st.download_button(
                f"{what} as {kind}",
                text,
                f"{name}.{ending}",
                mime,
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
                key=f"{name}.{ending}",
            )


def cell(value: object) -> object:
    """A cell for CSV: text that a spreadsheet would compute gets an apostrophe.

    >>> cell("=1+1"), cell("-"), cell(-0.5)
    ("'=1+1", '-', -0.5)
    """
    computed = isinstance(value, str) and len(value) > 1 and value[0] in "=+-@\t\r"
    return f"'{value}" if computed else value


def latex(table: pd.DataFrame) -> str:
    """The table with booktabs; numbers to four digits, nothing for what is missing."""
    lines = [
        rf"\begin{{tabular}}{{l{'c' * (len(table.columns) - 1)}}}",
        r"\toprule",
        " & ".join(map(_cell, table.columns)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_cell, row)) + r" \\" for row in table.itertuples(index=False)),
        r"\bottomrule",
        r"\end{tabular}",
        "",
    ]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None or isinstance(value, float) and pd.isna(value):
        return "--"
    return f"{value:.4g}" if isinstance(value, float) else str(value).translate(LATEX)
