"""What a paper prints and what we get, row under row, as Markdown."""

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, stdev

from scipy.stats import t as student

from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published import PUBLISHED
from explorer.results.comparison.runs import Run
from explorer.results.reproduce.runs import Reproduction, plan
from explorer.results.reproduce.scales import left_out
from explorer.results.scores import Z
from explorer.training.recipes import find_recipe

DIFFERENT_DATA: dict[str, str] = {
    "polymnist": "PolyMNIST is rebuilt by its rule: the third picture is Hokusai's Great Wave "
    "where the released set has the Lena photograph, matches and crops are drawn anew.",
    "translated_polymnist": "Translated PolyMNIST is rebuilt by its rule, with pictures as ours; "
    "offsets are 0 to 7, where public code has 0 to 6 or digits at half size.",
    "mnist_svhn_text": "Pairs and offsets of words are drawn once, not anew at every start. All of "
    "SVHN gives 1,121,360 training and 200,000 test tuples, a subset fewer.",
    "celeba": "All of CelebA has 162,770 training faces, a subset fewer; evaluation is on the test "
    "partition, the paper's on the validation partition.",
    "celeba_attributes": "All of CelebA has 162,770 training faces, a subset fewer.",
    "cub": "Birds are those that are here; sentences are spelled in characters.",
    "cub_attributes": "A stand-in for CUB: attributes of species instead of sentences.",
    "mhd_like": "A stand-in for MHD: pen digits and spoken digits of other people.",
    "simulated_rats": "A stand-in for the recordings: simulated spikes of as many neurons.",
    "polydigits": "A stand-in for PolyMNIST: 1,797 digits of 8x8 pixels on photographs, with our "
    "small networks.",
    "translated_polydigits": "A stand-in for translated PolyMNIST: 1,797 digits of 8x8 pixels on "
    "photographs, with our small networks.",
    "digits_photo_text": "A stand-in for MNIST-SVHN-Text: 1,797 digits of 8x8 pixels, photographs "
    "for house numbers, with our small networks.",
}
"""In what the data differ from the paper's."""


def interval(figures: Sequence[dict[str, float]]) -> tuple[float, float | None]:
    """Mean over seeds and half of its 95 % interval (Student's t); of one seed, over test tuples.

    >>> interval([{"mean": 1.0}, {"mean": 1.0}])
    (1.0, 0.0)
    """
    values = [figure["mean"] for figure in figures]
    if len(values) == 1:
        error = figures[0].get("standard_error")
        return values[0], None if error is None else Z * error
    half = float(student.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return fmean(values), half


def as_markdown(asked: Reproduction, results: dict[Run, dict]) -> str:
    """Everything the command prints: tables, what differs in data, settings and measures."""
    recipe, done = asked.recipe, {r: v for r, v in results.items() if "tables" in v}
    seeds = len({run.seed for run in done})
    over = (
        "the mean over the seeds and its 95 % interval (Student's t)"
        if seeds > 1
        else "one training, with the 95 % interval over test tuples: another seed may lie outside"
    )
    lines = [
        f"# {asked.name}, {asked.scale}, as the {asked.version} has it",
        "",
        f"{recipe.paper}. Printed: as in the paper, ± its spread over runs. Ours: {over}.",
    ]
    named = dict.fromkeys(table for values in done.values() for table in values["tables"])
    for table in named:
        lines += ["", *_table(table, done, recipe.models, recipe.betas)]
    computed = next((values["computed"] for values in done.values()), {})
    judged = computed.get("judges")
    if judged:
        said = ", ".join(f"{name} {share:.3f}" for name, share in judged["ceiling"].items())
        lines += ["", f"Judges on real test data: {said}."]
    if computed:
        lines += ["", "{:,} training and {:,} test tuples.".format(*computed["tuples"])]
    lines += ["", *_bullets(asked)]
    asked_for = len(plan(recipe))
    if len(done) < asked_for:
        lines.append(f"- Unfinished: {len(done)} of {asked_for} trainings have figures.")
    failed = [f"{run}: {values['reason']}" for run, values in results.items() if "reason" in values]
    return "\n".join([*lines, *(f"- Failed: {line}" for line in failed)]) + "\n"


def _bullets(asked: Reproduction) -> list[str]:
    recipe = asked.recipe
    said = [
        *(f"Data: {DIFFERENT_DATA[d]}" for d in [asked.dataset] if d in DIFFERENT_DATA),
        *left_out(asked.name, asked.version, asked.scale),
        *find_recipe(asked.name, asked.version).unsaid,
        *dict.fromkeys(c for key in recipe.tables for c in PUBLISHED[key].caveats),
    ]
    return [f"- {sentence}" for sentence in said]


def _table(
    table: str, done: dict[Run, dict], models: Sequence[str], betas: Sequence[float]
) -> Iterable[str]:
    """One table: printed rows of the models, then ours; columns of the paper where it has it."""
    printed = PUBLISHED.get(table)
    found = [v["tables"][table] for v in done.values() if table in v["tables"]]
    own = list(dict.fromkeys(column for columns in found for column in columns))
    columns = [c for c in printed.columns if c in own] if printed else own
    yield f"## {printed.measure if printed else table}"
    yield ""
    yield "| model | | " + " | ".join(c.replace("|", "\\|") for c in columns) + " |"
    yield "|---|---|" + "---|" * len(columns)
    for model in models:
        for row, source, numbers in printed.rows if printed else ():
            if row == model:
                cells = dict(zip(printed.columns, numbers.split(), strict=True))
                shown = " | ".join(cells[column] for column in columns)
                yield f"| {MODEL_LABELS[model]} | printed: {_short(source)} | {shown} |"
        for beta in betas:
            runs = [v["tables"][table] for r, v in done.items() if r[:2] == (model, beta)]
            runs = [columns_of for columns_of in runs if columns_of]
            if runs:
                cells = (_cell([run[c] for run in runs if c in run]) for c in columns)
                ours = f"ours: beta {beta:g}, {len(runs)} seed{'s' if len(runs) > 1 else ''}"
                yield f"| {MODEL_LABELS[model]} | {ours} | {' | '.join(cells)} |"


def _short(source: str) -> str:
    """A citation without its title.

    >>> _short("Table 7, beta 2.5: Qiu et al. (2025), AAAI 39(19), 20060-20068")
    'Table 7, beta 2.5: Qiu et al. (2025)'
    """
    return source.partition(")")[0] + ")" if ")" in source else source


def _cell(figures: Sequence[dict[str, float]]) -> str:
    if not figures:
        return "-"
    value, half = interval(figures)
    digits = 3 if abs(value) < 10 else 1
    return f"{value:.{digits}f}" + ("" if half is None else f" ± {half:.{digits}f}")
