"""The rules that an explanation names, each with its source."""

from __future__ import annotations

from typing import NamedTuple


class Law(NamedTuple):
    rule: str
    says: str
    citation: str


HOLDING_PERIOD = Law(
    "holding period",
    "The day of acquisition is left out and the day of disposal counts: long term from the day one calendar year after the day after "
    "acquisition (1 March where that day does not exist), by the days of the taxpayer's time zone.",
    "IRC 1222, 1223; Rev. Rul. 66-7; Form 8949 instructions",
)
METHOD = Law(
    "which lot",
    "Units that the holder identified no later than the sale, by name or by a standing order, else the oldest of the account first, by "
    "their date of acquisition.",
    "26 CFR 1.1012-1(j)(2), (j)(3) for disposals from 2025-01-01; Notice 2014-21, FAQ 39 to 41, before",
)
RELIEF = Law(
    "coins in a broker's custody",
    "Until 2026-12-31 an identification in the holder's own books suffices; after that it must reach the broker no later than the sale.",
    "Notice 2025-7, extended by Notice 2026-20",
)
ANY_SALE = Law(
    "disposal",
    "Selling, swapping or paying with a coin realises the difference between what was got and its basis.",
    "IRC 1001, 1012; Notice 2014-21",
)
TRANSFER = Law(
    "transfer",
    "Moving coins between own accounts is no disposal: basis and date of acquisition go along, the oldest lots first.",
    "IRC 1001; 26 CFR 1.1012-1(j)(3)",
)
FEE_OF_PURCHASE = Law("fee of a purchase", "What a purchase costs is part of the basis.", "26 CFR 1.1012-1(h)")
FEE_OF_SALE = Law(
    "fee of a disposal",
    "What a sale costs lowers its proceeds; the costs of a swap fall on the disposal.",
    "26 CFR 1.1001-7; 26 CFR 1.1012-1(h)",
)
FEE_IN_COIN = Law(
    "fee paid in a coin",
    "A coin that pays a fee is itself disposed of, at its fair value.",
    "26 CFR 1.1001-7; IRC 1001; Notice 2014-21",
)
INCOME = Law(
    "income",
    "A reward or an airdrop is ordinary income at its fair value when the holder controls it; that value is its basis.",
    "IRC 61; Rev. Rul. 2019-24; Rev. Rul. 2023-14",
)
GIFT = Law(
    "gift",
    "A gain is measured from the donor's basis with the donor's date; a loss from the fair value at the gift where that was less, held "
    "since the gift; in between there is neither gain nor loss.",
    "IRC 1015(a), 1223(2)",
)
TO_ACCOUNTS = Law(
    "from one pool to accounts",
    "What was left of the lots of one pool for all accounts is allocated once to the accounts that hold the coins; the word is irrevocable.",
    "26 CFR 1.1012-1(j); Rev. Proc. 2024-28",
)
ONE_POOL = Law(
    "one pool of all accounts",
    "Transfers between accounts change no lot. From 2025-01-01 this is a view only: each account is a pool of its own.",
    "Rev. Proc. 2024-28; 26 CFR 1.1012-1(j)",
)
AVERAGE = Law(
    "average cost",
    "Each part bears the pool's average. A view: no rule of the United States allows it for coins.",
    "26 CFR 1.1012-1(e), (j)",
)
MISSING_BASIS = Law(
    "missing basis",
    "More left than ever came in: the cost of the rest must be shown by the holder. It is unknown here, never silently zero; its term counts as short.",
    "IRC 1012, 6001",
)
UNKNOWN_BASIS = Law(
    "unknown basis",
    "The cost of the lot is not known, so its gain is not either.",
    "IRC 1012, 6001",
)
LEFT = Law(
    "units that left without a sale",
    "A gift is no disposal of the giver. A loss by theft or worthlessness is none that an individual may deduct today.",
    "IRC 1015, 2501; IRC 165(h)(5), 67(g); CCA 202302011",
)
COLLECTIBLE = Law(
    "collectible",
    "A token that stands for a collectible is taxed at up to 28 percent when held long.",
    "IRC 408(m), 1(h)(4); Notice 2023-27",
)
