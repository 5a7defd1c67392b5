"""What the Generation page explains one click away, in words and formulas."""

EXPLANATIONS = {
    "How a picture is drawn": r"""
Each given view $x_i$ passes its own encoder and becomes an expert $q_i(z) = \mathcal N(\mu_i,
\sigma_i^2)$ over the latent $z$. The model's rule fuses the experts into one belief; a draw of $z$
from it passes a decoder:

$$ z \sim q(z \mid \text{given}), \qquad \hat x_j = \text{decoder}_j(z). $$

| model | $q(z \mid \text{given})$ |
|---|---|
| Product | $\propto p(z) \prod_i q_i(z)$, one Gaussian, narrower than every expert |
| Geometric mean | $\propto \prod_i q_i(z)^{1/M}$, one Gaussian |
| Mixture | $\frac1M \sum_i q_i(z)$, one component per view |
| Mixture of products | the product of all that is given; trained as a mixture over subsets |
| Wasserstein | means and standard deviations averaged, one Gaussian |
| Mixture of Wasserstein | the barycenter of all that is given; trained as a mixture over subsets |
| Moment match | the Gaussian with the mean and variance of the mixture |

The *mean* column decodes the mean of the belief. For a mixture of several components that may be
a point where none of them lies. Dots under a draw show which views its component fused.
""",
    "Who reads the draws": """
One small network per view, trained on real pictures only, and never shown to the models. It must
answer with one of ten digits, also where there is none. On real test pictures it is right about as
often as the figure beside each model says: no model can be expected to do better. Draws whose
digit it confirms can still be poor pictures.

Draws with no view given, from the prior alone, are poor for all of these small models: few show
the same digit in all five pictures. This page does not show them.
""",
    "When a model takes a side, alternates or blends": """
From the counts alone, by thresholds that are the same for every model:

- it **takes a side** when at least {decided} of the draws show one of the two digits;
- it **alternates** when the two digits together have {decided} of the draws and
  each at least {minority};
- it **is lost** when none of these holds and fewer than {calm} of its draws are right even
  without the swap: it cannot draw from so few views at all;
- it **blends** when at least {neither} of the draws are read as a digit that nobody showed;
- otherwise it **wavers**.

A third digit is what a classifier says of a picture between two digits, but also of a bad picture:
"blends" is a word for the counts, look at the examples.
""",
}


def explanations() -> dict[str, str]:
    """Titles and texts, with the thresholds that are in use."""
    from explorer.evaluation.conflict import CALM, DECIDED, MINORITY, NEITHER

    thresholds = {
        "{decided}": DECIDED,
        "{minority}": MINORITY,
        "{neither}": NEITHER,
        "{calm}": CALM,
    }
    filled = {}
    for title, text in EXPLANATIONS.items():
        for name, value in thresholds.items():
            text = text.replace(name, f"{value:.0%}")
        filled[title] = text
    return filled
