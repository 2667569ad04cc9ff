"""A file of the user's over our rules: it changes one figure at a time, every change is told, and every mistake is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from service import rules_files
from tests.test_rules_files import by_place, raw, said, write

__all__ = ["said"]


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
