"""Page 1: experts are dragged, the browser computes; Python keeps the link and checks tasks."""

import streamlit as st

from explorer.app.barycenters.lessons import CHALLENGES, QUESTIONS
from explorer.app.barycenters.state import (
    FIELDS,
    State,
    read_browser,
    read_link,
    snippet,
    write_link,
)
from explorer.app.barycenters.widget import barycenter, command

MODES = ["Explore", "Predict first", "Challenges"]
memory = st.session_state


def order(state, **options):
    """Have the widget show a state, unless it is what the widget was last told."""
    memory.barycenters_state = state
    revision = memory.get("barycenters_revision", 0) + 1
    memory.barycenters_revision = revision
    lesson = memory.get("barycenters_lesson") is not None
    memory.barycenters_command = command(state, revision, lesson=lesson, **options)


def arrive():
    """Start from the link, or from where this visitor left the page."""
    parameters = {field.parameter for field in FIELDS.values()} | {"lesson"}
    link = {name: text for name, text in st.query_params.items() if name in parameters}
    if "barycenters_state" in memory and link in ({}, memory.barycenters_link):
        order(memory.barycenters_state, hide=memory.barycenters_command["hide"])
        return
    state, notices = read_link(link)
    lesson = link.get("lesson")
    if lesson is not None and lesson not in CHALLENGES:
        notices.append(f"There is no such lesson: expected one of {', '.join(CHALLENGES)}.")
        lesson = None
    if lesson is not None and "e" not in link:
        state = prepare(CHALLENGES[lesson].setup)
    memory.barycenters_lesson, memory.barycenters_notices = lesson, notices
    memory.barycenters_link = link
    order(state)


def prepare(setup):
    return read_browser({**command(State())["state"], **setup})


def remember(state):
    """Keep what the browser sent on release, here and in the address bar."""
    memory.barycenters_state = state
    link = write_link(state)
    if memory.barycenters_lesson is not None:
        link["lesson"] = memory.barycenters_lesson
    memory.barycenters_link = link
    others = {
        name: text
        for name, text in st.query_params.items()
        if name not in {field.parameter for field in FIELDS.values()}
    }
    if {**others, **link} != st.query_params.to_dict():
        st.query_params.from_dict({**others, **link})


def change_mode():
    if memory.barycenters_mode == "Predict first":
        ask()
    elif memory.barycenters_mode == "Challenges":
        begin_challenge()
    else:
        order(memory.barycenters_state)


def ask():
    memory.barycenters_answer = None
    setup = QUESTIONS[memory.get("barycenters_question") or next(iter(QUESTIONS))].setup
    order(prepare(setup), hide=True)
    remember(memory.barycenters_state)


def answer():
    order(memory.barycenters_state)


def begin_challenge():
    key = memory.get("barycenters_challenge") or next(iter(CHALLENGES))
    order(prepare(CHALLENGES[key].setup))
    remember(memory.barycenters_state)


def predict():
    key = st.pills(
        "Question",
        QUESTIONS,
        format_func=lambda key: QUESTIONS[key].label,
        default=next(iter(QUESTIONS)),
        required=True,
        key="barycenters_question",
        on_change=ask,
        label_visibility="collapsed",
    )
    question = QUESTIONS[key]
    st.markdown(f"**{question.text}**")
    chosen = st.pills(
        "Your prediction",
        range(len(question.options)),
        format_func=lambda i: question.options[i].label,
        key="barycenters_answer",
        on_change=answer,
    )
    if chosen is not None:
        option = question.options[chosen]
        verdict = st.success if option.right else st.warning
        verdict(f"{'Right' if option.right else 'Not quite'}. {option.why}")


def challenge(key, state):
    task = CHALLENGES[key]
    solved, numbers = task.check(state)
    if solved:
        memory.barycenters_solved = memory.get("barycenters_solved", set()) | {key}
        st.success(f"**{task.label}: solved.** {task.task} {numbers}")
    else:
        st.info(f"**{task.label}.** {task.task} {numbers}", icon=":material/flag:")
        st.caption(f"Hint: {task.hint}")


def challenges(state):
    solved = memory.get("barycenters_solved", set())
    key = st.pills(
        "Challenge",
        CHALLENGES,
        format_func=lambda key: ("✓ " if key in solved else "") + CHALLENGES[key].label,
        default=next(iter(CHALLENGES)),
        required=True,
        key="barycenters_challenge",
        on_change=begin_challenge,
        label_visibility="collapsed",
    )
    challenge(key, state)


@st.fragment
def explorer():
    task = st.container()
    sent = barycenter(memory.barycenters_command, key="barycenters")
    if sent is not None and sent != memory.get("barycenters_sent"):
        memory.barycenters_sent = sent
        memory.barycenters_notices = []
        remember(read_browser(sent))
    state = memory.barycenters_state
    with task:
        if memory.barycenters_notices:
            st.warning("  \n".join(memory.barycenters_notices))
        if memory.barycenters_lesson is not None:
            challenge(memory.barycenters_lesson, state)
        elif choose_mode() == "Predict first":
            predict()
        elif memory.barycenters_mode == "Challenges":
            challenges(state)
    with st.expander("Show the code"):
        st.caption("Reproduces this figure and its numbers with the library, in a notebook.")
        st.code(snippet(state), language="python")


def choose_mode():
    return st.segmented_control(
        "What to do",
        MODES,
        default=MODES[0],
        required=True,
        key="barycenters_mode",
        on_change=change_mode,
        label_visibility="collapsed",
    )


MATHEMATICS = r"""
Weights $w_i$ sum to one. Each rule is the point nearest to the experts $p_i$, for its own distance:

| rule | minimizes over $q$ | closed form for Gaussians |
|---|---|---|
| geometric mean | $\sum_i w_i\,\mathrm{KL}(q\,\|\,p_i)$: zero-forcing | precisions average |
| mixture | $\sum_i w_i\,\mathrm{KL}(p_i\,\|\,q)$: mass-covering | $\sum_i w_i\,p_i$ |
| moment match | the same, among Gaussians | mean and variance of the mixture |
| Wasserstein | $\sum_i w_i\,W_2^2(q, p_i)$: moves mass | means and standard deviations average |

The **product** is the geometric mean raised to the power $n$: the same mean, with precisions that
*add*. It counts every expert as an independent witness, and minimizes
$\sum_i \mathrm{KL}(q\,\|\,p_i) + (n-1)\,\mathrm{H}(q)$ instead. With unequal weights it raises
expert $i$ to the power $n\,w_i$. The mixtures of products and of Wasserstein barycenters do the
same for every subset of the experts and mix the results; a subset counts as much as its members do
on average.
"""

THEOREM = r"""
Theorem 1 of the paper that introduced barycentric multimodal autoencoders (Qiu et al., AAAI 2025)
says that the product of experts is the barycenter of $\mathrm{KL}(q\,\|\,p_i)$. It is the
normalized **geometric mean** that is. Two experts settle it, $N(-1, 1)$ and $N(2, 0.5^2)$, with
equal weights:

| | mean | sd | $\sum_i w_i\,\mathrm{KL}(q\,\|\,p_i)$ |
|---|---|---|---|
| geometric mean | 1.40 | 0.632 | **1.9116** |
| product | 1.40 | 0.447 | 2.0081 |

Set the experts above to these values and read the column. The half of the theorem about mixtures
is right over all densities; among Gaussians it gives the moment match.
"""

HONEST = """
- With equal widths the geometric mean and the Wasserstein barycenter are the same curve.
- The Wasserstein barycenter keeps *widths*, not *modes*: when experts contradict each other it too
  peaks where nobody believes. Only mixtures avoid the false consensus.
- The product grows surer whenever it hears another expert, even an echo of the first.
"""

arrive()
st.title("How should experts be combined?")
st.markdown(
    "Experts believe different things about the same unknown. **Drag a dot**: sideways moves "
    "what it believes, upwards makes it surer."
)
explorer()
with st.expander("The mathematics"):
    st.markdown(MATHEMATICS)
with st.expander("Is the product a barycenter? A theorem, checked"):
    st.markdown(THEOREM)
with st.expander("What to remember"):
    st.markdown(HONEST)
