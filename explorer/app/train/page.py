"""Train: a small model that learns while you watch; stop it, keep it, find it on other pages."""

import time
from pathlib import Path

import streamlit as st

from explorer.app import links
from explorer.app.links import Field, choice, number, optional, whole
from explorer.app.shared.choices import choose_dataset, label_of, show_card, trainable
from explorer.app.shared.measuring import MEASURING
from explorer.app.shared.missing_data import absence, say_what_is_missing
from explorer.app.train.curves import draw_curves, draw_samples
from explorer.app.train.kept import show_kept
from explorer.app.train.queue import (
    MOST_SEED,
    Line,
    Request,
    Training,
    TrainingError,
    free_tag,
    read_samples,
)
from explorer.catalog.looks import MODEL_LABELS
from explorer.checkpoints import runs_directory

MINUTES = {"20 seconds": 1 / 3, "1 minute": 1, "2 minutes": 2, "4 minutes": 4, "8 minutes": 8}
LOOK_EVERY_SECONDS = 1.5
SILENT_SECONDS = 60
"""Seconds before "end it now" is offered."""
MOST_BETA = 1000.0

WORDS = {
    "waiting": "waiting",
    "training": "training",
    "stopping": "stopping after this step",
    "finished": "finished",
    "stopped": "stopped",
    "interrupted": "interrupted",
    "failed": "failed",
}
state = st.session_state


def main() -> None:
    st.title("Train a model")
    st.markdown(
        "Watch a model learn from its first step: the same loop and networks as for the models on "
        "the other pages, which had more time. One trains at a time on the machine that serves "
        "this page, on one processor core; others wait in line."
    )
    try:
        line = the_line()
    except OSError as error:
        st.error(f"Nothing can be trained here: the folder for runs cannot be written ({error}).")
        return
    left, right = st.columns([1, 2], gap="large")
    with left:
        choose(line)
    with right:
        watch(line)
    show_kept()


def the_line() -> Line:
    """One line a server."""
    return _line(str(runs_directory().resolve()))


@st.cache_resource(show_spinner=False, on_release=lambda line: line.close())
def _line(folder: str) -> Line:
    return Line(Path(folder) / "trainings")


def choose(line: Line) -> None:
    """What to train, and the card of the model."""
    dataset = choose_dataset()
    first, *others = trainable(dataset)
    models = [key for key in MODEL_LABELS if key == first or key in others]
    fields = (
        Field("model", choice(models, "a model that can be trained on this dataset"), first),
        Field("time", choice(MINUTES), "1 minute"),
        Field("beta", optional(number(0, MOST_BETA)), None),
        Field("seed", whole(0, MOST_SEED), 0),
    )
    links.bind("train", fields, about=dataset, carry=("model", "time", "seed"))
    model = st.selectbox("Model", models, format_func=MODEL_LABELS.get, key="train_model")
    if len(models) < len(MODEL_LABELS):
        st.caption(
            "Mixtures over all subsets are left out: of so many modalities they are too large."
        )
    minutes = st.select_slider("Time", list(MINUTES), key="train_time")
    beta = st.number_input(
        "Beta",
        0.0,
        MOST_BETA,
        value=None,
        placeholder="the model's own",
        key="train_beta",
        help="Weight of the KL term, or of what stands in its place. 1 unless the card says "
        "otherwise.",
    )
    seed = st.number_input(
        "Seed", 0, MOST_SEED, key="train_seed", help="Of weights, data order and noise."
    )
    links.keep("train", fields, about=dataset)
    why = absence(dataset)
    if why:
        say_what_is_missing(dataset, why)
    st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key="train_start",
        disabled=bool(why),
        on_click=start,
        args=[line, Request(dataset, model, MINUTES[minutes], int(seed), beta)],
    )
    with st.expander(f"About {MODEL_LABELS[model]}"):
        show_card(model)


def start(line: Line, request: Request) -> None:
    number = attempt(line.ask, request)
    if number is not None:
        mine().add(number)
        look_at(number)


def watch(line: Line) -> None:
    """The runs, looked at again every second while one of them is at work or waits."""
    for tell, text in state.pop("train_notices", []):
        tell(text)
    state.train_redraw = False
    busy = any(not one.over for one in line.trainings())
    st.fragment(show_runs, run_every=LOOK_EVERY_SECONDS if busy else None)(line, busy)


def show_runs(line: Line, watching: bool) -> None:
    trainings = line.trainings()
    if state.train_redraw or watching != any(not one.over for one in trainings):
        st.rerun()
    st.header("Runs")
    if not trainings:
        st.info("No run yet. Choose what to train, and press Start.")
        return
    rows = [
        f"| {one.number} | {MODEL_LABELS.get(one.request.model, one.request.model)} "
        f"| {label_of(one.request.dataset)} "
        f"| {one.request.seed} | {in_words(one, trainings)} |"
        for one in trainings
    ]
    st.markdown("\n".join(["| Run | Model | Data | Seed | |", "|---|---|---|---|---|", *rows]))
    looked = chosen(trainings)
    if len(trainings) > 1:
        numbers = [one.number for one in trainings]
        key = f"train_look_{numbers[0]}_{numbers[-1]}_{len(numbers)}"
        st.pills(
            "Look at run",
            numbers,
            default=looked,
            required=True,
            key=key,
            on_change=lambda: look_at(state[key]),
        )
    show_run(line, next(one for one in trainings if one.number == looked), trainings)


def chosen(trainings: list[Training]) -> int:
    """The run of the link, else this visitor's last, else the one at work, else the last."""
    numbers = [one.number for one in trainings]
    asked = st.query_params.get("run", "")[:9]
    if asked.isdecimal() and int(asked) in numbers:
        return int(asked)
    own = [number for number in numbers if number in mine()]
    at_work = [one.number for one in trainings if one.state in ("training", "stopping")]
    return (own or at_work or numbers)[-1]


def show_run(line: Line, one: Training, trainings: list[Training]) -> None:
    """One run: how far it is, its curves, what it draws, and what can be done with it."""
    st.subheader(f"Run {one.number}: {MODEL_LABELS.get(one.request.model, one.request.model)}")
    if one.state == "waiting":
        st.markdown(f"**{place_in_words(one, trainings)}** It starts by itself.")
    elif not one.over:
        st.progress(one.done, text=progress_in_words(one))
    elif one.message:
        {"failed": st.error}.get(one.state, st.info)(one.message)
    act(line, one)
    if one.history:
        st.html(draw_curves(one.history, st.context.theme.type or "light"))
        st.caption(
            "Loss terms of a batch, per sample. Values above the frame, of the first steps, are "
            "drawn at its edge."
        )
    samples = read_samples(one.folder)
    if samples is not None:
        st.markdown(
            f"What it draws at step {samples.step}, given `{samples.given.name}` of test samples, "
            "which it is not trained on:"
        )
        st.html(draw_samples(samples))


def act(line: Line, one: Training) -> None:
    """Buttons for what can be done with a run now."""
    if one.number not in mine() and not st.checkbox(
        "Another visit started this run; let me stop, keep or discard it",
        key=f"train_permit_{one.number}",
    ):
        return
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    if one.state == "training":
        bar.button("Stop", key=f"train_stop_{one.number}", on_click=stop, args=[line, one.number])
    elif one.state == "stopping":
        if time.monotonic() - state.get("train_told", {}).get(one.number, 0) > SILENT_SECONDS:
            bar.button(
                "It does not answer: end it now",
                key=f"train_kill_{one.number}",
                on_click=lambda: attempt(line.stop, one.number, at_once=True),
            )
    elif one.state == "waiting":
        bar.button(
            "Leave the line",
            key=f"train_leave_{one.number}",
            on_click=attempt,
            args=[line.discard, one.number],
        )
    else:
        finish(line, one, bar)


def finish(line: Line, one: Training, bar) -> None:
    """Keep, go on with or discard a run that is over."""
    if one.has_weights:
        tag = bar.text_input(
            f"Keep as {one.request.model}-",
            free_tag(one.request.dataset, one.request.model),
            max_chars=20,
            key=f"train_tag_{one.number}",
            help="Small letters, digits and underscores. Checkpoints that came with the explorer "
            "keep their names.",
            width=200,
        )
        bar.button(
            "Keep",
            type="primary",
            key=f"train_keep_{one.number}",
            on_click=keep,
            args=[line, one, tag],
        )
    if one.state != "finished":
        bar.button(
            "Resume" if one.has_state else "Start again",
            key=f"train_resume_{one.number}",
            on_click=attempt,
            args=[line.resume, one.number],
        )
    bar.button(
        "Discard",
        key=f"train_discard_{one.number}",
        on_click=attempt,
        args=[line.discard, one.number],
    )


def stop(line: Line, number: int) -> None:
    state.setdefault("train_told", {})[number] = time.monotonic()
    attempt(line.stop, number)


def keep(line: Line, one: Training, tag: str) -> None:
    name = attempt(line.keep, one.number, tag)
    if name is not None:
        data = one.request.dataset
        MEASURING.ask(data, name)
        notify(
            st.success,
            f"Kept as **{name}**, below. Its map and scores are being made. It is now among the "
            "models of "
            f"[Generation](generation?data={data}), [Latent space](latent-space?data={data}) and "
            f"[Scores](scores?data={data}).",
        )


def attempt(action, *arguments, **options):
    """What an action returns; None with a notice where it cannot be done."""
    try:
        return action(*arguments, **options)
    except (TrainingError, OSError) as error:
        text = str(error)
        notify(st.error, f"{text[0].upper()}{text[1:]}.")
        return None


def notify(tell, text: str) -> None:
    """Have something said when the page is next drawn as a whole."""
    state.setdefault("train_notices", []).append((tell, text))
    state.train_redraw = True


def mine() -> set[int]:
    """Runs that this visit started."""
    return state.setdefault("train_mine", set())


def look_at(number: int) -> None:
    st.query_params["run"] = str(number)


def in_words(one: Training, trainings: list[Training]) -> str:
    if one.state == "waiting":
        return place_in_words(one, trainings)
    if one.state == "training":
        return f"training, {one.done:.0%}" if one.history else "getting ready"
    return WORDS[one.state]


def place_in_words(one: Training, trainings: list[Training]) -> str:
    """Place in line, and the minutes that the runs before it may still take."""
    before = [
        other
        for other in trainings
        if other.state in ("training", "stopping") or 0 < other.place < one.place
    ]
    left = sum((1 - other.done) * other.request.minutes for other in before)
    place = "Next in line" if one.place == 1 else f"Number {one.place} in line"
    return f"{place}, about {max(1, round(left))} min left."


def progress_in_words(one: Training) -> str:
    if one.state == "stopping":
        return "Stopping: it finishes its step and saves what it has."
    if not one.history:
        return "Getting ready: loading the data and building the networks."
    left = (1 - one.done) * one.request.minutes * 60
    return f"Step {one.history[-1][0]}, about {left:.0f} s left"


main()
