"""Session → the two files that GitLab shows in a merge request: metrics beside those of the target branch, findings.

GitLab compares metrics by their whole name, labels included, and findings by their fingerprint; so neither holds a
branch, a time or a line number, or everything would look new in every merge request.

Source: docs.gitlab.com, "Metrics reports" (OpenMetrics text) and "Code Quality", "Code Quality report format".
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pytest_llmeval.exports import agreement, files, usage, wording
from pytest_llmeval.exports.inert import disarm, plain
from pytest_llmeval.exports.worst import worst_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Json, Session

_LONGEST_NAME, _LONGEST_TEXT = 80, 500
_WEAKER = "LOWERED "


def write_metrics(session: Session, path: Path) -> None:
    """Write the file of ``artifacts:reports:metrics``.

    Raises:
        LlmevalError: it cannot be written there; an older one is as it was.
    """
    files.put(path, metrics(session), kind="gitlab-metrics")


def write_quality(session: Session, path: Path) -> None:
    """Write the file of ``artifacts:reports:codequality``.

    Raises:
        LlmevalError: it cannot be written there; an older one is as it was.
    """
    found = ",\n".join(map(json.dumps, findings(session)))
    files.put(path, disarm(f"[{found}]\n"), kind="gitlab-quality")


def metrics(session: Session) -> str:
    """Return what a reviewer compares with the target branch: means, what is below, unscored or lost, tokens, cost."""
    return "".join(f"{name} {value}\n" for name, value in _samples(session)) + "# EOF\n"


def findings(session: Session) -> list[dict[str, Json]]:
    """Return the lines that regressed or are below their threshold, and the checks that see less, as findings."""
    found = [_finding(session, line) for line in worst_lines(session)]
    for one in session.against.weakened if session.against else ():
        text = f"{one.id}: {one.how.value}" + (f", {one.before} on the base, {one.now} here" if one.before else "")
        path = one.id.test.partition("::")[0]
        found.append(_entry(session, f"{one.id} {one.how}", "weakened check", text, "minor", path=path, line=1))
    return found


def _samples(session: Session) -> Iterator[tuple[str, str]]:
    for summary in session.summaries:
        labels = {"suite": summary.suite, "metric": summary.metric} | ({"variant": summary.arm} if summary.arm else {})
        said = ",".join(f'{name}="{_label(value)}"' for name, value in labels.items())
        if summary.mean is not None:
            yield f"llmeval_score_mean{{{said}}}", f"{summary.mean:.4f}"
        yield f"llmeval_below_threshold{{{said}}}", str(summary.n_below)
        yield f"llmeval_unscored{{{said}}}", str(summary.n_unscored)
        judged = agreement.weakest(agreement.judged_of(session, summary))
        if judged is not None:
            yield f"llmeval_judge_uncalibrated{{{said}}}", str(int(not judged.is_calibrated))
        if judged is not None and judged.agreement is not None:
            yield f"llmeval_judge_agreement{{{said}}}", f"{judged.agreement[0]:.4f}"
    yield "llmeval_lost_tests", str(len(session.lost))
    scored, expected = session.coverage
    if expected:
        # A provider that was away leaves no check behind that could be called unscored.
        yield "llmeval_session_scored_ratio", f"{scored / expected:.4f}"
    used = usage.measure(usage.responses(session))
    if used.n_answers and used.n_uncounted < used.n_answers:
        # Of all answers, replayed ones too: what the suite takes, whoever paid for it.
        yield "llmeval_input_tokens", str(used.n_input_tokens)
        yield "llmeval_output_tokens", str(used.n_output_tokens)
    if used.n_answers and used.cost_usd is not None:
        yield "llmeval_cost_usd", f"{used.cost_usd:.6f}"


def _label(value: str) -> str:
    return plain(value, limit=_LONGEST_NAME).replace("\\", "\\\\").replace('"', '\\"')


def _finding(session: Session, line: WorstLine) -> dict[str, Json]:
    said = f"{line.id}: {wording.standing(line)}"
    place = line.check.place
    path, number = (place.path, place.line) if place.path else (line.id.test.partition("::")[0], 1)
    kind, severity = ("regressed", "major") if line.is_regressed else ("below threshold", "minor")
    return _entry(session, f"{line.id} {kind}", kind, said, severity, path=path, line=number)


def _entry(
    session: Session, identity: str, kind: str, text: str, severity: str, *, path: str, line: int
) -> dict[str, Json]:
    return {
        "description": plain(text, limit=_LONGEST_TEXT),
        "check_name": f"llmeval: {kind}",
        "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        "severity": severity,
        "location": {"path": plain(session.folder + path, limit=_LONGEST_TEXT), "lines": {"begin": line}},
    }
