"""`thresher tax` as a person runs it: one case from a file without a database, and the holder's own year from what is stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.tools import ROOT

CASE = {"year": 2026, "filing_status": "single", "wages": 90000, "lt": 10000}
HISTORY = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
e1,2024-01-05T00:00:00Z,buy,kraken,,USD,1000,BTC,1,,,1000,,
e2,2025-03-01T00:00:00Z,sell,kraken,,BTC,0.5,USD,2500,,,2500,,
e3,2025-09-01T00:00:00Z,buy,kraken,,USD,4000,ETH,1,,,4000,,
e4,2025-10-01T00:00:00Z,sell,kraken,,ETH,1,USD,3400,,,3400,,
"""
"""Of 2025: 2,000 long, −600 short."""


@pytest.fixture
def run(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")}
    env |= {"THRESHER_DATA_DIR": str(home / "data"), "THRESHER_CONFIG_DIR": str(home / "config"), "PYTHONPATH": str(ROOT)}
    env |= {"THRESHER_OWNER_PASSWORD": "a password of this test"}

    def ran(*arguments, stdin=""):
        return subprocess.run(
            [sys.executable, "-m", "service.cli", *arguments], env=env, capture_output=True, text=True, check=False, input=stdin
        )

    ran.home = home
    return ran


def test_a_case_needs_no_database_and_is_answered_in_one_object(run, tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"id": "mine", "input": CASE}))
    done = run("tax", "compute", "--file", str(file), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)["tax"]
    assert (told["id"], told["income_tax"], told["total"]) == ("mine", "12470", "12470")
    assert list(run.home.iterdir()) == []
    assert run("tax", "compute", "--file", "-", "--json", stdin=file.read_text()).stdout == done.stdout


def test_for_people_each_line_has_its_arithmetic(run, tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE))
    done = run("tax", "compute", "--file", str(file))
    assert done.returncode == 0
    assert "12,400.00 × 10% + 38,000.00 × 12% + 23,500.00 × 22%" in done.stdout
    assert "Not computed: credits" in done.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps(CASE | {"wage": 1}), "wage is not known"),
        (json.dumps(CASE | {"year": 2031}), "has no figures for the tax year 2031 (it has 2022, 2023, 2024, 2025, 2026)"),
        ("no json", "it is no JSON"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_case_that_cannot_be_computed_is_a_sentence_and_exit_code_2(run, tmp_path, text, says):
    file = tmp_path / "case.json"
    if text is not None:
        file.write_text(text)
    done = run("tax", "compute", "--file", str(file), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_users_own_figures_lie_over_ours(run, tmp_path):
    own = run.home / "config/rules"
    own.mkdir(parents=True)
    (own / "us.toml").write_text('[2026.single]\nstandard_deduction = "20000"\n')
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE))
    told = json.loads(run("tax", "compute", "--file", str(file), "--json").stdout)["tax"]
    assert (told["std_deduction"], told["taxable_income"]) == ("20000", "80000")


def test_a_holding_period_is_a_sentence_and_the_zone_is_named_where_it_matters(run):
    case = {"acquired_utc": "2025-03-11T02:00:00Z", "sold_utc": "2026-03-11T15:00:00Z", "taxpayer_tz": "America/New_York"}
    said = run("tax", "compute", "--file", "-", stdin=json.dumps(case)).stdout
    assert said.startswith("long: acquired 2025-03-10, sold 2026-03-11, tax year 2026; long from 2026-03-11 on.\n")
    assert "By those of UTC it would be short" in said
    same = run("tax", "compute", "--file", "-", stdin=json.dumps(case | {"taxpayer_tz": "UTC"})).stdout
    assert same.startswith("short: ")
    assert "By those of UTC" not in same


def test_the_best_lots_are_a_table(run):
    lots = [{"id": "the lot", "term": "short", "unrealised": -4000, "sell_cost": 10}]
    case = {"wages": 90000, "st_net_before": 0, "lt_net_before": 0, "carry_value": {"st": 0, "lt": 0}, "lots": lots}
    said = run("tax", "compute", "--file", "-", stdin=json.dumps(case)).stdout
    assert all(word in said for word in ("the lot", "0.75", "-3,000.00", "652.50"))
    nothing = run("tax", "compute", "--file", "-", stdin=json.dumps(case | {"lots": []}))
    assert (nothing.returncode, "Nothing is worth selling." in nothing.stdout) == (0, True)


@pytest.fixture
def stored(run, tmp_path):
    file = tmp_path / "history.csv"
    file.write_text(HISTORY)
    assert run("init").returncode == 0
    assert run("import", str(file)).returncode == 0
    return run


def test_without_the_years_income_the_two_rates_give_an_estimate_and_what_is_missing_is_named(stored):
    done = stored("tax", "--year", "2025", "--json")
    told = json.loads(done.stdout)["tax"]
    assert (done.returncode, told["kind"], told["missing"]) == (0, "estimate", ["income"])
    assert told["realised"] == {"short": "-600", "long": "2000", "collectibles": "0", "unknown_disposals": 0}
    assert told["estimate"] == "210"  # (2,000 − 600) at 15 percent
    assert "income=" in told["says"]
    assert "profile set income=" in stored("tax", "--year", "2025").stdout


def test_with_it_the_whole_year_is_computed_line_by_line(stored):
    assert stored("profile", "set", "income=90000", "short_carryover=100", "state_rate=0.05").returncode == 0
    done = stored("tax", "--year", "2025", "--json")
    told = json.loads(done.stdout)["tax"]
    assert (done.returncode, told["kind"], told["missing"]) == (0, "year", [])
    assert (told["sch_d_line7"], told["sch_d_line15"], told["form1040_line7"]) == ("-700", "2000", "1300")
    assert told["figures"]["income"] == "90000"
    case = {"year": 2025, "filing_status": "single", "wages": 90000, "st": -600, "lt": 2000, "stco": 100, "state_rate": "0.05"}
    same = json.loads(stored("tax", "compute", "--file", "-", "--json", stdin=json.dumps(case)).stdout)["tax"]
    for name in same:
        if name != "state_says":
            assert told[name] == same[name], name
    assert "Federal tax" in stored("tax", "--year", "2025").stdout


def test_a_year_that_no_rules_have_is_refused_and_one_without_sales_is_not(stored):
    done = stored("tax", "--year", "2031")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no figures for the tax year 2031" in done.stderr
    assert json.loads(stored("tax", "--year", "2023", "--json").stdout)["tax"]["realised"]["long"] == "0"


def test_an_unknown_gain_is_in_no_sum_and_the_exit_code_is_1(run, tmp_path):
    file = tmp_path / "history.csv"
    file.write_text(HISTORY + "e5,2025-11-01T00:00:00Z,sell,kraken,,DOGE,10,USD,5,,,5,,\n")
    run("init")
    run("import", str(file))
    done = run("tax", "--year", "2025", "--json")
    told = json.loads(done.stdout)["tax"]
    assert (done.returncode, told["realised"]["unknown_disposals"], told["realised"]["short"]) == (1, 1, "-600")
    assert "The gain of 1 disposal is unknown" in run("tax", "--year", "2025").stdout
