"""Rules as dated data: our files can be used and hold what is known, a file of the user's changes one figure at a time, mistakes are named."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from service import rules_files, settings
from service.domain.rules import in_force, proposed_window, stated_window, window_on
from tests.tools import ROOT, shared

COUNTRIES = ["au", "ca", "de", "es", "fr", "in", "jp", "pt", "uk", "us"]
TODAY = date(2026, 11, 22)


@pytest.fixture
def said(tmp_path) -> settings.Settings:
    return settings.load({"THRESHER_DATA_DIR": str(tmp_path / "data"), "THRESHER_CONFIG_DIR": str(tmp_path / "config")})


def write(said: settings.Settings, name: str, text: str) -> Path:
    path = said.config_dir / "rules" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def by_place(said: settings.Settings, code: str) -> dict[str, Any]:
    return {one.place: one for one in rules_files.jurisdiction(said, code).stated()}


def raw(code: str) -> str:
    return (ROOT / f"config/rules/{code}.toml").read_text(encoding="utf-8")


# ------------------------------------------------------------------ our files


def test_there_are_ten_jurisdictions():
    assert rules_files.codes() == COUNTRIES


@pytest.mark.parametrize("code", COUNTRIES)
def test_every_file_can_be_used_and_every_statement_has_a_source(said, code):
    found = rules_files.jurisdiction(said, code)
    stated = list(found.stated())
    assert len(stated) == len({one.place for one in stated})
    assert all(one.source and one.confidence in "POSR" for one in stated)
    assert {one.place.split(".")[0] for one in stated} >= {"basis", "loss", "tax_year", "harvest"}


@pytest.mark.parametrize("code", COUNTRIES)
def test_what_is_not_computed_says_so_in_a_sentence(said, code):
    for part in rules_files.jurisdiction(said, code).computed:
        assert part.says.endswith("."), part
        assert part.says.startswith("Not computed: ") is not part.computed, part


def test_tax_is_computed_for_the_united_states_alone(said):
    computed = {code: {c.section for c in rules_files.jurisdiction(said, code).computed if c.computed} for code in COUNTRIES}
    assert [code for code in COUNTRIES if "rates" in computed[code]] == ["us"]


@pytest.mark.parametrize("code", COUNTRIES)
def test_no_table_and_no_key_of_a_file_goes_unread(said, code):
    """A statement for each table that has a source, a figure for each key of a year."""
    found = by_place(said, code)

    def places(table: dict[str, Any], place: tuple[str, ...] = ()) -> set[str]:
        year = bool(place) and place[0].isdecimal()
        mine = {".".join((*place, key)) for key, value in table.items() if year and not isinstance(value, dict | list)} - {
            f"{place[0]}.confidence" if place else ""
        }
        mine |= {".".join((*place, "brackets"))} if "brackets" in table else set()
        mine |= {".".join(place)} if "source" in table else set()
        return mine.union(*(places(value, (*place, key)) for key, value in table.items() if isinstance(value, dict)))

    assert places(tomllib.loads(raw(code))) == set(found)


@pytest.mark.parametrize("year", range(2022, 2027))
def test_the_loss_limit_of_a_year(said, year):
    """26 U.S.C. 1211(b)."""
    rules = rules_files.rules(said, year)
    assert (rules.loss_limit, rules.version, rules.year) == (Decimal(3000), f"us-{year}", year)
    assert rules.sources
    assert rules_files.rules(said, year, status="married_separate").loss_limit == Decimal(1500)


# ------------------------------------------------------------------ against the profiles

WORDS = {
    "US": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "id_deadline": "basis.id_deadline",
        "harvest": "harvest.possible",
        "repurchase_window_days": "windows.crypto",
        "window_conf": "windows.securities",
        "holding.threshold": "holding.period",
        "holding.rule": "holding.period",
        "holding.effect": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_back": "loss.carry_back",
        "loss.carry_forward": "loss.carry_forward",
        "expires.books_and_records_id_for_broker_custody": "expiries.books_and_records_id",
        "watch": "watch.hr_9172",
    },
    "UK": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days.before": "windows.crypto",
        "repurchase_window_days.after": "windows.crypto",
        "repurchase_window_days.same_day": "windows.crypto",
        "effect": "windows.crypto",
        "holding": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_back": "loss.carry_back",
        "loss.carry_forward": "loss.carry_forward",
        "params.AEA": "rates.annual_exempt_amount",
        "params.AEA_from": "rates.annual_exempt_amount",
        "params.rates.basic": "rates.basic",
        "params.rates.higher": "rates.higher",
        "params.rates.from": "rates.higher",
        "params.tax_year": "tax_year.start",
    },
    "CA": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days.before": "windows.crypto",
        "repurchase_window_days.after": "windows.crypto",
        "window_condition": "windows.crypto",
        "denied": "windows.crypto",
        "holding": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_back": "loss.carry_back",
        "loss.carry_forward": "loss.carry_forward",
        "params.inclusion": "rates.inclusion",
    },
    "DE": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days": "windows.crypto",
        "window_note": "windows.crypto",
        "holding.threshold": "holding.period",
        "holding.rule": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_back": "loss.carry_back",
        "loss.carry_forward": "loss.carry_forward",
        "params.Freigrenze": "rates.freigrenze",
        "params.Freigrenze_from": "rates.freigrenze",
        "watch": "watch.one_year_exemption",
    },
    "AU": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days": "windows.crypto",
        "window_note": "windows.crypto",
        "holding.threshold": "holding.period.discount",
        "holding.effect": "holding.period.discount",
        "holding.until": "holding.period.discount",
        "loss.offset": "loss.offset",
        "loss.carry_back": "loss.carry_back",
        "loss.carry_forward": "loss.carry_forward",
        "params.tax_year": "tax_year.start",
        "params.from_2027-07-01": "rates.from_july_2027",
    },
    "FR": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days": "windows.crypto",
        "holding": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_back": "loss.carry_back",
        "loss.carry_forward": "loss.carry_forward",
        "params.pfu": "rates.flat_tax.from_2026",
        "params.ir": "rates.income_tax",
        "params.social": "rates.social_levies",
        "params.exempt_if_total_disposals_le": "rates.exempt_disposals",
        "params.pfu_before": "rates.flat_tax.until_2025",
    },
    "PT": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days": "windows.crypto",
        "holding.threshold": "holding.period",
        "crypto_to_crypto": "disposal.crypto_to_crypto",
        "loss.offset": "loss.offset",
        "loss.carry_forward": "loss.carry_forward",
        "params.rate": "rates.special",
    },
    "ES": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days.before": "windows.two_months",
        "repurchase_window_days.after": "windows.two_months",
        "repurchase_window_days.alt.before": "windows.one_year",
        "repurchase_window_days.alt.after": "windows.one_year",
        "window_note": "windows.one_year",
        "holding": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_forward": "loss.carry_forward",
        "params.savings_scale": "rates.savings_top.from_2025",
    },
    "IN": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "loss.offset": "loss.offset",
        "loss.carry_forward": "loss.carry_forward",
        "params.rate": "rates.flat",
        "params.tds": "rates.deducted_at_source",
    },
    "JP": {
        "basis": "basis.rule",
        "select_lots": "basis.select_lots",
        "harvest": "harvest.possible",
        "repurchase_window_days": "windows.crypto",
        "holding": "holding.period",
        "loss.offset": "loss.offset",
        "loss.carry_forward": "loss.carry_forward.now",
        "params.rate": "rates.top",
        "params.planned": "rates.separate",
    },
}
"""Field of profiles.json → the statement in our file that holds it. `conf` fields are what `confidence` and `source` say."""

LOTS = {True: "yes", False: "no", "limited": "limited", "n/a": "not_applicable"}
ALSO = {
    "JP.params.planned": ["loss.carry_forward.planned"],
    "US.watch": ["watch.hr_8899", "watch.s_2207"],
    "US.loss.carry_forward": ["loss.character"],
    "US.window_conf": ["windows.crypto"],
    "UK.loss.carry_forward": ["loss.claim"],
    "DE.loss.carry_back": ["loss.carry_back.two_years"],
    "DE.basis": ["basis.methods.court", "basis.methods.named"],
    "ES.params.savings_scale": ["rates.savings_lowest", "rates.savings_top.until_2024"],
    "FR.harvest": ["disposal.crypto_to_crypto"],
}
"""Further statements that a field is divided into."""


def profiles() -> dict[str, Any]:
    return json.loads(shared("reference/profiles.json").read_text(encoding="utf-8"), parse_float=Decimal)


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    return {name: leaf for key, part in value.items() for name, leaf in leaves(part, f"{path}.{key}".lstrip(".")).items()}


def fields_of(country: str) -> dict[str, Any]:
    return {path: value for path, value in leaves(profiles()[country]).items() if path.rpartition(".")[2] != "conf"}


@pytest.mark.parametrize("country", WORDS)
def test_every_field_of_the_profiles_is_in_the_file_of_its_country(said, country):
    assert fields_of(country).keys() == WORDS[country].keys()
    stated = by_place(said, country.lower())
    for path, place in WORDS[country].items():
        assert {place, *ALSO.get(f"{country}.{path}", [])} <= set(stated), path


@pytest.mark.parametrize("country", WORDS)
def test_numbers_flags_and_nothings_of_the_profiles_are_the_values_of_the_files(said, country):
    stated = by_place(said, country.lower())
    for path, told in fields_of(country).items():
        value, end = stated[WORDS[country][path]].value, path.rpartition(".")[2]
        if path == "select_lots":
            assert value == LOTS[told]
        elif path == "harvest":
            assert value == {True: "yes", False: "no"}.get(told, "limited")
        elif told is None:
            assert value.kind in ("none", "purpose"), path
        elif end in ("before", "after", "same_day"):
            assert getattr(value, end if end == "same_day" else f"{end}_days") == told, path
        elif path.startswith("params.") and isinstance(told, int | Decimal) and not end.endswith("from"):
            assert value.value == told, path
        elif isinstance(told, int):
            assert value == told or stated[WORDS[country][path]].since == date(told, 1, 1), path
        elif path == "loss.carry_forward":
            assert str(value) == told.partition(",")[0].split()[0], path


@pytest.mark.parametrize("country", WORDS)
def test_every_number_in_the_words_of_the_profiles_is_in_the_file(country):
    """Days, paragraphs, bills, amounts; 30% may be a share of 0.30, one year 12 months."""

    def numbers(text: str) -> set[Decimal]:
        return {Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d)", "", text))}

    ours = numbers(raw(country.lower()))
    ours |= {number * 100 for number in ours if number < 1} | {number / 12 for number in ours}
    for path, told in leaves(profiles()[country]).items():
        assert numbers(f"{path.rpartition('.')[2]} {json.dumps(told, default=str)}") <= ours, path


@pytest.mark.parametrize("country", WORDS)
def test_what_is_recalled_is_marked_so(said, country):
    """A field that ends in "- R", or whose part says so, is R in the file."""
    stated = by_place(said, country.lower())
    marks = leaves(profiles()[country])
    recalled = {path for path, told in marks.items() if isinstance(told, str) and told.endswith("- R")}
    recalled |= {path for path in marks if f"{path.rpartition('.')[0]}.conf" in marks and marks[f"{path.rpartition('.')[0]}.conf"] == "R"}
    for path in recalled - {path for path in marks if path.endswith("conf")}:
        assert {stated[place].confidence for place in (WORDS[country][path], *ALSO.get(f"{country}.{path}", []))} == {"R"}, path


def test_what_is_well_known_is_not_better_known_than_the_profiles_say(said):
    """P and O only where the profile of the country says P; the parameters of the United Kingdom are those of a model."""
    assert {one.confidence for one in by_place(said, "uk").values() if one.place.startswith("rates.")} == {"O"}
    for country, told in profiles().items():
        if country != "_note" and not re.search(r"\bP\b|P-equivalent", told["conf"]):
            assert {one.confidence for one in by_place(said, country.lower()).values()} <= {"S", "R"}, country


# ------------------------------------------------------------------ windows


@pytest.mark.parametrize(("code", "before", "after", "same_day"), [("uk", 0, 30, True), ("ca", 30, 30, True), ("es", 0, 365, True)])
def test_days_in_which_buying_back_matters(said, code, before, after, same_day):
    found = window_on(rules_files.jurisdiction(said, code), "crypto", TODAY)
    assert found is not None
    assert (found.before_days, found.after_days, found.same_day) == (before, after, same_day)


@pytest.mark.parametrize("code", ["us", "de", "fr", "jp", "pt"])
def test_where_crypto_may_be_bought_back_at_once(said, code):
    assert window_on(rules_files.jurisdiction(said, code), "crypto", TODAY) is None


def test_in_australia_the_intention_counts_and_no_number_of_days(said):
    found = window_on(rules_files.jurisdiction(said, "au"), "crypto", TODAY)
    assert found is not None
    assert (found.kind, found.after_days) == ("purpose", None)


@pytest.mark.parametrize("asset_class", ["tokenised_security", "etf_share"])
def test_wash_sales_of_securities_are_law_in_the_united_states(said, asset_class):
    """IRC 1091."""
    found = stated_window(rules_files.jurisdiction(said, "us"), asset_class, TODAY)
    assert (found.value.before_days, found.value.after_days, found.confidence) == (30, 30, "P")


def test_a_shadow_window_for_crypto_waits_for_its_day(said):
    us = rules_files.jurisdiction(said, "us")
    shadow = proposed_window(us, "crypto")
    assert shadow is not None
    assert (shadow.value.before_days, shadow.value.after_days, shadow.since) == (30, 30, None)
    assert proposed_window(us, "etf_share") is None
    write(said, "us.toml", "[windows.crypto_bills]\nsince = 2027-01-01\n")
    dated = rules_files.jurisdiction(said, "us")
    assert window_on(dated, "crypto", date(2026, 12, 31)) is None
    assert window_on(dated, "crypto", date(2027, 1, 1)) == shadow.value
    assert proposed_window(dated, "crypto") is None


def test_the_readings_of_spain_can_be_swapped(said):
    write(said, "es.toml", '[windows.one_year]\nstatus = "alternative"\n[windows.two_months]\nstatus = "law"\n')
    found = window_on(rules_files.jurisdiction(said, "es"), "crypto", TODAY)
    assert found is not None
    assert (found.before_days, found.after_days) == (60, 60)


def test_a_rule_changes_on_its_day(said):
    australia, france, japan = (rules_files.jurisdiction(said, code) for code in ("au", "fr", "jp"))
    last, first = date(2027, 6, 30), date(2027, 7, 1)
    assert [in_force(australia.holding, day).value.kind for day in (last, first)] == ["at_least", "none"]
    assert [str(in_force(france.rates["flat_tax"], date(y, m, d)).value.value) for y, m, d in ((2025, 12, 31), (2026, 1, 1))] == [
        "0.30",
        "0.314",
    ]
    assert [in_force(japan.loss.carry_forward, date(y, m, d)).value for y, m, d in ((2027, 12, 31), (2028, 1, 1))] == [0, 3]
    assert in_force(rules_files.jurisdiction(said, "uk").rates["higher"], date(2024, 10, 29)) is None
