"""Cards of models whose joint belief is a mixture: of experts, products or barycenters."""

from explorer.catalog.cards.card import Card
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published.papers import (
    BARYCENTER,
    CMVAE,
    CODE_VAE,
    HOELDER,
    MMJSD,
    MMVAE,
    MMVAE_PLUS,
    MOPOE,
)

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
ONE_ENCODER = (
    "The paper has an encoder for the shared and one for the private latent; here both are heads "
    "of one network, as in all models of this project."
)
AUXILIARY = (
    "Each component bounds the evidence of the model in which the others' private latents come "
    "from the auxiliary prior. That is the same model for all only while it equals the prior; the "
    "paper lets its widths be learned, draws from the prior once trained, and so does this."
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
    "holder": Card(
        label=MODEL_LABELS["holder"],
        idea="The experts' square roots are averaged and the average is squared: half way between "
        "the geometric mean and the mixture. For Gaussians that is exactly a mixture of every "
        "expert and every pair's geometric mean, each pair weighed by how much it overlaps.",
        formula=r"q \propto \Big( \sum_m \tfrac1M \sqrt{q_m} \Big)^2 \propto "
        r"\sum_{i,j} B_{ij} \, G_{ij}, \qquad B_{ij} = \int \sqrt{q_i q_j}, \; "
        r"G_{ij} = \sqrt{q_i q_j} / B_{ij}",
        character="In between: experts who overlap are believed where they agree, experts who do "
        "not stay apart as in a mixture.",
        paper=HOELDER,
        faults=(
            "The overlap is a product over dimensions. Two experts one standard deviation either "
            "side of the middle share .38 of the weight in one dimension and 1e-14 in 64: where "
            "experts conflict in many dimensions the rule is the mixture of experts. Notebook 03 "
            "shows it with the encoders of the shipped mixture, even for views that agree.",
            "The weights depend on the encoders, and a draw depends on them through the choice of "
            "a component only; that part of the gradient is estimated by its score, with the "
            "batch's mean loss as a baseline.",
            LOOSE,
            "No code is public; this is built from the definition, and the paper's own estimator "
            "is not known to us.",
        ),
    ),
    "holder_plus": Card(
        label=MODEL_LABELS["holder_plus"],
        idea="Hölder pooling for what modalities share, and a private latent for each. A modality "
        "that took no part in the component that was drawn is decoded from a private latent that "
        "comes from an auxiliary prior, not from its encoder.",
        formula=r"\text{the bound of MMVAE+ with } q \propto "
        r"\Big( \sum_m \tfrac1M \sqrt{q_m} \Big)^2",
        character="In between, in the shared latent; private latents are not fused.",
        paper=HOELDER,
        faults=(
            "Which private latents the paper draws from encoders when all modalities take part in "
            "the pool is not known to us; here it is those of the expert or pair that was drawn.",
            "The hierarchy of Hoelder++ is not built.",
            AUXILIARY,
        ),
    ),
    "mmvae_plus": Card(
        label=MODEL_LABELS["mmvae_plus"],
        idea="A mixture of experts with a private latent for each modality. When z comes from one "
        "modality the others are decoded with private latents from an auxiliary prior, so what is "
        "shared has to be in z: the step that Mixture of products, styles lacks.",
        formula=r"\tfrac1M \sum_m E \log \tfrac1N \sum_n \frac{p(z) p(s_m)}{q(z) q_m(s_m)} "
        r"\, p(x_m \mid z, s_m) \prod_{n \neq m} p(x_n \mid z, \tilde s_n), \quad "
        r"\tilde s_n \sim r_n",
        character="Mass-covering in the shared latent; private latents are not fused.",
        paper=MMVAE_PLUS,
        faults=(
            AUXILIARY,
            ONE_ENCODER,
            "Its PolyMNIST runs have Laplace latents, 32 shared and 32 private dimensions, beta "
            "2.5 and one draw; here the latents are Laplace, 16 dimensions are private, and one "
            "draw comes from the mixture, which on average is the paper's sum over experts.",
            "The paper makes the widths of a belief sum to the latent size; here they are free.",
        ),
    ),
    "cmvae": Card(
        label=MODEL_LABELS["cmvae"],
        idea="MMVAE+ with a prior over the shared latent that is a mixture of learned clusters. "
        "Draws from the prior then start in a cluster, which helps all modalities to be drawn "
        "together.",
        formula=r"\text{the bound of MMVAE+ with } p(z) = \sum_c \pi_c \, p_c(z)",
        character="Mass-covering in the shared latent, with a prior that has several modes.",
        paper=CMVAE,
        faults=(
            "The paper infers the cluster as well; with the exact posterior of the cluster given z "
            "that is this mixture prior.",
            "There are 10 clusters here, which fits ten classes; how the paper finds their number "
            "is not built.",
            "The diffusion decoder of the paper is not built.",
            AUXILIARY,
        ),
    ),
    "code": Card(
        label=MODEL_LABELS["code"],
        idea="A mixture over all subsets, as the mixture of products is, but experts' errors are "
        "taken to be correlated, so that agreement counts for less. How much each subset counts "
        "is learned.",
        formula=r"\sum_A \pi_A \big\{ E_{q_A}[-\log p(x \mid z)] + \beta\, "
        r"\mathrm{KL}(q_A \,\|\, p) \big\} - h\, H(\pi), \qquad "
        r"q_A \text{ the consensus of } A",
        character="Zero-forcing within a subset with a limit to how sure it gets, mass-covering "
        "across subsets.",
        paper=CODE_VAE,
        faults=(
            "The entropy of the subsets' weights has factor 1 in a bound; the released code takes "
            "1000 for PolyMNIST, without which the weights would go to the best subsets alone, "
            "whose ELBOs differ by hundreds of nats. Here it is 1000 as well.",
            "The released code decodes every subset at every step; here one is drawn for each "
            "sample, and the weights learn by the score of the draw.",
            "The correlation is 1/2 for every pair of experts, the default of the released code.",
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
