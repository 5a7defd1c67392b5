"""Fair comparisons: equal budgets, several seeds, curves over beta."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from explorer.app.scores.figures import draw, theme
from explorer.app.shared.downloads import offer
from explorer.catalog.looks import MODEL_LABELS
from explorer.checkpoints import PRETRAINED, runs_directory
from explorer.drawing import plots
from explorer.results.scores import MEASURES


def show_comparisons(dataset: str) -> None:
    """What ``python -m explorer compare`` found on a dataset; how to run it where it has not."""
    st.header("On equal terms")
    folders = {
        folder.parent.name: folder.parent
        for place in (runs_directory(), PRETRAINED)
        for folder in sorted((place / "comparisons" / dataset).glob("*/comparison.json"))
    }
    if not folders:
        st.info(
            "The same budget for every model, three seeds each, and trade-offs over beta: no such "
            "comparison of this dataset is at hand. Hours on a laptop, resumed where it stopped: "
            f"`python -m explorer compare --dataset {dataset}`"
        )
        return
    name = st.selectbox("Comparison", list(folders), key="comparison", bind="query-params")
    table, curves = summary(folders[name], (folders[name] / "comparison.json").stat().st_mtime_ns)
    if table.empty:
        st.info("No run of this comparison is finished yet.")
        return
    st.markdown("Mean over training runs that differ in the seed alone, ± one standard error.")
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={"model": st.column_config.Column(pinned=True)},
        key="compared",
    )
    offer(table, "This comparison", f"comparison-{dataset}-{name}")
    if curves:
        show_curves(curves)


def show_curves(curves: Mapping[str, tuple]) -> None:
    what = st.segmented_control(
        "Trade-off", list(curves), default=next(iter(curves)), required=True, key="trade",
        bind="query-params",
    )  # fmt: skip
    labels, found = curves[what]
    draw(
        plots.plot_trade_off_curves(found, x_label=labels[0], y_label=labels[1], theme=theme()),
        f"Curves over beta, {labels[1]} over {labels[0]}: "
        + "; ".join(
            f"{MODEL_LABELS[model]} "
            + ", ".join(f"beta {b:g}: {x[0]:.3g}, {y[0]:.3g}" for b, x, y in points)
            for model, points in found.items()
        ),
        key="trade-off-curves",
    )


@st.cache_data(show_spinner="Reading the comparison", ttl=60, max_entries=8)
def summary(folder: Path, _modified: int) -> tuple[pd.DataFrame, dict[str, tuple]]:
    """The one table of a comparison, and its curves over beta where there are several."""
    from explorer.results import comparison

    results = comparison.read_results(folder)
    rows = comparison.headline(results)
    selection = comparison.select_beta(results)
    table = pd.DataFrame(
        {
            "model": MODEL_LABELS[model],
            "beta": selection[model],
            "runs": max(mean.n_runs for mean in row.values()),
            **{
                column: f"{mean.value:.3f}"
                + ("" if mean.standard_error is None else f" ± {mean.standard_error:.3f}")
                for column, mean in row.items()
            },
        }
        for model, row in rows.items()
    )
    curves = {}
    for what, (x, y) in comparison.TRADE_OFFS.items():
        found = {
            model: [(point.beta, point.x.interval, point.y.interval) for point in points]
            for model, points in comparison.trade_off(results, x, y).items()
            if len(points) > 1
        }
        if found:
            labels = MEASURES[x.measure].label, MEASURES[y.measure].label
            curves[what] = labels, found
    return table, curves
