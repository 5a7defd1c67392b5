"""Page 1: experts are dragged, the browser computes; Python keeps the link and checks tasks."""

import streamlit as st

from explorer.app.barycenters.lessons import CHALLENGES, PREDICTIONS
from explorer.app.barycenters.state import FIELDS, State, changed, snippet
from explorer.app.barycenters.widget import FOCUS, PARTS, barycenter, command
from explorer.app.links import Field, amend, arrive, choice, hiding, optional, read, remember
from explorer.app.shared.unfold import unfold
from explorer.app.shared.words import define

MODES = {"explore": "Explore", "predict": "Predict first", "challenges": "Challenges"}
DOING = (
    Field("mode", choice(MODES), "explore"),
    Field("prediction", choice(PREDICTIONS), next(iter(PREDICTIONS))),
    Field("challenge", choice(CHALLENGES), next(iter(CHALLENGES))),
    Field("lesson", optional(choice(CHALLENGES)), None),
    hiding(("mode", "words", *PARTS)),
)
"""What the visitor is doing; together with ``FIELDS`` this is all that the page's link holds."""

memory = st.session_state


def setup_of(doing):
    """What a prediction or a challenge starts from; nothing where the visitor explores."""
    if doing["lesson"] is not None:
        return CHALLENGES[doing["lesson"]].setup
    if doing["mode"] == "predict":
        return PREDICTIONS[doing["prediction"]].setup
    return CHALLENGES[doing["challenge"]].setup if doing["mode"] == "challenges" else {}


def fields(doing):
    """All fields; what a prediction or a challenge starts from is their default."""
    start = changed(State(), setup_of(doing))._asdict()
    return (*DOING, *(field._replace(default=start[field.name]) for field in FIELDS))


def shown():
    """The state of the plot."""
    return State(**{field.name: memory.barycenters_now[field.name] for field in FIELDS})


def order():
    """Have the widget show the state at hand; covered while a prediction waits for its answer."""
    here = memory.barycenters_now
    busy = here["lesson"] is not None or here["mode"] != "explore"
    without = {*here["hide"], *(FOCUS if here["lesson"] else ()), *(["presets"] if busy else ())}
    memory.barycenters_revision = memory.get("barycenters_revision", 0) + 1
    memory.barycenters_command = command(
        shown(),
        memory.barycenters_revision,
        covered=predicting() and memory.get("barycenters_answer") is None,
        without=sorted(without & set(PARTS)),
    )


def predicting():
    return memory.barycenters_now["lesson"] is None and memory.barycenters_now["mode"] == "predict"


def begin():
    """Start from the link, or from where this visitor left the page."""
    link, _ = read(DOING, st.query_params)
    arrival = arrive("barycenters", fields(link))
    memory.barycenters_now = arrival.values
    if arrival.new:
        memory.barycenters_notices = arrival.notices
        memory.barycenters_answer = None
    order()
    keep()


def keep():
    """Keep the state at hand, here and in the address bar."""
    remember("barycenters", fields(memory.barycenters_now), memory.barycenters_now)


def take(name):
    """Another mode, prediction or challenge was chosen: show what it starts from."""
    memory.barycenters_now[name] = memory[f"barycenters_{name}"]
    memory.barycenters_answer = None
    setup = setup_of(memory.barycenters_now)
    if setup:
        memory.barycenters_now |= changed(State(), setup)._asdict()
    order()
    keep()


def pills(label, name, options, text):
    """One of the page's own choices, which are in the link."""
    memory[f"barycenters_{name}"] = memory.barycenters_now[name]
    st.pills(
        label,
        options,
        format_func=text,
        required=True,
        key=f"barycenters_{name}",
        on_change=take,
        args=[name],
        label_visibility="collapsed",
    )
    return memory.barycenters_now[name]


def predict():
    key = pills("Prediction", "prediction", PREDICTIONS, lambda key: PREDICTIONS[key].label)
    question = PREDICTIONS[key]
    st.markdown(f"**{question.text}**")
    chosen = st.pills(
        "Your prediction",
        range(len(question.options)),
        format_func=lambda i: question.options[i].label,
        key="barycenters_answer",
        on_change=order,
    )
    if chosen is not None:
        option = question.options[chosen]
        verdict = st.success if option.right else st.warning
        verdict(f"{'Right' if option.right else 'Not quite'}. {option.why}")


def challenge(key):
    task = CHALLENGES[key]
    solved, numbers = task.check(shown())
    if solved:
        memory.barycenters_solved = memory.get("barycenters_solved", set()) | {key}
        st.success(f"**{task.label}: solved.** {task.task} {numbers}")
    else:
        st.info(f"**{task.label}.** {task.task} {numbers}", icon=":material/flag:")
        st.caption(f"Hint: {task.hint}")


def challenges():
    solved = memory.get("barycenters_solved", set())
    challenge(
        pills(
            "Challenge",
            "challenge",
            CHALLENGES,
            lambda key: ("✓ " if key in solved else "") + CHALLENGES[key].label,
        )
    )


@st.fragment
def explorer():
    task = st.container()
    sent = barycenter(memory.barycenters_command, key="barycenters")
    if sent is not None and sent != memory.get("barycenters_sent"):
        memory.barycenters_sent = sent
        memory.barycenters_notices = []
        memory.barycenters_now = amend(FIELDS, memory.barycenters_now, sent)
        keep()
    here = memory.barycenters_now
    with task:
        if memory.barycenters_notices:
            st.warning("  \n".join(memory.barycenters_notices))
        if here["lesson"] is not None:
            challenge(here["lesson"])
        else:
            if "mode" not in here["hide"]:
                choose_mode()
            if here["mode"] == "predict":
                predict()
            elif here["mode"] == "challenges":
                challenges()
    if "words" not in here["hide"]:
        unfold("Show the code", show_code, key="barycenters_code")


def show_code():
    st.caption("Reproduces this figure and its numbers with the library, in a notebook.")
    st.code(snippet(shown()), language="python")


def choose_mode():
    memory.barycenters_mode = memory.barycenters_now["mode"]
    st.segmented_control(
        "What to do",
        MODES,
        format_func=MODES.get,
        required=True,
        key="barycenters_mode",
        on_change=take,
        args=["mode"],
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

WORDS = {
    "The mathematics": MATHEMATICS,
    "Is the product a barycenter? A theorem, checked": THEOREM,
    "What to remember": HONEST,
}

begin()
st.title("How should experts be combined?")
st.markdown(
    "Each input (picture, sound, text) has an encoder: an **expert** with a guess about the hidden "
    "*z*, the **latent**. A multimodal VAE must turn the guesses into one. **Drag a dot** and see "
    "what each rule makes of it."
)
if "words" not in memory.barycenters_now["hide"]:
    define("expert", "latent", "modality", "barycenter", "zero-forcing", "mass-covering", "prior")
explorer()
if "words" not in memory.barycenters_now["hide"]:
    for title, text in WORDS.items():
        unfold(title, st.markdown, text, key=f"barycenters_{title}")
