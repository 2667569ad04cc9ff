"""Results of other programs (tests/golden), read and compared as tests/golden/README.md says."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from tests.tools import ROOT

FOLDER = ROOT / "tests/golden"
HISTORY = FOLDER / "history.csv"
CASES = [("account", "account_coinbasis", m) for m in ("fifo", "lifo", "hifo")]
CASES += [("universal", "universal_rp2", m) for m in ("fifo", "lifo", "hifo", "lofo")]
"""Scope, folder, method."""


def rows(file):
    with file.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def history():
    """Rows with the empty cells left out."""
    return [{name: cell for name, cell in row.items() if cell} for row in rows(HISTORY)]


def differences(ours, theirs):
    """Two files of matches; a list of sentences, empty where they agree."""
    told, near = _summed(theirs), {pair_of(r) for r in theirs if r["near_boundary"] == "1"}
    made = _summed(ours)
    found = [f"{key} only {'here' if key in made else 'there'}" for key in sorted(told.keys() ^ made.keys())]
    for key in sorted(told.keys() & made.keys()):
        (quantity, *money), terms = told[key]
        (our_quantity, *our_money), our_terms = made[key]
        if quantity != our_quantity:
            found.append(f"{key} quantity {our_quantity}, not {quantity}")
        if any(abs(a - b) > Fraction("0.000001") for a, b in zip(money, our_money, strict=True)):
            found.append(f"{key} money {[float(m) for m in our_money]}, not {[float(m) for m in money]}")
        if key not in near and terms != our_terms:
            found.append(f"{key} {our_terms}, not {terms}")
    return found


def pair_of(row):
    """Its disposal and its lot."""
    return row["disposal_id"], row["lot_id"]


def _summed(matches):
    sums = defaultdict(lambda: ([Fraction(0)] * 4, set()))
    for row in matches:
        amounts, terms = sums[pair_of(row)]
        for n, name in enumerate(("quantity", "proceeds_usd", "basis_usd", "gain_usd")):
            amounts[n] += Fraction(row[name] or 0)
        terms.add(row["term"])
    return sums


def differences_uk(ours, theirs):
    told, made = _summed_uk(theirs), _summed_uk(ours)
    found = [f"{key} only {'here' if key in made else 'there'}" for key in sorted(told.keys() ^ made.keys())]
    limits = [Fraction("1e-15"), Fraction("0.02"), Fraction("0.02"), Fraction("0.03")]
    for key in sorted(told.keys() & made.keys()):
        pairs = zip(told[key], made[key], limits, strict=True)
        found += [f"{key} {float(b)}, not {float(a)}" for a, b, limit in pairs if abs(a - b) > limit]
    return found


def _summed_uk(matches):
    sums = defaultdict(lambda: [Fraction(0)] * 4)
    for row in matches:
        key = (row["disposed"], row["asset"], row["rule"], row["acquired"], str(row["tax_year"]))
        for n, name in enumerate(("quantity", "proceeds", "allowable_cost", "gain")):
            sums[key][n] += Fraction(row[name])
    return sums


def totals(matches):
    """proceeds, basis, gain by tax year (of the UTC day) and term."""
    sums = defaultdict(lambda: [Decimal(0)] * 3)
    for row in matches:
        for n, name in enumerate(("proceeds_usd", "basis_usd", "gain_usd")):
            sums[row["disposed"][:4], row["term"]][n] += Decimal(row[name] or 0)
    return sums
