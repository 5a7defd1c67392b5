"""The results table of the README, written from the shipped ``scores.json`` files.

    python benchmarks/readme_table.py           write it between the markers of README.md
    python benchmarks/readme_table.py --print   show it only

``tests/test_readme_table.py`` holds the README to what this writes.
"""

import argparse
from pathlib import Path

from explorer.checkpoints import PRETRAINED
from explorer.palette import LABELS
from explorer.scores import Evaluation, headline, leaders, read_evaluations, tidy

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- scores: written by benchmarks/readme_table.py -->"
END = "<!-- end of scores -->"


def table(evaluations: list[Evaluation]) -> str:
    """Return the headline of every evaluated model as Markdown, with how to read it."""
    evaluated = [evaluation for evaluation in evaluations if evaluation.scores is not None]
    scores = tidy(evaluated)
    rows = {evaluation.model: headline(scores, evaluation.model) for evaluation in evaluated}
    columns = list(next(iter(rows.values())))
    best = {column: leaders(row[column] for row in rows.values()) for column in columns}
    lines = [
        "| " + " | ".join(["rule", *columns]) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for model, row in rows.items():
        cells = [f"**{row[c]}**" if model in best[c] else str(row[c]) for c in columns]
        lines.append("| " + " | ".join([LABELS[model], *cells]) + " |")
    return "\n".join([*lines, "", note(evaluated)])


def note(evaluated: list[Evaluation]) -> str:
    """Return what the numbers are, what they rest on and what they leave out."""
    first = evaluated[0].scores
    minutes = [evaluation.trained["core_minutes"] for evaluation in evaluated]
    commits = sorted({evaluation.scores["computed"]["commit"] for evaluation in evaluated})
    return (
        f"PolyDigits, {first['latent_accuracy']['test_tuples']} test tuples "
        f"({first['likelihood']['test_tuples']} for log p(x), "
        f"{first['reconstruction']['test_tuples']} for SSIM, "
        f"{first['coherence']['prior_draws']} prior draws for joint). After the comma: how many of "
        "the five modalities were given. *accuracy*: a linear classifier on the posterior mean; "
        "*coherence*: a digit classifier on the missing modalities, generated; *joint*: all five "
        "agree when nothing is given; *log p(x)*: importance-weighted bound in nats with "
        f"{first['likelihood']['draws']} draws, *draws*: how many of these carried weight. "
        "± is a 95 % interval over test tuples; bold: the best and those not clearly worse. One "
        "training run a rule, so the interval leaves out what another seed would change. "
        f"Trained {min(minutes):.0f} to {max(minutes):.0f} core-minutes each on a CPU; evaluated "
        f"at commit {', '.join(commits)}."
    )


def replaced(readme: str, text: str) -> str:
    """Return the README with ``text`` between its markers."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"README.md needs one line {BEGIN!r} and, below it, one line {END!r}")
    head, rest = readme.split(BEGIN)
    return f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Write the table, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--print", action="store_true", help="show the table, change nothing")
    arguments = parser.parse_args()
    text = table(read_evaluations("polydigits", PRETRAINED))
    if arguments.print:
        print(text)
        return
    README.write_text(replaced(README.read_text("utf-8"), text), "utf-8")


if __name__ == "__main__":
    main()
