"""`thresher import` as a person runs it: what it answers, and with which exit code."""

from __future__ import annotations

import pytest

from tests.domain.test_history import HEADER, line

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD = f"{HEADER}\n{line()}\n{line(id='t2', received_quantity='2')}\n"
BAD = f"{HEADER}\n{line()}\n{line(id='t2', received_quantity='1e3')}\n{line(id='t3')}\n"


def written(world, text, name="history.csv"):
    path = world.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


async def test_a_file_its_repetition_and_what_it_leaves_to_be_asked(world):
    path = written(world, GOOD)
    first = await world.run("import", path, "--json")
    assert first.code == 0, first.err
    told = first.json["import"]
    assert {name: told[name] for name in ("new", "known", "replaced", "differing", "problems")} == {
        "new": 2,
        "known": 0,
        "replaced": 0,
        "differing": [],
        "problems": [],
    }
    assert [(a["label"], a["made"], a["new"]) for a in told["accounts"]] == [("exchange", True, 2)]
    again = await world.run("import", path)
    assert (again.code, "0 new rows, 2 known already" in again.out) == (0, True)
    lots = (await world.run("lots", "--json")).json["lots"]
    assert [(x["symbol"], x["quantity"], x["basis"]) for x in lots] == [("ETH", "1", "2000"), ("ETH", "2", "2000")]


async def test_standard_input_and_one_account_for_all_rows(world):
    ran = await world.run("import", "-", "--account", "mine", "--json", stdin=GOOD)
    assert ran.code == 0, ran.err
    assert [a["label"] for a in ran.json["import"]["accounts"]] == ["mine"]


async def test_a_bad_line_stops_all_or_with_keep_going_only_itself(world):
    path = written(world, BAD)
    refused = await world.run("import", path)
    assert (refused.code, refused.out) == (2, "")
    assert "line 3, column received_quantity: '1e3' is no plain decimal" in refused.err
    assert (await world.run("account", "list", "--json")).json["accounts"] == []
    kept = await world.run("import", path, "--keep-going", "--json")
    assert kept.code == 1
    assert kept.json["import"]["new"] == 2
    assert [(p["line"], p["column"]) for p in kept.json["import"]["problems"]] == [(3, "received_quantity")]
    assert "line 3, column received_quantity" in kept.err


async def test_a_known_id_that_says_something_else_is_named(world):
    await world.run("import", written(world, GOOD))
    ran = await world.run("import", written(world, GOOD.replace(",2,", ",3,"), "other.csv"))
    assert ran.code == 1
    assert "1 known id says something else than before and stayed as it was: t2" in ran.out
    assert "import it with --replace" in ran.out


async def test_a_known_id_that_says_something_else_counts_where_it_is_to_replace_what_it_said(world):
    await world.run("import", written(world, GOOD))
    corrected = written(world, GOOD.replace(",2,", ",3,"), "other.csv")
    ran = await world.run("import", corrected, "--replace", "--json")
    assert ran.code == 0, ran.err
    told = ran.json["import"]
    assert {name: told[name] for name in ("new", "known", "replaced", "differing")} == {
        "new": 0, "known": 1, "replaced": 1, "differing": [],
    }  # fmt: skip
    lots = (await world.run("lots", "--json")).json["lots"]
    assert [x["quantity"] for x in lots] == ["1", "3"]
    again = await world.run("import", written(world, GOOD), "--replace")
    assert "0 new rows, 1 known already, 1 row replaced" in again.out


async def test_a_stray_quote_is_named_by_its_line_and_swallows_no_row(world):
    quoted = [line(id="t1"), line(id="t2", note='"open'), line(id="t3"), line(id="t4", note='closed"')]
    ran = await world.run("import", written(world, "\n".join([HEADER, *quoted, ""])), "--keep-going", "--json")
    assert (ran.code, ran.json["import"]["new"]) == (1, 3)
    assert [p["line"] for p in ran.json["import"]["problems"]] == [3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff\xfei\x00d\x00", "line 1 is no UTF-8"),
        (GOOD.encode() + b"\xe9\n", "line 4 is no UTF-8"),
        (b"", "the header lacks id"),
        (b"date,asset,price_usd\n2026-01-05,ETH,3\n", "the header lacks id"),
    ],
)
async def test_what_is_no_history_gets_one_sentence(world, text, says):
    ran = await world.run("import", written(world, text))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert says in ran.err


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
async def test_a_file_that_is_not_there_and_a_folder(world, name):
    ran = await world.run("import", str(world.folder / name))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "cannot be read" in ran.err


async def test_a_file_that_windows_wrote(world):
    ran = await world.run("import", written(world, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()), "--json")
    assert (ran.code, ran.json["import"]["new"]) == (0, 2)
