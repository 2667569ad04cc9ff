"""Random histories through the store: each match that the ledger keeps is explained, and each figure computed again is the stored one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest

from service.app import explain, lot_choices
from service.app.rebuild import rebuild
from service.domain.statements import Allocation, Identification, LotChoice, MethodChoice, PoolingChoice
from tests.app.history import BEGIN, Told, ToldAlone, page, random_history
from tests.app.house import house
from tests.http.ledger import home_of

NO_SOURCE = ("unknown", "no price is known")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_stored_match_and_lot_can_be_explained(tmp_path, seed):
    chance = Random(seed)
    told = random_history(chance, 60)
    ids = [account.id for account in told.accounts]
    async with house(tmp_path, {}) as home:
        app = replace(home.app, connector_class=lambda name: ToldAlone if name == "told alone" else Told)
        for account in told.accounts:
            await app.store.add_account(account, {})
            await app.store.save_page(account.id, "rows", page(row for row in told.rows if row.account == account.id), BEGIN)
        await app.store.save_quotes(told.quotes, BEGIN)
        await app.store.say(PoolingChoice(date(2025, 1, 1), BEGIN))
        await app.store.say(Allocation("btc", BEGIN, order="highest_basis_first", accounts=tuple(ids)))
        await app.store.say(MethodChoice(ids[0], "hifo", date(2025, 1, 2), BEGIN))
        await rebuild(app)
        lots = [lot.id for lot in await app.store.lots() if lot.coin == "btc"]
        await app.store.say(Identification(ids[1], "btc", tuple(LotChoice(lot, 1) for lot in lots[:2]), BEGIN + timedelta(days=3)))
        await rebuild(app)
        stored = {d.id: d for d in await app.store.disposals()}
        assert len(stored) > 10
        seen = {}
        for event in sorted({d.event for d in stored.values()}):
            for one in (await explain.explain_disposal(app, event))["explanations"]:
                seen[one["id"]] = one
                assert one["reproduced"] is True, one
                assert one["chain"][0]["what"] == "acquired" if one["lot"] else one["chain"] == []
        assert seen.keys() == stored.keys()
        for name, disposal in stored.items():
            one = seen[name]
            assert (Fraction(one["quantity"]), one["term"]) == (Fraction(disposal.quantity), disposal.term)
            assert (one["gain"] is None) == (disposal.gain is None)
            assert disposal.gain is None or Fraction(one["gain"]) == Fraction(disposal.gain)
            assert (one["prices"]["proceeds"] in NO_SOURCE) == (one["proceeds"] is None)
            assert (one["prices"]["basis"] in NO_SOURCE) == (one["basis"] is None)
        for lot in sorted({lot.id for lot in await app.store.lots()} | {d.lot for d in stored.values() if d.lot}):
            (one,) = (await explain.explain_lot(app, lot))["explanations"]
            assert one["reproduced"] is True, one
        for asset in (await lot_choices.allocation(app))["allocation"]["assets"]:
            assert asset["nothing_lost"] is True


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_every_disposal_of_what_is_stored_can_be_explained_by_a_pool(tmp_path, method):
    told = random_history(Random(4), 60)
    async with house(tmp_path, {}) as home:
        app = replace(home.app, connector_class=lambda name: ToldAlone if name == "told alone" else Told)
        for account in told.accounts:
            await app.store.add_account(account, {})
            await app.store.save_page(account.id, "rows", page(row for row in told.rows if row.account == account.id), BEGIN)
        await app.store.save_quotes(told.quotes, BEGIN)
        await rebuild(app)
        movements = (await app.store.movements()).movements
        events = sorted({m.id for m in movements if m.act == "dispose"})
        assert len(events) > 10
        for event in events:
            for one in (await explain.explain_disposal(app, event, method=method))["explanations"]:
                assert one["reproduced"] is True, one
                assert any(word in NO_SOURCE for word in one["prices"]["proceeds"].split("; ")) == (one["proceeds"] is None)
                assert all(e["sources"] for step in one["chain"] for e in step["events"])
        for lot in sorted({m.id for m in movements if m.act == "acquire"}):
            (one,) = (await explain.explain_lot(app, lot, method=method))["explanations"]
            assert (one["reproduced"], one["lot"]) == (True, lot)


class Watched:
    """A store that remembers how disposals were asked for, and may have lost those of an event."""

    def __init__(self, store, lost=()):
        self._store, self._lost, self.asked = store, lost, []

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def disposals(self, portfolio="main", since=None, until=None):
        self.asked.append((since, until))
        return [d for d in await self._store.disposals(portfolio, since, until) if d.event not in self._lost]


async def test_of_a_long_ledger_only_the_matches_of_that_time_are_read(tmp_path):
    async with home_of(tmp_path) as home:
        store = Watched(home.app.store)
        answer = await explain.explain_disposal(replace(home.app, store=store), "s1")
        assert all(one["reproduced"] for one in answer["explanations"])
        sold = {d.disposed_at for d in await home.app.store.disposals() if d.event == "s1"}
        ((since, until),) = store.asked
        assert {since} == sold
        assert until - since == timedelta(microseconds=1)


async def test_a_match_that_the_ledger_does_not_have_is_not_reproduced(tmp_path):
    """Unlike a ledger that was never booked: there is nothing to compare with."""
    async with home_of(tmp_path) as home:
        lost = replace(home.app, store=Watched(home.app.store, lost=("s1",)))
        assert not any(one["reproduced"] for one in (await explain.explain_disposal(lost, "s1"))["explanations"])
        assert all(one["reproduced"] for one in (await explain.explain_disposal(lost, "s2"))["explanations"])
