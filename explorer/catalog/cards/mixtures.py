"""Cards of models whose joint belief is a mixture: of experts, products or barycenters."""

from explorer.catalog.cards.card import Card
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published.papers import BARYCENTER, MMJSD, MMVAE, MOPOE

LOOSE = (
    "Its KL term is the mean over components, an upper bound of the KL of the mixture itself, "
    "which the exact models estimate."
)
NOISE = "The KL term is estimated at the draw that is decoded and so is noisier than a closed form."
STRATA = (
    "With beta other than 1 and several draws it is not known to bound log p(x) from either side."
)
WEIGHTS = (
    "The paper does not give the weights of the subsets and counts the empty one, which has no "
    "barycenter; here all non-empty subsets weigh the same."
)
NO_CODE = "No code is public, and which of the two bounds the paper trains is not known."

CARDS: dict[str, Card] = {
    "moe": Card(
        label=MODEL_LABELS["moe"],
        idea="The joint belief is a mixture of the experts: any one of them may be right. Each "
        "training step draws from one expert and has it explain every modality.",
        formula=r"q = \tfrac1M \sum_m q_m, \qquad L = \tfrac1M \sum_m \big\{ "
        r"E_{q_m}[-\log p(x \mid z)] + \beta\, \mathrm{KL}(q_m \,\|\, p) \big\}",
        character="Mass-covering: whatever one expert believes stays possible, and nobody is ever "
        "made surer by another.",
        paper=f"{MMVAE}; in this form {MOPOE}",
        faults=(
            "Shi et al. train an importance-weighted bound with Laplace latents (MMVAE here); "
            "this is the plain ELBO with Gaussians that later papers report as MMVAE or MoE-VAE.",
            LOOSE,
            "Asked about several modalities, the released code of MoPoE gives each a part of the "
            "batch, so its accuracies are averages over experts.",
        ),
    ),
    "moe_mixture": Card(
        label=MODEL_LABELS["moe_mixture"],
        idea="The mixture of experts with the density of the mixture itself in its KL term. The "
        "bound is tighter, by at most log M at beta 1, because experts need not each resemble the "
        "prior, only all of them together.",
        formula=r"E_q\big[-\log p(x \mid z) + \beta (\log q(z) - \log p(z))\big], \qquad "
        r"q = \tfrac1M \sum_m q_m",
        character="Mass-covering as the mixture is, with less of a pull on each expert towards "
        "the prior.",
        paper=f"Equation 6, for single modalities, of {MOPOE}",
        faults=(
            "The released code minimises the looser mean over experts (Mixture).",
            NOISE,
        ),
    ),
    "moe_iwae": Card(
        label=MODEL_LABELS["moe_iwae"],
        idea="Every expert draws several times, and draws that explain the data better count for "
        "more. That tightens the bound within each expert; latents are Gaussian and gradients "
        "the plain ones.",
        formula=r"-\tfrac1M \sum_m E_{z_n \sim q_m} \log \tfrac1N \sum_n "
        r"p(x \mid z_n) \Big( \frac{p(z_n)}{q(z_n)} \Big)^{\beta}, \qquad "
        r"q = \tfrac1M \sum_m q_m",
        character="Mass-covering, and poor draws are forgiven, so experts may spread wider than "
        "under the ELBO.",
        paper=f"The loose bound, with Gaussians, of {MMVAE}",
        faults=(
            "Not a model of the paper: it is here to tell what the bound does from what Laplace "
            "latents and the gradient estimator of MMVAE do.",
            STRATA,
            "It is trained with 2 draws of each expert unless told otherwise, the paper with 30.",
        ),
    ),
    "moe_dreg": Card(
        label=MODEL_LABELS["moe_dreg"],
        idea="The mixture of experts as first published: Laplace latents, several weighted draws "
        "of every expert, and a gradient estimator with less noise. The encoders learn only "
        "through the draws, each counted by its weight twice.",
        formula=r"-\tfrac1M \sum_m E_{z_n \sim q_m} \log \tfrac1N \sum_n w_n, \qquad "
        r"\nabla_\phi: \sum_n v_n^2 \frac{\partial \log w_n}{\partial z_n} "
        r"\frac{\partial z_n}{\partial \phi}, \quad v_n = \frac{w_n}{\sum_j w_j}",
        character="Mass-covering: the mixture keeps every expert, whose long Laplace tails reach "
        "far.",
        paper=MMVAE,
        faults=(
            "The estimator is exact where draws come from the density they are divided by; here "
            "they come from one expert and are divided by the mixture, so with more than one draw "
            "its gradient is not that of the bound. Our tests show it.",
            "The paper learns the prior's widths and makes those of a belief sum to the latent "
            "size; here the prior has variance 1 and widths are free.",
            STRATA,
            "It is trained with 2 draws of each expert unless told otherwise, the paper with 30.",
            "Papers after it report as MMVAE a Gaussian model with the plain ELBO (Mixture here).",
        ),
    ),
    "mopoe": Card(
        label=MODEL_LABELS["mopoe"],
        idea="Every subset of the modalities forms a product of experts, and the joint belief is "
        "the mixture of them all. So it is trained on every subset that it may be asked about.",
        formula=r"q_A \propto \prod_{m \in A} q_m, \qquad L = \tfrac{1}{2^M - 1} \sum_A \big\{ "
        r"E_{q_A}[-\log p(x \mid z)] + \beta\, \mathrm{KL}(q_A \,\|\, p) \big\}",
        character="Zero-forcing within a subset, mass-covering across subsets.",
        paper=MOPOE,
        faults=(
            "The paper writes the ELBO of the mixture, the code minimises the mean of the "
            "subsets' ELBOs, which is looser; this is the code's, the paper's is Exact mixture of "
            "products.",
            "Lemma 3 does not follow: the paper's objective bounds the mean of the subsets' ELBOs "
            "from above, so raising it need not raise them.",
            "The paper sums over the empty subset as well, the code does not, and neither does "
            "this.",
            "The code adds the prior as an expert to the full set alone; the paper mentions none, "
            "and this has none.",
            "The code cuts each batch into blocks and gives what is left to the full set: with 5 "
            "modalities and 256 samples that is a share of 1/16 instead of 1/31. Here every "
            "sample draws its subset with equal chances.",
            "The number of subsets doubles with every modality; more than twelve are refused here.",
        ),
    ),
    "mopoe_mixture": Card(
        label=MODEL_LABELS["mopoe_mixture"],
        idea="The mixture of products with the density of the mixture itself in its KL term. The "
        "bound is tighter than the mean over subsets, by at most the log of their number at "
        "beta 1.",
        formula=r"E_q\big[-\log p(x \mid z) + \beta (\log q(z) - \log p(z))\big], \qquad "
        r"q = \tfrac{1}{2^M - 1} \sum_A q_A, \quad q_A \propto \prod_{m \in A} q_m",
        character="Zero-forcing within a subset, mass-covering across subsets, with less of a "
        "pull on each subset towards the prior.",
        paper=f"Equation 6 of {MOPOE}",
        faults=(
            "This is what the paper writes; its code minimises the mean over subsets (Mixture of "
            "products).",
            NOISE,
            "The sum is over non-empty subsets; the paper's includes the empty one.",
        ),
    ),
    "mopoe_style": Card(
        label=MODEL_LABELS["mopoe_style"],
        idea="The mixture of products, where each modality also has a latent of its own. What "
        "modalities do not share, such as handwriting, can go there and leave the shared latent "
        "free.",
        formula=r"L + \beta \beta_s \sum_m \mathrm{KL}\big(q(s_m \mid x_m) \,\|\, p\big), \qquad "
        r"p(x_m \mid z, s_m), \quad L \text{ as of the mixture of products}",
        character="Zero-forcing within a subset and mass-covering across subsets in the shared "
        "latent; the styles are not fused at all.",
        paper=f"Appendix E, for CelebA, of {MOPOE}",
        faults=(
            "Nothing keeps what is shared out of the styles: a decoder may read all it needs "
            "there.",
            "Generated modalities get styles from the prior, which their decoders met in training "
            "only as far as the encoders' styles cover it.",
            "The released script weighs the styles' KL terms by further factors of 2, 1 and 5 "
            "that the paper does not state; here there is the one factor of the formula.",
            "The released estimate of its likelihood uses the last modality's style for all; "
            "here none is estimated.",
        ),
    ),
    "mwb": Card(
        label=MODEL_LABELS["mwb"],
        idea="Every subset of the modalities forms a Wasserstein barycenter, and the joint belief "
        "is the mixture of them all. It is the mixture of products with another average inside.",
        formula=r"q_A = \mathcal N(\bar\mu_A, \bar\sigma_A^2), \qquad "
        r"L = \tfrac{1}{2^M - 1} \sum_A \big\{ E_{q_A}[-\log p(x \mid z)] + "
        r"\beta\, \mathrm{KL}(q_A \,\|\, p) \big\}",
        character="Moves mass within a subset, mass-covering across subsets.",
        paper=BARYCENTER,
        faults=(
            WEIGHTS,
            NO_CODE,
            "This is the mean of the subsets' ELBOs, as in the code of MoPoE; the bound of the "
            "mixture itself is Exact mixture of Wasserstein.",
            "The paper calls its printed likelihood on par with that of the mixture of products "
            "where it is 71 nats lower, and the rows it compares with are copied, not rerun.",
        ),
    ),
    "mwb_mixture": Card(
        label=MODEL_LABELS["mwb_mixture"],
        idea="The mixture of Wasserstein barycenters with the density of the mixture itself in "
        "its KL term. The bound is tighter than the mean over subsets, by at most the log of "
        "their number at beta 1.",
        formula=r"E_q\big[-\log p(x \mid z) + \beta (\log q(z) - \log p(z))\big], \qquad "
        r"q = \tfrac{1}{2^M - 1} \sum_A q_A, \quad q_A = \mathcal N(\bar\mu_A, \bar\sigma_A^2)",
        character="Moves mass within a subset, mass-covering across subsets, with less of a pull "
        "on each subset towards the prior.",
        paper=BARYCENTER,
        faults=(WEIGHTS, NO_CODE, NOISE),
    ),
    "mmjsd": Card(
        label=MODEL_LABELS["mmjsd"],
        idea="The mixture of experts with a prior that moves: the geometric mean of the experts "
        "and N(0, I). The penalty is how much all of them, the prior included, differ from it.",
        formula=r"E_q[-\log p(x \mid z)] + \beta \sum_{m=0}^{M} \tfrac{1}{M+1} "
        r"\mathrm{KL}(q_m \,\|\, f), \qquad f \propto \prod_{m=0}^{M} q_m^{1/(M+1)}, \; q_0 = p",
        character="The dynamic prior is zero-forcing, so experts are drawn to what all of them "
        "allow; the belief that is decoded is a mass-covering mixture.",
        paper=MMJSD,
        faults=(
            "The option jsd of MoPoE's code also decodes draws from N(0, I) in training, for a "
            "share of 1/(M+1) of each batch; the paper's own code does not, and neither does "
            "this.",
            "Only the prior's share of the penalty ties beliefs to N(0, I), so draws from it may "
            "land where no decoder was trained.",
        ),
    ),
}
