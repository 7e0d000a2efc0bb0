"""The frozen Settings that the options become; imported where one was said, or an LLM test was collected."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from pytest_llmeval.options import CACHE_FILE, DEFAULT_FOLDER, FIRST_TRIAL, FOLDER, LOOKS, SESSIONS
from pytest_llmeval.options.table import OPTIONS, Option

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from pytest_llmeval.options.named import Source
    from pytest_llmeval.records import Variant
    from pytest_llmeval.store.postgres.address import Address


class Settings(NamedTuple):  # a dataclass of so many fields takes a millisecond of every pytest run to make
    """What this run was asked to do; resolved once a process, and never passed below the plugin.

    Args:
        root: rootdir; relative paths below start there.
        model: model under test, in litellm's spelling, the first where there are several; empty where tests name their
            own.
        models: all of them.
        variants: ways in which every case is answered; empty where there is one only.
        api_base: endpoint of the model, where it is not the provider's own.
        judges: judge models, several are a panel; empty for none.
        judge_api_base: endpoint of the judge, where it is not the provider's own.
        judge_settings: sent with every call to a judge; None takes a default of a rubric back.
        calibration: folder of what is known of how far metrics agree with people.
        namespace: the tenant whose answers are asked for and replayed; empty for none.
        store: the working cache where it does not stand in ``folder``: a file, or the database of a team.
        tenant: whose answers, sessions and spend these are; empty for nobody's.
        concurrency: most calls in flight, per process.
        timeout_s: most seconds of one call, retries included.
        rate_limits: most requests and tokens a minute of all processes together, None for no limit, by provider.
        budget_usd: most that may be spent here, in US dollars: of a shard, its share; None for no limit.
        prices: rows of litellm's form, by model.
        purse: name of the account that the budget is kept in, and the ledger's file; empty where there is no budget.
        eager: every test waits for its own calls, and a failing check raises on the spot.
        intercept: the application's own calls are recorded and replayed, in every test.
        intercept_hosts: where it finds models, beside the providers' own hosts.
        cache: where answers come from: auto, replay, refresh or live.
        trials: trials a case; auto: few, and more for the cases that look bad.
        recordings: name of the folder beside each test module that holds its recordings; empty for none.
        allowed_paths: files and folders outside the root that ``cases=`` may name.
        store_texts: prompts and answers may be written; else digests of them only, and nothing can be replayed.
        baseline: folder of the stored baseline.
        baseline_update: ``""``, ``all`` or ``new-only``.
        plan: say what the run would take, and run nothing.
        gate: off, pr or strict.
        base: the revision that a branch is compared with, where no CI system names one; empty for none.
        confirm: run on the base version what regressed, side by side.
        fail_under: (metric or empty for all, least mean in [0, 1]) of each floor.
        max_age: days after which a recording is stale; None for never.
        retention: days for which a session is kept; None for ever.
        min_coverage: share in [0, 1] of the checks that must be scored for a verdict.
        reports: (type, path or None) of each report that is wanted.
        mlflow: tracking URI, empty for none.
        mlflow_traces: cases that get a trace there: none, failed (with regressed and new ones) or all.
        pushgateway: address of a Prometheus Pushgateway, perhaps with a password in it; empty for none.
        push_every_s: least seconds between two pushes of progress to it, while tests run.
        first_trial: index of every test's first trial, above 0 where `llmeval baseline extend` runs pytest.
        folder_name: where sessions and the working cache stand below the root.
        looks: trials of every case after each round, where `llmeval compare --run` runs pytest; ``trials`` is one of
            them.
        sessions_name: where sessions stand below the root; empty: beside the working cache.
        shard: number of this machine, from 1, and how many there are; None where it runs the whole session.
        shares_budget: ``budget_usd`` is the cap of all machines of this run of CI together, in a team's database.
    """

    root: Path
    model: str
    models: tuple[str, ...]
    variants: tuple[Variant, ...]
    api_base: str
    judges: tuple[str, ...]
    judge_api_base: str
    judge_settings: tuple[tuple[str, object], ...]
    calibration: Path
    namespace: str
    store: Path | Address | None
    tenant: str
    concurrency: int
    timeout_s: float
    rate_limits: Mapping[str, tuple[float | None, float | None]]
    budget_usd: float | None
    prices: Mapping[str, Mapping[str, Any]]
    purse: str
    eager: bool
    intercept: bool
    intercept_hosts: tuple[str, ...]
    cache: str
    trials: int | Literal["auto"]
    recordings: str
    allowed_paths: tuple[Path, ...]
    store_texts: bool
    baseline: Path
    baseline_update: str
    plan: bool
    gate: str
    base: str
    confirm: bool
    fail_under: tuple[tuple[str, float], ...]
    max_age: float | None
    retention: float | None
    min_coverage: float
    reports: tuple[tuple[str, Path | None], ...]
    mlflow: str
    mlflow_traces: str
    pushgateway: str
    push_every_s: float
    first_trial: int = 0
    looks: tuple[int, ...] = ()
    folder_name: str = DEFAULT_FOLDER
    sessions_name: str = ""
    shard: tuple[int, int] | None = None
    shares_budget: bool = False

    @property
    def folder(self) -> Path:
        """Where sessions and the working cache stand; never in git."""
        return self.root / self.folder_name

    @property
    def ledger(self) -> tuple[Path | Address, str]:
        """The ledger's file or database, and the name of the account in it."""
        place: tuple[Path | Address, str] = _named().ledger(self.purse, self.root, self.database, self.folder)
        return place

    @property
    def sessions_folder(self) -> Path:
        """Where the sessions of this run are written."""
        return self.root / (self.sessions_name or self.folder_name)

    @property
    def working_cache(self) -> Path:
        """The SQLite file of the working cache; not there where a database is."""
        return self.root / self.store if isinstance(self.store, os.PathLike) else self.folder / CACHE_FILE

    @property
    def database(self) -> Address | None:
        """The database of a team, where that is the store."""
        return None if self.store is None or isinstance(self.store, os.PathLike) else self.store

    @property
    def has_store(self) -> bool:
        """Whether there may be a stored answer outside of the recordings."""
        return self.database is not None or self.working_cache.exists()


def resolve(config: Source) -> Settings:
    """Read every option from its best source.

    Args:
        config: of pytest, or what says the same.

    Raises:
        pytest.UsageError: a value that is not allowed, with the source it came from.
    """
    values: dict[str, Any] = {option.name: _value(option, config) for option in OPTIONS}
    root, models = config.rootpath, values["model"]
    declared, baseline = [said for said in values["variants"] if said], values["baseline"]
    budget, tenant, store = values["budget_usd"], values["tenant"], _store(root, values)
    shares_budget = budget is not None and _named().shares_account(os.environ, values["store"])
    return Settings(
        root=root,
        model=models[0] if models else "",
        models=models,
        variants=_named().variants(root, models, declared) if declared or len(models) > 1 else (),
        api_base=values["api_base"],
        judges=values["judge"],
        judge_api_base=values["judge_api_base"],
        judge_settings=tuple(filter(None, values["judge_settings"])),
        calibration=root / values["calibration"],
        namespace=values["namespace"],
        store=store,
        tenant=tenant,
        concurrency=values["concurrency"],
        timeout_s=values["timeout_s"],
        rate_limits=dict(values["rate_limits"]),
        budget_usd=_cap(budget, values["shard"], shares_budget=shares_budget),
        prices=_prices(root, values),
        purse="" if budget is None else _named().purse(config, values["store"]),
        eager=values["eager"],
        intercept=values["intercept"],
        intercept_hosts=tuple(text.strip() for text in values["intercept_hosts"] if text.strip()),
        cache=_cache(values["cache"], store_texts=values["store_texts"]),
        trials=values["trials"],
        recordings=values["recordings"],
        allowed_paths=tuple(root / path for path in values["allowed_paths"] if path),
        store_texts=values["store_texts"],
        baseline=_named().baseline(config, baseline) if baseline.startswith("@") else root / baseline,
        baseline_update=values["baseline_update"],
        plan=values["plan"],
        gate=values["gate"],
        base=values["base"],
        confirm=values["confirm"],
        fail_under=tuple(values["fail_under"]),
        max_age=values["max_age"],
        retention=values["retention"],
        min_coverage=values["min_coverage"],
        reports=tuple((kind, root / path if path else None) for kind, path in values["report"]),
        mlflow=below(root, values["mlflow"]),
        mlflow_traces=values["mlflow_traces"],
        pushgateway=values["pushgateway"],
        push_every_s=values["push_every_s"],
        **_told_by_starter(tenant),
        shard=values["shard"],
        shares_budget=shares_budget,
    )


def _prices(root: Path, values: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    lines = [line for line in values["prices"] if line.strip()]
    found: Mapping[str, Mapping[str, Any]] = _named().prices(root, lines) if lines else {}
    return found


def _told_by_starter(tenant: str) -> dict[str, Any]:
    """Return what a command of ours tells the pytest that it starts; else what holds for every other one."""
    return {
        "first_trial": int(os.environ.get(FIRST_TRIAL, "0")),
        "looks": tuple(map(int, filter(None, os.environ.get(LOOKS, "").split(",")))),
        "folder_name": os.environ.get(FOLDER) or (_named().kept_in(tenant) if tenant else DEFAULT_FOLDER),
        "sessions_name": os.environ.get(SESSIONS, ""),
    }


def _cap(budget_usd: float | None, shard: tuple[int, int] | None, *, shares_budget: bool) -> float | None:
    """Return what may be spent here: all of it, or a shard's equal share."""
    return budget_usd if budget_usd is None or shard is None or shares_budget else budget_usd / shard[1]


def _store(root: Path, values: Mapping[str, Any]) -> Path | Address | None:
    said = "" if FOLDER in os.environ else values["store"]
    store: Path | Address | None = _named().store(root, said, values["tenant"]) if said else None
    return store


def _named() -> ModuleType:
    """Return what looks up the things that options name; a run whose options name none imports nothing for it."""
    from pytest_llmeval.options import named

    return named


def below(root: Path, uri: str) -> str:
    """Let a relative SQLite file start at the root, from wherever pytest is called."""
    path = uri.removeprefix("sqlite:///")
    return uri if path == uri or path.startswith("/") else f"sqlite:///{root / path}"


def _value(option: Option, config: Source) -> Any:  # noqa: ANN401 - each option has its own type
    given = config.getoption(option.flag, default=None) if option.has_flag else None
    source = option.flag
    if given is None:
        given, source = os.environ.get(option.variable), option.variable
    if given is None:
        given, source = config.getini(option.ini), f"{option.ini} in the ini file"
    if given is None or given == []:
        given = option.default
    texts = [given] if isinstance(given, str) else given
    if option.is_repeatable:
        texts = [line for text in texts for line in text.splitlines()]
    try:
        parsed = [option.parse(text) for text in texts]
    except ValueError as error:
        raise _refusal(f"{source}={given!r} is not allowed\n  it takes {error}") from None
    return parsed if option.is_repeatable else parsed[0]


def _refusal(text: str) -> pytest.UsageError:
    """Return an error that repeats what was set, an address with a key in it perhaps, and not the key."""
    from pytest_llmeval.calls.guard import masked

    return pytest.UsageError(f"llmeval: {masked(text)}")


def _cache(said: str, *, store_texts: bool) -> str:
    """Return where answers come from.

    In CI without any provider's key nothing can be called: replay, and say what is missing. Where no text may be
    stored, nothing can be replayed: live.
    """
    if not store_texts:
        if said not in ("", "live"):
            raise pytest.UsageError(
                f"llmeval: with llmeval_store_texts=false no answer is stored, and mode {said!r} needs stored ones"
                "\n  say --llmeval-cache=live, or let texts be stored"
            )
        return "live"
    has_key = any(name.endswith("_API_KEY") and value for name, value in os.environ.items())
    return said or ("replay" if os.environ.get("CI") and not has_key else "auto")
