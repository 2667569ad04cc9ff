"""A word about a row counts for what the row turns out to be: in every order in which files and words come, the books are the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from connectors.files.connector import FileConnector
from service.app import explain, imports, lot_choices, rebuild
from service.domain.issues import IssueKind
from service.domain.statements import MatchAnswer
from tests.app.house import house
from tests.domain.test_history import HEADER, only

BOUGHT = [
    only(
        "buy", id=name, timestamp=f"2024-01-0{day}T12:00:00Z", account="ex",
        sent_asset="USD", sent_quantity=cost, received_asset="ETH", received_quantity="1", value_usd=cost,
    )
    for day, name, cost in ((1, "k1", "100"), (2, "k2", "300"))
]  # fmt: skip
SENT = only(
    "withdrawal", id="kw", timestamp="2024-02-01T12:05:00Z", account="ex",
    sent_asset="ETH", sent_quantity="1", fee_asset="ETH", fee_quantity="0.1", fee_value_usd="30", note="tx:0xabc",
)  # fmt: skip
SEEN = only("deposit", id="kd", timestamp="2024-02-01T12:00:00Z", account="w", received_asset="ETH", received_quantity="1", note="tx:0xabc")
IN_TIME = datetime(2024, 1, 31, tzinfo=UTC)


@pytest.fixture
async def home(tmp_path):
    async with house(tmp_path, {}) as made:
        made.app = replace(made.app, connector_class=lambda _: FileConnector, open_connector=lambda _, source: FileConnector(source))
        yield made


async def load(home, *lines):
    await imports.import_file(home.app, [HEADER + "\n", *(line + "\n" for line in lines)])


async def select(home, event, lot, made_at=IN_TIME):
    chosen = await lot_choices.select(home.app, event, [(lot, "1")], made_at=made_at)
    await rebuild.rebuild(home.app)
    return chosen


async def lots(home):
    accounts = {a.id: a.label for a in await home.app.store.accounts()}
    return sorted((accounts[lot.account], lot.id, str(lot.quantity)) for lot in await home.app.store.lots())


MOVED = [("ex", "k1", "0.9"), ("w", "k2", "1")]
"""k2 was named for the transfer and k1, the oldest, paid its fee."""


async def test_a_selection_for_a_withdrawal_counts_for_the_transfer_that_it_turns_out_to_be(home):
    """The receipt was seen on the chain before the exchange booked the withdrawal, so it names the transfer."""
    await load(home, *BOUGHT, SENT)
    await select(home, "kw", "k2")
    assert await lots(home) == [("ex", "k1", "0.9")]
    await load(home, SEEN)
    assert await lots(home) == MOVED
    assert [d.event for d in (await home.app.store.ledger()).disposals] == ["kd/fee"]


async def test_the_same_of_a_withdrawal_without_a_fee(home):
    await load(home, *BOUGHT, SENT.replace("ETH,0.1,,30", ",,,"))
    await select(home, "kw", "k2")
    await load(home, SEEN)
    assert await lots(home) == [("ex", "k1", "1"), ("w", "k2", "1")]


@pytest.mark.parametrize("fee", [False, True])
async def test_every_order_of_files_and_word_leaves_the_same_books(tmp_path, fee):
    """The word about the fee names k2 for it, by either of its names."""
    expected = None
    for n, order in enumerate(permutations(["bought", "sent", "seen", "word"])):
        if order.index("word") < max(order.index("bought"), order.index("sent")):
            continue  # no event is known that it could be about
        async with house(tmp_path / str(n), {}) as home:
            home.app = replace(home.app, connector_class=lambda _: FileConnector, open_connector=lambda _, source: FileConnector(source))
            for step in order:
                if step == "word":
                    name = "kd" if order[-1] == "word" and order[0] == "seen" else "kw"
                    await lot_choices.select(home.app, f"{name}/fee" if fee else name, [("k2", "0.1")], made_at=IN_TIME)
                else:
                    await load(home, *{"bought": BOUGHT, "sent": [SENT], "seen": [SEEN]}[step])
            await rebuild.rebuild(home.app)
            ledger = await home.app.store.ledger()
            told = [(a.label, i.kind) for a in await home.app.store.accounts() for i in ledger.issues]
            found = (sorted(await lots(home)), ledger.disposals and [(d.event, d.lot, d.gain) for d in ledger.disposals], sorted(told))
            expected = expected or found
            assert found == expected, order
    assert expected is not None
    assert ("ex", "k2", "0.9") in expected[0]


async def test_either_row_of_a_transfer_names_it_to_select_and_its_fee_to_explain(home):
    await load(home, *BOUGHT, SENT, SEEN)
    by_receipt = await select(home, "kd", "k2")
    assert (by_receipt.event, by_receipt.said.event) == ("kd", "kw")  # kept by the row that sends
    assert await lots(home) == MOVED
    told = [(await explain.explain_disposal(home.app, name))["explanations"] for name in ("kd/fee", "kw/fee")]
    assert told[0] == told[1]
    assert told[0][0]["disposal"] == "kd/fee"
    for method in ("section104", "acb"):
        told = [(await explain.explain_disposal(home.app, name, method=method))["explanations"] for name in ("kd/fee", "kw/fee")]
        assert told[0] == told[1]


async def test_either_half_of_a_transfer_that_a_file_states_names_it(home):
    moved = only(
        "transfer", id="m1", timestamp="2024-02-01T12:00:00Z", account="ex", to_account="w",
        sent_asset="ETH", sent_quantity="1", received_asset="ETH", received_quantity="1",
    )  # fmt: skip
    await load(home, *BOUGHT, moved)
    assert (await select(home, "m1/in", "k2")).said.event == "m1"
    assert await lots(home) == [("ex", "k1", "1"), ("w", "k2", "1")]


async def test_a_selection_by_the_receipt_stays_where_the_holder_says_that_they_are_two(home):
    await load(home, *BOUGHT, SENT, SEEN)
    await select(home, "kd", "k2")
    await home.app.store.say(MatchAnswer("kw", "kd", same=False, made_at=home.clock()))
    await rebuild.rebuild(home.app)
    assert [(account, lot) for account, lot, _ in await lots(home) if account == "ex"] == [("ex", "k1")]


async def test_words_by_both_names_are_words_about_one_event_and_the_newest_in_time_counts(home):
    """kw was booked at 12:05, the transfer is of 12:00: a word of 12:02 was in time for the one and is late for the other."""
    await load(home, *BOUGHT, SENT)
    assert (await select(home, "kw", "k2", made_at=datetime(2024, 2, 1, 12, 2, tzinfo=UTC))).late is None
    await load(home, SEEN)
    late = [i for i in await home.app.store.issues() if i.kind is IssueKind.LATE_WORD]
    assert [i.subject for i in late] == ["kd"]
    assert ("w", "k1", "0.9") in await lots(home)
    await select(home, "kd", "k2")
    assert await lots(home) == MOVED
    assert [i for i in await home.app.store.issues() if i.kind is IssueKind.LATE_WORD] == []


async def test_lots_that_are_not_there_are_told_by_the_accounts_label(home):
    await load(home, *BOUGHT, SENT, SEEN)
    await lot_choices.select(home.app, "kw", [("k2", "1")], made_at=IN_TIME)
    await lot_choices.select(home.app, "kw/fee", [("k2", "0.1")], made_at=IN_TIME)
    await rebuild.rebuild(home.app)
    (says,) = await lot_choices.unavailable(home.app, "kd")
    assert says.startswith("0.1 ETH of lot k2, identified for kd, was not in ex:")


SENT_TWO = only(
    "withdrawal", id="kw", timestamp="2024-02-01T12:00:00Z", account="ex", sent_asset="ETH", sent_quantity="2", note="tx:0xabc"
)  # fmt: skip
K3 = BOUGHT[0].replace("k1", "k3").replace("2024-01-01", "2024-01-03")


def seen(name, account, quantity, minute):
    return only(
        "deposit", id=name, timestamp=f"2024-02-01T12:{minute:02}:00Z", account=account,
        received_asset="ETH", received_quantity=quantity, note="tx:0xabc",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("receipts", "arrived"),
    [
        ([seen("kd", "w", "1.2", 5)], [("w", "k2", "0.2"), ("w", "k3", "1")]),  # 0.8 went to somebody else
        ([seen("kd", "w", "1.2", 5), seen("ke", "v", "0.8", 6)], [("v", "k2", "0.8"), ("w", "k2", "0.2"), ("w", "k3", "1")]),
    ],
)
async def test_lots_named_for_a_withdrawal_are_shared_by_all_that_it_turns_out_to_be(home, receipts, arrived):
    """k3 and then k2 were named for 2 ETH: the first that arrive are k3, and of k2 what is left goes where the rest went."""
    await load(home, *BOUGHT, K3, SENT_TWO)
    await lot_choices.select(home.app, "kw", [("k3", "1"), ("k2", "1")], made_at=IN_TIME)
    await load(home, *receipts)
    assert await lots(home) == [("ex", "k1", "1"), *arrived]


async def test_a_word_of_its_own_on_what_left_for_somebody_else_goes_before_that_on_the_whole(home):
    await load(home, *BOUGHT, K3, SENT_TWO, seen("kd", "w", "1.2", 5))
    await lot_choices.select(home.app, "kw", [("k3", "1"), ("k2", "0.2")], made_at=IN_TIME)
    await lot_choices.select(home.app, "kw/rest", [("k1", "0.8")], made_at=IN_TIME)
    await rebuild.rebuild(home.app)
    assert await lots(home) == [("ex", "k1", "0.2"), ("ex", "k2", "0.8"), ("w", "k2", "0.2"), ("w", "k3", "1")]
