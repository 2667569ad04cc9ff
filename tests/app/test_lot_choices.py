"""The holder's words on lots: where the lots of one pool went, which lots an event takes, and what the law says of the time of a word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from service.app import explain, holder, lot_choices, queries, rebuild, sources, sync
from service.app.ports import Refused
from service.domain.issues import IssueKind
from service.domain.statements import Allocation, Identification, LotPlace, LotSelection, MethodChoice, PoolingChoice
from tests.app.house import Script, house

POOLED = date(2025, 1, 1)


def at(text):
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


def bought(key, when, quantity, cost):
    return (key, at(when), [("binance:BTC", quantity), ("fiat:USD", f"-{cost}")], "trade")


EXCHANGE_1 = [
    ("m1", at("2022-01-01"), [("fiat:USD", "20000")], "deposit"),
    bought("b1", "2022-01-05", "1", "20000"),
    ("w1", at("2024-02-01"), [("binance:BTC", "-0.4")], "withdrawal"),
]
EXCHANGE_2 = [
    ("m2", at("2023-01-01"), [("fiat:USD", "40000")], "deposit"),
    bought("b2", "2023-01-05", "1", "40000"),
    ("s2", at("2025-03-01"), [("binance:BTC", "-0.5"), ("fiat:USD", "45000")], "trade"),
]
WALLET = [("d1", at("2024-02-01") + timedelta(minutes=5), [("binance:BTC", "0.4")], "deposit")]


@pytest.fixture
async def home(tmp_path):
    """1 BTC for 20,000 at one exchange, 1 BTC for 40,000 at another, 0.4 moved from the first to a wallet in 2024; 0.5 sold at the second in 2025."""
    scripts = {"one": Script(rows=[*EXCHANGE_1]), "two": Script(rows=EXCHANGE_2), "wallet": Script(rows=WALLET)}
    async with house(tmp_path, scripts) as made:
        made.ids = {name: (await sources.add_other(made.app, "scripted", name, {"token": "t"}, None)).id for name in scripts}
        await sync.sync(made.app)
        rows = {row.key.removeprefix("rows/"): row.id for row in await made.app.store.transactions()}
        made.rows, made.scripts = rows, scripts
        yield made


async def said(home, kind):
    return [s for s in await home.app.store.statements() if isinstance(s, kind)]


async def report(home):
    await rebuild.rebuild(home.app)
    (asset,) = (await lot_choices.allocation(home.app))["allocation"]["assets"]
    return asset


def places(home, asset):
    names = {account: name for name, account in home.ids.items()}
    lots = {lot: key for key, lot in home.rows.items()}
    return sorted((lots[x["lot"]], names[x["account"]], x["quantity"], x["basis"], x["why"]) for x in asset["lots"])


async def test_without_a_word_each_account_was_always_its_own(home):
    told = (await lot_choices.allocation(home.app))["allocation"]
    assert (told["account_scope_from"], told["assets"]) == (None, [])
    assert "--from 2025-01-01" in told["says"]


async def test_one_pool_until_2025_without_an_allocation_says_what_is_open(home):
    await lot_choices.pooled_until(home.app, POOLED)
    asset = await report(home)
    held = {h["account"]: h["quantity"] for h in asset["held"]}
    assert held == {home.ids["one"]: "0.6", home.ids["two"]: "1", home.ids["wallet"]: "0.4"}
    assert {x["why"] for x in asset["lots"]} == {"default"}
    assert "2 BTC went to their accounts by the oldest lots first" in asset["needs"]
    assert (asset["quantity_before"], asset["quantity_after"], asset["basis_before"], asset["basis_after"]) == ("2", "2", "60000", "60000")


async def test_a_rule_fills_the_accounts_in_their_order_and_loses_no_unit(home):
    await lot_choices.pooled_until(home.app, POOLED)
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["wallet", "two", "one"], made_at=at("2024-12-01"))
    asset = await report(home)
    assert places(home, asset) == [
        ("b1", "two", "0.6", "12000", "rule"),
        ("b1", "wallet", "0.4", "8000", "rule"),
        ("b2", "one", "0.6", "24000", "rule"),
        ("b2", "two", "0.4", "16000", "rule"),
    ]
    assert (asset["nothing_lost"], asset["needs"], asset["late"]) == (True, None, None)
    (disposal,) = (await home.app.store.ledger()).disposals
    assert (disposal.lot, disposal.basis) == (home.rows["b1"], Decimal(10000))  # 0.5 of the 0.6 that the rule gave to it


async def test_the_dearest_first_gives_the_dearest_to_the_first_account(home):
    await lot_choices.pooled_until(home.app, POOLED)
    await lot_choices.allocate_by_rule(home.app, "BTC", "highest_basis_first", ["wallet", "two", "one"], made_at=at("2024-12-01"))
    assert places(home, await report(home))[:2] == [("b1", "one", "0.6", "12000", "rule"), ("b1", "two", "0.4", "8000", "rule")]


async def test_named_lots_go_where_they_were_named_for(home):
    await lot_choices.pooled_until(home.app, POOLED)
    b1, b2 = home.rows["b1"], home.rows["b2"]
    named = [(b2, "wallet", "0.4"), (b1, "one", "0.6"), (b1, "two", "0.4"), (b2, "two", "0.6")]
    await lot_choices.allocate_lots(home.app, "BTC", named, made_at=at("2025-02-01"))
    asset = await report(home)
    assert places(home, asset) == [
        ("b1", "one", "0.6", "12000", "named"),
        ("b1", "two", "0.4", "8000", "named"),
        ("b2", "two", "0.6", "24000", "named"),
        ("b2", "wallet", "0.4", "16000", "named"),
    ]
    assert (asset["needs"], asset["late"]) == (None, None)
    (word,) = await said(home, Allocation)
    assert word.lots[0] == LotPlace(b2, home.ids["wallet"], Decimal("0.4"))  # by ids, whatever the labels become


async def test_named_lots_after_the_first_sale_and_a_rule_after_2024_are_told_as_late(home):
    await lot_choices.pooled_until(home.app, POOLED)
    await lot_choices.allocate_lots(home.app, "BTC", [(home.rows["b1"], "one", "0.6")], made_at=at("2025-03-02"))
    assert (await report(home))["late"].startswith(
        "The first sale since 2025-01-01 was on 2025-03-01; these lots were named on 2025-03-02."
    )
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["one", "two", "wallet"], correct=True)
    assert "must have been written before 2025-01-01" in (await report(home))["late"]


async def test_a_second_other_word_is_refused_unless_it_corrects(home):
    await lot_choices.pooled_until(home.app, POOLED)
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["one", "two", "wallet"])
    home.clock.pass_time(minutes=1)
    await lot_choices.allocate_by_rule(home.app, "btc", "oldest_first", ["one", "two", "wallet"])  # the same word again
    assert len(await said(home, Allocation)) == 1
    with pytest.raises(Refused, match="irrevocable"):
        await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["wallet", "one", "two"])
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["wallet", "one", "two"], correct=True)
    assert ("b1", "wallet", "0.4", "8000", "rule") in places(home, await report(home))


async def test_another_day_for_the_end_of_the_pool_is_refused_unless_it_corrects(home):
    await lot_choices.pooled_until(home.app, POOLED)
    home.clock.pass_time(minutes=1)
    await lot_choices.pooled_until(home.app, POOLED)
    assert len(await said(home, PoolingChoice)) == 1
    with pytest.raises(Refused, match="2025-01-01 was said already"):
        await lot_choices.pooled_until(home.app, date(2024, 1, 1))
    await lot_choices.pooled_until(home.app, date(2024, 1, 1), correct=True)
    assert len(await said(home, PoolingChoice)) == 2


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ([("b1", "one", "1.1")], "1.1 of lot .* were named, and 1 of it were left"),
        ([("b1", "wallet", "0.5")], "0.5 were named for wallet, which held 0.4"),
        ([("nowhere", "one", "0.1")], "0 of it were left"),
        ([("b1", "nobody", "0.1")], "no account is called 'nobody'"),
        ([("b1", "one", "zero")], "plain decimal number"),
        ([], "name at least one"),
    ],
)
async def test_an_allocation_of_what_was_not_there_is_refused_and_nothing_is_recorded(home, places, why):
    await lot_choices.pooled_until(home.app, POOLED)
    with pytest.raises(Refused, match=why):
        await lot_choices.allocate_lots(home.app, "BTC", [(home.rows.get(lot, lot), account, q) for lot, account, q in places])
    assert await said(home, Allocation) == []


async def test_a_rule_needs_every_account_that_held_the_coin(home):
    await lot_choices.pooled_until(home.app, POOLED)
    with pytest.raises(Refused, match="missing: two, wallet"):
        await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["one"])
    with pytest.raises(Refused, match="the orders are"):
        await lot_choices.allocate_by_rule(home.app, "BTC", "newest_first", ["one"])


async def test_an_allocation_needs_the_end_of_a_common_pool(home):
    with pytest.raises(Refused, match="say first until when"):
        await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", ["one"])


async def test_lots_selected_for_a_sale_are_taken_and_a_late_word_is_told(home):
    first = await lot_choices.select(home.app, home.rows["s2"], [(home.rows["b2"], "0.2")], made_at=at("2025-02-28"))
    assert (first.late, first.counts) == (None, first.said)
    second = await lot_choices.select(home.app, home.rows["s2"], [(home.rows["b2"], "0.3")])
    assert "no later than the sale (26 CFR 1.1012-1(j)(2)), so this one counts for nothing" in second.late
    assert "What was selected at 2025-02-28T12:00:00Z counts." in second.late
    assert second.counts == first.said
    assert [s.lots[0].quantity for s in await said(home, LotSelection)] == [Decimal("0.2"), Decimal("0.3")]
    await rebuild.rebuild(home.app)
    (told,) = (await explain.explain_disposal(home.app, home.rows["s2"]))["explanations"]
    assert (told["why"]["named"], told["reproduced"]) == ("0.2", True)
    assert (
        f"What was selected at 2026-06-01 12:00 UTC (0.3 of {home.rows['b2']}) is later than the event: it counts for nothing."
        in told["why"]["says"]
    )


async def test_lots_selected_for_a_transfer_go_along_instead_of_the_oldest(tmp_path):
    sender = [
        ("m1", at("2022-01-01"), [("fiat:USD", "90000")], "deposit"),
        bought("b1", "2022-01-05", "1", "20000"),
        bought("b2", "2022-02-05", "1", "40000"),
        ("w1", at("2024-02-01"), [("binance:BTC", "-0.4")], "withdrawal"),
    ]
    async with house(tmp_path, {"one": Script(rows=sender), "wallet": Script(rows=WALLET)}) as home:
        one, wallet = [(await sources.add_other(home.app, "scripted", name, {"token": "t"}, None)).id for name in ("one", "wallet")]
        await sync.sync(home.app)
        rows = {row.key.removeprefix("rows/"): row.id for row in await home.app.store.transactions()}
        await lot_choices.select(home.app, rows["w1"], [(rows["b2"], "0.4")], made_at=at("2024-01-31"))
        await rebuild.rebuild(home.app)
        lots = {(lot.account, lot.id, lot.quantity) for lot in (await home.app.store.ledger()).lots}
    assert lots == {(one, rows["b1"], 1), (one, rows["b2"], Decimal("0.6")), (wallet, rows["b2"], Decimal("0.4"))}


@pytest.mark.parametrize(
    ("event", "lots", "why"),
    [
        ("nothing", [("b2", "1")], "'nothing' is not known; for a sale that is still to come say `thresher lots identify`"),
        ("b1", [("b2", "1")], "takes no lots"),
        ("s2", [("b2", "0.6")], "0.6 were named, and .* takes 0.5"),
        ("s2", [("b9", "0.1")], "no lot has the id 'b9'"),
        ("s2", [], "name at least one"),
    ],
)
async def test_a_selection_that_cannot_be_meant_is_refused(home, event, lots, why):
    with pytest.raises(Refused, match=why):
        await lot_choices.select(home.app, home.rows.get(event, event), [(home.rows.get(lot, lot), q) for lot, q in lots])
    assert await said(home, LotSelection) == []


async def test_a_selection_that_is_taken_back_counts_no_more(home):
    """b1 lies at another exchange since it was bought, b2 here: FIFO of one pool takes b1, the selection b2, and without it b1 again."""
    await lot_choices.pooled_until(home.app, date(2026, 1, 1))
    sold, b1, b2 = (home.rows[name] for name in ("s2", "b1", "b2"))

    async def taken():
        await rebuild.rebuild(home.app)
        return [d.lot for d in (await home.app.store.ledger()).disposals]

    assert await taken() == [b1]
    await lot_choices.select(home.app, sold, [(b2, "0.5")], made_at=at("2025-02-27"))
    assert await taken() == [b2]
    late = await lot_choices.select(home.app, sold, [], none=True)
    assert "this one counts for nothing. What was selected at 2025-02-27T12:00:00Z counts." in late.late
    assert await taken() == [b2]
    chosen = await lot_choices.select(home.app, sold, [], none=True, made_at=at("2025-02-28"))
    assert (chosen.said.lots, chosen.late) == ((), None)
    assert await taken() == [b1]


async def late_words(home):
    await rebuild.rebuild(home.app)
    return [i for i in await home.app.store.issues() if i.kind is IssueKind.LATE_WORD]


@pytest.mark.parametrize("way_out", ["its true time", "taken back"])
async def test_a_late_selection_stays_open_until_a_word_in_time_is_told_or_it_is_taken_back(home, way_out):
    """Sold on 1 March 2025: b2, bought here. The pool of all accounts ends in 2026, and b1 is older."""
    await lot_choices.pooled_until(home.app, date(2026, 1, 1))
    sold, b2 = home.rows["s2"], home.rows["b2"]
    await lot_choices.select(home.app, sold, [(b2, "0.5")])
    (issue,) = await late_words(home)
    assert issue.subject == sold
    assert [d.lot for d in (await home.app.store.ledger()).disposals] == [home.rows["b1"]]
    if way_out == "its true time":
        chosen = await lot_choices.select(home.app, sold, [(b2, "0.5")], made_at=at("2025-02-28"))
    else:
        home.clock.pass_time(minutes=1)
        chosen = await lot_choices.select(home.app, sold, [], none=True)
    assert chosen.late is None
    assert await late_words(home) == []
    (disposal,) = (await home.app.store.ledger()).disposals
    assert disposal.lot == home.rows["b2" if way_out == "its true time" else "b1"]


async def test_an_older_word_in_time_yields_to_a_newer_one_and_says_so(home):
    sold, b2 = home.rows["s2"], home.rows["b2"]
    await lot_choices.select(home.app, sold, [(b2, "0.2")], made_at=at("2025-02-28"))
    older = await lot_choices.select(home.app, sold, [(b2, "0.3")], made_at=at("2025-02-27"))
    assert (
        older.late == "Recorded 2025-02-27T12:00:00Z, and there is a newer word in time. What was selected at 2025-02-28T12:00:00Z counts."
    )


async def test_the_true_time_of_an_allocation_can_be_told_later(home):
    await lot_choices.pooled_until(home.app, POOLED)
    rule = ("BTC", "oldest_first", ["one", "two", "wallet"])
    await lot_choices.allocate_by_rule(home.app, *rule)
    assert "must have been written before 2025-01-01" in (await report(home))["late"]
    (issue,) = await late_words(home)
    assert "It counts, since there is no other." in issue.says
    (step,) = [s for s in (await explain.explain_lot(home.app, home.rows["b2"]))["explanations"][0]["chain"] if s["what"] == "allocated"][
        :1
    ]
    assert "the word came late: A rule must have been written before 2025-01-01" in step["says"]
    await lot_choices.allocate_by_rule(home.app, *rule, made_at=at("2024-12-31"))
    asset = await report(home)
    assert (asset["late"], asset["said"]["made_at"]) == (None, "2024-12-31T12:00:00Z")
    assert await late_words(home) == []


async def test_a_word_in_time_beats_a_late_one_and_a_correction_whatever_was_told_before(home):
    await lot_choices.pooled_until(home.app, POOLED)
    one, other = (["one", "two", "wallet"], ["wallet", "one", "two"])
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", one)
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", other, correct=True, made_at=at("2024-12-31"))
    told = await report(home)
    assert (told["said"]["account_labels"], told["late"]) == (other, None)
    await lot_choices.allocate_by_rule(home.app, "BTC", "oldest_first", one, correct=True, made_at=at("2024-12-01"))
    told = await report(home)
    assert (told["said"]["account_labels"], told["said"]["made_at"], told["late"]) == (one, "2024-12-01T12:00:00Z", None)


async def test_lots_that_a_first_word_left_out_are_named_together_with_it(home):
    await lot_choices.pooled_until(home.app, POOLED)
    b1, b2 = home.rows["b1"], home.rows["b2"]
    await lot_choices.allocate_lots(home.app, "BTC", [(b2, "wallet", "0.4")], made_at=at("2024-12-31"))
    with pytest.raises(Refused) as refused:
        await lot_choices.allocate_lots(home.app, "BTC", [(b1, "one", "0.6")], made_at=at("2024-12-31"))
    assert f"`thresher lots allocate BTC --lot {b2}:wallet:0.4 --lot {b1}:one:0.6 --correct`" in str(refused.value)
    together = [(b2, "wallet", "0.4"), (b1, "one", "0.6")]
    await lot_choices.allocate_lots(home.app, "BTC", together, correct=True, made_at=at("2024-12-31"))
    told = await report(home)
    assert [x["why"] for x in told["lots"]] == ["named", "named", "only choice", "only choice"]
    assert told["needs"] is None


@pytest.mark.parametrize("late_sale", [False, True])
async def test_a_sale_that_comes_to_light_makes_a_word_late_in_the_books_too(home, late_sale):
    """Named on 1 February 2025 in one way, corrected by nobody, and again on 20 February in another; a sale on 10 February shows only later."""
    await lot_choices.pooled_until(home.app, POOLED)
    b1, b2 = home.rows["b1"], home.rows["b2"]
    first = Allocation(
        "btc", at("2025-02-01"), (LotPlace(b1, home.ids["wallet"], Decimal("0.4")), LotPlace(b2, home.ids["two"], Decimal(1)))
    )
    second = Allocation(
        "btc", at("2025-02-20"), (LotPlace(b2, home.ids["wallet"], Decimal("0.4")), LotPlace(b1, home.ids["two"], Decimal(1)))
    )
    for word in (first, second):
        await home.app.store.say(word)
    await rebuild.rebuild(home.app)
    if late_sale:
        home.scripts["one"].rows.append(("s1", at("2025-02-10"), [("binance:BTC", "-0.1"), ("fiat:USD", "9000")], "trade"))
        await sync.sync(home.app)
    asset = await report(home)
    assert ("b1" if late_sale else "b2", "wallet", "0.4") in [p[:3] for p in places(home, asset)]
    assert asset["said"]["made_at"] == ("2025-02-01T12:00:00Z" if late_sale else "2025-02-20T12:00:00Z")


async def test_a_lot_of_another_coin_is_refused_for_a_sale(tmp_path):
    rows = [*EXCHANGE_2, ("x1", at("2024-05-01"), [("binance:ETH", "1"), ("fiat:USD", "-3000")], "trade")]
    async with house(tmp_path, {"two": Script(rows=rows)}) as home:
        await sources.add_other(home.app, "scripted", "two", {"token": "t"}, None)
        await sync.sync(home.app)
        named = {row.key.removeprefix("rows/"): row.id for row in await home.app.store.transactions()}
        with pytest.raises(Refused, match=f"lot '{named['x1']}' is of another coin than what {named['s2']} takes"):
            await lot_choices.select(home.app, named["s2"], [(named["x1"], "0.5")])
        assert await said(home, LotSelection) == []


async def test_a_method_from_a_day_before_disposals_is_recorded_and_told_as_late(home):
    choice, late = await holder.set_method(home.app, "two", "lifo", date(2025, 3, 1))
    assert late.startswith("1 disposal since 2025-03-01 came before this word.")
    assert "no later than the sale (26 CFR 1.1012-1(j)(2))" in late
    assert await said(home, MethodChoice) == [choice]
    await rebuild.rebuild(home.app)
    (told,) = (await explain.explain_disposal(home.app, home.rows["s2"]))["explanations"]
    assert "recorded 2026-06-01 12:00 UTC, which is later than the disposal" in told["why"]["says"]


async def test_a_standing_order_that_was_made_in_time_is_not_late_whenever_it_is_told(home):
    await holder.set_method(home.app, "two", "lifo", date(2025, 3, 1))
    _, late = await holder.set_method(home.app, "two", "lifo", date(2025, 3, 1), made_at=at("2025-02-28"))
    assert late is None
    await rebuild.rebuild(home.app)
    (told,) = (await explain.explain_disposal(home.app, home.rows["s2"]))["explanations"]
    assert "LIFO, chosen for two from 2025-03-01 on, recorded 2025-02-28 12:00 UTC:" in told["why"]["says"]
    with pytest.raises(Refused, match="in the future"):
        await holder.set_method(home.app, "two", "lifo", date(2027, 3, 1), made_at=at("2027-01-01"))


async def test_an_account_says_which_method_is_in_force_today(home):
    async def method():
        return (await queries.account(home.app, await sources.the_account(home.app, "two")))["method"]

    assert await method() == "fifo"
    await holder.set_method(home.app, "two", "hifo", date(2026, 6, 1))
    await holder.set_method(home.app, "two", "lifo", date(2026, 6, 2))
    assert await method() == "hifo"
    home.clock.pass_time(days=1)
    assert await method() == "lifo"


async def test_a_standing_order_whose_true_time_was_told_later_is_shown_once(home):
    for made_at in (None, at("2025-02-28")):
        await holder.set_method(home.app, "two", "lifo", date(2025, 3, 1), made_at=made_at)
    account = await queries.account(home.app, await sources.the_account(home.app, "two"))
    assert account["methods"] == [{"method": "lifo", "from": "2025-03-01"}]


@pytest.mark.parametrize(("account", "since"), [("two", date(2025, 3, 2)), ("one", date(2022, 1, 1))])
async def test_a_method_that_no_disposal_came_before_is_not_late(home, account, since):
    """The only sale was at the second exchange on 1 March 2025."""
    _, late = await holder.set_method(home.app, account, "lifo", since)
    assert late is None


async def test_lots_identified_for_the_next_sale_must_lie_in_the_account(home):
    with pytest.raises(Refused, match=r"0\.6 of lot .* were named, and 0\.5 of it lie in two"):
        await lot_choices.identify(home.app, "two", "BTC", [(home.rows["b2"], "0.6")])
    word = await lot_choices.identify(home.app, "two", "BTC", [(home.rows["b2"], "0.5")])
    assert await said(home, Identification) == [word]
    assert (word.account, word.asset, word.made_at) == (home.ids["two"], "btc", home.clock())


async def test_a_word_from_the_future_and_an_unknown_coin_are_refused(home):
    with pytest.raises(Refused, match="in the future"):
        await lot_choices.identify(home.app, "two", "BTC", [(home.rows["b2"], "0.5")], made_at=home.clock() + timedelta(days=1))
    with pytest.raises(Refused, match="no coin that was ever held is called 'DOGE'"):
        await lot_choices.identify(home.app, "two", "DOGE", [(home.rows["b2"], "0.5")])


@pytest.mark.parametrize("view", ["average", "acb", "section104"])
async def test_no_account_is_kept_by_a_pooled_average(home, view):
    with pytest.raises(Refused, match=f"`thresher gains --method {view}` computes by it"):
        await holder.set_method(home.app, "one", view, POOLED)


async def test_an_explanation_from_the_store_names_labels_and_the_stored_figures(home):
    (told,) = (await explain.explain_disposal(home.app, home.rows["s2"]))["explanations"]
    (disposal,) = (await home.app.store.ledger()).disposals
    assert (told["id"], told["proceeds"], told["basis"], told["gain"]) == (disposal.id, "45000", "20000", "25000")
    assert (told["account_label"], told["reproduced"]) == ("two", True)
    assert told["prices"] == {"proceeds": "the money of the trade itself", "basis": "the money of the trade itself"}
    (moved,) = (await explain.explain_lot(home.app, home.rows["b1"]))["explanations"]
    assert sorted((o["account_label"], o["quantity"]) for o in moved["open"]) == [("one", "0.6"), ("wallet", "0.4")]
    assert moved["reproduced"] is True
    assert moved["chain"][1]["says"].endswith("BTC (basis 8,000) moved from one to wallet, there at 2024-02-01 12:05 UTC")
