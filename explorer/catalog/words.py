"""The words that people meet before they know them, one sentence each."""

WORDS: dict[str, str] = {
    "expert": "What one encoder believes about the latent of a sample after seeing one modality: "
    "a Gaussian, whose mean is the guess and whose width says how unsure it is.",
    "latent": "The hidden description z from which a decoder draws every modality; nobody observes "
    "it, encoders guess it.",
    "modality": "One kind of input of the same sample: a picture, a sound, a text, a table row.",
    "barycenter": "An average that is nearest to all experts at once; which one it is depends on "
    "how distance is measured.",
    "zero-forcing": "Zero wherever anyone says zero: the result only keeps what every expert "
    "thinks possible.",
    "mass-covering": "Keeps whatever anyone believes: nothing that one expert thinks possible is "
    "lost.",
    "coherence": "How often what a model draws for a hidden modality shows the same class as what "
    "it was given; a separate classifier judges.",
    "prior": "What is believed about the latent before anything is seen: N(0, 1) in each "
    "direction.",
    "posterior": "What a model believes about the latent once it has seen some modalities.",
}
"""Word -> what it means here."""
