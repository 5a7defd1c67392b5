"""Two models on the same axes: how far their codes spread, in the units of the prior they share."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.app.latent_space import maps as atlas
from explorer.catalog.looks import MODEL_LABELS
from explorer.drawing import plots
from explorer.evaluation.maps import Embedding

SPREAD = {
    "variance_of_means": "variance of the codes (prior: 1)",
    "posterior_variance": "variance of a belief around its code",
    "effective_dimension": "effective dimension",
    "offset_from_prior": "offset of their middle from the prior's mean",
    "gap_to_all": "distance to the codes given everything",
    "accuracy": "neighbors name the {word}",
}

WHAT = """
The one thing that models have in common is the prior, N(0, 1) in every direction. It does not
change when a latent space is turned about its mean, so each model is turned to the two directions
in which **its own** codes vary most; one unit is one standard deviation of the prior. Of draws from
the prior, 39 % fall inside the solid circle and 86 % inside the dashed one. The frame holds 95 % of
the codes of either model; what lies beyond is counted above the map, and on the PCA map.
"""

NOT_DRAWN = {"mmvamp", "mmvamp_pairwise"}
"""Models whose objective has no N(0, 1): beliefs are drawn to one another."""

HELP = """
**Variance of the codes**: mean over dimensions, of posterior means over tuples; with the variance
of the beliefs around them it is 1 where the beliefs together fill the prior. **Effective
dimension**: participation ratio of the eigenvalues of the codes' covariance, from 1 to the number
of dimensions; it does not see size. **Offset**: root of the mean square over dimensions, in
standard deviations of the prior. **Distance to the codes given everything**: between the centers
of the two clouds, in their radii.
"""

MMD = """
A squared MMD near zero does not prove that codes match the prior: one kernel of this width in many
dimensions hardly sees codes that are far away. The variances above do.
"""


def show_spread(name: str, maps: dict[str, Embedding], word: str) -> None:
    """What is measured in one sentence, figures by the number of modalities seen, and why."""
    st.subheader("How much of the prior do the codes use?")
    st.markdown(WHAT)
    st.markdown(" ".join(sentence(key, each) for key, each in maps.items()))
    for key in maps:
        if key in NOT_DRAWN:
            st.markdown(
                f"{MODEL_LABELS[key]} draws the beliefs of a sample to one another and not to "
                "N(0, 1): for its codes the circles are no more than a unit."
            )
    for column, (key, each) in zip(st.columns(len(maps)), maps.items(), strict=True):
        with column:
            st.markdown(f"**{MODEL_LABELS[key]}**")
            st.table(table(each, word).style.format("{:.2f}"))
    with st.popover("What these measure"):
        st.markdown(HELP)
    show_spectrum(maps)
    show_terms(name, list(maps))


def sentence(key: str, each: Embedding) -> str:
    """The claim in figures: spread, and the dimensions that carry it, with everything seen."""
    figures = {name: each.report["by_subset"][name] for name in SPREAD}
    alone = atlas.by_number(each, list(SPREAD))
    return (
        f"Codes of **{MODEL_LABELS[key]}** have {figures['variance_of_means'][-1]:.2f} of the "
        f"prior's variance with everything seen ({alone['variance_of_means'][0]:.2f} with one "
        f"modality), in effect along {figures['effective_dimension'][-1]:.0f} of "
        f"{each.report['fitted']['dimensions']} directions."
    )


def table(each: Embedding, word: str) -> pd.DataFrame:
    """Figures of the same axes (rows) by the number of modalities seen (columns)."""
    figures = atlas.by_number(each, list(SPREAD))
    rows = {title.format(word=word): figures[name] for name, title in SPREAD.items()}
    found = pd.DataFrame(rows).T
    found.columns = [f"{n} seen" for n in atlas.sizes(each)]
    return found


def show_spectrum(maps: dict[str, Embedding]) -> None:
    """Variance along every direction, which two axes cannot show."""
    spectra = {key: np.array(each.report["spectrum"])[-1] for key, each in maps.items()}
    above = ", ".join(
        f"{MODEL_LABELS[key]} {(values > 0.1).sum()} of {len(values)}"
        for key, values in spectra.items()
    )
    st.markdown(
        "Two directions are not all of them: the variance along each, widest first, everything "
        f"seen. Directions with more than a tenth of the prior's variance: {above}."
    )
    theme = st.context.theme.type or "light"
    st.plotly_chart(
        plots.plot_spectra(spectra, theme=theme),
        config={"displaylogo": False},
        alt=f"Lines of the codes' variance by direction, the prior's at 1. {above}.",
    )


def show_terms(name: str, keys: list[str]) -> None:
    """The regulariser's size against that of the reconstruction, computed now."""
    st.markdown(
        "What weighs how much in the objective, mean over "
        f"{atlas.JUDGED} test tuples, computed now:"
    )
    lines, says_mmd = [], False
    for key in keys:
        found = atlas.terms(name, key)
        if isinstance(found, str):
            st.warning(found)
            continue
        lines.append(f"- **{MODEL_LABELS[key]}**: {in_words(*found)}")
        says_mmd |= "mmd" in found[0]
    st.markdown("\n".join(lines))
    if says_mmd:
        st.markdown(MMD)


def in_words(terms: dict[str, float], beta: float) -> str:
    """Terms of an objective; the weighed one where there is only one beside the reconstruction."""
    values = {term.replace("_", " "): value for term, value in terms.items()}
    shown = [f"{term} {value:.4g}" for term, value in values.items()]
    if len(values) == 2:
        weighed = beta * list(values.values())[1]
        share = abs(weighed / values["reconstruction"])
        shown[1] += f", times beta = {beta:g} is {weighed:.4g}, {share:.1%} of the reconstruction"
        return ", ".join(shown) + "."
    return ", ".join(shown) + f" (not weighed; beta is {beta:g})."
