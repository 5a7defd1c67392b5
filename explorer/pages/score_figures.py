"""Figures of the Scores page, each with what to look for, and in words for who cannot see it."""

from collections.abc import Iterable

import streamlit as st

from explorer import plots
from explorer.palette import LABELS
from explorer.scores import MEASURES, Score, headline, select

CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
CHANCE = 0.1


def show_latent_accuracy(scores: list[Score]) -> None:
    st.header("What the latent space knows, subset by subset")
    st.markdown(
        "A linear classifier reads the digit off the posterior mean. One column is one subset of "
        "the five modalities; the dots below say which. A rule that gains from evidence brightens "
        "to the right."
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
        "Heat matrix of latent accuracy, rules by subsets of modalities. "
        + extremes(select(scores, label)),
    )


def show_coherence(scores: list[Score]) -> None:
    st.header("Coherence by number of modalities given")
    st.markdown(
        "The modalities that are missing are drawn from one sample of the latent. How often does "
        "a classifier see the right digit in them? It errs on real images too: its share there is "
        "drawn for scale. Generated digits may pass it, as they are more typical than real ones."
    )
    found = select(scores, "coherence")
    ceilings = [s.value for own in select(scores, "ceiling").values() for s in own]
    draw(
        plots.plot_by_number(
            {model: [score.interval for score in own] for model, own in found.items()},
            ceiling=sum(ceilings) / len(ceilings),
            chance=CHANCE,
            theme=theme(),
        ),
        "Lines of coherence over the number of modalities given, with 95 % intervals. "
        + extremes(found),
    )
    joint = select(scores, "joint_coherence")
    st.markdown(
        "Drawn from the prior, with nothing given, all five modalities show the same digit only "
        + ", ".join(f"{100 * own[0].value:.0f} % ({LABELS[model]})" for model, own in joint.items())
        + " of the time. None of these models is a good generator from nothing."
    )


def show_trade_off(scores: list[Score]) -> None:
    st.header("Coherence against the rest")
    st.markdown(
        "Does a rule that draws coherent images from one modality pay for it elsewhere? Up and to "
        "the right is better."
    )
    options = {
        "latent_accuracy": "Latent accuracy, all given",
        "ssim": "SSIM of reconstructions",
        "log_likelihood": "log p(x), all given",
    }
    against = st.segmented_control(
        "Against",
        list(options),
        default="latent_accuracy",
        required=True,
        format_func=options.get,
        key="against",
        bind="query-params",
    )
    coherence = select(scores, "coherence", given="1")
    others = {
        model: next((s for s in own if s.target == "mean"), own[-1])
        for model, own in select(scores, against).items()
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
        + "; ".join(f"{LABELS[model]} {x[0]:.3f}, {y[0]:.5g}" for model, (x, y) in points.items()),
    )


def show_likelihood(scores: list[Score]) -> None:
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
        + "; ".join(f"{LABELS[m]} {v[0]:.0f}, {draws[m]:.1f} draws" for m, v in values.items()),
    )


def show_reconstruction(scores: list[Score]) -> None:
    st.header("Reconstruction")
    st.markdown(
        "Structural similarity between a test tuple and what the mean of its own posterior "
        "decodes to, all modalities given, mean over the five. The data range is stated to be 1; "
        "some published code left 2 to be assumed, which reads higher (the full "
        "table below has both)."
    )
    found = select(scores, "ssim", target="mean")
    draw(
        plots.plot_estimates(
            {model: own[0].interval for model, own in found.items()},
            label="SSIM, data range 1",
            theme=theme(),
        ),
        "Dots with 95 % intervals of SSIM. " + extremes(found),
    )


def draw(figure: object, alt: str) -> None:
    st.plotly_chart(figure, theme=None, config=CONFIG, alt=alt)


def theme() -> str:
    return st.context.theme.type or "light"


def extremes(found: dict[str, Iterable[Score]]) -> str:
    """The range of each rule's figures, in words for those who cannot see the figure."""
    parts = []
    for model, own in found.items():
        values = [score.value for score in own]
        low, high = min(values), max(values)
        parts.append(f"{LABELS[model]} {low:.3f}" + (f" to {high:.3f}" if high > low else ""))
    return "; ".join(parts) + "."
