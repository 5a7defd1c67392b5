"""Generation and conflict: what models draw of what they have not seen."""

import random
from dataclasses import fields, replace

import streamlit as st

from explorer.pages.challenges import CHALLENGES, score_guess
from explorer.pages.explanations import explanations
from explorer.pages.gallery import gallery
from explorer.pages.presets import (
    PRESETS,
    RATES,
    cached_about,
    cached_answer,
    damaged,
    read_cache,
)
from explorer.pages.questions import (
    MOST_DRAWS,
    MOST_MODELS,
    MOST_SEED,
    MOST_TEMPERATURE,
    VIEWS,
    About,
    Question,
    read_question,
    settle,
    targets_of,
    write_question,
)
from explorer.palette import LABELS

STRIP = 16
"""Samples to choose from at a time."""

VIEW_NAMES = {"draws": "Fill in what is hidden", "conflict": "Conflict"}
VOTES = (50, 200, 500, 1000)
PARAMETERS = [f.name for f in fields(Question)]
BOUND = [name for name in PARAMETERS if name not in ("item", "other")]

state = st.session_state


def main() -> None:
    st.title("What does a model draw of what it has not seen?")
    st.markdown(
        "Five pictures show the same digit. Hide some of them: each model fuses what is left into "
        "one belief, draws from it, and a classifier reads the draws."
    )
    link = {name: value for name, value in st.query_params.items() if name in PARAMETERS}
    if "generation" not in state or (link and link != state.generation_link):
        state.generation, state.generation_notices = read_question(link, about())
    generation()


@st.fragment
def generation() -> None:
    """Controls, answer, and what lies behind it; all that reruns."""
    oppose()
    for name in BOUND:
        value = getattr(state.generation, name)
        state[f"generation_{name}"] = list(value) if isinstance(value, tuple) else value
    for notice in [*damaged(), *state.pop("generation_notices", [])]:
        st.warning(notice)
    choose_preset()
    samples = st.container()
    choose_inputs()
    answer = show_answer(state.generation)
    with samples:
        choose_samples()
    if answer["kind"] == "conflict":
        show_rates()
    show_challenges(answer)
    show_marginals()
    for title, text in explanations().items():
        with st.expander(title):
            st.markdown(text)
    remember()


def about() -> About:
    """What can be asked: from the preset cache, which is at hand before torch is."""
    known = cached_about()
    if known is not None:
        return known
    from explorer.pages.answers import describe
    from explorer.pages.lab import lab

    return describe(lab())


def edit(name: str) -> None:
    """Take over what a widget says; an empty choice is undone, a fourth model replaces one."""
    value = state[f"generation_{name}"]
    if isinstance(value, list):
        if not value:
            return
        if name == "models":
            value = value[-MOST_MODELS:]
        order = list(LABELS) if name == "models" else about().names
        value = tuple(sorted(value, key=order.index))
    change(**{name: value})


def change(**parts: object) -> None:
    state.generation = settle(replace(state.generation, **parts), about())


def oppose() -> None:
    """In a conflict, see to it that the two samples show different digits."""
    question = state.generation
    if question.view == "conflict" and cached_answer(question) is None:
        from explorer.pages.lab import nearest_opponent

        state.generation = replace(question, other=nearest_opponent(question))


def remember() -> None:
    """Keep the question in the address bar."""
    wanted = state.generation_link = write_question(state.generation)
    for name in PARAMETERS:
        if name in wanted and st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]
        elif name not in wanted and name in st.query_params:
            del st.query_params[name]


def choose_preset() -> None:
    def take() -> None:
        if state.generation_preset is not None:
            state.generation = PRESETS[state.generation_preset].question
            state.generation_live = None

    chosen = [i for i, preset in enumerate(PRESETS) if preset.question == state.generation]
    state.generation_preset = chosen[0] if chosen else None
    st.pills(
        "Start from",
        range(len(PRESETS)),
        format_func=lambda i: PRESETS[i].name,
        key="generation_preset",
        on_change=take,
    )
    st.markdown(PRESETS[chosen[0]].point if chosen else "A question of your own.")


def choose_samples() -> None:
    """Which sample, and in a conflict which one contradicts it."""
    from explorer.pages.lab import dataset

    question = state.generation
    labels = dataset().test.labels
    if question.view == "draws":
        strip_of("item", "Sample", labels, question.given[0])
        return
    kept = [name for name in question.given if name not in question.swapped]
    here, there = st.columns(2)
    with here:
        strip_of("item", "Side A", labels, kept[0])
    with there:
        avoid = int(labels[question.item])
        strip_of("other", "Side B, contradicts it", labels, question.swapped[0], avoid)


def choose_inputs() -> None:
    """What is observed, who is asked, and how draws are made."""
    question = state.generation
    described = dict(about().modalities)
    left, right = st.columns([1, 2.6], gap="medium")
    left.pills(
        "Given: what the models see",
        about().names,
        selection_mode="multi",
        help=", ".join(f"{name} {photograph}" for name, photograph in described.items()),
        key="generation_given",
        on_change=edit,
        args=["given"],
        wrap=True,
    )
    right.pills(
        f"Models, up to {MOST_MODELS}"
        + (", in the densities below" if question.view == "conflict" else ""),
        list(LABELS),
        selection_mode="multi",
        format_func=LABELS.get,
        key="generation_models",
        on_change=edit,
        args=["models"],
        wrap=True,
    )
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
    bar.segmented_control(
        "Ask",
        VIEWS,
        format_func=VIEW_NAMES.get,
        required=True,
        key="generation_view",
        on_change=edit,
        args=["view"],
    )
    if question.view == "conflict":
        bar.pills(
            "Swapped to side B",
            question.given,
            selection_mode="multi",
            key="generation_swapped",
            on_change=edit,
            args=["swapped"],
            help="At least one given view is swapped and at least one is kept.",
        )
        bar.pills(
            "Drawn and counted",
            targets_of(question.given, about()),
            required=True,
            key="generation_target",
            on_change=edit,
            args=["target"],
        )
    with bar.popover(noise_in_words(question), icon=":material/tune:", key="generation_noise"):
        choose_noise(question)


def noise_in_words(question: Question) -> str:
    count = question.draws if question.view == "draws" else question.votes
    whole = ", whole mixture" if question.whole else ""
    return f"{count} draws, temperature {question.temperature:g}, seed {question.seed}{whole}"


def choose_noise(question: Question) -> None:
    if question.view == "draws":
        st.slider("Draws", 1, MOST_DRAWS, key="generation_draws", on_change=edit, args=["draws"])
    else:
        st.select_slider("Draws", VOTES, key="generation_votes", on_change=edit, args=["votes"])
    st.slider(
        "Temperature",
        0.0,
        MOST_TEMPERATURE,
        step=0.1,
        key="generation_temperature",
        on_change=edit,
        args=["temperature"],
        help="Factor on the posterior's standard deviation; 0 draws each component's mean.",
    )
    st.number_input("Seed", 0, MOST_SEED, key="generation_seed", on_change=edit, args=["seed"])
    st.toggle(
        "Draw from the whole mixture",
        key="generation_whole",
        on_change=edit,
        args=["whole"],
        help="The two mixtures over subsets are trained as a mixture over every subset of what is "
        "given. Their papers generate from the one component that fuses all of it; so does this "
        "page, unless this is on. It changes nothing for the other five.",
    )


def strip_of(name: str, title: str, labels, shown: str, avoid: int = -1) -> None:
    """Thumbnails of test samples, by digit, with previous, next and shuffle."""
    from explorer.pages.lab import strip

    key = f"generation_{name}"
    item = getattr(state.generation, name)

    def allowed() -> list[int]:
        digit = state[f"{key}_digit"]
        keep = labels == digit if digit is not None else labels != avoid
        return keep.nonzero().flatten().tolist()

    def restrict() -> None:
        change(**{name: min(allowed(), key=lambda i: abs(i - item))})

    def go(step: int) -> None:
        items = allowed()
        change(**{name: items[(items.index(item) + step) % len(items)]})

    def shuffle() -> None:
        change(**{name: random.choice(allowed())})

    def pick() -> None:
        change(**{name: int(state[f"{key}_strip"]["picked"][0])})

    if state.get(f"{key}_digit") not in (None, int(labels[item])):
        state[f"{key}_digit"] = None
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    bar.selectbox(
        title,
        [None, *(digit for digit in range(int(labels.max()) + 1) if digit != avoid)],
        format_func=lambda digit: "any digit" if digit is None else f"a {digit}",
        key=f"{key}_digit",
        on_change=restrict,
        width=150,
    )
    for text, icon, action in (
        ("Previous", "chevron_left", lambda: go(-1)),
        ("Next", "chevron_right", lambda: go(1)),
        ("Shuffle", "shuffle", shuffle),
    ):
        bar.button(text, icon=f":material/{icon}:", key=f"{key}_{text}", on_click=action)
    items = allowed()
    start = items.index(item) // STRIP * STRIP
    thumbnails = strip(tuple(items[start : start + STRIP]), shown)
    gallery(key=f"{key}_strip", data=thumbnails | {"selected": item}, on_picked_change=pick)


def show_answer(question: Question) -> dict[str, object]:
    """The gallery: from the cache at once where there is one, then live."""
    kept = cached_answer(question)
    if kept is not None and state.get("generation_live") != question:
        answer = kept | {"precomputed": True}
    else:
        from explorer.pages.lab import live_answer

        answer = live_answer(question)

    def go_live() -> None:
        state.generation_live = state.generation

    shown = answer
    if question.view == "conflict" and predicting(answer):
        shown = answer | {"covered": True}
    gallery(key="generation_answer", data=shown, on_live_change=go_live)
    return answer


def show_rates() -> None:
    """Not one conflict but hundreds, met beforehand."""
    rates = read_cache(RATES)
    if not rates:
        return
    from explorer.pages.answers import show_rates as shown

    st.subheader("And in two hundred conflicts?")
    scenario = st.segmented_control(
        "Views of each digit",
        list(rates),
        default=next(iter(rates)),
        required=True,
        key="generation_scenario",
    )
    gallery(key="generation_rates", data=shown(rates[scenario]))


def predicting(answer: dict[str, object]) -> bool:
    """Let the visitor say who takes a side before the counts are shown; True while covered."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if not st.toggle("Predict first", key="generation_predict"):
            return False
        st.pills(
            "Which models take a side, in four draws of five or more?",
            list(LABELS),
            selection_mode="multi",
            format_func=LABELS.get,
            key="generation_guess",
        )
        if st.button("Reveal", type="primary", key="generation_reveal"):
            state.generation_revealed = state.generation
    if state.get("generation_revealed") != state.generation:
        return True
    st.markdown(score_guess(state.generation_guess, answer))
    return False


def show_challenges(answer: dict[str, object]) -> None:
    """Things to try, ticked off when an answer of this visit has done them."""
    done = state.setdefault("generation_done", set())
    here = [c for c in CHALLENGES if c.view == answer["kind"]]
    done |= {c.text for c in here if c.done(answer)}
    st.subheader("Try to")
    for challenge in here:
        icon = (
            ":material/check_circle: **Done.**" if challenge.text in done else ":material/circle:"
        )
        st.markdown(f"{icon} {challenge.text}")


def show_marginals() -> None:
    """The experts and their fusion in one latent dimension: page 1 with real numbers."""
    from explorer.pages.lab import live_marginals

    st.subheader("What do the experts say?")
    st.markdown(
        "Every given view becomes an expert: a Gaussian over 64 latent dimensions. Here is one "
        "dimension of each model, and what the model fuses the experts into."
    )
    st.slider(
        "Latent dimension, by how far the experts lie apart (1: furthest)",
        1,
        about().n_dimensions,
        key="generation_rank",
        on_change=edit,
        args=["rank"],
        width=480,
    )
    gallery(key="generation_marginals", data=live_marginals(state.generation))


main()
