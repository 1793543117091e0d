"""Settings: from the environment, secrets from files, and a misspelt one is told."""

import pytest

from beleg.facts.told import ToldError
from beleg.web.console.settings import Hour, hour_cost
from beleg.web.settings import from_environment, meanings


def test_what_is_given_comes_before_the_environment(tmp_path):
    (tmp_path / "key").write_text("a long secret key\n")
    found = from_environment({"BELEG_POLICY": "mine", "BELEG_HASH_KEY_FILE": str(tmp_path / "key"), "PATH": "x"}, policy="yours")
    assert (found.policy, found.hash_key, found.reserve_minutes) == ("yours", "a long secret key", 60)


@pytest.mark.parametrize("environment", [
    {"BELEG_POLCY": "x"}, {"BELEG_RESERVE_MINUTES": "an hour"}, {"BELEG_HASH_KEY_FILE": "/nowhere/at/all"},
])  # fmt: skip
def test_what_is_wrong_is_told(environment, golden):
    with pytest.raises(ToldError) as caught:
        from_environment(environment)
    golden(f"settings_{next(iter(environment)).lower()}", str(caught.value))


@pytest.mark.parametrize(
    ("said", "is_"),
    [("", None), (" 48.50 EUR", Hour(4850, "EUR")), ("7000 JPY", Hour(7000, "JPY")), ("48EUR", Hour(4800, "EUR"))],
)
def test_an_hours_cost_is_read_in_its_currencys_own_coins(said, is_):
    assert hour_cost(said) == is_


@pytest.mark.parametrize("said", ["48", "EUR", "48.505 EUR", "1.5 JPY", "48 XYZ", "-1 EUR", "48 EUR an hour"])
def test_an_hours_cost_that_is_none_is_told(said):
    with pytest.raises(ToldError, match=r"48\.50 EUR"):
        hour_cost(said)


@pytest.mark.parametrize(("name", "environment"), [
    ("http", {"BELEG_OIDC_ISSUER": "http://login.example.com"}), ("client", {"BELEG_OIDC_ISSUER": "https://login.example.com"}),
])  # fmt: skip
def test_half_a_provider_is_told(name, environment, golden):
    with pytest.raises(ToldError) as caught:
        from_environment(environment).company()
    golden(f"settings_oidc_{name}", str(caught.value))


def test_a_provider_is_called_by_its_host_unless_it_has_a_name():
    said = {"BELEG_OIDC_ISSUER": "https://login.example.com/", "BELEG_OIDC_CLIENT_ID": "b", "BELEG_OIDC_CLIENT_SECRET": "s"}
    found = from_environment(said).company()
    assert (found.issuer, found.name) == ("https://login.example.com", "login.example.com")
    assert from_environment({}).company() is None


def test_every_setting_has_a_meaning():
    assert all(meaning for meaning, _ in meanings().values())
