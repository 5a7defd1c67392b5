"""The state of the Latent space page: what is looked at, in a URL, in the browser and in Python.

What a URL or a browser says is not trusted: it becomes a view that can be shown, and what could
not be used is named in a notice without being repeated.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

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


def read_view(params: Mapping[str, str], known: Known) -> tuple[View, list[str]]:
    """Read the view in a URL's parameters; a notice for each that was not usable."""
    numbers = [str(i) for i in range(known.n_tuples)]
    allowed: dict[str, tuple[Collection[str], str]] = {
        "model": (known.models, "a model that has a map"),
        "other": (("", *known.models), "a model that has a map, or empty"),
        "layout": (known.layouts, ", ".join(known.layouts)),
        "color": (COLORINGS, ", ".join(COLORINGS)),
        "shuffled": (("0", "1"), "0 or 1"),
        "match": (MATCHES, ", ".join(MATCHES)),
        "given": (known.subsets, "modalities joined by +"),
        "chips": (_in_order(params.get("chips", ""), known.names), "modalities joined by +"),
        "item": (numbers, f"0 to {known.n_tuples - 1}"),
    }
    read, notices = {}, []
    for name, (values, expected) in allowed.items():
        if name in params:
            # a + in a link that was typed by hand arrives as a space
            text = params[name].replace(" ", "+")
            if text in values:
                read[name] = text
            else:
                notices.append(f"`{name}` in the link must be {expected}; it was left out.")
    convert = {
        "shuffled": lambda text: text == "1",
        "item": int,
        "chips": lambda text: tuple(filter(None, text.split("+"))),
    }
    read = {name: convert.get(name, str)(text) for name, text in read.items()}
    return settle(replace(default_view(known), **read), known), notices


def _in_order(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The one way to write chips: those of ``text`` that there are, in dataset order."""
    asked = set(text.replace(" ", "+").split("+"))
    return "", "+".join(name for name in names if name in asked)


def settle(view: View, known: Known) -> View:
    """Make the parts fit: two different models, a subset wherever a tuple is picked."""
    if view.other == view.model:
        view = replace(view, other="")
    if view.item < 0:
        return replace(view, given="")
    return view if view.given else replace(view, given=known.subsets[-1])


def write_view(view: View, known: Known) -> dict[str, str]:
    """URL parameters for ``view``: only what differs from the default."""
    default = asdict(default_view(known))
    texts = {bool: lambda x: str(int(x)), tuple: "+".join}
    return {
        name: texts.get(type(value), str)(value)
        for name, value in asdict(view).items()
        if value != default[name]
    }


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


def from_browser(said: Mapping[str, object], view: View, known: Known) -> View:
    """``view`` with what the browser said; anything unusable in it is left as it was."""
    point, chips = said.get("picked"), said.get("chips")
    params = {name: str(said.get(name)) for name in ("layout", "color", "match")}
    params["shuffled"] = "1" if said.get("shuffled") is True else "0"
    if isinstance(chips, list) and all(chip in range(len(known.names)) for chip in chips):
        params["chips"] = subset_label([n for m, n in enumerate(known.names) if m in chips])
    if isinstance(point, int) and 0 <= point < len(known.subsets) * known.n_tuples:
        params["item"] = str(point % known.n_tuples)
        params["given"] = known.subsets[point // known.n_tuples]
    read, _ = read_view(params, known)
    return settle(replace(read, model=view.model, other=view.other), known)
