"""Models side by side on equal terms: ``python -m explorer compare``.

A comparison is a folder, ``<root>/comparisons/<dataset>/<name>/``. Its runs differ in model, seed
and beta; data, networks, latent size, steps, batch, learning rate and measures are the same, and
``comparison.json`` says what they are. Tables stand beside it.

==================================== =============================================================
in ``runs/<model>/beta<b>-seed<s>/``  holds
==================================== =============================================================
state.pt                             the training so far, until it is over
model.safetensors, config.json       the trained weights
result.json                          scores, validation and provenance; or why the run failed
==================================== =============================================================

A run that has a result is not run again. Delete ``result.json`` to evaluate the same weights once
more, the run's folder to train it again.
"""

from explorer.results.comparison.runs import (
    ComparisonError,
    Result,
    Run,
    Settings,
    comparison_directory,
    forget_failures,
    list_comparisons,
    open_comparison,
    plan,
    read_results,
    read_settings,
)
from explorer.results.comparison.summaries import (
    TRADE_OFFS,
    as_csv,
    as_json,
    as_latex,
    by_number,
    headline,
    outcomes,
    select_beta,
    selected,
    summarize,
    tidy,
    trade_off,
)

__all__ = [
    "TRADE_OFFS",
    "ComparisonError",
    "Result",
    "Run",
    "Settings",
    "as_csv",
    "as_json",
    "as_latex",
    "by_number",
    "comparison_directory",
    "forget_failures",
    "headline",
    "list_comparisons",
    "open_comparison",
    "outcomes",
    "plan",
    "read_results",
    "read_settings",
    "select_beta",
    "selected",
    "summarize",
    "tidy",
    "trade_off",
]
