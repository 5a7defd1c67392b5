"""Page 1's widget in a notebook: the same source, mounted by anywidget."""

import anywidget
import traitlets

from explorer.app.barycenters.state import State, changed
from explorer.app.barycenters.widget import command, source
from explorer.app.javascript import read


class BarycenterWidget(anywidget.AnyWidget):
    """Experts dragged on the plot, and what fuses them; computed in the browser.

    Parameters
    ----------
    state
        What to show, :class:`explorer.app.barycenters.state.State`.

    Examples
    --------
    >>> from explorer.app.barycenters.state import Expert
    >>> widget = BarycenterWidget(State(experts=(Expert(-2, 1), Expert(2, 0.5))))
    >>> widget.shown.experts[1].std
    0.5
    """

    _esm = source()
    _css = read("barycenters/barycenter.css")
    command = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, state: State = State(), **options):  # noqa: B008 a NamedTuple is immutable
        first = command(state, **options)
        super().__init__(command=first, state=first["state"])

    @property
    def shown(self) -> State:
        """What the widget shows, as of the last release."""
        return changed(State(), self.state)

    def show(self, state: State, **options) -> None:
        """Show another state; ``options`` as in :func:`explorer.app.barycenters.widget.command`."""
        self.command = command(state, self.command["revision"] + 1, **options)
        self.state = self.command["state"]
