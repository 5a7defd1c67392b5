"""Model cards: what each model is, where it comes from and what is known to be wrong with it.

To add one: an entry in ``CARDS`` of the family's module, for the key of ``MODELS``.
"""

from explorer.catalog.cards import apart, averages, joint, mixtures
from explorer.catalog.cards.card import Card
from explorer.catalog.looks import MODEL_LABELS, ByModel

__all__ = ["CARDS", "Card"]

CARDS: ByModel[Card] = ByModel(
    dict(
        sorted(
            (averages.CARDS | mixtures.CARDS | apart.CARDS | joint.CARDS).items(),
            key=lambda item: list(MODEL_LABELS).index(item[0]),
        )
    )
)
"""Key of ``MODELS`` -> card, in the order of the palette."""
