"""`thresher gains --method section104|acb` as a person runs it: the audit of every match, and what explains one."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

HISTORY = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
b1,2023-01-10T12:00:00Z,buy,one,,USD,1000,SOL,100,,,1000,,
b2,2023-02-10T12:00:00Z,buy,two,,USD,124990,SOL,50,USD,10,124990,10,
m1,2023-02-11T12:00:00Z,transfer,two,one,SOL,10,SOL,10,,,,,
s1,2023-06-01T12:00:00Z,sell,one,,SOL,30,USD,30000,USD,10,30000,10,
s2,2023-06-01T13:00:00Z,sell,two,,SOL,20,USD,20000,USD,5,20000,5,
b3,2023-06-08T12:00:00Z,buy,two,,USD,6000,SOL,20,,,6000,,
g1,2023-09-01T12:00:00Z,gift_out,one,,SOL,5,,,,,,,
s3,2025-01-10T12:00:00Z,sell,two,,SOL,25,USD,1000,,,1000,,
"""


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HISTORY)
    return path


def told(done):
    return [json.loads(line) for line in done.out.splitlines()]


def matches(lines):
    return [line for line in lines if line["line"] == "match"]


def records(line, side):
    return [record["line"] for event in line[side] for record in event["records"]]


async def test_an_audit_of_section104_leads_each_match_to_its_rows_and_its_pool(world, history):
    lines = told(await world.run("gains", "--from", str(history), "--method", "section104", "--audit", "-"))
    back, pool, later = matches(lines)[1], matches(lines)[0], matches(lines)[2]
    assert (back["rule"], back["quantity"], back["allowable_cost"], back["from"]) == (
        "thirty_day",
        "20",
        "6006",  # 6,000, and 20 of 50 of the fees of 15
        {"quantity": "20", "cost": "6000"},
    )
    assert (records(back, "disposals"), records(back, "acquisitions")) == ([5, 6], [7])
    assert (pool["rule"], pool["quantity"], pool["allowable_cost"], records(pool, "disposals")) == ("section_104", "30", "25209", [5, 6])
    assert pool["from"] == {"quantity": "150", "cost": "126000"}
    assert (later["tax_year"], later["allowable_cost"]) == (2025, "21000")
    assert [(line["what"], line["pool"]["quantity"], line["pool"]["cost"]) for line in lines if line["line"] == "pool"] == [
        ("acquired", "100", "1000"),
        ("acquired", "150", "126000"),
        ("disposed", "120", "100800"),
        ("left", "115", "96600"),
        ("disposed", "90", "75600"),
    ]


async def test_an_audit_of_acb_shows_the_denied_loss_and_where_it_went(world, history):
    """Of s3 (25 for 1,000) the loss counts: nothing was bought near it. s1 and s2 gain 4,790 and 3,195."""
    lines = told(await world.run("gains", "--from", str(history), "--method", "acb", "--audit", "-"))
    assert [(m["disposal"]["id"], m["basis"], m["gain"], m["superficial"]) for m in matches(lines)[:2]] == [
        ("s1", "25200", "4790", None),
        ("s2", "16800", "3195", None),
    ]
    loss = history.read_text().replace("20000,USD,5,20000", "2000,USD,5,2000")
    history.write_text(loss)
    lines = told(await world.run("gains", "--from", str(history), "--method", "acb", "--audit", "-"))
    second = matches(lines)[1]
    assert (second["denied"], second["gain"], second["flags"]) == ("14805", "0", ["superficial"])
    assert second["superficial"]["added"] == [{"event": "b3", "amount": "14805"}]
    (bought,) = [line for line in lines if line["line"] == "pool" and line["events"][0]["id"] == "b3"]
    assert (bought["cost"], bought["denied"]) == ("20805", "14805")
    assert [(r["line"], r["id"]) for r in bought["events"][0]["records"]] == [(7, "b3")]


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_the_lines_of_an_audit_add_up_to_the_gains(world, history, method):
    """Each line of a pool leads from the one before it; the matches are those of --csv."""
    lines = told(await world.run("gains", "--from", str(history), "--method", method, "--audit", "-"))
    held = [Decimal(0), Decimal(0)]
    for line in lines:
        if line["line"] == "pool":
            sign = 1 if line["what"] == "acquired" else -1
            held = [held[0] + sign * Decimal(line["quantity"]), held[1] + sign * Decimal(line["cost"])]
            assert held == [Decimal(line["pool"]["quantity"]), Decimal(line["pool"]["cost"])]
    rows = list(csv.DictReader(io.StringIO((await world.run("gains", "--from", str(history), "--method", method, "--csv", "-")).out)))
    column = "gain" if method == "section104" else "gain_usd"
    assert sorted(Decimal(row[column]) for row in rows) == sorted(Decimal(m["gain"]) for m in matches(lines))


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_an_audit_of_one_year_has_its_matches_and_the_pools_until_its_end(world, history, method):
    year = "2024" if method == "section104" else "2023"
    lines = told(await world.run("gains", "--from", str(history), "--method", method, "--year", year, "--audit", "-"))
    assert {m["tax_year"] for m in matches(lines)} == {int(year)}
    assert len(matches(lines)) == 2
    assert max(line["day"] for line in lines if line["line"] == "pool") == "2023-09-01"


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_an_audit_of_pools_from_the_store_names_raw_records(world, history, method):
    assert (await world.run("import", str(history))).code == 0
    lines = told(await world.run("gains", "--method", method, "--audit", "-"))
    (bought,) = [line for line in lines if line["line"] == "pool" and line["events"][0]["id"] == "b2"]
    (event,) = bought["events"]
    assert (event["kind"], event["price_source"], event["transactions"]) == ("buy", "stated", ["b2"])
    assert [(r["label"], r["stream"], r["key"]) for r in event["records"]] == [("two", "csv", "b2")]
    asked = ("gains", "explain", "s1", "--method", method, "--json")
    stored, read = [json.loads((await world.run(*asked, *more)).out)["explanations"][0] for more in ((), ("--from", str(history)))]
    assert (stored["gain"], stored["arithmetic"], stored["reproduced"]) == (read["gain"], read["arithmetic"], True)
    assert stored["id"] in {m["id"] for m in matches(lines)}
