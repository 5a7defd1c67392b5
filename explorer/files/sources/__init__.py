"""Where real data come from, whether they are here and whole, and how to get them; without torch.

To add a dataset's source: a line of ``SOURCES`` in ``table.py``.
"""

from explorer.files.sources.directory import DataError, data_directory
from explorer.files.sources.state import (
    Finding,
    best_way,
    can_be_fetched,
    inspect,
    is_at_hand,
    is_embedded,
    remedy,
    source,
    state,
    what_is_needed,
)
from explorer.files.sources.table import SOURCES, File, Source, Way

__all__ = [
    "SOURCES",
    "DataError",
    "File",
    "Finding",
    "Source",
    "Way",
    "best_way",
    "can_be_fetched",
    "data_directory",
    "inspect",
    "is_at_hand",
    "is_embedded",
    "remedy",
    "source",
    "state",
    "what_is_needed",
]
