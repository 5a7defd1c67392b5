"""Cards of models with encoders that see several modalities at once."""

from explorer.catalog.cards.card import Card
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published.papers import JMVAE, MAC_WAE, NEXUS

BUILT = (
    "Here it reconstructs by the likelihoods of all other models, sees 4 masks a batch (the paper "
    "10) and blanks what the encoders say of a hidden modality instead of the modality."
)

CARDS: dict[str, Card] = {
    "jmvae": Card(
        label=MODEL_LABELS["jmvae"],
        idea="One encoder sees all modalities at once, and a surrogate for each modality learns "
        "to say the same from that one alone. Nothing is fused while all modalities are given.",
        formula=r"E_q[-\log p(x \mid z)] + \beta\, \mathrm{KL}(q \,\|\, p) + \alpha \sum_m "
        r"\mathrm{KL}(q \,\|\, q_m), \qquad q = q(z \mid x_1, \dots, x_M)",
        character="Mass-covering for the surrogates: each must cover what the joint encoder "
        "believes.",
        paper=JMVAE,
        faults=(
            "The paper has no belief for several but not all modalities; as in the library "
            "MultiVae it is the product of the surrogates, without the prior, on which nothing "
            "was trained.",
            "Alpha .1, the size of the joint encoder and the penalties that fade in over the "
            "first tenth of the run are that library's, not the paper's.",
        ),
    ),
    "nexus": Card(
        label=MODEL_LABELS["nexus"],
        idea="A hierarchy: each modality has its own VAE, and a latent on top reads messages from "
        "those that are given. In training messages are dropped at random, so the top learns to "
        "do without.",
        formula=r"\sum_m \big\{ E_{q_m}[-\log p(x_m \mid z_m)] + "
        r"\beta\, \mathrm{KL}(q_m \,\|\, p) + \gamma \|z_m - \hat z_m\|^2 \big\} + "
        r"\beta\, \mathrm{KL}(q \,\|\, p)",
        character="Messages are averaged before they become a belief, so it is neither "
        "zero-forcing nor mass-covering by construction.",
        paper=NEXUS,
        faults=(
            "The MAC-WAE study ran it without the dropping of messages that is its point, and "
            "with messages of 10 numbers instead of 512; here a fifth of the samples lose some, "
            "as in the paper, and messages have 128.",
            "Unlike the original, the networks on top are small and without batch normalisation, "
            "and each modality's own weights are one beta.",
            "The authors of the library MultiVae could not reproduce the paper's results.",
            "With two layers of latents log p(x) is not estimated here.",
        ),
    ),
    "mac_wae": Card(
        label=MODEL_LABELS["mac_wae"],
        idea="One encoder reads all modalities, with zeros for those that are hidden, and a mask "
        "that says which; several random masks are tried on each batch. Codes are points, and "
        "only as a population must they look like draws from the prior.",
        formula=r"\tfrac1K \sum_k \big\{ -\log p(x \mid z_k) + "
        r"\beta\, \mathrm{MMD}^2(z_k, p) \big\}, \qquad z_k = f(x \odot b_k, b_k)",
        character="Neither zero-forcing nor mass-covering: no belief is fused, and the penalty "
        "moves the population of codes as a whole.",
        paper=MAC_WAE,
        faults=(
            "As published the penalty hardly acts: a squared MMD of at most about .4 stands "
            "against squared errors in the hundreds, so curves that are flat over beta show that "
            "it is off, not that it is robust. Here beta is 500, which is our choice.",
            "Equation 8 misses a factor 1/n; as printed the penalty is about 47 for a perfect "
            "match of 128 codes. The code is right and so is this.",
            "The loss penalises codes of different masks for differing as populations, where the "
            "paper says they may.",
            "The proof of Lemma 4.4 never uses that the kernel is positive, which the lemma needs; "
            "the lemma is true.",
            "The width of the kernel is not in the paper; it is 1, from the code.",
            "The main text sums over masks, Algorithm 1 and the code average, and so does this.",
            BUILT,
            "Its log p(x) is not defined, because codes are points.",
        ),
    ),
    "mac_vae": Card(
        label=MODEL_LABELS["mac_vae"],
        idea="The network of MAC-WAE with a Gaussian belief and a KL term in the place of the "
        "penalty on codes. It is there to tell what the penalty does from what the masks do.",
        formula=r"\tfrac1K \sum_k \big\{ E_{q_k}[-\log p(x \mid z)] + "
        r"\beta\, \mathrm{KL}(q_k \,\|\, p) \big\}, \qquad q_k = q(z \mid x \odot b_k, b_k)",
        character="The KL term draws every single belief to the prior, where MAC-WAE asks that of "
        "all codes together.",
        paper=MAC_WAE,
        faults=(
            "In the paper's code it differs from MAC-WAE by more than the penalty: half the "
            "squared error, and cross-entropy for labels and text. Here both reconstruct alike, "
            "so what differs is the penalty and that beliefs have a width.",
            BUILT,
        ),
    ),
    "m_wae": Card(
        label=MODEL_LABELS["m_wae"],
        idea="MAC-WAE whose encoder is not told which modalities are hidden. It must guess from "
        "what it reads whether a modality is missing.",
        formula=r"\tfrac1K \sum_k \big\{ -\log p(x \mid z_k) + "
        r"\beta\, \mathrm{MMD}^2(z_k, p) \big\}, \qquad z_k = f(x \odot b_k)",
        character="Neither zero-forcing nor mass-covering, as MAC-WAE: the penalty moves the "
        "population of codes.",
        paper=MAC_WAE,
        faults=(
            "The paper describes it in half a sentence and no code exists; masked inputs without "
            "the mask are the only reading that works with missing modalities.",
            "The paper's count of 29 best results of 42 for MAC-WAE leaves it out; with it there "
            "are 26.",
            BUILT,
        ),
    ),
}
