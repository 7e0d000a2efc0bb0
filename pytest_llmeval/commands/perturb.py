"""``llmeval dataset perturb``: cases in other clothes, written into a file for git, paraphrases by a model among them.

A paraphrase asks a model, and no test may ask one before it begins. So it is asked for once, read by a person, and
committed; from then on its cases are cases as any others.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval import datasets
from pytest_llmeval.commands import project
from pytest_llmeval.commands.judge.arguments import Asked
from pytest_llmeval.commands.judge.asking import scored
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.datasets.perturbing import KINDS, PARAPHRASE, asked_for, perturbed
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather.checking import Terms, check_async, judge_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.calls.judge import Judge
    from pytest_llmeval.datasets.perturbing import Asked as Perturbed
    from pytest_llmeval.records import Case, Check, Score

BASE = "base_input"
"""The field of a derived case that holds its base's input: for who reads the file, and for ``assert_consistent``."""

DESCRIPTION = """\
Derive cases from the cases of files, and write them as JSON Lines: each with the id BASE~KIND, the tags perturbed and
perturbed/KIND, the input of its base as base_input, and all else of it. --kind is what the marker's perturb= takes, and
paraphrase: the same in other words, by a model (--model, else llmeval_judge), asked once, through the cache and within
the budget of the suite. One that has another number or name is refused, and named. Read the others before you commit
them: whether they mean the same is for a person to say."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let the verb be told what to derive, by whom, and where to."""
    kinds = ",".join((*KINDS, PARAPHRASE))
    parser.add_argument("--kind", metavar="KIND[@N],...", default=PARAPHRASE, help=f"of {kinds} (default: paraphrase)")
    parser.add_argument("--model", metavar="MODEL", help="who paraphrases (default: llmeval_judge)")
    parser.add_argument("--output", metavar="PATH", required=True, help="write to this file")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")


def derived(cases: Sequence[Case], arguments: argparse.Namespace) -> Iterator[Case]:
    """Yield the cases that are derived from others; a paraphrase that is refused is said.

    Args:
        cases: each with an id of its own.
        arguments: as ``add_arguments`` declares them.

    Raises:
        UsageError: a kind is none, a case cannot be perturbed, nothing is changed, or a text has no paraphrase.
    """
    asked = asked_for(arguments.kind, (*KINDS, PARAPHRASE))
    by_model = [one for one in asked if one.kind == PARAPHRASE]
    found = _paraphrases(cases, by_model, arguments) if by_model else {}
    kinds = {**KINDS, PARAPHRASE: lambda text, seed: found.get((text, seed), text)}
    bases = {case.id: case for case in cases}
    base = None
    for case in perturbed(cases, asked, kinds):
        if case.id in bases:
            base = bases[case.id]
        elif base is not None:
            yield replace(case, data={**case.data, BASE: base.input})


def _paraphrases(
    cases: Sequence[Case], asked: Sequence[Perturbed], arguments: argparse.Namespace
) -> Mapping[tuple[str, int], str]:
    """Ask for all of them in one run of pytest, and return those that are not refused, by text and seed."""
    wanted = _texts(cases, asked)
    answers = [{"output": text, "variant": seed} for text, seed in wanted]
    what = Asked("paraphrase", "paraphrase(case)", arguments.model or "", module=__name__)
    checks = scored(project.find(arguments.rootdir), what, answers, ()) if answers else []
    absent = [check.score.reason for check in checks if check.value is None]
    if absent:
        raise UsageError(
            f"{len(absent)} of {len(checks)} texts have no paraphrase",
            found=absent[0],
            hint="nothing is written; run it again: what was answered is not asked again",
        )
    found = {}
    for (text, seed), check in zip(wanted, checks, strict=True):
        written = str(check.score.detail["text"])
        if check.value:
            found[text, seed] = written
        else:
            say(f"refused, {check.score.reason}: {inert(text)}", f"  {inert(written)}")
    return found


def _texts(cases: Sequence[Case], asked: Sequence[Perturbed]) -> list[tuple[str, int]]:
    """Return the texts to be paraphrased, each once, with the seed; one without a word has no other words."""
    wanted: dict[tuple[str, int], None] = {}

    def noted(text: str, seed: int) -> str:
        if any(map(str.isalpha, text)):
            wanted[text, seed] = None
        return f"{text} "

    for _ in perturbed(cases, asked, {PARAPHRASE: noted}):
        pass
    return list(wanted)


def paraphrase(case: Case) -> Check:
    """Let the judge of the running test say a text in other words."""
    from pytest_llmeval.metrics.judge.rewriting import METRIC, paraphrased, paraphrased_version

    judge = judge_for(METRIC)

    async def asked(text: str, judge: Judge) -> Score:
        return await paraphrased(text, case.data["variant"], judge)

    version, terms = paraphrased_version(judge), Terms(None, None)
    return check_async(METRIC, case.data["llmeval_output"], asked, version, terms, judge=judge)


def written(arguments: argparse.Namespace) -> tuple[str, int]:
    """Return the lines of the derived cases of files, and how many there are; errors as of ``derived``."""
    files = (file for named in arguments.files for file in datasets.find(named, beside=Path()))
    cases = datasets.unique(
        (place, datasets.case_at(row, place, file)) for file in files for place, row in datasets.rows(file)
    )
    lines = [f"{datasets.as_line(case)}\n" for case in derived(cases, arguments)]
    return "".join(lines), len(lines)
