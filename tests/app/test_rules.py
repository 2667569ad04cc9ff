"""`thresher rules` as answers: what holds in a year or on a day, what does not, and what is missing."""

from __future__ import annotations

from datetime import date

import pytest

from service import rules_files, settings
from service.app import rules
from service.app.refusals import Refused

TODAY = date(2026, 11, 25)
KEYS = {"rule", "value", "unit", "confidence", "source", "since", "until", "status", "note"}


@pytest.fixture
def said(tmp_path) -> settings.Settings:
    return settings.load({"THRESHER_DATA_DIR": str(tmp_path / "data"), "THRESHER_CONFIG_DIR": str(tmp_path)})


def shown(said, code, *, year=None, on=None):
    (book,) = rules.show([rules_files.jurisdiction(said, code)], year=year, on=on, today=TODAY)["rules"]
    return book, {one["rule"]: one for one in book["in_force"]}


@pytest.mark.parametrize("code", rules_files.codes())
def test_everything_has_a_source_and_a_confidence_and_is_told_once(said, code):
    book, held = shown(said, code, year=2026)
    told = [*book["in_force"], *book["not_in_force"]]
    assert all(one.keys() == KEYS and one["source"] and one["confidence"] for one in told)
    assert len({one["rule"] for one in told}) == len(told)
    assert {c["section"] for c in book["computed"]} == {"basis", "holding", "loss", "windows", "rates"}
    assert "basis.rule" in held


def test_the_united_states_of_a_year_have_the_figures_of_that_year(said):
    book, held = shown(said, "us", year=2026)
    assert (book["from"], book["to"], book["missing"]) == ("2026-01-01", "2026-12-31", None)
    assert held["2026.single.zero_to"]["value"] == "49450"
    assert held["2026.single.brackets"]["value"][-1] == ["0.37", None]
    assert held["2026.collectibles_rate"]["value"] == "0.28"
    assert {rule.split(".")[0] for rule in held if rule[0].isdigit()} == {"2026"}
    assert held["windows.securities"]["value"]["assets"] == ["tokenised_security", "etf_share"]
    assert held["expiries.books_and_records_id"]["value"] == "2026-12-31"
    assert [one["rule"] for one in book["not_in_force"]] == ["windows.crypto_bills"]


def test_a_year_without_figures_is_said_and_no_other_year_stands_in(said):
    book, held = shown(said, "us", year=2027)
    assert book["missing"].startswith("no figures for the tax year 2027, so its tax is not computed; there are those of 2022, 2023")
    assert not any(rule[0].isdigit() for rule in held)
    assert "loss.offset" in held
    assert shown(said, "uk", year=2027)[0]["missing"] is None, "there are none of any year"


def test_a_tax_year_has_all_that_held_at_some_time_of_it_and_a_day_what_held_then(said):
    """18 and 24 percent from 30 October 2024, in the middle of the year to 5 April 2025."""
    book, held = shown(said, "uk", year=2025)
    assert (book["from"], book["to"]) == ("2024-04-06", "2025-04-05")
    assert "rates.higher" in held
    before, first = (shown(said, "uk", on=day) for day in (date(2024, 10, 29), date(2024, 10, 30)))
    assert "rates.higher" not in before[1]
    assert "rates.higher" in {one["rule"] for one in before[0]["not_in_force"]}
    assert (first[0]["year"], "rates.higher" in first[1]) == (2025, True)


def test_both_rules_of_a_year_of_change_are_told_with_their_days(said):
    """France until 2025 and from 2026: a calendar year has one; the Australian year to June 2028 has the new one alone."""
    assert [rule for rule in shown(said, "fr", year=2026)[1] if rule.startswith("rates.flat_tax")] == ["rates.flat_tax.from_2026"]
    assert [rule for rule in shown(said, "au", year=2028)[1] if rule.startswith("holding.period")] == ["holding.period.indexation"]


def test_relief_that_has_ended_is_in_force_no_more(said):
    """Notice 2026-20: until the end of 2026."""
    rule = "expiries.books_and_records_id"
    assert rule in shown(said, "us", on=date(2026, 12, 31))[1]
    book, held = shown(said, "us", on=date(2027, 1, 1))
    assert rule not in held
    assert rule in {one["rule"] for one in book["not_in_force"]}


def test_without_a_year_and_a_day_it_is_today(said):
    book, _ = shown(said, "us")
    assert (book["from"], book["to"], book["year"]) == ("2026-11-25", "2026-11-25", 2026)


def test_money_and_shares_have_their_unit(said):
    _, held = shown(said, "uk", year=2026)
    assert (held["rates.annual_exempt_amount"]["value"], held["rates.annual_exempt_amount"]["unit"]) == ("3000", "money")
    assert (held["rates.basic"]["value"], held["rates.basic"]["unit"]) == ("0.18", "share")
    assert held["tax_year.start"]["value"] == {"month": 4, "day": 6}


def test_a_year_and_a_day_together_or_no_year_at_all_are_refused(said):
    for asked in ({"year": 2026, "on": TODAY}, {"year": 26}, {"year": 20260}):
        with pytest.raises(Refused):
            shown(said, "us", **asked)


def test_changes_are_rows_of_five(said):
    folder = said.config_dir / "rules"
    folder.mkdir()
    (folder / "us.toml").write_text('[2026.single]\nzero_to = "50000"\n', encoding="utf-8")
    assert rules.diff(rules_files.changes(said)) == {
        "changes": [{"jurisdiction": "us", "table": "2026.single", "key": "zero_to", "ours": "49450", "yours": "50000"}]
    }
