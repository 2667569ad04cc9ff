"""The same through the commands: what is printed, what is JSON, which exit code, and what wrong words get."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from service import wiring
from service.app import sources, sync
from service.cli import main
from tests.app.house import Script, house


def at(text):
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


SCRIPTS = {
    "one": Script(
        rows=[
            ("m1", at("2022-01-01"), [("fiat:USD", "60000")], "deposit"),
            ("b1", at("2022-01-05"), [("binance:BTC", "1"), ("fiat:USD", "-20000")], "trade"),
            ("b2", at("2023-01-05"), [("binance:BTC", "1"), ("fiat:USD", "-40000")], "trade"),
            ("w1", at("2024-02-01"), [("binance:BTC", "-0.5")], "withdrawal"),
            ("s1", at("2025-03-01"), [("binance:BTC", "-0.6"), ("fiat:USD", "45000")], "trade"),
        ]
    ),
    "wallet": Script(rows=[("d1", at("2024-02-01"), [("binance:BTC", "0.5")], "deposit")]),
}


@pytest.fixture
def thresher(tmp_path, monkeypatch, capsys):
    """Runs a command on a database with two accounts; `rows` are the ids of its rows by key."""

    async def filled():
        async with house(tmp_path, SCRIPTS) as home:
            for name in SCRIPTS:
                await sources.add_other(home.app, "scripted", name, {"token": "t"}, None)
            await sync.sync(home.app)
            return {row.key.removeprefix("rows/"): row.id for row in await home.app.store.transactions()}

    @asynccontextmanager
    async def opened(_env, **_):
        async with house(tmp_path, SCRIPTS) as home:
            yield home.app

    rows = asyncio.run(filled())
    monkeypatch.setattr(wiring, "opened", opened)

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            main(list(words))
        told = capsys.readouterr()
        return SimpleNamespace(code=done.value.code, out=told.out, err=told.err)

    run.rows = rows
    return run


def test_a_gain_is_explained_on_paper_and_as_data(thresher):
    told = thresher("gains", "explain", thresher.rows["s1"])
    assert told.code == 0
    for part in ("Chain", "Prices", "Arithmetic", "Why this lot", "Rules", "bought 1 BTC for 20,000 USD in one", "IRC 1222"):
        assert part in told.out
    assert told.out.count("Computed again and equal to the ledger: yes") == 2
    data = json.loads(thresher("gains", "explain", thresher.rows["s1"], "--json").out)["explanations"]
    assert [(e["lot"], e["quantity"], e["basis"]) for e in data] == [
        (thresher.rows["b1"], "0.5", "10000"),
        (thresher.rows["b2"], "0.1", "4000"),
    ]
    (one,) = json.loads(thresher("gains", "explain", data[1]["id"], "--json").out)["explanations"]
    assert one == data[1]


def test_a_gain_can_be_explained_by_another_method(thresher):
    data = json.loads(thresher("gains", "explain", thresher.rows["s1"], "--method", "hifo", "--json").out)["explanations"]
    assert [(e["lot"], e["why"]["method"]) for e in data] == [(thresher.rows["b2"], "hifo")]
    refused = thresher("gains", "explain", thresher.rows["s1"], "--method", "best")
    assert (refused.code, "the methods are fifo, lifo" in refused.err) == (2, True)


@pytest.mark.parametrize(("method", "citation"), [("section104", "TCGA 1992 s. 104"), ("acb", "ITA s. 47")])
def test_a_gain_out_of_a_pool_is_explained_on_paper_and_as_data(thresher, method, citation):
    """2 BTC cost 60,000 wherever they lie; 0.6 of them cost 18,000."""
    told = thresher("gains", "explain", thresher.rows["s1"], "--method", method)
    assert told.code == 0
    for part in (
        "Chain",
        "bought 1 BTC for 20,000 USD in one",
        "60,000 × 0.6 / 2 = 18,000",
        "45,000 − 18,000 = 27,000",
        citation,
        "equal to the ledger: yes",
    ):
        assert part in told.out
    (one,) = json.loads(thresher("gains", "explain", thresher.rows["s1"], "--method", method, "--json").out)["explanations"]
    assert (one["gain"], one["pool"]["after"]) == ("27000", {"quantity": "1.4", "basis": "42000"})
    assert json.loads(thresher("gains", "explain", one["id"], "--method", method, "--json").out)["explanations"] == [one]


@pytest.mark.parametrize("method", ["section104", "acb"])
def test_of_a_pool_a_lot_is_explained_by_the_pool_that_it_joined(thresher, method):
    told = thresher("lots", "explain", thresher.rows["b2"], "--method", method)
    assert told.code == 0
    assert "which then held 2 at a cost of 60,000; 1 later" in told.out
    (one,) = json.loads(thresher("lots", "explain", thresher.rows["b2"], "--method", method, "--json").out)["explanations"]
    assert [match["quantity"] for match in one["matches"]] == ["0.6"]
    refused = thresher("lots", "explain", thresher.rows["s1"], "--method", method)
    assert (refused.code, "no acquisition has the id" in refused.err) == (2, True)


def test_a_lot_can_be_explained_by_another_method(thresher):
    told = json.loads(thresher("lots", "explain", thresher.rows["b2"], "--method", "hifo", "--json").out)["explanations"]
    assert [step["what"] for step in told[0]["chain"]] == ["acquired", "disposed"]


def test_a_lot_is_explained_with_its_open_parts(thresher):
    told = thresher("lots", "explain", thresher.rows["b1"])
    assert told.code == 0
    assert "open: 0.5 in wallet" in told.out
    assert "20,000 = 10,000 gone + 10,000 open" in told.out
    assert thresher("lots", "explain", "nothing").code == 2


def test_lots_lists_as_before(thresher):
    listed = thresher("lots", "--json")
    assert {x["id"] for x in json.loads(listed.out)["lots"]} == {thresher.rows["b1"], thresher.rows["b2"]}
    assert listed.code == 1  # no price was ever fetched here: no opinion
    assert "Open lots" in thresher("lots").out


def test_an_allocation_is_said_step_by_step_and_reported(thresher):
    rows = thresher.rows
    assert "nothing to allocate" in thresher("lots", "allocate").out
    first = thresher("lots", "allocate", "--from", "2025-01-01")
    assert (first.code, "since nothing else was said" in first.out) == (1, True)
    named = [f"{rows['b2']}:wallet:0.5", f"{rows['b1']}:one:1", f"{rows['b2']}:one:0.5"]
    second = thresher("lots", "allocate", "BTC", *(word for lot in named for word in ("--lot", lot)), "--made-at", "2025-02-01", "--json")
    (asset,) = json.loads(second.out)["allocation"]["assets"]
    assert (second.code, asset["nothing_lost"], asset["needs"], asset["late"]) == (0, True, None, None)
    assert sorted((x["account_label"], x["quantity"], x["why"]) for x in asset["lots"]) == [
        ("one", "0.5", "named"),
        ("one", "1", "named"),
        ("wallet", "0.5", "named"),
    ]
    shown = thresher("lots", "allocate").out
    assert "2 before, 2 after; basis 60,000.00 before, 60,000.00 after: nothing was lost" in shown
    assert "irrevocable" in shown
    again = thresher("lots", "allocate", "BTC", "--order", "oldest_first", "--accounts", "one,wallet")
    assert (again.code, "irrevocable" in again.err) == (2, True)


def test_named_lots_come_from_a_file_too(thresher, tmp_path):
    lots = tmp_path / "lots.csv"
    lots.write_text(f"lot,account,quantity\n{thresher.rows['b2']},wallet,0.5\n", encoding="utf-8")
    told = thresher("lots", "allocate", "BTC", "--lots", str(lots), "--from", "2025-01-01", "--made-at", "2025-02-01", "--json")
    (asset,) = json.loads(told.out)["allocation"]["assets"]
    assert (thresher.rows["b2"], "wallet", "0.5", "named") in {
        (x["lot"], x["account_label"], x["quantity"], x["why"]) for x in asset["lots"]
    }
    lots.write_text("lot,account,quantity\nx,,1\n", encoding="utf-8")
    assert "line 2 lacks" in thresher("lots", "allocate", "BTC", "--lots", str(lots)).err
    lots.write_text("lot,quantity\nx,1\n", encoding="utf-8")
    assert "line 1 must name the columns" in thresher("lots", "allocate", "BTC", "--lots", str(lots)).err
    assert "cannot be read" in thresher("lots", "allocate", "BTC", "--lots", str(tmp_path / "none.csv")).err


def test_lots_are_selected_for_an_event_and_the_gain_follows(thresher):
    rows = thresher.rows
    early = thresher("lots", "select", rows["s1"], "--lot", f"{rows['b2']}:0.6", "--made-at", "2025-02-28", "--json")
    assert (early.code, json.loads(early.out)["selection"]["late"]) == (0, None)
    (told,) = json.loads(thresher("gains", "explain", rows["s1"], "--json").out)["explanations"]
    assert (told["lot"], told["why"]["named"], told["reproduced"]) == (rows["b2"], "0.6", True)
    late = thresher("lots", "select", rows["s1"], "--lot", f"{rows['b1']}:0.5")
    assert (late.code, "no later than the sale" in late.out) == (1, True)
    (told,) = json.loads(thresher("gains", "explain", rows["s1"], "--json").out)["explanations"]
    assert (told["lot"], told["why"]["named"]) == (rows["b2"], "0.6")
    back = thresher("lots", "select", rows["s1"], "--none", "--made-at", "2025-02-28T12:00Z")
    assert (back.code, back.out) == (0, "taken back, and the ledger was rebuilt\n")


def test_a_selection_that_does_not_count_says_which_one_does(thresher):
    rows = thresher.rows
    thresher("lots", "select", rows["s1"], "--lot", f"{rows['b2']}:0.6", "--made-at", "2025-02-28")
    late = thresher("lots", "select", rows["s1"], "--lot", f"{rows['b1']}:0.5", "--json")
    told = json.loads(late.out)["selection"]
    assert (late.code, told["counts"]) == (1, {"lots": [{"lot": rows["b2"], "quantity": "0.6"}], "made_at": "2025-02-28T00:00:00Z"})


def test_a_standing_order_is_late_until_its_true_time_is_told(thresher):
    order = ("account", "set", "one", "--method", "hifo", "--from", "2025-01-01")
    late = thresher(*order)
    assert (late.code, "1 disposal since 2025-01-01 came before this word" in late.out) == (1, True)
    in_time = thresher(*order, "--made-at", "2024-12-31")
    assert (in_time.code, in_time.out) == (0, "hifo from 2025-01-01\n")
    assert "hifo is in force today; hifo from 2025-01-01\n" in thresher("account", "show", "one").out


def test_lots_are_identified_for_the_next_sale(thresher):
    words = ("lots", "identify", "--account", "one", "--asset", "BTC")
    done = thresher(*words, "--lot", f"{thresher.rows['b2']}:0.9", "--json")
    assert (done.code, json.loads(done.out)["identification"]["lots"]) == (0, [{"lot": thresher.rows["b2"], "quantity": "0.9"}])
    assert "write LOT:QUANTITY" in thresher(*words, "--lot", "b2").err
    assert "name at least one" in thresher(*words).err


HISTORY = """id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
e1,2024-01-01T12:00:00Z,buy,exchange-1,,USD,40000,BTC,1,USD,10,40000,10,
e2,2024-02-01T12:00:00Z,transfer,exchange-1,wallet-1,BTC,0.4,BTC,0.4,BNB,0.01,,3,
e3,2024-03-01T12:00:00Z,sell,wallet-1,,BTC,0.1,USD,6000,USD,5,6000,5,
"""


def test_a_gain_of_a_file_is_explained_and_nothing_is_stored(tmp_path, monkeypatch, capsys):
    for name in ("DATA", "CONFIG"):
        monkeypatch.setenv(f"THRESHER_{name}_DIR", str(tmp_path / name.lower()))
    file = tmp_path / "history.csv"
    file.write_text(HISTORY, encoding="utf-8")

    def run(*words):
        with pytest.raises(SystemExit) as done:
            main(["gains", "explain", *words, "--from", str(file), "--json"])
        told = capsys.readouterr()
        return done.value.code, json.loads(told.out)["explanations"] if told.out else told.err

    code, (told,) = run("e3")
    assert (code, told["lot"], told["proceeds"], told["basis"], told["gain"], told["term"]) == (0, "e1", "5995", "4001", "1994", "short")
    assert [s["says"].split(": ", 1)[1] for s in told["chain"]] == [
        "bought 1 BTC for 40,000 USD in exchange-1, fee 10 USD; basis 40,010",
        "0.4 BTC (basis 16,004) moved from exchange-1 to wallet-1",
        "0.1 BTC (basis 4,001) sold in wallet-1 for 6,000 USD",
    ]
    assert [s["sources"] for s in told["chain"]] == [["line 2"], ["line 3"], ["line 4"]]
    code, (fee,) = run("e2/fee")
    assert (code, fee["lot"], fee["proceeds"], fee["flags"]) == (0, None, "3", ["missing_basis"])
    assert run("e3", "--scope", "universal", "--method", "hifo")[1][0]["why"]["pool"] == "all accounts"
    assert not (tmp_path / "data").exists()
    file.write_text(HISTORY.replace("0.4,BTC,0.4", "x,BTC,0.4"), encoding="utf-8")
    code, err = run("e3")
    assert (code, "line 3, column sent_quantity" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["lots", "allocate", "--order", "oldest_first"], "name the coin"),
        (["lots", "allocate", "BTC"], "say a rule by --order and --accounts, or name lots"),
        (["lots", "allocate", "--from", "soon"], "give a day such as 2025-01-01"),
        (["lots", "select", "x", "--lot", "y:1", "--made-at", "soon"], "give a time such as"),
        (["gains", "explain", "nothing"], "no disposal has the id 'nothing'"),
        (["gains", "explain", "x", "--scope", "planet"], "the scopes are account and universal"),
    ],
)
def test_wrong_words_get_one_sentence_and_exit_2(thresher, words, why):
    told = thresher(*words)
    assert told.code == 2
    assert why in told.err
    assert len(told.err.splitlines()) == 1


def test_tables_show_the_ids_that_other_commands_want(thresher):
    """Each whole and on one line; what is shown is understood."""
    lots = [lot["id"] for lot in json.loads(thresher("lots", "--json").out)["lots"]]
    shown = thresher("lots").out
    assert lots
    assert all(f" {lot} " in shown for lot in lots)
    assert thresher("lots", "explain", lots[0]).code == 0
    rows = json.loads(thresher("transactions", "--json").out)["transactions"]
    shown = thresher("transactions").out
    assert all(f" {row['id']} " in shown for row in rows)
    issues = json.loads(thresher("issues", "--json").out)["issues"]
    shown = thresher("issues").out
    assert issues
    assert all(f" {issue['id']} " in shown for issue in issues)
