"""What the Generation page explains one click away, in words and formulas."""

from explorer.catalog.subjects import plural

EXPLANATIONS = {
    "How something hidden is drawn": r"""
Each given view $x_i$ passes its own encoder and becomes an expert $q_i(z)$ over the latent $z$, in
most models a Gaussian $\mathcal N(\mu_i, \sigma_i^2)$. The model's rule fuses the experts into one
belief; a draw of $z$ from it passes a decoder:

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
| Joint encoders | what one encoder says that reads all that is given at once |
| Latents apart | the mixture of the experts; what is given is redrawn from its own expert alone |

For other models, see their cards. The first picture of a row decodes the mean of the belief. For a
mixture of several components that may be a point where none of them lies. A draw's tooltip says
which inputs its component fused. Some models' beliefs are points, codes without a width: all their
draws are the same. Where a model has latents of its own for each view ("styles"), they come
from their prior: their mean for the first picture, a draw for each draw.
""",
    "What is shown": """
Of every kind it is what the decoder expects, not a random observation:

- of a picture each pixel's mean;
- of a text the likeliest symbol at each place, paler where the decoder is less sure;
- of a sound how loud each band is (a row, low ones at the bottom) in each frame (a column);
- of a pen's path the line through its points, from the red dot on;
- of spikes the rate of each neuron (a row) in each bin (a column), the square root of it in color,
  from none to one a bin;
- of attributes and labels a bar for how likely each is, of numbers a bar up or down from zero.

Click a picture to see it large.
""",
    "Who reads the draws": """
One small network per view, trained on real observations only, and never shown to the models. It
must answer with one of the {words}, also where there is none. On real test samples it is right
about as often as its ceiling on Scores says. A model can pass that figure, by drawing
digits that are easier to read than real ones. Draws
whose {word} it confirms can still be poor. It reads what is shown: of spikes rates, where it was
trained on counts.
""",
    "What is drawn, typed and blended": """
A digit that you draw is set on the tile's photograph as the dataset does it: colors are inverted
under the pen. A pen of 5 pixels is about as thick as the digits are; the networks have never seen
your hand, so look at what the classifier makes of it. The morph blends the pixels of a
contradicting picture into those of the agreeing one: half way there are no real digits, and a curve
that turns says where a rule gives in, not what a digit is.

The line from A to B joins the means of two experts in all dimensions of the latent space. Beliefs
are shown along it; drag one, and all its draws move by the same step.
""",
    "When a model takes a side, alternates or blends": """
From the counts alone, by thresholds that are the same for every model:

- it **takes a side** when at least {decided} of the draws show one of the two {words};
- it **alternates** when the two {words} together have {decided} of the draws and
  each at least {minority};
- it **is lost** when none of these holds and fewer than {calm} of its draws are right even
  without the swap: it cannot draw from so few views at all;
- it **blends** when at least {neither} of the draws are read as a {word} that nobody showed;
- otherwise it **wavers**.

A third {word} is what a classifier says of something between two {words}, but also of a bad draw:
"blends" is a word for the counts, look at the examples.
""",
}


def explanations(word: str) -> dict[str, str]:
    """Titles and texts, with the thresholds that are in use; classes are called ``word``."""
    from explorer.evaluation.conflict import CALM, DECIDED, MINORITY, NEITHER

    values = {
        "{word}": word,
        "{words}": plural(word),
        "{decided}": f"{DECIDED:.0%}",
        "{minority}": f"{MINORITY:.0%}",
        "{neither}": f"{NEITHER:.0%}",
        "{calm}": f"{CALM:.0%}",
    }
    filled = {}
    for title, text in EXPLANATIONS.items():
        for name, value in values.items():
            text = text.replace(name, value)
        filled[title] = text
    return filled
