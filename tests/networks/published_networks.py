"""That the papers' networks are what a dataset gets that is asked for them, and that they fit."""

from explorer.datasets import PUBLISHED, load_dataset
from explorer.networks import NETWORKS


def check(name, **options):
    """Load ``name`` with the papers' networks and send two observations of each kind through."""
    data = load_dataset(name, published=1, **options)
    small = load_dataset(name, **options)
    assert PUBLISHED[name].keys() <= {m.name for m in data.modalities}
    for m, other in zip(data.modalities, small.modalities, strict=True):
        assert m.network == PUBLISHED[name].get(m.name, other.network)
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        z = encoder(data.train[[1, 0]][m.name])[:, :3]
        assert decoder(z).shape == (2, *m.shape)
