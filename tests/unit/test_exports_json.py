"""The JSON report keeps to its published schema, whatever a session holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from pytest_llmeval.exports import json as json_report
from pytest_llmeval.records import (
    Acceptance,
    AcceptedLine,
    Against,
    CaseOrigin,
    Confirmation,
    Place,
    RefusedLine,
    Rerun,
    Score,
    Weakened,
    WeakenedCheck,
)
from pytest_llmeval.records.session import Spend
from tests.unit.sessions import REFUND_ID, SUPPORT, answer, case, relevance, session
from tests.unit.test_exports_terminal import hostile_session

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "report-1.json").read_text(encoding="utf-8"))
ACCEPTANCE = Acceptance(reason="agreed", author="Ada", accepted_at="2026-01-31")
AGAINST = Against(
    commit="1f0c3a9b77e2",
    name="origin/main",
    accepted=(AcceptedLine(id=REFUND_ID, before=None, after=0.7, acceptance=ACCEPTANCE),),
    refused=(RefusedLine(id=REFUND_ID, why="no reason"),),
    weakened=(WeakenedCheck(id=REFUND_ID, how=Weakened.THRESHOLD, before="0.7", now="0.5"),),
    cases=(CaseOrigin(id=REFUND_ID.case_id, n_fresh=3), CaseOrigin(id=REFUND_ID.case_id, n_replayed=3, stale="old")),
    reruns=(
        Rerun(
            id=REFUND_ID,
            word=Confirmation.NOT_RUN,
            stored_mean=0.9,
            base_mean=None,
            base_trials=0,
            current_mean=0.3,
            current_trials=5,
        ),
    ),
)


def _validate(document) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize(
    "found",
    [
        session(),
        session(verdict=None, exit_status=0, exit_line="exit status 0: nothing failed"),
        session(against=AGAINST, lost=("a.py::t",)),
        session(results=(), summaries=(), spend=Spend(budget_usd=1.0, spent_usd=0.5, n_refused=2, undone=("a.py::t",))),
        hostile_session(),
    ],
    ids=["gate", "no-gate", "against", "empty", "hostile"],
)
def test_a_document_keeps_to_the_schema(found):
    """Every field is there, and no other."""
    _validate(json_report.document(found))


def test_the_schema_refuses_what_we_do_not_write():
    """It would notice a field that is renamed, added, or left out."""
    document = json_report.document(session())
    for broken in (
        document | {"more": 1},
        {k: v for k, v in document.items() if k != "next"},
        document | {"format": "2"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            _validate(broken)


def test_what_is_unknown_is_null():
    """No score is 0 for "could not tell", and no price."""
    check = replace(relevance(0.1), score=Score.unscored("relevance", "timed out"), place=Place())
    result = case(SUPPORT, "eu", "support", (check,), (answer("x", cost_usd=None),))
    document = json_report.document(session(results=(result,), verdict=None))
    (found,) = document["cases"][0]["checks"]
    assert (None, [None], None) == (found["mean"], found["scores"], found["place"])
    assert (None, 1) == (document["usage"]["bought"]["cost_usd"], document["usage"]["bought"]["answers_without_price"])


def test_a_change_has_the_sign_of_the_better():
    """The comparison's drop is 0.3, between 0.22 and 0.38."""
    found = json_report.document(session())["metrics"][0]["comparison"]
    assert (-0.3, [-0.38, -0.22], 0.12) == (found["change"], found["change_interval"], found["smallest_visible_drop"])


def test_a_written_document_is_ascii(tmp_path):
    """So that no encoding can hurt it."""
    json_report.write(session(branch="größer"), tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="ascii")
    assert json.loads(text) == json_report.document(session(branch="größer"))
