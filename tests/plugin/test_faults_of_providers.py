"""How a provider fails, seen from a whole run: what is scored and stored, how often it was asked (FAULTS 14 to 18)."""

import hashlib
import json
from collections import Counter

import pytest

from pytest_llmeval.loopback import Reply
from pytest_llmeval.store import holdings

SUITE = """
import json
import pytest
from pytest_llmeval import assert_safe, assert_score

@pytest.mark.parametrize("name", json.load(open("names.json")))
def test_case(llm, name):
    answer = llm(name)
    assert_safe(answer)
    assert_score("length", lambda text: float(len(text) > 0), output=answer)
"""
AGAIN = {"Retry-After": "0"}
KIND = "A kind answer."


class Faults:
    """A suite with a test for each of some faults, which are in flight together, and what became of them."""

    def __init__(self, project, loopback):
        self.project = project
        self._loopback = loopback
        self._script = {}
        loopback.model = lambda asked: self._next(asked["messages"][-1]["content"])

    def _next(self, name):
        return self._script[name].pop(0) if self._script.get(name) else KIND

    def run(self, replies, *args):
        """Give each question its replies, one after the other and then an answer, and run the suite."""
        self._script = {name: list(those) for name, those in replies.items()}
        self.project.write("names.json", json.dumps(list(replies)))
        result = self.project.run(*args)
        return result.ret, " ".join(result.stdout.str().split())

    @property
    def n_asked(self):
        """How often each question was asked."""
        return Counter(received.body["messages"][-1]["content"] for received in self._loopback.requests)

    @property
    def results(self):
        """The newest session's results, by question."""
        return {result.nodeid.partition("[")[2][:-1]: result for result in self.project.session.results}

    def error(self, name):
        """What the first check of a question says of it."""
        return self.results[name].trials[0].checks[0].score.reason

    @property
    def stored(self):
        """The answers that are stored, by question."""
        path = self.project.path
        held = holdings.of_project(path / ".llmeval" / "llmeval.db", holdings.recordings_below(path, "recordings"))
        return {one.response.request.messages[-1]["content"]: one.response.text for one in held.stored}


@pytest.fixture
def faults(project, loopback):
    """A project that asks the provider on loopback."""
    ini = f"llmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n"
    project.write("pytest.ini", f"[pytest]\n{ini}filterwarnings = ignore::ResourceWarning\n")
    project.write("test_suite.py", SUITE)
    return Faults(project, loopback)


FINAL = {
    "quota": (Reply.quota_used_up(), "HTTP 429 (quota used up)"),
    "401": (Reply("bad key", status=401), "HTTP 401"),
    "403": (Reply("not yours", status=403), "HTTP 403"),
    "404": (Reply("no such model", status=404), "HTTP 404"),
    "context length": (Reply("too long", status=400, code="context_length_exceeded"), "HTTP 400"),
    "redirect": (Reply("moved", status=302, headers={"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
    "malformed": (Reply.malformed(), "a malformed reply: it is no JSON"),
    "empty body": (Reply.malformed(b""), "a malformed reply: it is no JSON"),
    "no choice": (Reply.malformed(b'{"choices": []}'), "a malformed reply: it has no choice with a message"),
    "error with 200": (Reply.malformed(b'{"error": {"message": "overloaded"}}'), "an error with status 200"),
    "too much": (Reply.huge(17 * 2**20), "a reply of more than 16777216 bytes"),
}
PASSING = {
    "429 in seconds": Reply.rate_limited(retry_after_s=0),
    "429 as a date": Reply.rate_limited(retry_after_s=0, as_date=True),
    "500": Reply("oops", status=500, headers=AGAIN),
    "502 with HTML": Reply(status=502, body=b"<html>Bad gateway</html>", headers=AGAIN),
    "529": Reply("overloaded", status=529, headers=AGAIN),
    "reset": Reply.reset(),
    "short body": Reply.cut("half of it"),
}
REFUSAL = {"choices": [{"message": {"content": None, "refusal": "No."}}]}
SAY_NOTHING = {
    "filtered": (Reply.filtered(), "filtered"),
    "filtered with a text": (Reply.filtered("I am sorry."), "filtered"),
    "refused": (Reply.malformed(json.dumps(REFUSAL).encode()), "filtered"),
    "empty": (Reply(""), "empty"),
    "no content": (Reply(None), "empty"),
}


def test_what_no_waiting_helps_is_asked_once_and_is_unscored(faults, way, loopback):
    """Provider, model and reason are named; nothing is stored; it is neither a pass nor a failure of the model."""
    status, said = faults.run({name: [reply] for name, (reply, _) in FINAL.items()}, *way)

    assert 6 == status
    assert dict.fromkeys(FINAL, 1) == faults.n_asked
    assert dict.fromkeys(FINAL, "unscored") == {name: result.outcome for name, result in faults.results.items()}
    host = loopback.url.removeprefix("http://").removesuffix("/v1")
    for name, (_, words) in FINAL.items():
        assert f"no answer from {host}: {words} (model 'openai/m', 1 attempt)" in faults.error(name)
    assert f"no answer from {host}: HTTP 401" in said
    assert {} == faults.stored


def test_what_passes_is_asked_again_and_is_an_answer(faults, way):
    """Twice it fails; the third time it is an answer like any other, and stored."""
    status, said = faults.run({name: [reply, reply] for name, reply in PASSING.items()}, *way)

    assert 0 == status, said
    assert dict.fromkeys(PASSING, 3) == faults.n_asked
    assert dict.fromkeys(PASSING, KIND) == faults.stored


def test_what_does_not_pass_is_given_up_after_three_attempts(faults, way):
    """Three, exactly: there is one layer that tries again."""
    status, _ = faults.run({name: [reply] * 3 for name, reply in PASSING.items()}, *way)

    assert 6 == status
    assert dict.fromkeys(PASSING, 3) == faults.n_asked
    assert all("(model 'openai/m', 3 attempts)" in faults.error(name) for name in PASSING)
    assert {} == faults.stored


def test_a_server_that_does_not_end_is_left_in_time(faults, monkeypatch, way):
    """Without the timeout the run would hang; a drip would outlive one that is between two bytes."""
    monkeypatch.setenv("LLMEVAL_TIMEOUT_S", "0.5")

    status, said = faults.run({"hanging": [Reply.hanging()], "dripping": [Reply("drip", drip_s=0.2)]}, *way)

    assert 6 == status
    assert "no whole reply within" in said
    assert {"hanging": 1, "dripping": 1} == faults.n_asked


def test_what_says_nothing_is_unscored_and_not_the_truth(faults, way):
    """Not 0, not safe by accident, and asked again the next time."""
    replies = {name: [reply] for name, (reply, _) in SAY_NOTHING.items()}

    faults.run(replies, *way)

    found = {name: result.trials[0] for name, result in faults.results.items()}
    outcomes = {name: [outcome] for name, (_, outcome) in SAY_NOTHING.items()}
    assert outcomes == {name: [call.outcome for call in trial.calls] for name, trial in found.items()}
    unscored = [(check.value, bool(check.score.reason)) for trial in found.values() for check in trial.checks]
    assert [(None, True)] * 2 * len(SAY_NOTHING) == unscored
    assert {} == faults.stored

    status, said = faults.run({name: [] for name in SAY_NOTHING}, *way)
    assert 0 == status, said
    assert dict.fromkeys(SAY_NOTHING, 2) == faults.n_asked


def test_an_answer_that_was_cut_is_asked_again(faults):
    """It has a text; but whole it would be another."""
    faults.run({"cut": [Reply.truncated("Within")]})

    assert ["truncated"] == [call.outcome for call in faults.results["cut"].trials[0].calls]
    assert {} == faults.stored


TEXTS = {
    "NUL": "a\0b",
    "lone surrogate": "a\ud800b",
    "line separators": "a\u2028b\u2029c\x85d\r\ne",
    "control sequences": "\x1b[2J\x07\n::error::x",
    "a million": "x" * 1_000_000,
}


def _digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def test_any_text_comes_back_equal_and_is_shown_in_part_only(faults, loopback, way):
    """From recordings and working cache; no control sequence, and no line that begins a command of CI, is printed."""
    faults.project.write(
        "test_suite.py",
        SUITE.partition("    assert_safe")[0].replace("import json", "import hashlib, json")
        + """    text = answer.text
    digest = hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()
    assert_score("digest", 0, output=text, reason=digest)
""",
    )
    live = faults.run({name: [text] for name, text in TEXTS.items()}, *way)
    replayed = faults.project.run(*way, "--llmeval-cache=replay")
    for path in holdings.recordings_below(faults.project.path, "recordings"):
        path.unlink()
    cached = faults.project.run(*way, "--llmeval-cache=replay")

    assert all(f"reason: {_digest(text)}" in live[1] for text in TEXTS.values())
    for result in (replayed, cached):
        said = result.stdout.str()
        assert all(f"reason: {_digest(text)}" in said for text in TEXTS.values())
        assert len(said) < 40_000
        assert not {"\0", "\x07", "\u2028"}.intersection(said)
        assert "\x1b[2J" not in said
        assert not any(line.startswith("::error::") for line in said.splitlines())
    assert len(TEXTS) == len(loopback.requests)
