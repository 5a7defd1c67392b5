"""The tables of README.md and docs/, written from the shipped scores and benchmarks' results.

    python benchmarks/readme_tables.py           write them between their markers
    python benchmarks/readme_tables.py --print   show them only

``tests/results/test_readme_tables.py`` holds the pages to what this writes. To add a table: a
function and a line in ``TABLES``.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from explorer.catalog.looks import LABELS, MODEL_LABELS
from explorer.catalog.published import PUBLISHED
from explorer.catalog.subjects import SUBJECTS
from explorer.checkpoints import PRETRAINED, list_pretrained
from explorer.files.sources import is_embedded
from explorer.results.comparison import comparison_directory, read_results
from explorer.results.comparison.summaries import by_number, shown
from explorer.results.scores import Evaluation, columns, headline, leaders, read_evaluations, tidy

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def rules() -> str:
    """Return the headline of the models that train with a rule of page 1 and nothing else."""
    evaluated = [
        evaluation
        for evaluation in read_evaluations("polydigits", PRETRAINED)
        if evaluation.scores is not None and evaluation.model in LABELS
    ]
    return (
        f"{headlines(evaluated)}\n\nAfter the comma: how many of the five views were given. "
        "**Budgets differ**, see *steps*; ± is a 95 % interval over test tuples of one trained "
        "model; bold: the best and those not clearly worse."
    )


def scores() -> str:
    """Return the headline of every shipped model."""
    return score_table(read_evaluations("polydigits", PRETRAINED))


def score_table(evaluations: list[Evaluation]) -> str:
    """Return the headline of every evaluated model as Markdown, with how to read it."""
    evaluated = [evaluation for evaluation in evaluations if evaluation.scores is not None]
    return f"{headlines(evaluated)}\n\n{note(evaluated)}"


def real() -> str:
    """Return the headlines of every dataset that needs files, with what each rests on."""
    datasets = dict.fromkeys(name for name, _, _ in list_pretrained(root=PRETRAINED))
    parts = []
    for dataset in datasets:
        evaluated = [e for e in read_evaluations(dataset, PRETRAINED) if e.scores is not None]
        if evaluated and not is_embedded(dataset):
            most = max(evaluation.trained["core_minutes"] for evaluation in evaluated)
            parts += [
                f"**{SUBJECTS[dataset].label}**, at most {most:.1f} core-minutes a model:",
                headlines(evaluated),
            ]
    return "\n\n".join(parts)


def headlines(evaluated: list[Evaluation]) -> str:
    """Return the headline of every evaluated model as Markdown."""
    figures = tidy(evaluated)
    rows = {evaluation.model: headline(figures, evaluation.model) for evaluation in evaluated}
    names = columns(rows.values())
    best = {name: leaders(row[name] for row in rows.values() if name in row) for name in names}
    steps = {evaluation.model: f"{evaluation.trained['steps']:,}" for evaluation in evaluated}
    cells = [
        [
            MODEL_LABELS[model],
            steps[model],
            *(f"**{row[n]}**" if model in best[n] else str(row.get(n, "-")) for n in names),
        ]
        for model, row in rows.items()
    ]
    return markdown(["model", "steps", *names], cells)


def note(evaluated: list[Evaluation]) -> str:
    """Return what the numbers are, what they rest on and what they leave out."""

    def spread(section: str, key: str) -> str:
        sections = [evaluation.scores[section] for evaluation in evaluated]
        found = [each[key] for each in sections if key in each]
        return " to ".join(map(str, sorted({min(found), max(found)})))

    minutes = [evaluation.trained["core_minutes"] for evaluation in evaluated]
    commits = {evaluation.scores["computed"]["commit"] for evaluation in evaluated}
    return (
        f"PolyDigits, {spread('latent_accuracy', 'test_tuples')} test tuples for accuracy, "
        f"{spread('coherence', 'test_tuples')} for coherence, "
        f"{spread('likelihood', 'test_tuples')} for log p(x), "
        f"{spread('reconstruction', 'test_tuples')} for SSIM, "
        f"{spread('coherence', 'prior_draws')} prior draws for joint. After the comma: how many of "
        "the five modalities were given. *steps*: of training, with 128 tuples each: **budgets "
        "differ**, so compare models of equal steps, or run `python -m explorer compare`; "
        "*accuracy*: a linear classifier on the posterior mean; "
        "*coherence*: a digit classifier on the missing modalities, generated; *joint*: all five "
        "agree when nothing is given; *log p(x)*: importance-weighted bound in nats with "
        f"{spread('likelihood', 'draws')} draws, *draws*: how many of these carried weight. "
        "± is a 95 % interval over test tuples; bold: the best and those not clearly worse. One "
        "training run a model, so the interval leaves out what another seed would change. "
        f"Trained {min(minutes):.0f} to {max(minutes):.0f} core-minutes each on a CPU; evaluated "
        f"at {len(commits)} commits, named in each `scores.json`."
    )


def polymnist() -> str:
    """Return PolyMNIST's coherence as printed, as ours under several judges, and over seeds."""
    judged = json.loads((RESULTS / "judges.json").read_text())
    rows = [
        [f"{MODEL_LABELS[model]}, {source}", *cells.split()]
        for model, source, cells in PUBLISHED["polymnist_coherence"].rows
    ]
    for model, readings in judged["models"].items():
        for judge, found in readings.items():
            for pictures in ("all", "without m2"):
                told = f"{MODEL_LABELS[model]}, here; judges: {judge}; pictures: {pictures}"
                joint = f"{found['joint']:.3f}" if pictures == "all" else "-"
                figures = [f"{value:.3f}" for value in found[pictures].values()]
                rows.append([told, *figures, joint])
    real = "; ".join(
        f"{judge} {found['accuracy']:.3f} and {found['agreement']:.3f}"
        for judge, found in judged["real"].items()
    )
    results = read_results(comparison_directory("polymnist", root=PRETRAINED))
    seeds = [
        [MODEL_LABELS[model], *(shown(mean, 3) for mean in means)]
        for model, means in by_number(results).items()
    ]
    runs = sorted({mean.n_runs for means in by_number(results).values() for mean in means})
    return "\n\n".join(
        [
            markdown(["coherence, given", "1", "2", "3", "4", "joint"], rows),
            f"By `python benchmarks/judges.py`, {judged['tuples']} test tuples. Accuracy on real "
            f"pictures, and agreement of all five: {real}.",
            markdown([f"mean of {runs[0]} seeds", "1", "2", "3", "4"], seeds),
        ]
    )


def speed() -> str:
    """Return what the three benchmarks wrote."""
    aggregation, training = (
        json.loads((RESULTS / f"{name}.json").read_text()) for name in ("aggregation", "training")
    )
    ratios = markdown(
        ["all subsets of M modalities, batch 64, D = 64", "one product", "loop", "ratio"],
        (
            [f"M = {row['modalities']}, {key}"]
            + [f"{row[key][way]:.2f} ms" for way in ("product_ms", "loop_ms")]
            + [f"{row[key]['ratio']:.1f}"]
            for row in aggregation["two to ten modalities"]
            if row["modalities"] in (5, 10)
            for key in ("mopoe", "mwb")
        ),
    )
    encoded = "; ".join(
        f"{row['once_s']:.2g} s at D = {row['latent_dim']}"
        for row in aggregation["encode under all subsets"]
    )
    every = training["training step"]
    measured = [key for key in LABELS if all(key in row["models"] for row in every.values())]
    steps = markdown(
        ["CPU ms a training step, batch 128", *(LABELS[key] for key in measured)],
        (
            [f"{recipe}, {row['parameters'] / 1e6:.1f} M parameters"]
            + [f"{row['models'][key]['cpu_ms']['median']:.0f}" for key in measured]
            for recipe, row in every.items()
        ),
    )
    return "\n\n".join(
        [
            (RESULTS / "app.md").read_text().strip(),
            "`python benchmarks/aggregation.py`: a matrix product for all subsets against a "
            f"well-written loop, one thread, load {load(aggregation)}.",
            ratios,
            f"10,000 tuples encoded under all 31 subsets, encoders included: {encoded}.",
            f"`python benchmarks/training.py`: one thread, load {load(training)}.",
            steps,
        ]
    )


def load(results: dict) -> str:
    """Return the one-minute load before and after a benchmark."""
    machine = results["machine"]
    return f"{machine['load_average'][0]:.1f} to {machine['load_average_after'][0]:.1f}"


def markdown(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in escaped)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "rules": ("README.md", rules),
    "scores": ("docs/results.md", scores),
    "real": ("docs/results.md", real),
    "polymnist": ("docs/results.md", polymnist),
    "speed": ("docs/speed.md", speed),
}
"""Name in the markers -> the page that has them, and what stands between them."""


def replaced(page: str, name: str, text: str) -> str:
    """Return a page with ``text`` between the markers of table ``name``."""
    begin, end = f"<!-- {name}: written by benchmarks/readme_tables.py -->", f"<!-- end {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the page needs one line {begin!r} and, below it, one line {end!r}")
    head, rest = page.split(begin)
    return f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Write the tables, or print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--print", action="store_true", help="show the tables, change nothing")
    arguments = parser.parse_args()
    for name, (page, table) in TABLES.items():
        file, text = ROOT / page, table()
        if arguments.print:
            print(text, end="\n\n")
        else:
            file.write_text(replaced(file.read_text("utf-8"), name, text), "utf-8")


if __name__ == "__main__":
    main()
