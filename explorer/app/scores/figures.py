"""Figures of the Scores page, each with what to look for, and in words for who cannot see it."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from explorer.app.shared.downloads import offer
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.subjects import Subject
from explorer.checkpoints import PRETRAINED
from explorer.drawing import plots
from explorer.results.findings import by_eye
from explorer.results.scores import MEASURES, Score, headline, select

LABELLED = {"all": "All", "few": "Few"}

JUDGE_LABELS = {
    "published": "published network",
    "ours": "ours, varied in training",
    "sharp": "sharp, never varied",
}

AGAINST = {
    "latent_accuracy": "Latent accuracy, all given",
    "ssim": "SSIM of reconstructions",
    "log_likelihood": "log p(x), all given",
}
"""What coherence can be set against."""

CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def show_latent_accuracy(scores: pd.DataFrame, subject: Subject) -> None:
    st.markdown(
        f"A linear classifier reads the {subject.word} off the posterior mean. One column is one "
        "subset of the modalities; the dots below say which. A model that gains from evidence "
        "brightens to the right."
    )
    few = st.segmented_control(
        "Labels for the classifier", LABELLED, required=True, format_func=LABELLED.get,
        key="scores_labels",
    ) == "few"  # fmt: skip
    label = "latent_accuracy_few_by_subset" if few else "latent_accuracy_by_subset"
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


def show_coherence(scores: pd.DataFrame, subject: Subject) -> None:
    found = select(scores, "coherence")
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


def show_trade_off(scores: pd.DataFrame) -> None:
    there = {m: label for m, label in AGAINST.items() if select(scores, m)}
    coherence = select(scores, "coherence", given="1")
    if not there:
        st.info("None of the chosen models has a figure to set against coherence.")
        return
    if st.session_state.scores_against not in there:
        st.session_state.scores_against = next(iter(there))
    st.markdown(
        "Does a model that draws coherently from one modality pay for it elsewhere? Up and to the "
        "right is better."
    )
    against = st.segmented_control(
        "Against",
        list(there),
        required=True,
        format_func=there.get,
        key="scores_against",
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


def show_likelihood(scores: pd.DataFrame) -> None:
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


def show_reconstruction(scores: pd.DataFrame) -> None:
    found = select(scores, "ssim", target="mean")
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


def show_judges(scores: pd.DataFrame, dataset: str) -> None:
    """One set of draws, read by classifiers of several kinds: a table, and a figure for one."""
    judged = scores[scores["measure"] == "judged_coherence"]
    joint = select(scores, "judged_joint")
    real = {j: own["value"].iloc[0] for j, own in _of(scores, "judge_accuracy").groupby("target")}
    judges = [j for j in JUDGE_LABELS if j in set(judged["target"])]
    st.markdown(
        "The same draws, read by judges that differ in network and training. Each is right on real "
        "samples as often as its row says; what they say of draws differs by far more than models "
        "do, so a number without its judge says little. Papers are read by the first."
    )
    eye = by_eye(PRETRAINED / dataset)
    if eye:
        st.markdown(eye)
    found = {judge: select(scores, "judged_coherence", target=judge) for judge in judges}
    table = pd.DataFrame(
        {
            "model": MODEL_LABELS[model],
            "judge": JUDGE_LABELS[judge],
            **{f"{score.given} given": score.value for score in found[judge][model]},
            "joint": next((s.value for s in joint.get(model, []) if s.target == judge), None),
            "right on real samples": real.get(judge),
        }
        for model in dict.fromkeys(judged["model"])
        for judge in judges
        if model in found[judge]
    )
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        column_config={c: st.column_config.NumberColumn(format="%.3f") for c in table.columns[2:]},
        key="judged",
    )
    offer(table, "Judges", "judges")
    judge = st.segmented_control(
        "Judge", judges, required=True, format_func=JUDGE_LABELS.get, key="scores_judge",
        default=judges[0],
    )  # fmt: skip
    draw(
        plots.plot_by_number(
            {model: [s.interval for s in own] for model, own in found[judge].items()},
            label=f"coherence, {JUDGE_LABELS[judge]}",
            ceiling=real.get(judge),
            theme=theme(),
        ),
        f"Lines of coherence over the number of modalities given, judge: {JUDGE_LABELS[judge]}. "
        + extremes(found[judge]),
    )


def show_by_size(scores: pd.DataFrame) -> None:
    """log p(x) by the number of modalities that the proposal saw."""
    found = select(scores, "log_likelihood_by_size")
    st.markdown(
        "The bound on log p(x) with the belief given a subset as proposal, mean over all subsets "
        "of a size. A proposal that saw less explains less."
    )
    draw(
        plots.plot_by_number(
            {model: [score.interval for score in own] for model, own in found.items()},
            label=MEASURES["log_likelihood_by_size"].label,
            theme=theme(),
        ),
        "Lines of log p(x) over the number of modalities that the proposal saw. " + extremes(found),
    )


def show_targets(scores: pd.DataFrame, subject: Subject) -> None:
    """Coherence of each modality by itself: a panel a target."""
    own = _of(scores, "coherence_by_target")
    targets = list(dict.fromkeys(own["target"]))
    st.markdown(f"Whose {subject.word} is drawn right? One panel is one modality that was missing.")
    for place, (column, target) in enumerate(
        zip(st.columns(min(3, len(targets))) * len(targets), targets, strict=False)
    ):
        found = select(own, "coherence_by_target", target=target)
        with column:
            draw(
                plots.plot_by_number(
                    {model: [s.interval for s in each] for model, each in found.items()},
                    label=target,
                    theme=theme(),
                ).update_layout(height=300, showlegend=not place),
                f"Lines of coherence of {target}. " + extremes(found),
            )


def _of(scores: pd.DataFrame, measure: str) -> pd.DataFrame:
    return scores[scores["measure"] == measure]


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
