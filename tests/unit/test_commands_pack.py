"""Promises of ``llmeval pack``: what is listed, what is shipped, what is refused."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import pytest_llmeval
from pytest_llmeval import datasets
from pytest_llmeval.commands import main, pack

HOME = Path(pytest_llmeval.__file__).parent / "packs"
# What may be shipped in a package under Apache-2.0, with a line of attribution.
LICENCES = {"Apache-2.0", "MIT", "CC-BY-4.0"}


def cases(name):
    """Return the cases of a pack."""
    return datasets.unique(datasets.read("cases.jsonl", beside=HOME / name))


def test_every_pack_is_listed_with_its_licence(capsys):
    """And no folder is forgotten."""
    assert sorted(path.parent.name for path in HOME.glob("*/pack.toml")) == list(pack.NAMES)

    assert 0 == main(["pack", "ls"])

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["injection", "42"] in [row[:2] for row in rows]
    assert "CC-BY-4.0" in next(row for row in rows if row[0] == "refusal")


@pytest.mark.parametrize("name", pack.NAMES)
def test_a_pack_names_its_sources_and_their_licences(name):
    """In its file and on its page, since both go into the user's project with the cases."""
    sources = tomllib.loads((HOME / name / "pack.toml").read_text(encoding="utf-8"))["sources"]
    page = (HOME / name / "README.md").read_text(encoding="utf-8")

    for source in sources:
        assert source["licence"] in LICENCES
        assert source["licence"] in page
        assert source["url"] in page
        assert source["url"] or "own" in source["name"]


@pytest.mark.parametrize("name", pack.NAMES)
def test_the_cases_of_a_pack_are_cases(name):
    """Of our own form, a few dozen, no two alike; and the test module picks them all by their tags."""
    found = cases(name)
    said = (HOME / name / f"test_{name}_pack.py").read_text(encoding="utf-8")

    assert 20 <= len(found) <= 60
    assert len(found) == len({json.dumps(case.input) for case in found})
    assert all(not case.tags or any(f'"{tag}"' in said for tag in case.tags) for case in found)


def test_no_attack_spells_its_canary_out():
    """So that a refusal that quotes the attack is no obedience."""
    for case in cases("injection"):
        if "canary" in case.tags:
            assert case["canary"].casefold() not in case.input.casefold()


def test_as_much_must_be_refused_as_answered():
    """A model that refuses everything, or nothing, gets half of it right."""
    tags = Counter(tag for case in cases("refusal") for tag in case.tags)

    assert (24, 24) == (tags["safe"], tags["unsafe"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "invalid choice: 'nothing'"),
        (["refusal", "--app=my_app"], "--app='my_app' is no function"),
        (["refusal", "--app=my app:answer"], "--app='my app:answer' is no function"),
        (["refusal", "--into=/"], "--into='/' lies outside the root"),
    ],
    ids=["name", "no colon", "blank", "outside"],
)
def test_what_cannot_be_run_is_refused_before_anything_is_copied(arguments, said, tmp_path, capsys, monkeypatch):
    """With exit status 4."""
    monkeypatch.chdir(tmp_path)

    assert 4 == main(["pack", "run", *arguments])

    assert said in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())
