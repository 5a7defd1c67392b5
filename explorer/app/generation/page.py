"""Generation and conflict: what models draw of what they have not seen."""

import random
from dataclasses import fields, replace

import streamlit as st

from explorer.app.generation.challenges import score_guess, show_challenges
from explorer.app.generation.choose_given import choose_some, pictured
from explorer.app.generation.explanations import explanations
from explorer.app.generation.presets import (
    DATASET,
    PRESETS,
    RATES,
    cached_about,
    cached_answer,
    damaged,
    read_cache,
)
from explorer.app.generation.state import (
    MOST_DRAWS,
    MOST_MODELS,
    MOST_PILLS,
    MOST_SEED,
    MOST_TEMPERATURE,
    VIEWS,
    About,
    Question,
    default_question,
    read_question,
    settle,
    targets_of,
    write_question,
)
from explorer.app.generation.widget import gallery
from explorer.app.shared.choices import (
    choose_dataset,
    model_label,
    say_nothing_is_trained,
    show_cards,
)
from explorer.app.shared.missing_data import absence, say_what_is_missing, show_prior
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.subjects import SUBJECTS, called, plural

STRIP = 16
"""Samples to choose from at a time."""

VIEW_NAMES = {"draws": "Fill in what is hidden", "conflict": "Conflict"}
VOTES = (50, 200, 500, 1000)
PARAMETERS = [f.name for f in fields(Question)]
KEPT = ("view", "draws", "temperature", "seed", "whole", "votes")
"""What of a question is carried over to another dataset."""
BOUND = [name for name in PARAMETERS if name not in ("item", "other")]

state = st.session_state


def main() -> None:
    st.title("What does a model draw of what it has not seen?")
    left, right = st.columns([1, 3.2], gap="medium", vertical_alignment="bottom")
    with left:
        name = choose_dataset()
    right.markdown(
        f"{SUBJECTS[name].idea} Hide a part: each model fuses what is left into one belief, draws "
        "from it, and a classifier reads the draws."
    )
    why = absence(name)
    if why:
        say_what_is_missing(name, why)
        show_prior(name)
        return
    known = about()
    if not known.models:
        say_nothing_is_trained(name)
        return
    take_link(known)
    generation()


def take_link(known: About) -> None:
    """The question of the URL, when it is another than the one at hand; else what fits of that."""
    link = {name: value for name, value in st.query_params.items() if name in PARAMETERS}
    at_hand = state.get("generation")
    if at_hand is None or (link and link != state.generation_link):
        state.generation, state.generation_notices = read_question(link, known)
    elif state.generation_data != known.data or not set(at_hand.models) <= set(known.models):
        kept = {name: getattr(at_hand, name) for name in KEPT}
        state.generation = settle(replace(default_question(known), **kept), known)
    state.generation_data = known.data


@st.fragment
def generation() -> None:
    """Controls, answer, and what lies behind it; all that reruns."""
    oppose()
    for name in BOUND:
        value = getattr(state.generation, name)
        state[f"generation_{name}"] = list(value) if isinstance(value, tuple) else value
    shipped = damaged() if state.dataset == DATASET else []
    for notice in [*shipped, *state.pop("generation_notices", [])]:
        st.warning(notice)
    if state.dataset == DATASET:
        choose_preset()
    elif state.generation.view == "conflict":
        word = SUBJECTS[state.dataset].word
        st.markdown(
            f"What is given contradicts itself: part of it is of side A, part of side B, two "
            f"samples of different {plural(word)}. The bars count whose {word} the draws show."
        )
    samples = st.container()
    choose_inputs()
    answer = show_answer(state.generation)
    with samples:
        choose_samples()
    if answer["kind"] == "conflict" and state.dataset == DATASET:
        show_rates()
    if not answer.get("covered"):
        from explorer.app.generation.look_closer import look_closer

        look_closer(state.dataset, state.generation)
    show_challenges(answer, about().models, SUBJECTS[state.dataset].word)
    show_marginals()
    for title, text in explanations(SUBJECTS[state.dataset].word).items():
        with st.expander(title):
            st.markdown(text)
    remember()


def about() -> About:
    """What can be asked: from the preset cache, which is at hand before torch is."""
    known = cached_about(state.dataset)
    if known is not None:
        return known
    from explorer.app.shared import loaded as lab

    return lab.about(state.dataset)


def edit(name: str) -> None:
    """Take over what a widget says; an empty choice is undone, a fourth model replaces one."""
    value = state[f"generation_{name}"]
    if isinstance(value, list):
        if not value:
            return
        if name == "models":
            value = value[-MOST_MODELS:]
        order = about().models if name == "models" else about().names
        value = tuple(sorted(value, key=order.index))
    change(**{name: value})


def change(**parts: object) -> None:
    state.generation = settle(replace(state.generation, **parts), about())


def oppose() -> None:
    """In a conflict, see to it that the two samples are of different classes."""
    question = state.generation
    if question.view == "conflict" and cached_answer(state.dataset, question) is None:
        from explorer.app.shared.loaded import nearest_opponent

        state.generation = replace(question, other=nearest_opponent(state.dataset, question))


def remember() -> None:
    """Keep the question in the address bar."""
    wanted = write_question(state.generation, default_question(about()))
    state.generation_link = wanted
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
    from explorer.app.shared.loaded import dataset

    question, name = state.generation, state.dataset
    labels = dataset(name).test.labels
    if question.view == "draws":
        strip_of("item", "Sample", labels, pictured(name, question.given))
        return
    kept = [name for name in question.given if name not in question.swapped]
    here, there = st.columns(2)
    with here:
        strip_of("item", "Side A", labels, pictured(name, kept))
    with there:
        avoid = int(labels[question.item])
        strip_of("other", "Side B, contradicts it", labels, pictured(name, question.swapped), avoid)


def choose_inputs() -> None:
    """What is observed, who is asked, and how draws are made."""
    question = state.generation
    known = about()
    more = len(known.models) > MOST_MODELS
    left, right = st.columns([1, 2.6], gap="medium")
    choose_some(
        left,
        "Given: what the models see",
        known.names,
        "generation_given",
        many=len(known.names) > MOST_PILLS,
        take=lambda some: change(given=some),
        on_change=edit,
        args=["given"],
        help="; ".join(f"{name}: {description}" for name, description in known.modalities),
    )
    right.multiselect(
        (f"Models, up to {MOST_MODELS} of {len(known.models)}" if more else "Models")
        + (", in the densities below" if question.view == "conflict" else ""),
        known.models,
        format_func=model_label,
        key="generation_models",
        on_change=edit,
        args=["models"],
        help="All that are trained on this dataset. Type to search, by name or by family; one more "
        f"than {MOST_MODELS} replaces the first.",
        wrap=True,
    )
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
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
        choose_some(
            bar,
            "Swapped to side B",
            question.given,
            "generation_swapped",
            many=len(known.names) > MOST_PILLS,
            take=lambda some: change(swapped=some),
            on_change=edit,
            args=["swapped"],
            help="At least one given view is swapped and at least one is kept.",
        )
        bar.pills(
            "Drawn and counted",
            targets_of(question.given, known),
            required=True,
            key="generation_target",
            on_change=edit,
            args=["target"],
        )
    with bar.popover(noise_in_words(question), icon=":material/tune:", key="generation_noise"):
        choose_noise(question)
    with bar:
        show_cards(question.models)


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
        help="Mixtures over subsets are trained as a mixture over every subset of what is given. "
        "Their papers generate from the one component that fuses all of it; so does this page, "
        "unless this is on. It changes nothing for other models.",
    )


def strip_of(name: str, title: str, labels, shown: str, avoid: int = -1) -> None:
    """Thumbnails of test samples, by class, with previous, next and shuffle."""
    from explorer.app.shared.loaded import strip

    word, classes = SUBJECTS[state.dataset].word, about().classes
    key = f"generation_{name}"
    item = getattr(state.generation, name)

    def allowed() -> list[int]:
        label = state[f"{key}_class"]
        keep = labels == label if label is not None else labels != avoid
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

    if state.get(f"{key}_class") not in (None, int(labels[item])):
        state[f"{key}_class"] = None
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    bar.selectbox(
        title,
        [None, *(label for label in range(len(classes)) if label != avoid)],
        format_func=lambda label: f"any {word}" if label is None else called(word, classes[label]),
        key=f"{key}_class",
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
    thumbnails = strip(state.dataset, tuple(items[start : start + STRIP]), shown)
    gallery(key=f"{key}_strip", data=thumbnails | {"selected": item}, on_picked_change=pick)


def show_answer(question: Question) -> dict[str, object]:
    """The gallery: from the cache at once where there is one, then live; what it shows."""
    kept = cached_answer(state.dataset, question)
    if kept is not None and state.get("generation_live") != question:
        answer = kept | {"precomputed": True}
    else:
        from explorer.app.shared.loaded import live_answer

        answer = live_answer(state.dataset, question)

    def go_live() -> None:
        state.generation_live = state.generation

    shown = answer
    if question.view == "conflict" and predicting(answer):
        shown = answer | {"covered": True}
    gallery(key="generation_answer", data=shown, on_live_change=go_live)
    return shown


def show_rates() -> None:
    """Not one conflict but hundreds, met beforehand."""
    rates = read_cache(RATES)
    if not rates:
        return
    from explorer.app.generation.answers import show_rates as shown

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
            [model["key"] for model in answer["models"] if "error" not in model],
            selection_mode="multi",
            format_func=MODEL_LABELS.get,
            key="generation_guess",
        )
        if st.button("Reveal", type="primary", key="generation_reveal"):
            state.generation_revealed = state.generation
    if state.get("generation_revealed") != state.generation:
        return True
    st.markdown(score_guess(state.generation_guess, answer))
    return False


def show_marginals() -> None:
    """The experts and their fusion in one latent dimension: page 1 with real numbers."""
    from explorer.app.shared.loaded import live_marginals

    st.subheader("What do the experts say?")
    st.markdown(
        "Every given view alone becomes an expert: a belief over the dimensions of the latent "
        "space. Here is one dimension of each model, and what the model makes of all that is given."
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
    marginals = live_marginals(state.dataset, state.generation)
    gallery(key="generation_marginals", data=marginals)


main()
