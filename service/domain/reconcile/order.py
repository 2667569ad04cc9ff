"""The order of events within one instant, as text that any program and any database sorts alike.

As its source had them (an index in a block, a place in a file), then what comes in before what goes out, then as the source lists
its rows with numbers by value, then by id. Worked example: the third row of its block, a sale, from record "trades/9" with id "tx_1":
"13" + "3" + "1trades/ 19" + " " + "tx_1" (a number is led by the count of its digits).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from service.domain.reconcile.values import Booked, Kind

RANK = {
    Kind.DEPOSIT: 0,
    Kind.GIFT_IN: 0,
    Kind.FORK: 0,
    Kind.INCOME: 0,
    Kind.BUY: 0,
    Kind.TRANSFER: 1,
    Kind.SWAP: 2,
    Kind.SELL: 3,
    Kind.SPEND: 3,
    Kind.GIFT_OUT: 3,
    Kind.LOST: 3,
    Kind.WORTHLESS: 3,
    Kind.WITHDRAWAL: 3,
    Kind.FEE: 4,
}
"""Within one instant what comes in stands before what goes out, where the source gives no order (Transaction.sequence). Then its row order."""

_RANKS = {kind: str(rank) for kind, rank in RANK.items()}
_NUMBERS = re.compile(r"([0-9]+)")
_ESCAPED = {code: "!" + chr(code + 0x21) for code in range(0x22)}
"""A blank ends a piece of text, so blanks and all before them are written with "!" and keep their order."""
_NEEDS_ESCAPE = re.compile(r"[\x00-!]")


def place(kind: Kind, rows: Sequence[Booked], at: datetime, id: str) -> str:
    """The place of an event that comes from `rows`, the one that names it first; `at` is the time of one of them."""
    first = rows[0]
    sequence = first.sequence if len(rows) == 1 else max((row.sequence for row in rows if row.occurred_at == at), default=0)
    return f"{_number(str(sequence)) if sequence else '0'}{_RANKS[kind]}{natural(first.key)} {id}"


def natural(key: str) -> str:
    """Text whose order is a person's order of the keys: trade 9 before trade 10, numbers before words."""
    pieces = _NUMBERS.split(key)  # text, number, text, …: the first and the last may be empty
    if len(pieces) == 1:
        return f"1{_word(key)}" if key else ""
    told = f"1{_word(pieces[0])}" if pieces[0] else "0"
    for n in range(1, len(pieces), 2):
        told += _number(pieces[n])
        if pieces[n + 1]:
            told += _word(pieces[n + 1])
    return told


def _number(digits: str) -> str:
    """Led by a character that counts its digits: the longer number is the larger one."""
    bare = digits.lstrip("0")
    return f"{chr(0x30 + len(bare))}{bare}"


def _word(text: str) -> str:
    return f"{text.translate(_ESCAPED) if _NEEDS_ESCAPE.search(text) else text} "
