"""Figures of the Scores page, each with what to look for, and in words for who cannot see it."""

from collections.abc import Iterable

import streamlit as st

from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.subjects import Subject
from explorer.drawing import plots
from explorer.results.scores import MEASURES, Score, headline, select

CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def show_latent_accuracy(scores: list[Score], subject: Subject) -> None:
    if not select(scores, "latent_accuracy_by_subset"):
        return
    st.header("What the latent space knows, subset by subset")
    st.markdown(
        f"A linear classifier reads the {subject.word} off the posterior mean. One column is one "
        "subset of the modalities; the dots below say which. A model that gains from evidence "
        "brightens to the right."
    )
    label = st.segmented_control(
        "Labels for the classifier",
        ["latent_accuracy_by_subset", "latent_accuracy_few_by_subset"],
        default="latent_accuracy_by_subset",
        required=True,
        format_func={
            "latent_accuracy_by_subset": "All",
            "latent_accuracy_few_by_subset": "Few",
        }.get,
        key="labels",
        bind="query-params",
    )
    values = {
        model: {score.given: score.value for score in found}
        for model, found in select(scores, label).items()
    }
    names = [subset for subset in next(iter(values.values())) if "+" not in subset]
    draw(
        plots.plot_by_subset(values, names, theme=theme()),
        "Heat matrix of latent accuracy, models by subsets of modalities. "
        + extremes(select(scores, label)),
    )


def show_coherence(scores: list[Score], subject: Subject) -> None:
    found = select(scores, "coherence")
    if not found:
        return
    st.header("Coherence by number of modalities given")
    st.markdown(
        "The modalities that are missing are drawn from one sample of the latent. How often does "
        f"a classifier see the right {subject.word} in them? It errs on real ones too: its share "
        "there is drawn for scale. What is generated may pass it, as it is more typical than what "
        "is real."
    )
    ceilings = [s.value for own in select(scores, "ceiling").values() for s in own]
    draw(
        plots.plot_by_number(
            {model: [score.interval for score in own] for model, own in found.items()},
            ceiling=sum(ceilings) / len(ceilings),
            chance=1 / subject.n_classes,
            theme=theme(),
        ),
        "Lines of coherence over the number of modalities given, with 95 % intervals. "
        + extremes(found),
    )
    joint = select(scores, "joint_coherence")
    if joint:
        best, (score, *_) = max(joint.items(), key=lambda item: item[1][0].value)
        st.markdown(
            f"Drawn from the prior, with nothing given, all modalities show the same "
            f"{subject.word} "
            + ", ".join(
                f"{100 * own[0].value:.0f} % ({MODEL_LABELS[model]})"
                for model, own in joint.items()
            )
            + f" of the time; at best {100 * score.value:.0f} %, by {MODEL_LABELS[best]}."
        )


def show_trade_off(scores: list[Score]) -> None:
    options = {
        "latent_accuracy": "Latent accuracy, all given",
        "ssim": "SSIM of reconstructions",
        "log_likelihood": "log p(x), all given",
    }
    there = {measure: label for measure, label in options.items() if select(scores, measure)}
    coherence = select(scores, "coherence", given="1")
    if not there or not coherence:
        return
    st.header("Coherence against the rest")
    st.markdown(
        "Does a model that draws coherently from one modality pay for it elsewhere? Up and to the "
        "right is better."
    )
    against = st.segmented_control(
        "Against",
        list(there),
        default=next(iter(there)),
        required=True,
        format_func=there.get,
        key="against",
        bind="query-params",
    )
    others = {
        model: next((s for s in own if s.target == "mean"), own[-1])
        for model, own in select(scores, against).items()
        if model in coherence
    }
    if against == "log_likelihood":
        others = {model: headline(scores, model)["log p(x)"] for model in others}
    points = {
        model: (coherence[model][0].interval, other.interval) for model, other in others.items()
    }
    draw(
        plots.plot_trade_off(
            points,
            x_label="coherence, 1 given",
            y_label=MEASURES[against].label,
            theme=theme(),
        ),
        f"Scatter of {MEASURES[against].label} over coherence with one modality given: "
        + "; ".join(
            f"{MODEL_LABELS[model]} {x[0]:.3f}, {y[0]:.5g}" for model, (x, y) in points.items()
        ),
    )


def show_likelihood(scores: list[Score]) -> None:
    if not select(scores, "log_likelihood"):
        return
    st.header("Log-likelihood, and how far to trust it")
    st.markdown(
        "Importance weighting bounds log p(x) from below, on average. The bound is tight only "
        "when many draws carry weight; where the *effective draws* stay near 1, one draw decides, "
        "and the number says more about the proposal than about the model. The proposal is the "
        "belief given all modalities, or the whole mixture where that bounds better."
    )
    found = {model: headline(scores, model) for model in select(scores, "log_likelihood")}
    values = {model: row["log p(x)"].interval for model, row in found.items()}
    draws = {model: row["draws"].value for model, row in found.items()}
    draw(
        plots.plot_estimates(
            values,
            label=MEASURES["log_likelihood"].label,
            notes={model: f"{n:.1f} effective draws" for model, n in draws.items()},
            theme=theme(),
        ),
        "Dots with 95 % intervals of log p(x) in nats: "
        + "; ".join(
            f"{MODEL_LABELS[m]} {v[0]:.0f}, {draws[m]:.1f} draws" for m, v in values.items()
        ),
    )


def show_reconstruction(scores: list[Score]) -> None:
    found = select(scores, "ssim", target="mean")
    if not found:
        return
    st.header("Reconstruction")
    st.markdown(
        "Structural similarity between a test sample and what the mean of its own posterior "
        "decodes to, all modalities given, mean over the images. The data range is stated to be 1; "
        "some published code left 2 to be assumed, which reads higher (the full "
        "table below has both)."
    )
    draw(
        plots.plot_estimates(
            {model: own[0].interval for model, own in found.items()},
            label="SSIM, data range 1",
            theme=theme(),
        ),
        "Dots with 95 % intervals of SSIM. " + extremes(found),
    )


def draw(figure: object, alt: str, key: str | None = None) -> None:
    st.plotly_chart(figure, theme=None, config=CONFIG, alt=alt, key=key)


def theme() -> str:
    return st.context.theme.type or "light"


def extremes(found: dict[str, Iterable[Score]]) -> str:
    """The range of each model's figures, in words for those who cannot see the figure."""
    parts = []
    for model, own in found.items():
        values = [score.value for score in own]
        low, high = min(values), max(values)
        parts.append(f"{MODEL_LABELS[model]} {low:.3f}" + (f" to {high:.3f}" if high > low else ""))
    return "; ".join(parts) + "."
