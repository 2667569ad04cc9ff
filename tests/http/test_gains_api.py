"""Gains, explanations and the allocation over the API: what the commands say, and nothing that the server's process may not do."""

from __future__ import annotations

import json
import os
import threading
from datetime import date

import pytest

from service.app import explain, halves, lot_choices
from service.app import gains as use_case
from service.app.rebuild import rebuild
from service.http.api import BESIDE, KEYS
from service.http.gains_api import SAYS
from tests.http.conftest import CHEAP
from tests.http.ledger import command, home_of
from tests.http.steps import PASSWORD, send


@pytest.fixture
async def home(tmp_path):
    async with home_of(tmp_path) as made:
        await made.app.store.set_owner_hash(CHEAP.hash(PASSWORD))
        yield made


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ()),
        ("?year=2025&method=hifo&scope=universal", ("--year", "2025", "--method", "hifo", "--scope", "universal")),
        ("?method=section104&year=2026", ("--method", "section104", "--year", "2026")),
        ("?method=acb", ("--method", "acb")),
        ("?zone=Asia/Tokyo", ("--zone", "Asia/Tokyo")),
    ],
)
async def test_gains_are_what_the_command_says(robot, tmp_path, query, words):
    told = await robot.get(f"/api/v1/gains{query}")
    assert told.headers["content-type"] == "application/json"
    file = tmp_path / "gains.csv"
    assert told.json() == json.loads(await command(tmp_path, "gains", "--json", "--csv", str(file), *words))
    lines = await robot.get(f"/api/v1/gains.csv{query}")
    assert lines.content == file.read_bytes()
    assert lines.text.count("\n") > 2


async def test_explanations_are_what_the_commands_say(robot, tmp_path):
    for asked, words in (
        ("gains/s1/explanation", ("gains", "explain", "s1")),
        ("gains/s2/fee/explanation", ("gains", "explain", "s2/fee")),
        (
            "gains/s2%2Ffee/explanation?method=lifo&scope=universal",
            ("gains", "explain", "s2/fee", "--method", "lifo", "--scope", "universal"),
        ),
        ("gains/s1/explanation?method=acb", ("gains", "explain", "s1", "--method", "acb")),
        ("lots/b1/explanation", ("lots", "explain", "b1")),
    ):
        told = (await robot.get(f"/api/v1/{asked}")).json()
        assert told == json.loads(await command(tmp_path, *words, "--json")), asked
        assert told["explanations"], asked


async def test_the_allocation_is_what_the_command_says(robot, home, tmp_path):
    before = (await robot.get("/api/v1/allocation")).json()["allocation"]
    assert before["account_scope_from"] is None
    await lot_choices.pooled_until(home.app, date(2025, 1, 1))
    await rebuild(home.app)
    told = (await robot.get("/api/v1/allocation")).json()
    assert told == json.loads(await command(tmp_path, "lots", "allocate", "--json"))
    assert [a["symbol"] for a in told["allocation"]["assets"]] == ["BTC", "ETH"]
    assert set(KEYS["allocation"].split()) == told["allocation"].keys()


async def test_forms_are_the_commands_files(robot, tmp_path):
    kinds = {"form-8949.csv": "form-8949", "schedule-d.csv": "schedule-d", "form-8949.txf": "txf"}
    wanted = [word for kind in kinds.values() for word in (f"--{kind}", str(tmp_path / kind))]
    await command(tmp_path, "gains", "--year", "2025", "--method", "fifo", "--reported", "exchange=proceeds", *wanted)
    for name, kind in kinds.items():
        told = await robot.get(f"/api/v1/gains/{name}?year=2025&method=fifo&reported=exchange%3Dproceeds")
        mine, theirs = told.content.split(b"\n"), (tmp_path / kind).read_bytes().split(b"\n")
        if kind == "txf":  # its third line is the day on which it was made
            assert (mine.pop(2), theirs.pop(2)[:1]) == (b"D06/01/2026\r", b"D")
        assert mine == theirs
        assert len(mine) > 3
        stem, _, ending = name.partition(".")
        assert told.headers["content-disposition"] == f'attachment; filename="{stem}-2025-fifo.{ending}"'


async def test_a_form_says_in_a_header_what_the_command_says_of_it(robot):
    """s2 sold the lot that had moved to the wallet; in one pool the dearest goes first. What s3 sold cost nobody knows what."""
    own = await robot.get("/api/v1/gains/form-8949.csv?year=2025")
    assert SAYS not in own.headers
    view = await robot.get("/api/v1/gains/form-8949.csv?year=2025&method=hifo&scope=universal")
    assert view.headers[SAYS].startswith("these forms are a view (hifo, one pool for all accounts, days of UTC), not what to file: ")
    txf = await robot.get("/api/v1/gains/form-8949.txf?year=2025")
    assert txf.headers[SAYS].startswith("txf: 2 rows written with a blank")
    assert txf.headers[SAYS].endswith(": s2/fee, s3")


@pytest.mark.parametrize("file", ["form-8949.csv", "schedule-d.csv", "form-8949.txf"])
async def test_a_form_is_of_one_year(robot, file):
    told = await robot.get(f"/api/v1/gains/{file}")
    assert (told.status_code, told.json()["error"]) == (422, {"field": "year", "says": "is needed"})


async def test_the_csv_comes_as_a_file_named_by_the_question(robot):
    told = await robot.get("/api/v1/gains.csv?year=2025&method=hifo&scope=universal")
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    assert told.headers["content-disposition"] == 'attachment; filename="gains-2025-hifo-universal.csv"'


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("gains?method=dartboard", "method"),
        ("gains?scope=planet", "scope"),
        ("gains?year=soon", "year"),
        ("gains?year=0", "year"),
        ("gains?zone=Moon/Sea", "zone"),
        ("gains?zone=America", "zone"),
        ("gains?zone=", "zone"),
        ("gains.csv?method=dartboard", "method"),
        ("gains/s1/explanation?method=dartboard", "method"),
        ("gains/s1/explanation?scope=planet", "scope"),
        ("lots/b1/explanation?method=dartboard", "method"),
        ("gains/form-8949.csv?year=2024&method=acb", "method"),
        ("gains/form-8949.csv?year=2024&reported=exchange", "reported"),
        ("gains/form-8949.csv?year=2024&reported=bank%3Dbasis", "reported"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(robot, asked, field):
    told = await robot.get(f"/api/v1/{asked}")
    assert (told.status_code, told.json()["error"]["field"]) == (422, field)
    assert told.json()["error"]["says"]


@pytest.mark.parametrize(
    "asked", ["gains/nothing/explanation", "gains/b1/explanation", "gains/s2/fee/2/explanation", "lots/s1/explanation"]
)
async def test_an_id_that_nothing_has_is_not_found(robot, asked):
    told = await robot.get(f"/api/v1/{asked}")
    assert told.status_code == 404
    assert "has the id" in told.json()["error"]["says"]


@pytest.mark.parametrize(
    "asked", ["gains", "gains.csv", "gains/s1/explanation", "lots/b1/explanation", "allocation", "gains/form-8949.csv"]
)
async def test_a_stranger_is_told_nothing(stranger, asked):
    told = await stranger.get(f"/api/v1/{asked}")
    assert told.status_code == 401
    assert "BTC" not in told.text


async def test_the_document_names_the_keys_that_the_answers_have(robot, home):
    paths = (await robot.get("/api/v1/openapi.json")).json()["paths"]

    def schema(path):
        return paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    told = (await robot.get("/api/v1/gains")).json()
    assert set(schema("/api/v1/gains")["required"]) == {"gains", *BESIDE["gains"].split()} == told.keys()
    for method in ("fifo", "section104", "acb"):
        items = (await robot.get(f"/api/v1/gains?method={method}")).json()["gains"]
        assert items
        assert all(set(KEYS["gains"].split()) <= item.keys() for item in items)
    assert schema("/api/v1/gains")["properties"]["gains"]["items"]["required"] == KEYS["gains"].split()
    assert schema("/api/v1/allocation")["properties"]["allocation"]["required"] == KEYS["allocation"].split()
    assert set(KEYS["overview"].split()) == (await robot.get("/api/v1/overview")).json()["overview"].keys()
    for path, asked in (("gains", "s1"), ("gains", "s1?method=section104"), ("gains", "s1?method=acb"), ("lots", "b1")):
        name, _, query = asked.partition("?")
        (one, *_) = (await robot.get(f"/api/v1/{path}/{name}/explanation?{query}")).json()["explanations"]
        wanted = schema(f"/api/v1/{path}/{{id}}/explanation")["properties"]["explanations"]["items"]["required"]
        assert set(wanted) <= one.keys(), asked
    for file in ("gains.csv", "gains/form-8949.csv", "gains/schedule-d.csv", "gains/form-8949.txf"):
        assert "application/json" not in paths[f"/api/v1/{file}"]["get"]["responses"]["200"]["content"], file


async def test_the_server_never_forks(owner, monkeypatch):
    """However long the history is: a fork of a process with threads may never come back."""

    def fork() -> int:
        raise AssertionError("the server forked")

    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(halves, "WORTH_IT", 0)
    for asked in ("gains", "gains.csv", "gains?method=section104", "gains.csv?method=acb", "gains/form-8949.csv?year=2024"):
        assert (await owner.get(f"/api/v1/{asked}")).status_code == 200
    assert (await owner.get("/gains")).status_code == 200


async def test_a_history_is_booked_beside_the_event_loop(owner, monkeypatch):
    """Whoever asks for a long one does not keep others waiting."""
    booked, here = [], threading.get_ident()
    book = use_case.gains

    def watched(*asked, **how):
        booked.append(threading.get_ident())
        return book(*asked, **how)

    monkeypatch.setattr(use_case, "gains", watched)
    for path in ("/api/v1/gains", "/api/v1/gains.csv", "/api/v1/gains/form-8949.csv?year=2024", "/gains"):
        assert (await owner.get(path)).status_code == 200
    assert len(booked) == 4
    assert here not in booked


async def test_each_explanation_is_the_use_cases_answer(robot, home):
    for name in ("s1", "s2/fee", "s3"):
        assert (await robot.get(f"/api/v1/gains/{name}/explanation")).json() == await explain.explain_disposal(home.app, name)


@pytest.mark.parametrize("by_form", [False, True])
async def test_what_an_account_told_is_no_part_of_the_gains_once_it_is_removed(robot, owner, by_form):
    accounts = (await robot.get("/api/v1/accounts")).json()["accounts"]
    assert {one["label"] for one in accounts} == {"exchange", "wallet"}
    assert (await robot.get("/api/v1/gains")).json()["gains"]
    for one in accounts:
        if by_form:
            assert (await send(owner, f"/accounts/{one['id']}/remove")).status_code == 303
        else:
            assert (await robot.delete(f"/api/v1/accounts/{one['id']}")).status_code == 200
    told = (await robot.get("/api/v1/gains")).json()
    assert (told["gains"], told["totals"]) == ([], [])
    assert (await robot.get("/api/v1/gains/s1/explanation")).status_code == 404
