"""What `llmeval gate check` found out is stored whole, for its owner only, and read back or refused by name."""

from __future__ import annotations

import json
import stat

import pytest

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.gather import trust_file
from pytest_llmeval.records import CheckId
from pytest_llmeval.records.trust import Alarm, AtTrials, DrawnFault, PlantedFault, Rate, Sight, TrustReport

RATE = Rate(n_red=3, n=400, low=0.0016, high=0.0218)
REPORT = TrustReport(
    checked_at="2026-11-25T10:00:00+00:00",
    commit="3fbf8b6",
    model="openai/m",
    arguments=("--llmeval-trials=5", "-n", "4"),
    runs=("a", "b"),
    n_cases=10,
    n_lines=12,
    n_varying=3,
    n_trials=(5, 5),
    pairs=Rate(n_red=0, n=1, low=0.0, high=0.975),
    alarms=(Alarm(id=CheckId("t.py::test", 'ä"[1]', "solved", 1), n=2),),
    resampled=RATE,
    faults=(PlantedFault(name="A=b", sight=Sight.FOUND, found=(AtTrials(n_trials=5, rate=RATE),)),),
    drawn_faults=(DrawnFault(name="one", found=(AtTrials(n_trials=1, rate=RATE),)),),
    drift=("none",),
)


def test_a_report_is_read_back_as_it_was(tmp_path):
    """To the last field; a second one stands in the place of the first, and nothing else is left."""
    folder = tmp_path / ".llmeval"
    trust_file.write(TrustReport(checked_at="2026"), folder)
    path = trust_file.write(REPORT, folder)

    assert REPORT == trust_file.read(folder)
    assert [path.name] == [file.name for file in folder.iterdir()]
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert {"kind": "gate check", "format": 1} == {key: json.loads(path.read_text())[key] for key in ("kind", "format")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"kind": "gate check", "format": 1, "checked_at": ', "is malformed"),
        ('{"kind": "session", "format": 1}', "not a report"),
        ("[]", "not a report"),
        ('{"kind": "gate check", "format": 0}', "unknown format 0"),
        ('{"kind": "gate check", "format": 1}', "checked_at is missing"),
        ('{"kind": "gate check", "format": 1, "checked_at": "x", "pairs": 3}', "TrustReport.pairs"),
    ],
)
def test_a_file_that_is_no_report_is_refused_by_name(tmp_path, text, told):
    """Never read as an empty one."""
    (tmp_path / trust_file.NAME).write_text(text, encoding="utf-8")

    with pytest.raises(StoreError, match=r"gate-check\.json") as caught:
        trust_file.read(tmp_path)

    assert told in str(caught.value)


def test_a_newer_report_and_none_at_all_say_what_to_do(tmp_path):
    """Upgrade, or check."""
    with pytest.raises(StoreError, match="llmeval gate check"):
        trust_file.read(tmp_path)
    (tmp_path / trust_file.NAME).write_text('{"kind": "gate check", "format": 2}', encoding="utf-8")
    with pytest.raises(SchemaTooNew, match="--upgrade"):
        trust_file.read(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path):
    """With the folder's name."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(StoreError, match="cannot be stored in"):
        trust_file.write(REPORT, tmp_path / "file")
