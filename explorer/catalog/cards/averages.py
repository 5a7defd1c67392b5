"""Cards of models whose joint belief is one Gaussian: products and averages of experts."""

from explorer.catalog.cards.card import Card
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published.papers import (
    BARYCENTER,
    CODE_VAE,
    HELVAE,
    HOSOYA,
    MMVAMP,
    MULTIVI,
    MVAE,
    MVTCAE,
)

BASELINE = f"A baseline of {MMVAMP}; after {HOSOYA}"
ONCE_PER_MODALITY = (
    "The released code adds the KL term once for every modality, and so does this, so its beta is "
    "M times what it is called."
)
THREE_MODELS = (
    "Three models hide behind the paper's word: its formula averages a sigma that may be a "
    "standard deviation or a variance, its code takes the product by default, averages variances "
    "on image data and standard deviations on the rats. All three are here."
)

CARDS: dict[str, Card] = {
    "poe": Card(
        label=MODEL_LABELS["poe"],
        idea="The joint belief is the product of all experts and the prior. Precisions add up, so "
        "every modality that is given makes the model surer.",
        formula=r"q \propto p \prod_m q_m, \qquad "
        r"L = E_q[-\log p(x \mid z)] + \beta\, \mathrm{KL}(q \,\|\, p)",
        character="Zero-forcing: what one expert excludes the product excludes, and an "
        "overconfident expert outvotes all others.",
        paper=MVAE,
        faults=(
            "Trained on the full set only, as here, an encoder never learns to speak for itself; "
            "the paper also trains on single modalities and random subsets (see Product and "
            "unimodal).",
            "Qiu et al. (2025) call the product the reverse-KL barycenter; that is the geometric "
            "mean.",
            "The released code of MoPoE adds the prior to the full set alone; here, as in the "
            "paper of MVAE, it takes part in every subset.",
        ),
    ),
    "poe_unimodal": Card(
        label=MODEL_LABELS["poe_unimodal"],
        idea="The product of experts, trained on each modality alone as well as on all together. "
        "That second part teaches every encoder to speak for itself.",
        formula=r"L(x_1, \dots, x_M) + \sum_m L(x_m), \qquad L \text{ as of the product}",
        character="Zero-forcing as the product is, but no expert may count on the others to say "
        "what it leaves out.",
        paper=MVAE,
        faults=(
            "A sum of ELBOs of different data is no lower bound of log p(x).",
            "The paper adds random subsets as well; the released code of MoPoE, whose numbers are "
            "quoted as MVAE, does not, and neither does this.",
            "That code scores the lone modality without its likelihood weight; here it has it.",
        ),
    ),
    "logpool": Card(
        label=MODEL_LABELS["logpool"],
        idea="The experts' log densities are averaged, so precisions average where a product adds "
        "them up. Of all beliefs it has the least mean KL to the experts: it is their "
        "reverse-KL barycenter.",
        formula=r"q \propto \prod_m q_m^{1/M} = \arg\min_q \sum_m \tfrac1M "
        r"\mathrm{KL}(q \,\|\, q_m)",
        character="Zero-forcing: next to nothing is left where one expert has next to nothing, "
        "yet agreement makes nobody surer.",
        paper=f"What Theorem 1 really gives of {BARYCENTER}",
        faults=(
            "The theorem names the product instead: between N(-1, 1) and N(2, 1/4) the mean KL of "
            "the product is 2.008, that of the geometric mean 1.912.",
            "None of the papers here trains it as a joint belief; mmJSD has it as a prior.",
        ),
    ),
    "wb": Card(
        label=MODEL_LABELS["wb"],
        idea="The experts are slid onto each other at the least transport cost. For diagonal "
        "Gaussians that averages their means and their standard deviations.",
        formula=r"q = \mathcal N(\bar\mu, \bar\sigma^2) = \arg\min_q \sum_m \tfrac1M W_2^2(q, q_m),"
        r" \quad \bar\mu = \tfrac1M \sum_m \mu_m, \; \bar\sigma = \tfrac1M \sum_m \sigma_m",
        character="Moves mass: the belief comes to lie between the experts, even where none of "
        "them believes anything, and is as wide as they are on average.",
        paper=BARYCENTER,
        faults=(
            "Agreement never makes it surer than its sharpest expert, which is what the paper "
            "holds against mixtures.",
            "The claim that it is sharper than half of the experts fails for more than two: "
            "standard deviations 1, 1, 1 and 10 average to 3.25.",
            "Averaging standard deviations is right for diagonal Gaussians; the paper says "
            "isotropic, and for full covariances it is not the barycenter.",
            "No code is public and the appendix with its settings was not found; whether it also "
            "trains on single modalities is not known, and this does not.",
            "With sigma a standard deviation it is the aggregated baseline that the paper of "
            "MM-VAMP holds up as failing, on other data.",
        ),
    ),
    "moments": Card(
        label=MODEL_LABELS["moments"],
        idea="One Gaussian with the mean and the variance of the mixture of experts. It is the "
        "forward-KL barycenter within Gaussians.",
        formula=r"\mu = \tfrac1M \sum_m \mu_m, \qquad "
        r"\sigma^2 = \tfrac1M \sum_m (\sigma_m^2 + \mu_m^2) - \mu^2",
        character="Mass-covering: its width includes how far the experts lie apart, so it spans "
        "all of them and the gap between them.",
        paper="Ours, no paper",
        faults=(
            "Where two experts contradict each other, much of its mass lies where neither "
            "believes.",
            "The papers call the mixture the forward-KL barycenter; that holds over all "
            "densities, this one within Gaussians.",
        ),
    ),
    "hellinger": Card(
        label=MODEL_LABELS["hellinger"],
        idea="One Gaussian with the mean and the variance of Hölder pooling at 1/2. Unlike the "
        "moment match of the mixture it leans towards what several experts agree on, and no "
        "subset is ever drawn.",
        formula=r"\mu = E_h[z], \quad \sigma^2 = \mathrm{Var}_h[z], \qquad "
        r"h \propto \Big( \sum_m \tfrac1M \sqrt{q_m} \Big)^2",
        character="Between zero-forcing and mass-covering: agreement keeps its width, conflict is "
        "spanned as by the moment match.",
        paper=HELVAE,
        faults=(
            "The paper calls its Gaussian a moment-matching approximation; we read its abstract, "
            "not its formula, and match the moments exactly, which M(M+1)/2 pairs allow.",
            "In many dimensions experts that differ hardly overlap, and what is matched is then "
            "the mixture of experts: the rule becomes Moment match.",
            "That it beats MMVAE+ in coherence is the paper's finding, on its own data and "
            "networks.",
        ),
    ),
    "dependent": Card(
        label=MODEL_LABELS["dependent"],
        idea="A product of experts whose errors are taken to be correlated by 1/2. So an expert "
        "who repeats another adds little, where the product counts two witnesses.",
        formula=r"\frac1{\sigma^2} = 1^T \Sigma^{-1} 1, \quad "
        r"\mu = \sigma^2\, 1^T \Sigma^{-1} (\mu_1, \dots, \mu_M)^T, \qquad "
        r"\Sigma_{ij} = \tfrac12 \sigma_i \sigma_j, \; \Sigma_{ii} = \sigma_i^2",
        character="Zero-forcing, yet surer only up to a limit: experts who agree, however many, "
        "never leave less than half the variance of one.",
        paper=f"The consensus of Winkler (1981), Management Science 27(4), in {CODE_VAE}",
        faults=(
            "The correlation is one number for every pair of experts and every dimension, and it "
            "is set, not learned.",
            "An expert more than twice as vague as another gets a negative weight: it pushes the "
            "mean away from itself.",
            "Here it is trained on the full set only; CoDE-VAE trains all subsets.",
        ),
    ),
    "multivi": Card(
        label=MODEL_LABELS["multivi"],
        idea="Means are averaged by the weights, variances added up by the square roots of the "
        "weights. It stands in a widely used library for single-cell data.",
        formula=r"\mu = \sum_m w_m \mu_m, \qquad \sigma^2 = \sum_m \sqrt{w_m}\, \sigma_m^2, "
        r"\qquad w_m = \tfrac1M",
        character="Neither: its mean ignores who is sure, and being told the same twice makes it "
        "less sure, by a factor of the square root of M in variance.",
        paper=MULTIVI,
        faults=(
            "Two equal experts come out with 1.41 times their variance, five with 2.24 times; no "
            "average of the experts is as wide.",
            "MultiVI adds a penalty that draws the experts together, its own likelihoods and "
            "batch correction; here is its rule alone, with the ELBO.",
        ),
    ),
    "mvtcae": Card(
        label=MODEL_LABELS["mvtcae"],
        idea="A product of experts without the prior, held close to what each expert says alone. "
        "The penalty comes from total correlation: all together should tell little that one "
        "modality could not.",
        formula=r"\tfrac{M-\alpha}{M} E_q[-\log p(x \mid z)] + \beta \Big\{ \tfrac{\alpha}{M} "
        r"\sum_m \mathrm{KL}(q \,\|\, q_m) + (1-\alpha)\, \mathrm{KL}(q \,\|\, p) \Big\}",
        character="The product is zero-forcing, and the penalty is mass-covering for the experts: "
        "each must cover what all together believe.",
        paper=MVTCAE,
        faults=(
            "Alpha is 5/6 in the paper's PolyMNIST experiment and here; the MAC-WAE study left it "
            "at a library's .1, which may explain the poor translations it reports.",
            "With alpha above 0 it trades likelihood for total correlation and is no longer a "
            "bound of log p(x).",
        ),
    ),
    "aggregated_std": Card(
        label=MODEL_LABELS["aggregated_std"],
        idea="Means and standard deviations of the experts are averaged into one belief that "
        "every decoder reads. It is the Wasserstein model with its KL term counted once per "
        "modality.",
        formula=r"\bar\mu = \tfrac1M \sum_m \mu_m, \; \bar\sigma = \tfrac1M \sum_m \sigma_m, "
        r"\qquad L = E_q[-\log p(x \mid z)] + M \beta\, \mathrm{KL}(q \,\|\, p)",
        character="Moves mass, as the Wasserstein barycenter does: it is the same belief.",
        paper=BASELINE,
        faults=(
            THREE_MODELS,
            ONCE_PER_MODALITY,
            "At beta it equals Wasserstein at M times beta, so what one paper proposes is what "
            "the other shows to fail.",
        ),
    ),
    "aggregated_variance": Card(
        label=MODEL_LABELS["aggregated_variance"],
        idea="Means and variances of the experts are averaged into one belief that every decoder "
        "reads. It is never narrower than with averaged standard deviations.",
        formula=r"\bar\mu = \tfrac1M \sum_m \mu_m, \; \bar\sigma^2 = \tfrac1M \sum_m \sigma_m^2, "
        r"\qquad L = E_q[-\log p(x \mid z)] + M \beta\, \mathrm{KL}(q \,\|\, p)",
        character="Neither zero-forcing nor mass-covering: its width ignores how far the experts "
        "lie apart.",
        paper=BASELINE,
        faults=(
            THREE_MODELS,
            ONCE_PER_MODALITY,
            "It minimises no divergence to the experts that the papers name.",
        ),
    ),
    "aggregated_product": Card(
        label=MODEL_LABELS["aggregated_product"],
        idea="The product of the experts, without the prior, is one belief that every decoder "
        "reads. Its KL term is counted once per modality.",
        formula=r"q \propto \prod_m q_m, \qquad "
        r"L = E_q[-\log p(x \mid z)] + M \beta\, \mathrm{KL}(q \,\|\, p)",
        character="Zero-forcing: what one expert excludes the product excludes.",
        paper=BASELINE,
        faults=(
            THREE_MODELS,
            ONCE_PER_MODALITY,
            "The paper describes averages; this is what its code does unless told otherwise.",
        ),
    ),
}
