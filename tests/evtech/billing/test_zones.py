"""Where the time zone comes from, and that it is never guessed."""

import tomllib
from zoneinfo import ZoneInfo

import pytest

from evtech import paths
from evtech.billing.errors import BillingError
from evtech.billing.zones import find_zone


def test_the_option_goes_before_the_record_and_the_record_before_the_country() -> None:
    assert find_zone("Europe/Paris", "Europe/Helsinki", "NLD").source == "option"
    assert (found := find_zone(None, "Europe/Helsinki", "NLD")).source == "cdr" and found.name == "Europe/Helsinki"
    assert (found := find_zone(None, None, "NLD")).source == "country" and found.name == "Europe/Amsterdam"


@pytest.mark.parametrize("country", ["USA", "ESP", "PRT", "AUS", "NL", "XXX", "", None])
def test_a_country_with_several_times_or_none_gives_no_zone(country: str | None) -> None:
    with pytest.raises(BillingError) as caught:
        find_zone(None, None, country)
    assert (caught.value.code, caught.value.exit_code) == ("timezone_missing", 3)


@pytest.mark.parametrize(
    ("country", "zone"), [("DEU", "Europe/Berlin"), ("FIN", "Europe/Helsinki"), ("GBR", "Europe/London")]
)
def test_a_country_with_one_time_gives_its_zone(country: str, zone: str) -> None:
    assert find_zone(None, None, country).name == zone


@pytest.mark.parametrize(
    "name", ["", "Mars/Phobos", "Europe", "../UTC", "/etc/localtime", "localtime", "a" * 999, "é\0"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    for option, stated in ((name, None), (None, name or " ")):
        with pytest.raises(BillingError) as caught:
            find_zone(option, stated, "NLD")
        assert caught.value.code == "timezone_invalid"


def test_every_zone_of_the_table_exists() -> None:
    table = tomllib.loads((paths.resources() / "billing" / "country_zones.toml").read_text("utf-8"))
    assert len(table) > 200
    assert all(len(country) == 3 and ZoneInfo(zone) for country, zone in table.items())
