"""What is stored of how metrics agree with people: stable text, a line a version, every fault by its place."""

import pytest

from pytest_llmeval.agreement.measuring import Item, measure
from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.store import calibration

ITEMS = [Item((1.0,), 0.9), Item((1.0, 1.0), 0.4), Item((0.0,), 0.1), Item((0.0,), 0.2), Item((1.0, 0.0), None)]


def _agreement(version="judge relevance-1 abc", threshold=0.7, items=ITEMS, metric="relevance"):
    return measure(items, metric=metric, version=version, labels="d", good_from=0.5, threshold=threshold)


@pytest.mark.parametrize("threshold", [0.7, None])
@pytest.mark.parametrize("items", [ITEMS, ITEMS[:1], ITEMS[-1:]], ids=["both", "good", "none"])
def test_what_is_stored_reads_back(tmp_path, items, threshold):
    """To six digits; what cannot be told is left out, and is None again."""
    wanted = _agreement(items=items, threshold=threshold)

    path = calibration.write(tmp_path, wanted)

    found = calibration.read(tmp_path, "relevance")["judge relevance-1 abc"]
    assert (wanted.n_items, wanted.n_good, wanted.threshold) == (found.n_items, found.n_good, found.threshold)
    assert wanted.people == found.people
    assert (wanted.auroc is None) == (found.auroc is None)
    assert wanted.at_threshold is None or wanted.at_threshold.tnr == pytest.approx(found.at_threshold.tnr, abs=1e-6)
    assert "null" not in path.read_text(encoding="ascii")


def test_versions_stand_beside_each_other_and_the_same_one_is_replaced(tmp_path):
    """Equal knowledge, in whichever order it was gained, gives equal bytes."""
    first, second = _agreement("a"), _agreement("b")
    for folder, order in (("one", (first, second, first)), ("two", (second, first))):
        for one in order:
            calibration.write(tmp_path / folder, one)

    assert ["a", "b"] == list(calibration.read(tmp_path / "one", "relevance"))
    one, two = (calibration.file_of(tmp_path / folder, "relevance").read_bytes() for folder in ("one", "two"))
    assert one == two


def test_of_a_metric_that_was_never_checked_nothing_is_known(tmp_path):
    """No folder, no file: empty."""
    assert {} == calibration.read(tmp_path / "calibration", "relevance")


def test_no_name_of_a_metric_leaves_the_folder(tmp_path):
    """A name with a slash, or with dots at its beginning, is a file below it; two names are two files."""
    for name in ("../x", "a/b", ".hidden", "höflich"):
        path = calibration.write(tmp_path / "calibration", _agreement(metric=name))
        assert path.parent == tmp_path / "calibration"
        assert not path.name.startswith(".")
    assert 4 == len(list((tmp_path / "calibration").iterdir()))


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", '{"version": "a", "metric": "m"}', '{"version": "a", "metric": "m", "auroc": 1}']
)
def test_a_damaged_line_is_named(tmp_path, line):
    """By file and line."""
    calibration.file_of(tmp_path, "m").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(StoreError, match=r"m\.jsonl:1 is no stored agreement"):
        calibration.read(tmp_path, "m")


def test_a_newer_format_is_left_alone(tmp_path):
    """With the command that helps."""
    calibration.file_of(tmp_path, "m").write_text('{"format": 2}\n', encoding="utf-8")
    with pytest.raises(SchemaTooNew, match="format 2"):
        calibration.read(tmp_path, "m")
