"""The rules that an explanation of a pool names, each with its source, and how far that source was read."""

from __future__ import annotations

from service.app.explain.law import Law

_SECONDARY = " (Known from secondary sources; the text of the law was not read.)"
_RECALLED = " (Not verified: no source was read.)"

# United Kingdom

SAME_DAY = Law(
    "same day",
    "A day's acquisitions of a coin count as one, and so do its disposals, whatever account they are in; disposals are matched with the "
    "acquisitions of their own day first." + _SECONDARY,
    "TCGA 1992 s. 105(1); HMRC Cryptoassets Manual CRYPTO22250 ff.",
)
THIRTY_DAYS = Law(
    "thirty days",
    "What is left of a day's disposals is matched with acquisitions of the 30 days after it, the earlier ones first: their cost is the "
    "matched cost, and no loss is denied." + _SECONDARY,
    "TCGA 1992 s. 106A(5), (5A); HMRC Cryptoassets Manual CRYPTO22250 ff.",
)
SECTION_104 = Law(
    "section 104 pool",
    "All other units of a coin are one pool over all accounts; what is disposed of bears its share of the pool's cost." + _SECONDARY,
    "TCGA 1992 s. 104; HMRC Cryptoassets Manual CRYPTO22250 ff.",
)
ALLOWABLE_FEES = Law(
    "fees of a disposal",
    "What a disposal costs is part of the allowable cost; proceeds are before it." + _RECALLED,
    "TCGA 1992 s. 38(1)(c)",
)
UK_GIFT = Law(
    "gift received",
    "A gift costs its market value on its day; where none is stated, the donor's cost." + _RECALLED,
    "TCGA 1992 s. 17",
)

# Canada

AVERAGE_COST = Law(
    "adjusted cost base",
    "All units of a coin, in all accounts, are identical property of one average cost; what is disposed of bears its share." + _SECONDARY,
    "ITA s. 47(1)",
)
OUTLAYS = Law("outlays", "What a disposal costs lowers its proceeds." + _RECALLED, "ITA s. 40(1)(a)")
SUPERFICIAL = Law(
    "superficial loss",
    "A loss does not count as far as the coin was acquired from 30 days before the sale to 30 days after and is still held at their end: "
    "loss × min(sold, acquired, held) ÷ sold. It is final once the 30 days after are over. What an affiliated person buys counts in law "
    "and is not seen here." + _SECONDARY,
    "ITA s. 54 (superficial loss), 40(2)(g)(i)",
)
ADDED_TO_COST = Law(
    "denied loss",
    "What is denied joins the cost of what was acquired instead: here first of what was bought after the sale, the earliest first, then of "
    "what was bought in the 30 days before it. Each unit takes the place of one that was sold once; the law leaves this order open."
    + _SECONDARY,
    "ITA s. 53(1)(f)",
)
CANADIAN_GIFT = Law(
    "gift received",
    "A gift costs its market value on its day; where none is stated, the donor's cost." + _RECALLED,
    "ITA s. 69(1)(c)",
)

# both

UNKNOWN_COST = Law(
    "unknown cost",
    "A cost that nobody knows is counted as nothing, which is too little; every match that rests on it is flagged until the pool is empty.",
    "No rule: the holder must show what it cost",
)
