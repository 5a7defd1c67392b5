"""What is known to be wrong with more than one printed table."""

CLASSIFIERS = (
    "The coherence classifiers of the released code are never switched to evaluation mode, so "
    "dropout and batch statistics are active: the ceiling is below 1 and every number is lowered. "
    "On a stand-in dataset such a classifier fell from .95 to .86 and, on a harder one, from .89 "
    "to .72."
)
COPIED = (
    "The rows of Product, Mixture and Mixture of products in Qiu et al. are copied from Sutter et "
    "al., not rerun; no public code for the Wasserstein rows was found."
)
TEXT = (
    "Text is scored with log-probabilities where probabilities are meant in the released code, "
    "so every column with text inherits a wrong likelihood."
)
PRODUCT = (
    "Their product model is also trained on every modality alone, as our Product and unimodal is; "
    "our Product is trained on the full set only, so it has never seen anything missing."
)
LIKELIHOOD = (
    "These are not estimates of log p(x). The released code draws 12 latents for each of 64 images "
    "and then takes the log-mean-exp over 12 different images instead of over the 12 draws of one. "
    "On a linear Gaussian model whose log p(x) is -17.06 that gives -11.69, the right mean -17.06; "
    "where images differ in difficulty by 50 nats (standard deviation) the shift is about 79 nats, "
    "as large as the gaps between these rows."
)
