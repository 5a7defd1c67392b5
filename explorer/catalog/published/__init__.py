"""Numbers the papers print, to stand beside ours: not rerun by us, and on other data.

Each table says where it was printed and what is known to be wrong with it. What is printed as
log-likelihood is here for the record only: the public code it appears to come from takes the mean
over importance samples of different images, so it does not estimate log p(x).

To add a table: an entry in ``TABLES`` of the data set's module.
"""

from explorer.catalog.published import celeba, mst, polymnist, translation
from explorer.catalog.published.table import PublishedTable

__all__ = ["PUBLISHED", "PublishedTable"]

PUBLISHED: dict[str, PublishedTable] = {
    **polymnist.TABLES,
    **mst.TABLES,
    **celeba.TABLES,
    **translation.TABLES,
}
"""Key -> table, as the Scores page lists them."""
