"""``python -m explorer pretrained list``: checkpoints with their headline scores."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from explorer.checkpoints import list_pretrained
from explorer.results.scores import MEASURES, columns, headline, read_evaluations, tidy


def show_checkpoints(
    console: Console, dataset: str | None = None, root: Path | None = None
) -> None:
    """Print a table a dataset: every checkpoint found, its budget and headline scores."""
    # a narrow terminal wraps these lines; cut figures would be worse
    wide = Console(width=max(console.width, 130))
    models: dict[str, list[str]] = {}
    for name, model, _ in list_pretrained(dataset, root):
        models.setdefault(name, []).append(model)
    for name, own in models.items():
        evaluations = {e.model: e for e in read_evaluations(name, root)}
        scores = tidy(evaluations.values())
        rows = {model: headline(scores, model) for model in own}
        shown = columns(rows.values())
        table = Table(box=SIMPLE_HEAD, title=name)
        table.add_column("model", no_wrap=True)
        for column in ("core-minutes", *shown):
            table.add_column(column)
        for model, row in rows.items():
            cells = [
                f"{row[c].value:.{MEASURES[row[c].measure].digits}f}" if c in row else "-"
                for c in shown
            ]
            trained = evaluations[model].trained if model in evaluations else {}
            table.add_row(model, str(trained.get("core_minutes", "-")), *cells)
        wide.print(table)
    if models:
        console.print("the number in a column is how many modalities were given", style="dim")
