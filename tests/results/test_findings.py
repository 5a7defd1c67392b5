"""What the scores are said to say."""

import json

import pandas as pd
import pytest

from explorer.catalog.looks import MODEL_LABELS
from explorer.results import findings
from explorer.results.scores import Score


def figures(measure="coherence", target="", error=0.01, **values):
    return [Score(model, measure, "1", target, v, error, 100) for model, v in values.items()]


def test_the_best_is_named_with_those_that_noise_does_not_tell_apart():
    said = findings.one_view(pd.DataFrame(figures(poe=0.5, mwb=0.81, moe=0.82)))
    assert f"by **{MODEL_LABELS['moe']}**, 0.820" in said
    assert f"{MODEL_LABELS['mwb']} not clearly worse" in said
    assert f"the lowest is {MODEL_LABELS['poe']}" in said
    assert "clearly ahead" in findings.one_view(pd.DataFrame(figures(poe=0.5, moe=0.82)))
    assert findings.one_view(pd.DataFrame(figures(poe=0.5))) == ""


def test_the_published_kind_of_judge_leads_where_it_read_every_model():
    ours = figures("judged_coherence", "ours", poe=0.9, moe=0.5)
    both = ours + figures("judged_coherence", "published", poe=0.4, moe=0.7)
    said = findings.one_view(pd.DataFrame(both))
    assert f"by **{MODEL_LABELS['moe']}**" in said and "published kind of judge" in said
    partly = ours + figures("judged_coherence", "published", moe=0.7)
    assert f"by **{MODEL_LABELS['poe']}**" in findings.one_view(pd.DataFrame(partly))


def test_conflicts_are_told_by_what_most_samples_showed():
    rates = [
        {"key": "moe", "whole": False, "behaviors": {"alternates": 0.9, "blends": 0.1}},
        {"key": "poe", "whole": False, "behaviors": {"alternates": 0.4, "blends": 0.3}},
    ]
    said = findings.conflict({findings.CONFLICT: rates})
    assert said.endswith(
        f"in most samples {MODEL_LABELS['moe']} (90%) drew now the one and now the other."
    )


@pytest.mark.parametrize("rates", [None, [], {"one against one": 3}, {"one against one": [{}]}])
def test_what_is_no_table_of_conflicts_says_nothing(rates, tmp_path):
    assert findings.conflict(rates) == ""
    (tmp_path / "conflict.json").write_text("{")
    assert findings.read_rates(tmp_path) is None
    (tmp_path / "eye").mkdir()
    (tmp_path / "eye" / "agreement.json").write_text(json.dumps(rates))
    assert findings.by_eye(tmp_path) == ""
