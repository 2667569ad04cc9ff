"""Schedule D and its Capital Loss Carryover Worksheet: netting by term, the limit on losses, what goes to the next year."""

from __future__ import annotations

from typing import NamedTuple

from service.domain.money import ZERO
from service.domain.rules import Figures
from service.domain.tax.federal import YearInput
from service.domain.tax.lines.working import NOTHING, Line, Sheet, Term, added, number, positive, smaller


class Netted(NamedTuple):
    lines: list[Line]
    short: Term
    """Line 7."""
    long: Term
    """Line 15."""
    both: Term
    """Line 16."""
    capital: Term
    """Line 16 where it is no loss, else the allowed loss, negative: what Form 1040 takes over."""
    both_gains: bool
    """Line 17."""
    special: Term
    """Line 18: collectibles gain at the rate of 28 percent; 0 where the line is not filled in."""
    allowed: Term
    """Line 21 as a positive amount; 0 where there is no loss."""


def netted(told: YearInput, figures: Figures) -> Netted:
    d = Sheet("Schedule D", "26 U.S.C. 1222; Schedule D")
    short_own = d.told("1–5", told.short, "Short-term gains and losses of the year, added up.")
    short_in = d.told("6", told.short_carryover, "Short-term loss that earlier years left over.", "26 U.S.C. 1212(b)")
    short = d.put("7", short_own - short_in, "Net short-term result: taxed, or deducted, like other income.")
    long_own = d.told("8–13", told.long, "Long-term gains and losses of the year, added up; collectibles are among them.")
    long_in = d.told("14", told.long_carryover, "Long-term loss that earlier years left over.", "26 U.S.C. 1212(b)")
    long = d.put("15", long_own - long_in, "Net long-term result.")
    both = d.put("16", short + long, "Both terms together: a gain of one meets a loss of the other.")
    both_gains = long.value > 0 and both.value > 0
    special, worksheet = NOTHING, list[Line]()
    if both_gains and told.collectibles:
        worksheet, gain = _collectibles(told, short, long_in)
        special = d.put("18", gain, "Collectibles gain that may be taxed at up to 28 percent.", "26 U.S.C. 1(h)(4), (5)")
    upto = len(d.lines) - bool(worksheet)
    capital, allowed = both, NOTHING
    if both.value < 0:
        loss = number(-both.value, "the loss on line 16")
        limit = number(figures.loss_limit, "the limit of the filing status")
        allowed = d.put("21", smaller(loss, limit), "The part of the loss that may lower other income this year.", "26 U.S.C. 1211(b)")
        capital = NOTHING - allowed
    return Netted([*d.lines[:upto], *worksheet, *d.lines[upto:]], short, long, both, capital, both_gains, special, allowed)


def _collectibles(told: YearInput, short: Term, long_in: Term) -> tuple[list[Line], Term]:
    w = Sheet("28% Rate Gain Worksheet", "26 U.S.C. 1(h)(4), (5); Schedule D instructions, line 18")
    own = w.told("1–4", told.collectibles, "Collectibles gains and losses, NFTs that stand for a collectible among them (Notice 2023-27).")
    carried = w.put("5", long_in, "The long-term carryover lowers this group first.")
    loss = w.put("6", smaller(NOTHING, short), "So does a net short-term loss.")
    gain = w.put("7", positive(own - carried + loss), "Collectibles gain that is left.")
    return w.lines, gain


def carried(net: Netted, agi: Term, deduction: Term) -> list[Line]:
    """Nothing where no loss is left on line 16."""
    if not net.allowed.value:
        return []
    w = Sheet("Capital Loss Carryover Worksheet", "26 U.S.C. 1212(b)(2); Schedule D instructions")
    income = w.put("1", agi - deduction, "Taxable income before it is set to zero: below zero it tells that the deduction came first.")
    allowed = w.put("2", net.allowed, "The loss that was allowed.")
    both = w.put("3", positive(income + allowed), "What income there was for it to lower.")
    absorbed = w.put("4", smaller(allowed, both), "The part of the allowed loss that the year used up.")
    short_loss = NOTHING
    if net.short.value < 0:
        short_loss = w.put("5", NOTHING - net.short, "Short-term loss.")
        long_gain = w.put("6", positive(net.long), "Long-term gain: it has met that loss already.")
        used = w.put("7", absorbed + long_gain, "What is used up of the short-term loss, at most.")
        w.put("8", positive(short_loss - used), "Short-term loss that goes to the next year.")
    else:
        short_loss = w.put("5", NOTHING, "There is no short-term loss.")
    if net.long.value < 0:
        long_loss = w.put("9", NOTHING - net.long, "Long-term loss.")
        short_gain = w.put("10", positive(net.short), "Short-term gain: it has met that loss already.")
        rest = w.put("11", positive(absorbed - short_loss), "What the short-term loss did not cover of the part used up.")
        used = w.put("12", added(short_gain, rest), "What is used up of the long-term loss, at most.")
        w.put("13", positive(long_loss - used), "Long-term loss that goes to the next year.")
    assert net.short.value < ZERO or net.long.value < ZERO
    return w.lines
