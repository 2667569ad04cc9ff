"""Rows of Form 8949 as a TXF file (Tax Exchange Format, version 042), which tax programs of the United States import.

    V042                       TD              a detailed record
    Athresher                  N712            what it is
    D03/01/2026                C1
    ^                          L1
                               P0.5 BTC        description
                               D02/01/2024     acquired; empty where it is not known
                               D03/01/2025     sold
                               $20000.00       cost; empty where it is not known
                               $31000.00       proceeds
                               ^

A day of acquisition or a cost that is not known is a line without a value: so the format has it for a sale without them (section VIII,
example 2B). For unknown proceeds it has nothing, and 0 would be a loss that nobody had: such a row is left out.

The format is of 2011 and knows the boxes A to F only: G to L, of digital assets, have no numbers of their own. Each row goes under the number of the
box that says the same of other assets (I, no form, as C; L as F), and the program has to be told that these are digital assets.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from service.domain.reports.form_8949 import Row, american, money

NUMBER_OF = {"G": 321, "H": 711, "I": 712, "C": 712, "J": 323, "K": 713, "L": 714, "F": 714}
"""Box → reference number: those of A, B, C and D, E, F."""
_END = "\r\n"


def txf(rows: Iterable[Row], made_on: date) -> str:
    """The whole file, without the rows of `left_out`."""
    lines = ["V042", "Athresher", f"D{american(made_on)}", "^"]
    for row in rows:
        if row.proceeds is None:
            continue
        lines += [
            "TD",
            f"N{NUMBER_OF[row.box]}",
            "C1",
            "L1",
            f"P{' '.join(row.description.replace('^', ' ').split())}",
            f"D{'' if row.acquired is None else american(row.acquired)}",
            f"D{american(row.sold)}",
            f"${money(row.cost)}",
            f"${money(row.proceeds)}",
            "^",
        ]
    return _END.join([*lines, ""])


def left_out(rows: Iterable[Row]) -> list[Row]:
    """Those whose proceeds are not known."""
    return [row for row in rows if row.proceeds is None]


def with_gaps(rows: Iterable[Row]) -> list[Row]:
    """Those that stand in the file without a cost, or without a day of acquisition."""
    return [row for row in rows if row.proceeds is not None and (row.cost is None or row.acquired is None)]
