"""Conflicts that are met beforehand, and states to start from."""

import pytest

from explorer.app.generation import presets
from explorer.app.generation.rates import table


def test_the_shipped_rates_are_of_every_rule():
    rates = presets.read_rates()
    assert list(rates) == list(presets.SCENARIOS)
    for rows in rates.values():
        assert {row["key"] for row in rows} == set(presets.asked_rules())
        assert all(sum(row["shares"]) == pytest.approx(1) for row in rows)
        assert table(rows).loc["Product", "is lost"] > 0.8


def test_damaged_rates_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "CACHE", tmp_path)
    assert presets.read_rates() == {}
    (tmp_path / presets.RATES).write_text("{half")
    assert presets.read_rates() == {}


def test_presets_have_names_of_their_own():
    names = [preset.name for preset in presets.PRESETS]
    assert len(set(names)) == len(names)
