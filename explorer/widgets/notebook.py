"""Page 1's widget in a notebook: the same source, mounted by anywidget."""

import anywidget
import traitlets

from explorer.links import State, read_browser
from explorer.widgets import command, read, source


class BarycenterWidget(anywidget.AnyWidget):
    """Experts dragged on the plot, and what fuses them; computed in the browser.

    Parameters
    ----------
    state
        What to show, :class:`explorer.links.State`.

    Examples
    --------
    >>> from explorer.links import Expert
    >>> widget = BarycenterWidget(State(experts=(Expert(-2, 1), Expert(2, 0.5))))
    >>> widget.shown.experts[1].std
    0.5
    """

    _esm = source()
    _css = read("barycenter.css")
    command = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, state: State = State(), **options):  # noqa: B008 a NamedTuple is immutable
        first = command(state, **options)
        super().__init__(command=first, state=first["state"])

    @property
    def shown(self) -> State:
        """What the widget shows, as of the last release."""
        return read_browser(self.state)

    def show(self, state: State, **options) -> None:
        """Show another state; ``options`` as in :func:`explorer.widgets.command`."""
        self.command = command(state, self.command["revision"] + 1, **options)
        self.state = self.command["state"]
