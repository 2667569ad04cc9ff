"""`thresher gains` as a person runs it: files of forms and of audits, from a file and from the store; what is refused is one sentence."""

from __future__ import annotations

import csv
import io
import json

import pytest

HISTORY = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
b1,2024-02-01T12:00:00Z,buy,exchange,,USD,10000,BTC,1,USD,10,10000,10,
m1,2024-03-01T12:00:00Z,transfer,exchange,wallet,BTC,0.5,BTC,0.5,,,,,
s1,2025-01-01T03:00:00Z,sell,exchange,,BTC,0.25,USD,5000,USD,5,5000,5,
s2,2025-06-01T12:00:00Z,sell,wallet,,BTC,0.5,USD,15000,BTC,0.001,15000,30,
"""


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HISTORY)
    return path


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


async def test_a_form_of_one_year_needs_the_year_where_there_are_several(world, history):
    asked = ("gains", "--from", str(history), "--zone", "America/New_York", "--form-8949", "-")
    refused = await world.run(*asked)
    assert refused.code == 2
    assert refused.err == "thresher: year: a form is of one year, and there are disposals in 2024, 2025: choose one with --year\n"
    done = await world.run(*asked, "--year", "2024")
    assert [(r["disposal_id"], r["date_sold"], r["box"]) for r in table(done.out)] == [("s1", "12/31/2024", "C")]


async def test_forms_from_the_store_are_those_from_the_file(world, history, tmp_path):
    assert (await world.run("import", str(history))).code == 0
    kinds = ("csv", "form-8949", "schedule-d", "txf")
    for name, source in (("file", ("--from", str(history))), ("store", ())):
        files = [word for kind in kinds for word in (f"--{kind}", str(tmp_path / f"{name}.{kind}"))]
        done = await world.run("gains", *source, "--zone", "UTC", "--year", "2025", "--reported", "wallet=proceeds", *files)
        assert done.code == 1, done.err  # the fee of s2 is of coins that were never there
    for kind in kinds:
        assert (tmp_path / f"file.{kind}").read_bytes() == (tmp_path / f"store.{kind}").read_bytes()
    rows = table((tmp_path / "store.form-8949").read_text())
    assert [(r["box"], r["disposal_id"], r["proceeds"], r["cost"]) for r in rows] == [
        ("H", "s2/fee", "30.00", ""),
        ("I", "s1", "4995.00", "2502.50"),
        ("K", "s2", "14970.00", "5005.00"),
    ]
    lines = {r["line"]: r for r in table((tmp_path / "store.schedule-d").read_text())}
    assert {n: (lines[n]["gain"], lines[n]["unknown"]) for n in ("7", "15", "16")} == {
        "7": ("2492.50", "1"),
        "15": ("9965.00", "0"),
        "16": ("12457.50", "1"),
    }


@pytest.mark.parametrize("other", ["history.csv", "./history.csv", "link.csv", "hard.csv"])
@pytest.mark.parametrize("option", ["--csv", "--audit", "--form-8949"])
async def test_no_answer_is_written_over_the_history_that_it_is_of(world, history, option, other):
    (history.parent / "link.csv").symlink_to(history)
    (history.parent / "hard.csv").hardlink_to(history)
    done = await world.run("gains", "--from", str(history), option, f"{history.parent}/{other}")
    assert (done.code, done.out) == (2, "")
    assert f"{other} is the file of --from" in done.err
    assert history.read_text() == HISTORY


async def test_two_answers_are_not_written_into_one_file(world, history):
    (history.parent / "link.csv").symlink_to(history.parent / "new.csv")
    for other in ("new.csv", "./new.csv", "link.csv"):
        asked = ("--csv", f"{history.parent}/new.csv", "--audit", f"{history.parent}/{other}")
        done = await world.run("gains", "--from", str(history), *asked)
        assert (done.code, "is the file of --csv" in done.err) == (2, True)
    assert not (history.parent / "new.csv").exists()
    assert (await world.run("gains", "--from", str(history), "--csv", "/dev/null", "--audit", "/dev/null")).code == 1


@pytest.mark.parametrize(
    "words",
    [("--csv", "a", "--csv", "b"), ("--from", "a", "--csv", "b", "--from", "c"), ("--method=fifo", "--method", "hifo", "--csv", "b")],
)
async def test_an_option_that_is_given_twice_is_refused(world, words):
    done = await world.run("gains", *words)
    assert (done.code, "is given twice" in done.err) == (2, True)


async def test_what_may_be_repeated_may_be_given_twice(world, history):
    words = ("--reported", "exchange=basis", "--reported", "wallet=proceeds", "--json", "--json")
    assert (await world.run("gains", "--from", str(history), *words)).code == 1


GIFT = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note,basis_usd
g1,2024-02-01T12:00:00Z,gift_in,exchange,,,,BTC,2,,,,,,20000
s1,2024-03-01T12:00:00Z,sell,exchange,,BTC,1,USD,12000,,,12000,,,
s2,2024-03-02T12:00:00Z,sell,exchange,,BTC,1,USD,7000,,,7000,,,
"""


async def test_a_loss_on_a_gift_of_unknown_value_is_flagged_on_its_line(world, tmp_path):
    path = tmp_path / "gift.csv"
    path.write_text(GIFT)
    assert (await world.run("import", str(path))).code == 0
    for source in (("--from", str(path)), ()):
        done = await world.run("gains", *source, "--csv", "-")
        assert [(r["disposal_id"], r["gain_usd"], r["flags"]) for r in table(done.out)] == [
            ("s1", "2000", ""),
            ("s2", "-3000", "gift_value_unknown"),
        ]


ISSUE_IN_2025 = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
b1,2024-02-01T12:00:00Z,buy,exchange,,USD,10000,BTC,1,,,10000,,
s1,2024-06-01T12:00:00Z,sell,exchange,,BTC,0.5,USD,6000,,,6000,,
s2,2025-06-01T12:00:00Z,sell,exchange,,BTC,0.75,USD,9000,,,9000,,
"""


async def test_a_clean_year_is_done_whatever_is_open_of_another(world, tmp_path):
    path = tmp_path / "short.csv"
    path.write_text(ISSUE_IN_2025)
    assert (await world.run("import", str(path))).code == 0
    for source in (("--from", str(path)), ()):
        clean = await world.run("gains", *source, "--year", "2024")
        assert (clean.code, clean.err) == (0, "")
        open_one = await world.run("gains", *source, "--year", "2025")
        assert open_one.code == 1
        assert "0.25 BTC left exchange that never came in" in open_one.err
        assert (await world.run("gains", *source)).code == 1


SHORT = ISSUE_IN_2025.replace("2025-06-01", "2025-04-05") + "g1,2026-06-01T12:00:00Z,gift_out,exchange,,BTC,0.1,,,,,,,\n"
"""A sale of more than is held on 5 April 2025, and a gift of what is not there in June 2026."""


@pytest.mark.parametrize(
    ("method", "clean", "open_ones"),
    [("fifo", (2024,), (2025, 2026)), ("acb", (2024,), (2025, 2026)), ("section104", (2024, 2026), (2025, 2027))],
)
async def test_what_is_open_of_a_pool_is_of_its_tax_year(world, tmp_path, method, clean, open_ones):
    """The United Kingdom's 2025 ends on 5 April 2025; the others are years of the calendar."""
    path = tmp_path / "short.csv"
    path.write_text(SHORT)
    codes = {y: (await world.run("gains", "--from", str(path), "--method", method, "--year", str(y))).code for y in (*clean, *open_ones)}
    assert codes == dict.fromkeys(clean, 0) | dict.fromkeys(open_ones, 1)


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_a_pool_is_of_all_accounts_whatever_scope_is_asked_for(world, tmp_path, method):
    path = tmp_path / "clean.csv"
    path.write_text(HISTORY.replace("BTC,0.001,15000,30", "USD,30,15000,30"))
    answers = [
        await world.run("gains", "--from", str(path), "--method", method, *scope, "--csv", "-")
        for scope in ((), ("--scope", "account"), ("--scope", "universal"))
    ]
    assert [(a.code, a.err) for a in answers] == [(0, "")] * 3
    assert len(table(answers[0].out)) == 2
    assert answers[0].out == answers[1].out == answers[2].out


async def test_a_bridge_that_loses_units_and_is_paid_in_another_coin_has_two_fees(world, tmp_path):
    path = tmp_path / "bridge.csv"
    path.write_text(
        HISTORY.partition("\n")[0]
        + """
b1,2024-02-01T12:00:00Z,buy,exchange,,USD,10000,ETH,4,,,10000,,
b2,2024-02-01T12:00:00Z,buy,exchange,,USD,100,BNB,1,,,100,,
m1,2024-03-01T12:00:00Z,bridge,exchange,wallet,ETH,1,ETH,0.99,BNB,0.01,,1,
"""
    )
    done = await world.run("gains", "--from", str(path), "--csv", "-")
    assert done.code == 1  # what the lost units were worth is not stated
    assert [(r["disposal_id"], r["lot_id"], r["asset"], r["quantity"], r["flags"]) for r in table(done.out)] == [
        ("m1/fee", "b2", "BNB", "0.01", ""),
        ("m1/fee/2", "b1", "ETH", "0.01", "unpriced"),
    ]


async def test_a_method_from_the_past_is_told_as_late_and_one_from_now_on_is_not(world, history):
    assert (await world.run("import", str(history))).code == 0
    late = await world.run("account", "set", "wallet", "--method", "hifo", "--from", "2025-06-01")
    assert late.code == 1
    assert late.out.splitlines()[0] == "hifo from 2025-06-01"
    assert "came before this word" in late.out
    assert (await world.run("account", "set", "wallet", "--method", "hifo", "--from", "2025-06-02")).code == 0


async def test_a_removed_account_is_told_and_comes_back_with_its_end_of_the_transfer(world, history):
    assert (await world.run("import", str(history))).code == 0
    before = await world.run("gains", "--csv", "-")
    gone = await world.run("account", "remove", "wallet")
    assert gone.code == 0
    assert "Removed, with its key and all that was read from it." in gone.out
    told = await world.run("issues")
    assert told.code == 1
    assert "unmatched_withdrawal" in told.out
    assert (await world.run("import", str(history))).code == 0
    assert (await world.run("gains", "--csv", "-")).out == before.out


async def test_an_audit_leads_each_match_back_to_the_rows_of_a_file(world, history):
    done = await world.run("gains", "--from", str(history), "--audit", "-")
    told = {(line["disposal_id"], line["lot_id"]): line for line in map(json.loads, done.out.splitlines())}
    sold = told["s2", "b1"]
    assert (sold["disposal"]["records"], sold["lot"]["records"]) == ([{"line": 5, "id": "s2"}], [{"line": 2, "id": "b1"}])
    assert (sold["method"], sold["disposal"]["price_source"], sold["proceeds"], sold["basis"]) == ("fifo", "stated", "14970", "5005")
    short = told["s2/fee", None]
    assert (short["lot"], short["rule"], short["disposal"]["kind"], short["basis"]) == (None, "missing basis", "fee", None)


async def test_an_audit_leads_each_match_back_to_the_records_of_the_store(world, history, tmp_path):
    assert (await world.run("import", str(history))).code == 0
    audit = tmp_path / "audit.jsonl"
    done = await world.run("gains", "--method", "hifo", "--audit", str(audit))
    assert done.code == 1, done.err
    told = {line["disposal_id"]: line for line in map(json.loads, audit.read_text().splitlines())}
    sold = told["s2"]
    assert [(r["label"], r["stream"], r["key"]) for r in sold["disposal"]["records"]] == [("wallet", "csv", "s2")]
    assert [(r["label"], r["stream"], r["key"]) for r in sold["lot"]["records"]] == [("exchange", "csv", "b1")]
    assert (sold["account"], sold["method"], sold["disposal"]["transactions"], sold["disposal"]["price_source"]) == (
        "wallet",
        "hifo",
        ["s2"],
        "stated",
    )


async def test_json_has_every_match_totals_and_the_lines_of_the_form(world, history, tmp_path):
    done = await world.run("gains", "--from", str(history), "--year", "2025", "--json")
    answer = json.loads(done.out)
    assert list(answer) == ["gains", "totals", "issues", "method", "scope", "zone", "says"]
    assert [(g["disposal_id"], g["lot_id"], g["gain"], g["flags"]) for g in answer["gains"]] == [
        ("s1", "b1", "2492.5", []),
        ("s2", "b1", "9965", []),
        ("s2/fee", None, None, ["missing_basis"]),
    ]
    assert [(t["term"], t["fragments"], t["gain"], t["unknown"]) for t in answer["totals"]] == [
        ("short", 2, "2492.5", 1),  # the fee's proceeds of 30 are in no sum: what they cost is unknown
        ("long", 1, "9965", 0),
    ]
    form = await world.run("gains", "--from", str(history), "--year", "2025", "--schedule-d", str(tmp_path / "d.csv"), "--json")
    assert [line["line"] for line in json.loads(form.out)["schedule_d"]] == ["3", "7", "10", "15", "16"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--method", "acb", "--txf", "x"), "method: Form 8949 wants lots, and acb is an average of a pool"),
        (("--method", "average", "--form-8949", "x"), "method: Form 8949 wants lots, and average is an average of a pool"),
        (("--year", "2025", "--txf", "x", "--reported", "bank=basis"), "reported: no account is called 'bank'; there are exchange, wallet"),
        (("--year", "2025", "--txf", "x", "--reported", "wallet=all"), "write ACCOUNT=basis or ACCOUNT=proceeds"),
        (("--csv", "-", "--audit", "-"), "only one answer can go to standard output"),
        (("--csv", "-", "--json"), "only one answer can go to standard output"),
        (("--year", "2025", "--txf", "no/such/folder/x"), "txf: no/such/folder/x cannot be written"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_sentence(world, history, words, says):
    refused = await world.run("gains", "--from", str(history), *words)
    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err


async def test_a_bad_line_is_named_and_left_out_only_when_asked(world, history, tmp_path):
    history.write_text(HISTORY + "x1,2025-07-01T12:00:00Z,sell,wallet,,BTC,1e3,USD,1,,,1,,\n")
    refused = await world.run("gains", "--from", str(history), "--csv", str(tmp_path / "out.csv"))
    assert refused.code == 2
    assert "line 6, column sent_quantity" in refused.err
    assert not (tmp_path / "out.csv").exists()
    done = await world.run("gains", "--from", str(history), "--csv", str(tmp_path / "out.csv"), "--keep-going")
    assert done.code == 1
    assert "line 6, column sent_quantity" in done.err
    assert [r["disposal_id"] for r in table((tmp_path / "out.csv").read_text())] == ["s1", "s2", "s2/fee"]
