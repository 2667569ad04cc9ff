"""`thresher backtest` and `thresher tax wash-sales` as a person runs them: an imported history, imported prices, and nothing stored by asking."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.tools import ROOT

COLUMNS = "id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note\n"
HISTORY = f"""\
{COLUMNS}e1,2024-01-05T12:00:00Z,buy,kraken,,USD,40000,BTC,1,,,40000,,
e2,2025-03-01T12:00:00Z,sell,kraken,,BTC,1,USD,50000,,,50000,,
"""
PRICES = """\
date,asset,price_usd
2024-06-09,BTC,33000
2024-06-10,BTC,31000
2024-06-11,BTC,31500
2024-12-30,BTC,45000
"""
"""A harvest at 20 percent on 10 June 2024 realises 9,000; tests/domain/test_backtest.py has its taxes by hand."""
WASHED = f"""\
{COLUMNS}a,2024-01-05T12:00:00Z,buy,kraken,,USD,1000,BTC,1,,,1000,,
sale,2025-05-01T12:00:00Z,sell,kraken,,BTC,1,USD,700,,,700,,
b,2025-05-31T12:00:00Z,buy,binance,,USD,450,BTC,0.6,,,450,,
end,2025-12-01T12:00:00Z,sell,binance,,BTC,0.6,USD,500,,,500,,
"""


class House:
    """Folders of its own for the command."""

    def __init__(self, home):
        self.home = home
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")}
        self.env |= {"THRESHER_DATA_DIR": str(home / "data"), "THRESHER_CONFIG_DIR": str(home / "config"), "PYTHONPATH": str(ROOT)}
        self.env |= {"THRESHER_OWNER_PASSWORD": "a password of this test"}

    def __call__(self, *arguments):
        words = [sys.executable, "-m", "service.cli", *arguments]
        return subprocess.run(words, env=self.env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """Folders in which a history and prices were imported once, by what they hold."""
    made = {}

    def house(*, history=None, prices=None):
        if (history, prices) not in made:
            run = House(tmp_path_factory.mktemp("kept"))
            assert run("init").returncode == 0
            for name, text, command in (("history.csv", history, ("import",)), ("prices.csv", prices, ("prices", "import"))):
                if text is not None:
                    (run.home / name).write_text(text)
                    done = run(*command, str(run.home / name))
                    assert done.returncode == 0, done.stderr
            made[history, prices] = run
        return made[history, prices]

    return house


@pytest.fixture
def imported(kept, tmp_path):
    """A copy of them."""

    def house(history=None, prices=None):
        shutil.copytree(kept(history=history, prices=prices).home, tmp_path / "home")
        return House(tmp_path / "home")

    return house


def answered(run, *words, code=0):
    done = run("backtest", *words, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)["backtest"]


def policies(told):
    return {policy["policy"]: policy for policy in told["policies"]}


# ------------------------------------------------------------------ backtest


def test_a_threshold_year_by_year_beside_year_end_and_no_harvest(imported):
    told = answered(imported(HISTORY, PRICES), "--to", "2025-12-31")
    assert (told["from"], told["to"], told["unknown_disposals"], told["left_out"]) == ("2024-01-05", "2025-12-31", 0, [])
    found = policies(told)
    assert list(found) == ["none", "5%", "10%", "20%", "30%", "year end"]
    first, second = found["20%"]["years"]
    keys = ("year", "whole", "harvests", "short_loss", "costs", "tax", "saving", "net", "carry_out_st")
    assert [first[key] for key in keys] == [2024, True, 1, "9000", "98", "-720", "720", "622", "6000"]  # 0.3% of 31,000, and 5 to move
    assert [second[key] for key in keys] == [2025, True, 0, "0", "0", "3120", "-1620", "-1620", "0"]
    assert found["20%"]["total"] | {"carry_worth": "0", "deferred_tax": "0", "net_after_later": "-998"} == found["20%"]["total"]
    (harvest,) = found["20%"]["harvested"]
    assert (harvest["day"], harvest["quantity"], harvest["value"], harvest["short_loss"]) == ("2024-06-10", "1", "31000", "9000")
    assert found["none"]["total"]["tax"] == "1500"
    assert found["none"]["total"]["net"] == found["30%"]["total"]["net"] == found["year end"]["total"]["net"] == "0"
    assert told["days_without_price"] == [{"coin": "btc", "symbol": "BTC", "days": 417}]  # of 421 days held, four have a price


def test_triggers_of_ones_own_and_a_sweep(imported):
    run = imported(HISTORY, PRICES + "2024-12-31,BTC,30500\n")
    found = policies(answered(run, "--trigger", "0.22", "--trigger", "0.1", "--sweep", "--to", "2024-12-31"))
    assert list(found) == ["none", "10% and year end", "22% and year end", "year end"]
    assert [h["day"] for h in found["22% and year end"]["harvested"]] == [
        "2024-06-10"
    ]  # the last 500 would not pay three times their costs
    assert [h["day"] for h in found["year end"]["harvested"]] == ["2024-12-31"]


def test_for_people_a_table_by_year_and_what_it_rests_on(imported):
    said = imported(HISTORY, PRICES)("backtest", "--trigger", "0.20").stdout
    for word in ("By year, 2024-01-05", "year end", "9,000.00", "-1,620.00", "sells and buys back at once", "BTC 417", "your two rates"):
        assert word in said, word


def test_the_same_answer_each_time_and_nothing_is_stored_by_asking(imported):
    run = imported(HISTORY, PRICES)
    first, stored = run("backtest", "--json").stdout, contents(run)
    assert run("backtest", "--json").stdout == first
    assert contents(run) == stored


def contents(run):
    said = run("gains", "--json").stdout + run("lots", "--json").stdout + run("transactions", "--json").stdout
    return hashlib.sha256(said.encode()).hexdigest()


def test_the_whole_year_is_computed_where_the_income_is_told(imported):
    """90,000 of wages, single, 2024: a loss of 3,000 saves 22 percent."""
    run = imported(HISTORY, PRICES)
    run("profile", "set", "income=90000")
    found = policies(answered(run, "--to", "2024-12-31"))
    assert found["20%"]["years"][0]["saving"] == "660"
    assert any("your figures, taken to be the same" in line for line in answered(run)["says"])


def test_the_account_s_method_decides(imported):
    """A gain in front: FIFO cannot reach the loss, HIFO can."""
    before = HISTORY.replace(COLUMNS, f"{COLUMNS}e0,2023-01-05T12:00:00Z,buy,kraken,,USD,20000,BTC,1,,,20000,,\n")
    run = imported(before, PRICES)
    assert policies(answered(run))["20%"]["total"]["harvests"] == 0
    assert run("account", "set", "kraken", "--method", "hifo", "--from", "2023-01-01").returncode in (0, 1)
    assert policies(answered(run))["20%"]["total"]["loss"] == "9000"


def test_years_without_figures_are_left_out_with_a_word(imported):
    early = HISTORY.replace(COLUMNS, f"{COLUMNS}e0,2021-01-05T12:00:00Z,buy,kraken,,USD,60000,ETH,20,,,60000,,\n")
    told = answered(imported(early, PRICES + "2021-06-01,ETH,100\n2024-02-01,ETH,4000\n"))
    assert (told["from"], [one["year"] for one in told["left_out"]]) == ("2022-01-01", [2021])
    assert any(line.startswith("2021 is left out: ") for line in told["says"])
    assert {h["symbol"] for h in policies(told)["20%"]["harvested"]} == {"BTC"}


def test_an_unknown_gain_is_in_no_sum_and_the_exit_code_is_1(imported):
    run = imported(HISTORY + "e3,2025-04-01T12:00:00Z,sell,kraken,,DOGE,10,USD,5,,,5,,\n", PRICES)
    told = answered(run, code=1)
    assert (told["unknown_disposals"], policies(told)["20%"]["total"]["loss"]) == (1, "9000")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--trigger", "20"), "a trigger is the lost share of the basis: write 0.20"),
        (("--trigger", "much"), "'much' is no number"),
        (("--from", "yesterday"), "from: 'yesterday' is no date"),
        (("--to", "2999-01-01"), "to: 2999-01-01 is still to come"),
        (("--from", "2024-12-31"), "no price of what is held is stored from 2024-12-31"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence_and_exit_code_2(imported, words, says):
    done = imported(HISTORY, PRICES)("backtest", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.mark.parametrize(
    ("history", "says"), [(None, "there is no history yet"), (HISTORY, "`thresher prices import FILE`")], ids=["none", "unpriced"]
)
def test_without_a_history_or_prices_it_says_what_to_import(imported, history, says):
    done = imported(history)("backtest")
    assert (done.returncode, says in done.stderr) == (2, True)


# ------------------------------------------------------------------ wash sales


def test_what_the_years_would_be_with_wash_sales_beside_what_they_are(imported):
    """Of 1 BTC sold at a loss of 300, 0.6 are bought back on the thirtieth day in another account: 180 is disallowed, and what is sold in December
    for 50 more than it cost loses 130; held 482 days longer, it is long by then."""
    done = imported(WASHED)("tax", "wash-sales", "--json")
    told = json.loads(done.stdout)["wash_sales"]
    assert done.returncode == 0
    assert told["years"] == [
        {
            "year": 2025,
            "short": {"real": "50", "shadow": "0", "disallowed": "0"},
            "long": {"real": "-300", "shadow": "-250", "disallowed": "180"},
            "tax": {"real": "-60", "shadow": "-60"},
        }
    ]
    sale, end = told["sales"]
    assert (sale["gain"], sale["disallowed"], sale["counted"], [r["quantity"] for r in sale["replaced"]]) == (
        "-300",
        "180",
        "-120",
        ["0.6"],
    )
    assert (end["gain"], end["added"], end["counted"], end["term"], end["shadow_term"], end["days_added"]) == (
        "50",
        "180",
        "-130",
        "short",
        "long",
        482,
    )
    assert (told["window"]["before_days"], told["window"]["after_days"], told["window"]["status"]) == (30, 30, "proposed")
    assert any("no law" in line for line in told["says"])
    assert any("tokenised securities" in line and "does not compute it" in line for line in told["says"])


def test_while_the_replacement_is_held_the_year_pays_more(imported):
    """At 24 percent 300 of loss save 72; 120 of it 28.80."""
    held = WASHED[: WASHED.index("end,")]
    told = json.loads(imported(held)("tax", "wash-sales", "--json").stdout)["wash_sales"]
    assert told["years"][0]["tax"] == {"real": "-72", "shadow": "-28.8"}
    assert [one["amount"] for one in told["waiting"]] == ["180"]


def test_gains_of_a_year_without_figures_are_told_and_its_tax_is_not(imported):
    early = WASHED.replace("2025-", "2021-").replace("2024-", "2020-")
    told = json.loads(imported(early)("tax", "wash-sales", "--json").stdout)["wash_sales"]
    assert (told["years"][0]["long"]["disallowed"], told["years"][0]["tax"]) == ("180", {"real": None, "shadow": None})
    assert [one["year"] for one in told["left_out"]] == [2021]


def test_of_one_year_from_a_day_on_and_for_people(imported):
    run = imported(WASHED)
    told = json.loads(run("tax", "wash-sales", "--year", "2024", "--json").stdout)["wash_sales"]
    assert (told["years"], told["sales"]) == ([], [])
    told = json.loads(run("tax", "wash-sales", "--from", "2025-05-02", "--json").stdout)["wash_sales"]
    assert (told["sales"], told["window"]["since"]) == ([], "2025-05-02")
    said = run("tax", "wash-sales").stdout
    assert all(word in said for word in ("with wash sales", "180.00", "-130.00", "Nothing of this is booked"))


def test_a_bill_that_is_given_a_day_is_covered_from_it_and_still_not_booked(imported):
    run = imported(WASHED)
    own = run.home / "config/rules"
    own.mkdir()
    (own / "us.toml").write_text('[windows.crypto_bills]\nsince = 2025-05-01\nstatus = "law"\n')
    told = json.loads(run("tax", "wash-sales", "--json").stdout)["wash_sales"]
    assert (told["window"]["since"], told["sales"][0]["disallowed"]) == ("2025-05-01", "180")
    assert any("also where the rule binds" in line for line in told["says"])
    totals = json.loads(run("gains", "--json").stdout)["totals"]
    assert sorted(total["gain"] for total in totals) == ["-300", "50"]
