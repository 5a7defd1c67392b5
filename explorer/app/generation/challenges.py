"""Things to try on the Generation page, checked against the answer that is shown."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import streamlit as st

from explorer.catalog.subjects import plural


class Challenge(NamedTuple):
    """What to try, in which view, whether an answer does it, and the models that it is about."""

    view: str
    text: str
    done: Callable[[dict], bool]
    needs: frozenset[str] = frozenset()


def _answered(answer: dict) -> dict[str, dict]:
    return {model["key"]: model for model in answer["models"] if "error" not in model}


def _agreement(model: dict) -> float:
    """Share of the draws that a classifier read as they should be; 0 where it read none."""
    rows = [row for row in model["rows"] if row["ceiling"] is not None]
    return sum(row["agree"] for row in rows) / max(1, sum(len(row["draws"]) for row in rows))


def one_view_is_enough(answer: dict) -> bool:
    """From a single view, some model is right every time."""
    return len(answer["given"]) == 1 and any(
        _agreement(model) == 1 for model in _answered(answer).values()
    )


def two_models_part(answer: dict) -> bool:
    """Of two models, one is right nine times in ten, the other less than every second time."""
    shares = [_agreement(model) for model in _answered(answer).values()]
    return bool(shares) and max(shares) >= 0.9 and min(shares) < 0.5


def product_misled(answer: dict) -> bool:
    """One swapped view of three or more wins the product of all views, and not their mixture.

    The product is that of the mixture of products: the model called Product cannot draw from a
    few views, whether they agree or not.
    """
    models = _answered(answer)
    sides = [x["side"] for x in answer["given"]]
    if not {"mopoe", "moe"} <= models.keys() or sides.count("B") != 1 or len(sides) < 3:
        return False
    product, mixture = models["mopoe"]["sides"], models["moe"]["sides"]
    return product[1] > sum(product) / 2 and mixture[0] > sum(mixture) / 2


def neither_wins(answer: dict) -> bool:
    """Some model blends."""
    return any(model["behavior"] == "blends" for model in _answered(answer).values())


CHALLENGES = (
    Challenge(
        "draws",
        "Find a sample of which one view is enough: every draw of some model is right.",
        one_view_is_enough,
    ),
    Challenge(
        "draws",
        "Make two models part: one right in nine draws of ten, another in less than half.",
        two_models_part,
    ),
    Challenge(
        "conflict",
        "Give three views or more and swap one, so that it misleads the mixture of products, "
        "which draws from a product, but not the mixture.",
        product_misled,
        frozenset({"mopoe", "moe"}),
    ),
    Challenge(
        "conflict",
        "Find two {words} between which some model blends: most draws are a third {word}.",
        neither_wins,
    ),
)


def score_guess(guess: list[str], answer: dict) -> str:
    """How a guess of the models that take a side compares with the counts."""
    models = _answered(answer)
    sided = {key for key, model in models.items() if model["behavior"].startswith("takes")}
    right = sided & set(guess)
    wrong = [models[key]["name"] for key in models if key in guess and key not in sided]
    missed = [models[key]["name"] for key in models if key in sided and key not in guess]
    parts = [f"**{len(right)} of {len(sided)}** that take a side were named."]
    if missed:
        parts.append(f"Also taking one: {', '.join(missed)}.")
    if wrong:
        parts.append(f"Taking none: {', '.join(wrong)}.")
    return " ".join(parts)


def show_challenges(answer: dict[str, object], models: Iterable[str], word: str) -> None:
    """List what can be tried with these models, ticked where an answer of this visit has done it.

    ``word`` is what a class is called.
    """
    done = st.session_state.setdefault("generation_done", set())
    here = [c for c in CHALLENGES if c.view == answer["kind"] and c.needs <= set(models)]
    done |= {c.text for c in here if c.done(answer)}
    st.subheader("Try to")
    for challenge in here:
        icon = (
            ":material/check_circle: **Done.**" if challenge.text in done else ":material/circle:"
        )
        st.markdown(f"{icon} {challenge.text.format(word=word, words=plural(word))}")
