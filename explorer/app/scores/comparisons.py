"""Fair comparisons: equal budgets, several seeds, curves over beta."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from explorer.app.scores.figures import draw, theme
from explorer.app.scores.loaded import stamp
from explorer.app.shared.downloads import offer
from explorer.catalog.looks import MODEL_LABELS
from explorer.checkpoints import CheckpointError
from explorer.drawing import plots
from explorer.results.scores import MEASURES

if TYPE_CHECKING:
    from explorer.results.comparison import Settings


def show_comparisons(dataset: str) -> None:
    """What ``python -m explorer compare`` found on a dataset; how to run it where it has not."""
    folders = {
        Path(path).parent.name: Path(path).parent
        for path, *_ in reversed(stamp(f"comparisons/{dataset}", "*/comparison.json"))
    }
    if not folders:
        st.caption(
            "The same budget for every model and three seeds each: no such comparison of this "
            "dataset is at hand. Hours on a laptop, resumed where it stopped: "
            f"`python -m explorer compare --dataset {dataset}`"
        )
        return
    st.header("On equal terms")
    names = sorted(folders, key=lambda name: name != "main")
    name = names[0]
    if len(names) > 1:
        name = st.segmented_control(
            "Comparison", names, default=names[0], required=True, key="scores_comparison"
        )
    try:
        files = stamp(f"comparisons/{dataset}/{name}", "**/*.json")
        settings, table, curves = summary(folders[name], files)
    except CheckpointError as error:
        st.warning("This comparison cannot be read:")
        st.text(str(error))
        return
    if table.empty:
        st.info("No run of this comparison is finished yet.")
        return
    st.markdown(
        f"Every model had {settings.steps:,} steps of {settings.batch_size} samples, the same "
        "networks and the same data. Means over training runs that differ in the seed alone; the "
        "figure after each is its standard error, empty for a single run."
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={"model": st.column_config.Column(pinned=True)}
        | {c: st.column_config.NumberColumn(format="%.3f") for c in table.columns[3:]},
        key="compared",
    )
    with st.expander("Curves over beta, and this table as a file"):
        offer(table, "This comparison", f"comparison-{dataset}-{name}")
        if curves:
            show_curves(curves)


def show_curves(curves: Mapping[str, tuple]) -> None:
    what = st.segmented_control(
        "Trade-off", list(curves), default=next(iter(curves)), required=True, key="scores_trade",
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


@st.cache_resource(show_spinner="Reading the comparison", max_entries=8)
def summary(
    folder: Path, files: tuple[tuple[str, int, int], ...]
) -> tuple["Settings", pd.DataFrame, dict[str, tuple]]:
    """Settings, the one table, and curves over beta where there are several, as files are now."""
    from explorer.results import comparison

    results = comparison.read_results(folder)
    selection = comparison.select_beta(results)
    table = pd.DataFrame(
        {
            "model": MODEL_LABELS[model],
            "beta": selection[model],
            "runs": max(mean.n_runs for mean in row.values()),
            **{
                name: number
                for column, mean in row.items()
                for name, number in ((column, mean.value), (f"± {column}", mean.standard_error))
            },
        }
        for model, row in comparison.headline(results).items()
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
    return comparison.read_settings(folder), table, curves
