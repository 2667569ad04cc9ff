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


# ------------------------------------------------------------------ the user's files


def test_without_a_file_of_the_users_nothing_is_changed(said):
    assert rules_files.changes(said) == []


def test_one_figure_is_changed_and_told_and_rests_on_the_users_word(said):
    own = write(said, "uk.toml", '[rates.higher]\nvalue = "0.25"\n')
    assert rules_files.changes(said) == [("uk", "rates.higher", "value", "0.24", "0.25")]
    found, before = by_place(said, "uk"), raw("uk")
    assert (found["rates.higher"].value.value, found["rates.higher"].confidence) == (Decimal("0.25"), "U")
    assert found["rates.higher"].source == str(own)
    assert found["rates.higher"].since == date(2024, 10, 30), "the rest of the rule stays"
    assert found["rates.basic"].confidence == "O"
    assert raw("uk") == before


def test_a_source_of_the_users_is_shown(said):
    write(said, "uk.toml", '[rates.higher]\nvalue = "0.25"\nsource = "Finance Act"\nconfidence = "P"\n')
    found = by_place(said, "uk")["rates.higher"]
    assert (found.source, found.confidence) == ("Finance Act", "P")
    assert [change.key for change in rules_files.changes(said)] == ["value", "source", "confidence"]


def test_what_says_the_same_is_no_change(said):
    write(said, "uk.toml", '[rates.higher]\nvalue = "0.240"\nsince = 2024-10-30\n')
    write(said, "us.toml", '[2026.single]\nzero_to = "49450.00"\n[loss.carry_back]\nvalue = 0\n')
    assert rules_files.changes(said) == []
    assert by_place(said, "uk")["rates.higher"].confidence == "O"


def test_a_federal_figure_is_changed_for_its_status_alone(said):
    own = write(said, "us.toml", '[2026.single]\nzero_to = "50000"\nbrackets = [["0.1", "1000"], ["0.2"]]\n')
    zero, brackets = rules_files.changes(said)
    assert zero == ("us", "2026.single", "zero_to", "49450", "50000")
    assert brackets.yours == [["0.1", "1000"], ["0.2"]]
    assert rules_files.rules(said, 2026).figures.zero_to == 50000
    assert rules_files.rules(said, 2026, status="head_of_household").figures.zero_to == 66200
    found = by_place(said, "us")
    assert (found["2026.single.zero_to"].confidence, found["2026.single.zero_to"].source) == ("U", str(own))
    assert found["2026.single.fifteen_to"].confidence == "O"


def test_a_missing_year_is_an_error_that_says_so_and_may_be_added(said):
    with pytest.raises(ValueError, match="2027"):
        rules_files.rules(said, 2027)
    write(said, "us.toml", '[2027]\nloss_limit = "3000"\nsources = ["the holder"]\n')
    assert rules_files.rules(said, 2027).sources == ("the holder",)
    assert by_place(said, "us")["2027.loss_limit"].confidence == "U"
    assert [(c.table, c.key, c.ours) for c in rules_files.changes(said)] == [("2027", "loss_limit", None), ("2027", "sources", None)]
    with pytest.raises(ValueError, match=r"us\.toml, \[2027\].*loss_limit_separate"):
        rules_files.rules(said, 2027, status="married_separate")


def test_a_rule_of_the_users_own_needs_all_of_it(said):
    write(said, "fr.toml", '[rates.exit_tax]\nvalue = "0.1"\nunit = "share"\nsource = "a law"\nconfidence = "R"\n')
    assert rules_files.jurisdiction(said, "fr").rates["exit_tax"][0].value.value == Decimal("0.1")
    assert [c.key for c in rules_files.changes(said, ["fr"])] == ["value", "unit", "source", "confidence"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('[rates.higher]\nvalu = "0.25"', r"\[rates\.higher\]: valu is unknown"),
        ('[rates.higher]\nvalue = "1.25"', r"\[rates\.higher\]: value is a share"),
        ('[rates.annual_exempt_amount]\nvalue = "-1"', r"\[rates\.annual_exempt_amount\]: value is an amount"),
        ("[rates.higher]\nvalue = 0.25", "in quotes, amounts are exact"),
        ('[rates.higher]\nsince = "2024-10-30"', r"\[rates\.higher\]: since must be a date"),
        ("[rates.higher]\nsince = 2024-10-30T00:00:00Z", r"\[rates\.higher\]: since must be a date"),
        ("[rates.higher]\nuntil = 2020-01-01", r"\[rates\.higher\]: until is 2020-01-01, before since"),
        ('[rates.higher]\nconfidence = "X"', r"\[rates\.higher\]: confidence is 'X'"),
        ('[rates.higher]\nsource = " "', r"\[rates\.higher\]: source is empty"),
        ('[rates.new]\nvalue = "0.1"\nunit = "share"\nconfidence = "R"', r"\[rates\.new\]: source is missing"),
        ('[rates.new]\nvalue = "0.1"\nunit = "share"\nsource = "x"', r"\[rates\.new\]: confidence is missing"),
        ('[rates.new]\nvalue = "0.1"\nsource = "x"\nconfidence = "R"', r"\[rates\.new\]: unit is missing"),
        (
            '[rates.higher.later]\nvalue = "0.3"\nunit = "share"\nsince = 2027-04-06\nsource = "x"\nconfidence = "R"',
            r"\[rates\.higher\.later\]: since overlaps \[rates\.higher\]: both hold on 2027-04-06",
        ),
        ("[windows.crypto]\nafter_days = true", r"\[windows\.crypto\]: after_days must be a whole number"),
        ("[windows.crypto]\nafter_days = -1", r"\[windows\.crypto\]: after_days is below zero"),
        ("[windows.crypto]\nsame_day = 1", r"\[windows\.crypto\]: same_day must be true or false"),
        ('[windows.crypto]\nassets = ["stamps"]', r"\[windows\.crypto\]: assets is a list of crypto"),
        ('[windows.crypto]\nkind = "months"', r"\[windows\.crypto\]: kind is 'months'"),
        (
            '[windows.two]\nkind = "days"\nassets = ["crypto"]\nbefore_days = 1\nafter_days = 1\nsame_day = true\nsource = "x"\nconfidence = "R"',
            r"\[windows\.two\].*overlaps \[windows\.crypto\]: both hold always",
        ),
        ('[basis.default]\nvalue = "fifo"', r"\[basis\.default\]: value is 'fifo', which \[basis\.methods\] does not allow"),
        ('[basis.methods]\nvalue = ["bogus"]', r"\[basis\.methods\]: value is a list of"),
        ('[basis.mehtods]\nvalue = ["fifo"]', r"\[basis\]: mehtods is unknown"),
        ("[loss]\ncomputed = true", r"\[loss\]: computed says what thresher itself computes"),
        ("[loss]\ncarry_back = 1", r"\[loss\]: carry_back is no table"),
        ('[loss.carry_forward]\nvalue = "forever"', r"\[loss\.carry_forward\]: value is 'forever'"),
        ('[tax_year.start]\nvalue = "4-6"', r"\[tax_year\.start\]: value is month and day"),
        ('[tax_year.start]\nvalue = "02-29"', r"\[tax_year\.start\]: value is month and day"),
        ('[lose.offset]\nvalue = "x"', r"lose is no section"),
        ('[2026]\nsources = ["x"]', r"2026 is no section"),
        ('currancy = "GBP"', r"currancy is unknown"),
        ('[windows.crypto.later]\nsource = "x"', r"\[windows\.crypto\]: later is a table inside a rule"),
        ('[rates.higher.later.again]\nsource = "x"', r"\[rates\.higher\.later\]: again is a table inside a rule"),
        ("= 1", "is not TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_table_and_key(said, text, names):
    own = write(said, "uk.toml", text + "\n")
    for read in (lambda: rules_files.jurisdiction(said, "uk"), lambda: rules_files.changes(said)):
        with pytest.raises(ValueError, match=names) as wrong:
            read()
        assert str(own) in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[2026.single]\nzero_to = 1", r"\[2026\.single\]: zero_to is needed"),
        ('[2026.single]\nzero_too = "1"', r"\[2026\.single\]: zero_too is unknown"),
        ('[2026.sngle]\nzero_to = "1"', r"\[2026\]: sngle is no filing status"),
        ('[2026]\nsources = "x"', r"\[2026\]: sources must be a list"),
        ('[2026]\nlos_limit = "1"', r"\[2026\]: los_limit is unknown"),
        ('[0000]\nsources = ["x"]', "0000 is no section"),
        ('[2027]\nloss_limit = "1"', r"\[2027\]: sources must be a list"),
        ('[2027]\nsources = ["x"]\n[2027.single]\nzero_to = "1"', r"\[2027\.single\]: loss_limit is needed"),
        ('[2026.single]\nbrackets = [["0.2", "9"], ["0.1"]]', r"\[2026\.single\]: brackets must be"),
        ('[2026.single]\nbrackets = [["0.1", "9"], ["1.5"]]', r"\[2026\.single\]: brackets must be"),
        ('[2026]\nniit_rate = "38"', "niit_rate is a share of one"),
        ('[2026.single]\namt_phase_out_share = "7"', "amt_phase_out_share is a share of one"),
        ('[2026]\ncollectibles_rate = "0"', "collectibles_rate is a share of one"),
        ('[2026.single]\nzero_to = "600000"', r"\[2026\.single\]: zero_to ends above fifteen_to"),
    ],
)
def test_a_wrong_federal_figure_is_named_before_any_year_is_computed(said, text, names):
    own = write(said, "us.toml", text + "\n")
    with pytest.raises(ValueError, match=names) as wrong:
        rules_files.rules(said, 2025)
    assert str(own) in str(wrong.value)


def test_a_year_of_ours_without_confidence_is_named_as_ours(said, monkeypatch, tmp_path):
    folder = tmp_path / "packaged"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules/us.toml").write_text(raw("us").replace('confidence = "O"\n', ""), encoding="utf-8")
    monkeypatch.setattr("service.rules_files.layers.packaged", lambda _name: folder)
    with pytest.raises(ValueError, match=r"\[2022\]: confidence must be") as wrong:
        rules_files.rules(said, 2022)
    assert str(folder / "rules/us.toml") in str(wrong.value)


@pytest.mark.parametrize(
    ("code", "text", "names"),
    [
        (
            "au",
            "[holding.period.discount]\nuntil = 2028-06-30",
            r"discount\]: until overlaps \[holding\.period\.indexation\]: both hold on 2027-07-01",
        ),
        (
            "au",
            "[holding.period.indexation]\nsince = 2027-01-01",
            r"indexation\]: since overlaps \[holding\.period\.discount\]: both hold on 2027-01-01",
        ),
        ("es", '[windows.two_months]\nstatus = "law"', r"\[windows\.two_months\]: status overlaps \[windows\.one_year\]: both hold always"),
        (
            "us",
            '[windows.crypto_bills]\nsince = 2027-01-01\nassets = ["etf_share"]',
            r"crypto_bills\]: since overlaps \[windows\.securities\]",
        ),
    ],
)
def test_an_overlap_is_said_of_what_the_user_changed(said, code, text, names):
    own = write(said, f"{code}.toml", text + "\n")
    with pytest.raises(ValueError, match=names) as wrong:
        rules_files.jurisdiction(said, code)
    assert str(own) in str(wrong.value)


def test_a_file_that_lies_over_nothing_is_named(said):
    own = write(said, "gb.toml", "")
    with pytest.raises(ValueError, match=r"gb\.toml") as wrong:
        rules_files.changes(said)
    assert str(own) in str(wrong.value)
    assert rules_files.changes(said, ["uk"]) == []


@pytest.mark.parametrize("code", ["xx", "../us", ""])
def test_an_unknown_jurisdiction_is_refused_with_those_there_are(said, code):
    with pytest.raises(ValueError, match="au, ca, de"):
        rules_files.jurisdiction(said, code)
