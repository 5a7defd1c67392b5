"""Downloads of tables: a spreadsheet computes nothing of what a visitor wrote."""

import pandas as pd

from explorer.app.shared import downloads


def test_cells_and_heads_that_a_spreadsheet_would_compute_are_text(monkeypatch):
    offered = {}
    monkeypatch.setattr(
        downloads.st, "download_button", lambda label, data, *_, **__: offered.update({label: data})
    )
    table = pd.DataFrame({"=name": ["=1+1", "@x", "-2+3", "ok"], "n": [-1.5, 2.0, 3.0, 4.0]})
    downloads.offer(table, "Ranks", "ranks")
    written = offered["Ranks as CSV"]()
    assert written.splitlines() == ["'=name,n", "'=1+1,-1.5", "'@x,2.0", "'-2+3,3.0", "ok,4.0"]
