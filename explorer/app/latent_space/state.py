"""The state of the Latent space page: what is looked at, in a URL, in the browser and in Python.

What a URL or a browser says is not trusted: it becomes a view that can be shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from explorer.app.links import Field, amend, choice, flag, some, whole
from explorer.subsets import subset_label, subsets

COLORINGS = ("class", "subset", "size", "correct")
MATCHES = ("exactly", "least", "any", "alone")
SAME = "same"
"""The layout in which two models are drawn on the same axes, those of the prior."""
PAIRS = (("mwb", "poe"), ("mmvamp", "independent"), ("mac_wae", "mac_vae"))
"""What is compared first, where both have a map."""


@dataclass(frozen=True)
class View:
    """What the page shows.

    Parameters
    ----------
    model, other
        The map on the left, and the one beside it ("" for none).
    layout
        ``latent``, ``same``, ``pca``, or ``umap0``, ``umap1``, ... by seed.
    color
        One of ``COLORINGS``.
    shuffled
        Whether labels are dealt at random: the control.
    chips, match
        Modalities, and how a shown subset must relate to them: be exactly these, hold at least
        these, any of them, or be one of them alone (without chips: any single modality).
    item, given
        The picked tuple (position in the test split; -1 for none) and the subset it is seen in.
    """

    model: str
    other: str = ""
    layout: str = "umap0"
    color: str = "class"
    shuffled: bool = False
    chips: tuple[str, ...] = ()
    match: str = "least"
    item: int = -1
    given: str = ""


@dataclass(frozen=True)
class Known:
    """What a view may refer to: models with a map, layouts, modality names, number of tuples."""

    models: Sequence[str]
    layouts: Sequence[str]
    names: Sequence[str]
    n_tuples: int

    @property
    def subsets(self) -> list[str]:
        """Labels of all subsets, in the order of points."""
        return [subset_label(subset) for subset in subsets(self.names)]


def default_view(known: Known) -> View:
    """Two models that differ much, or what there is; a latent space of two dimensions as it is."""
    pairs = [pair for pair in PAIRS if set(pair) <= set(known.models)]
    model, other = pairs[0] if pairs else (*known.models, "")[:2]
    if "latent" in known.layouts:
        return View(model, other, "latent", match="alone")
    return View(model, other)


def fields(known: Known) -> tuple[Field, ...]:
    """The parts of a view, as :mod:`explorer.app.links` reads and writes them."""
    default = asdict(default_view(known))
    # a + in a link that was typed by hand arrives as a space
    subset = choice(known.subsets, "modalities joined by +")
    subset = subset._replace(split=lambda text: text.replace(" ", "+"))
    kinds = {
        "model": choice(known.models, "a model that has a map"),
        "other": choice(("", *known.models), "a model that has a map, or empty"),
        "layout": choice(known.layouts),
        "color": choice(COLORINGS),
        "shuffled": flag(),
        "chips": some(known.names, separator="+"),
        "match": choice(MATCHES),
        "item": whole(-1, known.n_tuples - 1),
        "given": subset,
    }
    return tuple(Field(name, kind, default[name]) for name, kind in kinds.items())


def settle(view: View, known: Known) -> View:
    """Make the parts fit: two different models, a subset wherever a tuple is picked."""
    if view.other == view.model:
        view = replace(view, other="")
    if view.item < 0:
        return replace(view, given="")
    return view if view.given else replace(view, given=known.subsets[-1])


def to_browser(view: View, known: Known) -> dict[str, object]:
    """Return what scatter.js calls the view: modalities by position, one number for a point."""
    point = known.subsets.index(view.given) * known.n_tuples + view.item if view.item >= 0 else None
    return {
        "layout": view.layout,
        "color": view.color,
        "shuffled": view.shuffled,
        "chips": [known.names.index(name) for name in view.chips],
        "match": view.match,
        "picked": point,
    }


def from_browser(said: object, view: View, known: Known) -> View:
    """``view`` with what the browser said; anything unusable in it is left as it was."""
    if not isinstance(said, Mapping):
        return view
    message = {
        name: said[name] for name in ("layout", "color", "shuffled", "match") if name in said
    }
    chips, point = said.get("chips"), said.get("picked", -1)
    if isinstance(chips, list) and all(chip in range(len(known.names)) for chip in chips):
        message["chips"] = [known.names[int(chip)] for chip in chips]
    if point is None:
        message["item"] = -1
    elif isinstance(point, int) and 0 <= point < len(known.subsets) * known.n_tuples:
        message["item"] = point % known.n_tuples
        message["given"] = known.subsets[point // known.n_tuples]
    return settle(View(**amend(fields(known), asdict(view), message)), known)
