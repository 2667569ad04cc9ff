"""A command that stored and was killed before it booked: the next one books first. What is stored is never left out of an answer."""

from __future__ import annotations

import csv
import io

import pytest

from service import wiring
from service.app import imports, rebuild
from tests.domain.test_history import HEADER, line
from tests.e2e.test_import import written

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOUGHT = f"{HEADER}\n{line()}\n"
SOLD = (
    f"{HEADER}\n"
    + line(
        id="s1",
        kind="sell",
        timestamp="2025-03-01T00:00:00Z",
        sent_asset="ETH",
        sent_quantity="1",
        received_asset="USD",
        received_quantity="900",
        value_usd="900",
    )
    + "\n"
)


class CutOffError(Exception):
    """Instead of kill -9, at a known place."""


async def cut_off(world, monkeypatch, text):
    """The rows are stored and committed; the process ends before they are booked."""

    async def never(*_args, **_more):
        raise CutOffError

    with monkeypatch.context() as patched:
        patched.setattr(rebuild, "rebuild", never)
        async with wiring.opened(world.env()) as app:
            with pytest.raises(CutOffError):
                await imports.import_file(app, io.StringIO(text, newline=""))


@pytest.mark.parametrize(
    "words", [("gains", "--csv", "-"), ("gains", "--json"), ("lots", "--json"), ("balances", "--json"), ("issues", "--json")]
)
async def test_the_next_command_books_what_was_stored(world, monkeypatch, words):
    whole = world.copied(world.folder / "whole")
    for text, name in ((BOUGHT, "b.csv"), (SOLD, "s.csv")):
        assert (await whole.run("import", written(whole, text, name))).code == 0
    assert (await world.run("import", written(world, BOUGHT))).code == 0
    await cut_off(world, monkeypatch, SOLD)
    assert (await world.run(*words)).out == (await whole.run(*words)).out


async def test_the_quick_way_to_a_file_books_it_too(world, monkeypatch):
    await cut_off(world, monkeypatch, BOUGHT)
    await cut_off(world, monkeypatch, SOLD)
    out = world.folder / "gains.csv"
    assert (await world.run("gains", "--csv", str(out))).code == 0
    assert [row["disposal_id"] for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))] == ["s1"]


async def test_while_another_is_booking_the_answer_says_that_it_is_of_before(world, monkeypatch):
    await cut_off(world, monkeypatch, BOUGHT)
    async with wiring.opened(world.env()) as app, app.leases.hold("rebuild-main"):
        ran = await world.run("lots", "--json")
    assert (ran.json["lots"], "this answer is of before" in ran.err) == ([], True)
    assert len((await world.run("lots", "--json")).json["lots"]) == 1


async def test_another_zone_is_another_ledger_at_once(world):
    """Sold on the evening before the pool of all accounts ended, as New York counts days, and on the day of its end in UTC."""
    rows = [
        line(id="b1", timestamp="2024-01-01T00:00:00Z", account="x", value_usd="100"),
        line(id="b2", timestamp="2024-02-01T00:00:00Z", account="y", value_usd="500"),
        line(
            id="s1",
            kind="sell",
            timestamp="2025-01-01T02:00:00Z",
            account="y",
            sent_asset="ETH",
            sent_quantity="1",
            received_asset="USD",
            received_quantity="900",
            value_usd="900",
        ),
    ]
    assert (await world.run("lots", "allocate", "--from", "2025-01-01")).code in {0, 1}
    assert (await world.run("import", written(world, "\n".join([HEADER, *rows, ""])))).code == 0
    for zone, left in (("UTC", "b1"), ("America/New_York", "b2")):
        assert (await world.run("profile", "set", f"time_zone={zone}")).code == 0
        assert [lot["id"] for lot in (await world.run("lots", "--json")).json["lots"]] == [left]
        sold = csv.DictReader(io.StringIO((await world.run("gains", "--csv", "-")).out))
        assert [match["lot_id"] for match in sold] == [{"b1": "b2", "b2": "b1"}[left]]
