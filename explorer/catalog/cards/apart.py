"""Cards of models whose latents stay apart: each modality decodes its own draw."""

from explorer.catalog.cards.card import Card
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published.papers import MMVAMP

NO_PRIOR = (
    "There is no prior to draw all modalities from together; what the released code plots as such "
    "are draws from N(0, I), which training did not aim at."
)

CARDS: dict[str, Card] = {
    "independent": Card(
        label=MODEL_LABELS["independent"],
        idea="A VAE for each modality, side by side, with nothing shared. It shows what can be "
        "had without any fusion.",
        formula=r"\sum_m \big\{ E_{q_m}[-\log p(x_m \mid z_m)] + "
        r"\beta\, \mathrm{KL}(q_m \,\|\, p) \big\}",
        character="Nothing is fused, so nothing is forced or covered.",
        paper=f"Kingma & Welling (2014), Auto-encoding variational Bayes, ICLR; a baseline of "
        f"{MMVAMP}",
        faults=(
            "One modality's latent means nothing to another's decoder, so what it generates "
            "across modalities is right by chance only.",
        ),
    ),
    "mmvamp": Card(
        label=MODEL_LABELS["mmvamp"],
        idea="Each modality keeps its own latent and decodes only itself, and the mixture of all "
        "experts is the prior of each. So beliefs are drawn towards each other without being "
        "merged: soft sharing.",
        formula=r"\sum_m \big\{ E_{q_m}[-\log p(x_m \mid z_m)] + "
        r"\beta\, \mathrm{KL}(q_m \,\|\, h) \big\}, \qquad h = \tfrac1M \sum_j q_j",
        character="The prior is a mass-covering mixture that always contains the belief itself, "
        "so standing alone costs no more than log M.",
        paper=MMVAMP,
        faults=(
            "This is the paper's objective; the released code minimises another one (MM-VAMP, "
            "pairwise).",
            "A KL to a mixture has no closed form and the paper does not say how it is estimated; "
            "here it is at the draw that is decoded.",
            "Beliefs far apart pay about log M each and hardly any gradient pulls them together, "
            "so from a cold start they may never meet.",
            "Whether sigma is a standard deviation or a variance is not fixed in the paper.",
            NO_PRIOR,
        ),
    ),
    "mmvamp_pairwise": Card(
        label=MODEL_LABELS["mmvamp_pairwise"],
        idea="What the released code of MM-VAMP computes: every belief is pulled to every other "
        "one by a closed-form KL. Training starts from independent VAEs and lets the pull fade in.",
        formula=r"\sum_m E_{q_m}[-\log p(x_m \mid z_m)] + \beta \Big\{ (1-\alpha) \tfrac1M "
        r"\sum_{m,j} \mathrm{KL}(q_m \,\|\, q_j) + \alpha \sum_m \mathrm{KL}(q_m \,\|\, p) \Big\}",
        character="Zero-forcing: each belief must fit within every other one, at a cost without "
        "limit.",
        paper=f"The released code of {MMVAMP}",
        faults=(
            "It is not what the paper writes but an upper bound of it without its cap: for three "
            "beliefs of width 1 at 0, 10 and 20 it is 200 where the paper's rate is 3.30.",
            "The paper does not mention the annealing. Its code lets alpha fall from 1 to 1e-10 "
            "in 300000 steps, or 150000 in the later version; here it falls over a share of the "
            "run.",
            "What the paper's appendix says of beliefs far apart, that they cost only log M, is "
            "not true of this objective.",
            NO_PRIOR,
        ),
    ),
}
