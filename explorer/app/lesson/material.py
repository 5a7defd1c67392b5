"""What a teacher prints or projects, made from the steps of a class: nothing is written twice.

``python -m explorer material teaching/`` writes the plan, the worksheet, its key, the
misconceptions and the slides as HTML with a style for print; a browser's Print makes PDFs of them.
To add a sheet: a function here and an entry in ``SHEETS``.
"""

import html
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import segno

from explorer.app.barycenters.lessons import CHALLENGES, PREDICTIONS
from explorer.app.barycenters.state import read_link
from explorer.app.javascript import read
from explorer.app.lesson.lesson import Lesson, Part, address, load_lesson, part_link
from explorer.catalog import looks

LOCAL = "http://localhost:8501"
WIDTH, HEIGHT, FOOT = 420, 190, 22
text = html.escape


def figure(state: dict[str, str], covered: bool = False) -> str:
    """Page 1's plot in a state, as SVG: experts filled, and what fuses them unless ``covered``."""
    from explorer.densities import log_normal
    from explorer.playground import fuse, grid, log_density

    shown, _ = read_link(state)
    x = grid(shown.experts)
    x = x[(x >= -10) & (x <= 10)][::4]
    experts = np.exp(log_normal(x, [e.mean for e in shown.experts], [e.std for e in shown.experts]))
    fused = fuse(shown.experts, prior=shown.prior)
    curves = {} if covered else {key: np.exp(log_density(fused[key], x)) for key in shown.curves}
    top = 1.2 * max(y.max() for y in (*experts, *curves.values()))

    def path(y: np.ndarray) -> str:
        across = (x + 10) / 20 * WIDTH
        up = (HEIGHT - FOOT) * (1 - y / top)
        return "M" + "L".join(f"{a:.0f} {b:.1f}" for a, b in zip(across, up, strict=True))

    base = HEIGHT - FOOT
    marks = [f'<path d="M0 {base}H{WIDTH}" stroke="#4a4d55" fill="none"/>']
    for color, y in zip(looks.EXPERT_COLORS["light"], experts, strict=False):
        marks.append(f'<path d="{path(y)}" fill="{color}" fill-opacity=".18" stroke="{color}"/>')
    taken: list[tuple[float, float]] = []
    for key, y in curves.items():
        color, dash = looks.COLORS["light"][key], looks.DASHES[key]
        marks.append(
            f'<path d="{path(y)}" fill="none" stroke="{color}" stroke-width="2.2" '
            f'stroke-dasharray="{dash}"/>'
        )
        at, peak = (x[y.argmax()] + 10) / 20 * WIDTH, (HEIGHT - FOOT) * (1 - y.max() / top)
        row = max(11, peak - 5)
        while any(abs(at - a) < 90 and abs(row - b) < 13 for a, b in taken):
            row += 13
        taken.append((at, row))
        marks.append(
            f'<text x="{at:.0f}" y="{row:.0f}" fill="{color}" font-size="12" font-weight="600" '
            f'text-anchor="middle" paint-order="stroke" stroke="#fff" stroke-width="3">'
            f"{looks.LABELS[key]}</text>"
        )
    for value in range(-8, 9, 4):
        at = (value + 10) / 20 * WIDTH
        marks.append(
            f'<text x="{at:.0f}" y="{HEIGHT - 5}" font-size="11" fill="#4a4d55" '
            f'text-anchor="middle">{str(value).replace("-", "−")}</text>'
        )
    said = "The experts" + "".join(f", {looks.LABELS[key]}" for key in curves)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}" '
        f'font-family="sans-serif">{"".join(marks)}</svg>'
    )


def options(part: Part) -> list[tuple[str, bool, str]]:
    """Answers of a part's question: what it says, whether it is right, why."""
    if part.prediction:
        return [(o.label, o.right, o.why) for o in PREDICTIONS[part.prediction].options]
    return [(o.text, o.right, o.why) for o in part.options]


def listed(choices: list[tuple[str, bool, str]], solved: bool) -> str:
    """Answers as a list of boxes; ``solved``: the right one ticked, and why."""
    rows = (
        f'<li class="{"right" if solved and right else ""}">{text(said)}</li>'
        for said, right, _ in choices
    )
    why = next(why for _, right, why in choices if right)
    told = f'<p class="why">{text(why)}</p>' if solved else ""
    return f'<ul class="options">{"".join(rows)}</ul>{told}'


def document(title: str, body: str, kind: str = "sheet") -> str:
    """A page of its own, with its style in it."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{text(title)}</title>\n'
        f'<style>\n{read("lesson/print.css")}</style>\n</head>\n<body class="{kind}">\n{body}\n'
        f"</body>\n</html>\n"
    )


def plan(name: str, lesson: Lesson, base: str) -> str:
    """One page for the teacher: what it needs, what it gives, the minutes and the links."""
    rows = "".join(
        f'<tr><td class="number">{i + 1}</td><td><a href="{link(base, name, lesson, i)}">'
        f"{text(step.title)}</a><br><small>{text(doing(step.parts))}</small></td>"
        f'<td class="number">{step.minutes} min</td></tr>'
        for i, step in enumerate(lesson.steps)
    )
    shorter = "".join(
        f"<li>{sum(lesson.steps[i - 1].minutes for i in chosen)} minutes: "
        f'{", ".join(text(lesson.steps[i - 1].title) for i in chosen)}<br><span class="link">'
        f"{text(f'{base}/?class={name}&steps=' + ','.join(map(str, chosen)))}</span></li>"
        for chosen in lesson.shorter
    )

    def bullets(lines: list[str]) -> str:
        return "<ul>" + "".join(f"<li>{text(line)}</li>" for line in lines) + "</ul>"

    return document(
        f"{lesson.title}: plan",
        f"<h1>{text(lesson.title)}</h1><p>{text(lesson.about)}</p>"
        f"<h2>Before</h2>{bullets(lesson.prerequisites)}"
        f"<h2>After it they can</h2>{bullets(lesson.outcomes)}"
        f"<h2>{lesson.minutes} minutes</h2><table>{rows}</table>"
        f"<h2>Shorter</h2><ul>{shorter}</ul>"
        "<h2>In the room</h2><p><code>make class</code> shows the students' link as a QR code and "
        "yours below it. Predictions arrive on your page; open the answers when most have "
        "predicted. Nobody gives a name, and one button deletes everything. Without a network, the "
        "folder that <code>python -m explorer export site/</code> writes opens from a USB "
        "stick.</p>",
        "plan",
    )


def doing(parts: list[Part]) -> str:
    """What is done in a step, in a few words."""
    kinds = [
        ("six questions", "six questions", sum(p.ticket is not None for p in parts)),
        ("a sketch", "sketches", sum(p.sketch for p in parts)),
        ("a word", "words", sum(p.word is not None for p in parts)),
        ("a prediction", "predictions", sum(bool(options(p)) for p in parts)),
        ("a challenge", "challenges", sum(p.challenge is not None for p in parts)),
    ]
    said = [one if n == 1 else f"{n} {many}" for one, many, n in kinds if n]
    return ", ".join(said) or "a look together"


def link(base: str, name: str, lesson: Lesson, step: int, part: int = 0) -> str:
    """The whole address of a part, as HTML has it."""
    return text(base + part_link(name, lesson, step, part))


def sheet(name: str, lesson: Lesson, solved: bool) -> str:
    """The worksheet, or its key."""
    body = [f"<h1>{text(lesson.title)}{': key' if solved else ''}</h1>"]
    if not solved:
        body.append("<p>No name is needed.</p>")
    for i, step in enumerate(lesson.steps, start=1):
        body.append(f"<h2>{i}. {text(step.title)} <small>{step.minutes} min</small></h2>")
        body += [f'<div class="part">{task(lesson, part, solved)}</div>' for part in step.parts]
    return document(f"{lesson.title}: {'key' if solved else 'worksheet'}", "\n".join(body))


def task(lesson: Lesson, part: Part, solved: bool) -> str:
    """One part on paper."""
    told = f'<p class="why">{text(part.why)}</p>' if solved and part.why else ""
    if part.ticket == "after" and not solved:
        return f"<p>{text(part.text)} Answer them on the first page, in the second column.</p>"
    if part.ticket:
        return f"<p>{text(part.text)}</p>{six(lesson, solved)}" if part.ticket == "before" else ""
    said = f"<p>{f'<b>{text(part.word)}.</b> ' if part.word else ''}{text(part.text)}</p>"
    if options(part):
        return said + listed(options(part), solved) + told
    picture = figure(part.state, covered=part.sketch and not solved)
    if part.sketch:
        return said + picture + told
    if part.challenge:
        space = "" if solved else '<p>What I did, and why it works:</p><div class="lines"></div>'
        hint = f"<p>Hint: {text(CHALLENGES[part.challenge].hint)}</p>" if solved else ""
        return said + hint + told + space
    if part.word:
        return said + picture
    return said + (told if solved else '<div class="lines"></div>')


def six(lesson: Lesson, solved: bool) -> str:
    """The ticket's questions; on the worksheet with a column for before and one for after."""
    if solved:
        return "".join(
            f'<div class="part"><p>{text(q.text)}</p>'
            f"{listed([(o.text, o.right, o.why) for o in q.options], True)}</div>"
            for q in lesson.ticket
        )
    rows = "".join(
        f"<tr><td>{text(q.text)}<br><small>"
        + " &nbsp; ".join(f"{'abcde'[k]}) {text(o.text)}" for k, o in enumerate(q.options))
        + "</small></td><td>____</td><td>____</td></tr>"
        for q in lesson.ticket
    )
    return f"<table><tr><th>Question</th><th>before</th><th>after</th></tr>{rows}</table>"


def misconceptions(_name: str, lesson: Lesson, base: str) -> str:
    """What people believe, and the state of a page that shows what is true."""
    body = ["<h1>What people believe, and what refutes it</h1>"]
    for each in lesson.misconceptions:
        where = base + address(each.page, each.state)
        picture = figure(each.state) if each.page == "barycenters" else ""
        body.append(
            f'<div class="part"><h2>“{text(each.belief)}”</h2><p>{text(each.truth)}</p>{picture}'
            f'<p class="link"><a href="{text(where)}">{text(where)}</a></p></div>'
        )
    return document(f"{lesson.title}: misconceptions", "\n".join(body))


def slides(name: str, lesson: Lesson, base: str) -> str:
    """One slide a part: what is asked, the figure, and the link."""
    body = [
        f"<section><h1>{text(lesson.title)}</h1><div><p>{text(lesson.about)}</p></div>"
        f"<div>{qr(base, f'{base}/?class={name}')}</div></section>"
    ]
    for i, step in enumerate(lesson.steps):
        for j, part in enumerate(step.parts):
            where = link(base, name, lesson, i, j)
            said = f"<b>{text(part.word)}.</b> " if part.word else ""
            choices = listed(options(part), False) if options(part) else ""
            drawn = part.page == "barycenters" and not part.ticket
            picture = figure(part.state, bool(choices) or part.sketch) if drawn else ""
            body.append(
                f"<section><h2>{i + 1}. {text(step.title)}</h2><div><p>{said}{text(part.text)}</p>"
                f'{choices}<p class="link"><a href="{where}">{where}</a></p></div>'
                f"<div>{picture or qr(base, html.unescape(where))}</div></section>"
            )
    return document(lesson.title, "\n".join(body), "slides")


def qr(base: str, address_: str) -> str:
    """A QR code as SVG; none for an address that only this computer can open."""
    if base == LOCAL:
        return ""
    out = io.BytesIO()
    segno.make(address_, error="m").save(out, kind="svg", scale=6, xmldecl=False, svgclass="qr")
    return out.getvalue().decode()


SHEETS: dict[str, Callable[[str, Lesson, str], str]] = {
    "plan": plan,
    "worksheet": lambda name, lesson, _: sheet(name, lesson, solved=False),
    "key": lambda name, lesson, _: sheet(name, lesson, solved=True),
    "misconceptions": misconceptions,
    "slides": slides,
}


def write(folder: Path, name: str = "fusion", base: str = LOCAL) -> list[Path]:
    """Write every sheet of a class; returns the files.

    Parameters
    ----------
    folder, name
        Where; which class.
    base
        Where the app can be opened; codes to photograph are made unless it is this computer.
    """
    lesson = load_lesson(name)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for kind, make in SHEETS.items():
        files.append(folder / f"{kind}.html")
        files[-1].write_text(make(name, lesson, base.rstrip("/")), "utf-8")
    return files
