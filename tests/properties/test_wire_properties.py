"""For any record: the wire and the session file give back what they were given."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmeval.gather import session_file, wire
from pytest_llmeval.records import (
    CaseId,
    CaseResult,
    Check,
    CheckId,
    Comparison,
    Outcome,
    Place,
    Plan,
    PlannedCase,
    Provenance,
    Request,
    Response,
    Score,
    Session,
    SessionVerdict,
    Summary,
    Trial,
    Verdict,
)
from pytest_llmeval.records.exchange import canonical


def is_kept(text: str) -> bool:
    """Whether no two lone surrogates in a row spell one character: JSON cannot tell them from it."""
    return text == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


texts = st.text(st.characters(), max_size=8).filter(is_kept)
counts = st.integers(0, 10**9)
floats = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0.0, 1.0)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(texts, json_values, max_size=3)
tuples_of_text = st.lists(texts, max_size=2).map(tuple)


def tuples(items: st.SearchStrategy, max_size: int = 2) -> st.SearchStrategy:
    """Return short tuples of the items."""
    return st.lists(items, max_size=max_size).map(tuple)


scores = st.builds(
    Score, metric=texts, value=st.none() | shares, reason=texts.map("because {}".format), version=texts, detail=mappings
)
checks = st.builds(
    Check,
    score=scores,
    nth=counts,
    threshold=st.none() | shares,
    require=st.none() | shares,
    is_hard=st.booleans(),
    is_case_level=st.booleans(),
    output=texts,
    origin=texts,
    place=st.builds(Place, texts, counts, texts),
)
requests = st.builds(
    Request, model=texts, messages=tuples(mappings), settings=mappings, trial=st.none() | counts, repeat=counts
)
responses = st.builds(
    Response,
    text=texts,
    request=requests,
    outcome=st.sampled_from(Outcome),
    n_input_tokens=st.none() | counts,
    latency_s=floats,
    cost_usd=st.none() | floats,
    provenance=st.sampled_from(Provenance),
)
trials = st.builds(
    Trial, index=counts, checks=tuples(checks), calls=tuples(responses), error=texts, is_unscored=st.booleans()
)
case_ids = st.builds(CaseId, texts, texts)
results = st.builds(
    CaseResult,
    nodeid=texts,
    id=case_ids,
    suite=texts,
    tags=tuples_of_text,
    trials=tuples(trials),
    checks=tuples(checks),
)
plans = st.builds(
    Plan,
    cases=st.dictionaries(texts, st.builds(PlannedCase, id=case_ids, suite=texts, n_trials=counts), max_size=3),
    n_deselected=counts,
)
comparisons = st.builds(
    Comparison,
    suite=texts,
    metric=texts,
    verdict=st.sampled_from(Verdict),
    low=st.none() | floats,
    added=tuples(st.builds(CheckId, texts, texts, texts, counts)),
)
sessions = st.builds(
    Session,
    id=st.from_regex(r"\A[0-9TZ]{1,8}-[0-9a-f]{1,8}\Z"),
    started_at=texts,
    settings=mappings,
    versions=st.dictionaries(texts, texts, max_size=2),
    plan=plans,
    results=tuples(results, max_size=3),
    lost=tuples_of_text,
    summaries=tuples(
        st.builds(
            Summary,
            suite=texts,
            metric=texts,
            mean=st.none() | shares,
            low=st.none(),
            high=st.none(),
            n_cases=counts,
            n_scored=counts,
            n_unscored=counts,
            n_below=counts,
        )
    ),
    verdict=st.none()
    | st.builds(
        SessionVerdict, verdict=st.sampled_from(Verdict), comparisons=tuples(comparisons), invalid=tuples_of_text
    ),
)


@given(results)
def test_any_result_comes_back_equal(result: CaseResult):
    """Lone surrogates, control characters, huge integers and the last bit of every float included."""
    text = wire.encode(result)

    assert result == wire.decode(text)
    assert text.isascii()


@given(plans)
def test_any_plan_comes_back_equal(plan: Plan):
    """Node ids are any text."""
    assert plan == wire.decode_plan(wire.encode_plan(plan))


@given(sessions)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])  # a session is large
def test_any_session_comes_back_equal_from_its_file(session: Session):
    """And equal sessions give equal bytes, whatever order their mappings were filled in."""
    with TemporaryDirectory() as folder:
        first = session_file.write(session, Path(folder))
        back = session_file.read(first)

        assert session == back
        assert first.read_bytes() == session_file.write(back, Path(folder, "again")).read_bytes()


@given(sessions, st.data())
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])  # a session is large
def test_a_session_file_that_was_cut_anywhere_is_refused(session: Session, data: st.DataObject):
    """A kill, a full disk, a broken copy: never half a session taken for a whole one."""
    with TemporaryDirectory() as folder:
        path = session_file.write(session, Path(folder))
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

        try:
            session_file.read(path)
        except session_file.StoreError as error:
            fault = error
        assert "is malformed at line" in fault.what


@given(st.recursive(st.none() | st.integers() | texts, lambda v: st.lists(v) | st.dictionaries(texts, v), max_leaves=8))
def test_any_other_json_is_refused_with_a_value_error(value: object):
    """Nothing but ValueError comes out of what was not written by us."""
    try:
        wire.decode(canonical(value))
    except ValueError as error:
        fault = str(error)
    assert fault
