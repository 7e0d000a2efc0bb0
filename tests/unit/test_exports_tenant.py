"""A tenant in what leaves a session: a label, a group of the gateway, a tag; nothing where there is no tenant."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.exports import mlflow_figures, prometheus
from tests.unit.sessions import session


def of(tenant):
    """A session of a tenant, as the plug-in stores it."""
    one = session(branch="main")
    return replace(one, settings={**one.settings, "tenant": tenant}) if tenant else one


def test_every_sample_names_its_tenant():
    """So that one Prometheus may hold several, and a dashboard choose."""
    lines = prometheus.render(of("team_a")).decode().splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert samples
    assert [] == [line for line in samples if 'tenant="team_a"' not in line]


def test_without_a_tenant_series_go_on_as_they_were():
    """No empty label, which would be another series."""
    assert "tenant" not in prometheus.render(of("")).decode()


def test_a_gateway_keeps_the_groups_of_tenants_apart():
    """One never replaces what another has pushed."""
    assert all(labels["tenant"] == "team_a" for labels, _ in prometheus.groups(of("team_a")))
    assert all("tenant" not in labels for labels, _ in prometheus.groups(of("")))


def test_a_run_of_mlflow_is_found_by_its_tenant():
    """As a tag; its experiment is the tenant's own, too."""
    assert "team_a" == mlflow_figures.tags(of("team_a"))["llmeval.tenant"]
    assert "llmeval.tenant" not in mlflow_figures.tags(of(""))
