"""What a rule of harvesting would have done on the holder's own history: the ledger run again, day by day, with its sales put in.

Worked example. 1 BTC bought on 5 January for 40,000; on 10 June it is worth 31,000; sold for good on 1 March of the next year for 50,000. A
harvest at 20 percent falls on 10 June (22.5 percent lost): the coin is sold and bought back at 31,000, which realises a short-term loss of
9,000 and costs 0.3 percent, 93. In March the lot of June is sold: a short-term gain of 19,000, where without the harvest it would have been a
long-term one of 10,000. So a harvest moves tax between years and between terms, and only whole years computed with and without it tell its worth.

Each harvest is a sale and a purchase at the end of the holder's day, at that day's price, by the method that the account has then: the engine
books them as it books any other, with a new basis and a new date, and what the holder really did afterwards meets other lots. The costs of the
round trip are counted apart from gains. A day without a price has no harvest.

values: what is given and what comes of it. days: the calendar and its prices. line: which lots go. book: a group of coins under a rule. runs: a
whole history. years: tax and worth.
"""

from __future__ import annotations

from service.domain.backtest.days import daily, without_price
from service.domain.backtest.runs import simulate
from service.domain.backtest.values import NOTHING, Harvest, Past, Policy, Run, Terms
from service.domain.backtest.years import Result, Year, results

__all__ = [
    "NOTHING",
    "Harvest",
    "Past",
    "Policy",
    "Result",
    "Run",
    "Terms",
    "Year",
    "daily",
    "results",
    "simulate",
    "without_price",
]
