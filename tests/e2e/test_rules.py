"""`thresher rules` as a person runs it: before `init`, without a database, on paper and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.tools import ROOT


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home/config/rules").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def run(home):
    env = {k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")}
    env |= {"THRESHER_DATA_DIR": str(home / "data"), "THRESHER_CONFIG_DIR": str(home / "config"), "PYTHONPATH": str(ROOT)}

    def ran(*arguments):
        command = [sys.executable, "-m", "service.cli", "rules", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        assert not (home / "data").exists(), "nothing is opened"
        return done

    return ran


def test_a_year_of_the_united_states_as_json(run):
    done = run("show", "us", "--year", "2026", "--json")
    (book,) = json.loads(done.stdout)["rules"]
    assert (done.returncode, done.stderr, book["jurisdiction"], book["year"]) == (0, "", "us", 2026)
    assert all(one["source"] and one["confidence"] for one in book["in_force"])


def test_without_a_jurisdiction_all_ten_are_told(run):
    done = run("show", "--on", "2026-11-25")
    assert done.returncode == 0
    assert all(
        name in done.stdout
        for name in ("United Kingdom", "Canada", "Germany", "Australia", "France", "Spain", "India", "Japan", "Portugal")
    )
    assert [book["jurisdiction"] for book in json.loads(run("show", "--on", "2026-11-25", "--json").stdout)["rules"]] == [
        *("au", "ca", "de", "es", "fr", "in", "jp", "pt", "uk", "us")
    ]


def test_on_paper_what_is_not_computed_says_so(run):
    done = run("show", "fr", "--on", "2026-11-25")
    assert "basis: Not computed: the formula needs the value of the whole portfolio at each sale." in done.stdout
    assert "305 EUR" in done.stdout
    assert "2026-01-01 to …" in done.stdout


def test_on_paper_a_figure_stands_beside_that_of_other_filing_statuses_and_the_users_own_is_marked(run, home):
    own = home / "config/rules/us.toml"
    own.write_text('[2026.married_joint]\nzero_to = "99000"\n', encoding="utf-8")
    lines = run("show", "us", "--year", "2026").stdout.splitlines()
    (row,) = [line for line in lines if line.startswith("│ zero_to")]
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["49450", "99000 (2)", "49450", "66200", "98900"]
    assert f"(2) U: {own}" in lines


def test_a_year_without_figures_is_exit_1_with_a_sentence(run):
    done = run("show", "us", "--year", "2030")
    assert done.returncode == 1
    assert done.stderr.startswith("thresher: us: no figures for the tax year 2030")


def test_what_is_changed_is_told_and_nothing_else(run, home):
    nothing = run("diff")
    assert (nothing.returncode, json.loads(run("diff", "--json").stdout)) == (0, {"changes": []})
    assert nothing.stdout.startswith("Nothing is changed")
    (home / "config/rules/uk.toml").write_text('[rates.higher]\nvalue = "0.25"\n', encoding="utf-8")
    told = run("diff", "--json")
    changed = {"jurisdiction": "uk", "table": "rates.higher", "key": "value", "ours": "0.24", "yours": "0.25"}
    assert (told.returncode, json.loads(told.stdout)) == (0, {"changes": [changed]})
    assert json.loads(run("diff", "us", "--json").stdout) == {"changes": []}
    assert all(cell in run("diff", "uk").stdout for cell in changed.values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "xx"), "rules: there are no rules of 'xx'; there are: au, ca"),
        (("show", "us", "--on", "tomorrow"), "on: give a day such as"),
        (("show", "us", "--on", "2026-01-01", "--year", "2026"), "on: give a tax year or a day, not both"),
        (("diff", "xx"), "rules: there are no rules of 'xx'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_exit_2(run, arguments, says):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"thresher: {says}")


def test_a_mistake_in_a_file_is_named_with_table_and_key_and_exit_2(run, home):
    own = home / "config/rules/uk.toml"
    own.write_text('[rates.higher]\nvalu = "0.25"\n', encoding="utf-8")
    for words in (("show", "uk"), ("diff",)):
        done = run(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"thresher: rules: {own}, [rates.higher]: valu is unknown here")
