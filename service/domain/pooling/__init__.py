"""Pools instead of lots: the share identification of the United Kingdom and the adjusted cost base of Canada.

Both take the movements of one group of coins, in order, over all accounts, and give matches, the pools at the end and issues. Ints as in
`movements`; `uk_rows` and `acb_rows` write them as text.

What both laws share, and the lot methods do not:

* A transfer between own accounts is nothing. A rename or wrap takes its share of one coin's pool to the other's.
* A gift received costs its market value on its day (TCGA 1992 s. 17; ITA s. 69(1)(c)), whatever the donor paid; where no market value is
  stated, the donor's cost. A deposit with a stated date belongs to the holder since that date.
* A gift given is a disposal at market value in law, except to a spouse or civil partner. Here it leaves with its share of the pool and
  no gain, and each one is an issue that says so. Withdrawals, losses and thefts leave in the same way.
* An acquisition of unknown cost joins with what is known of its cost, which may be nothing, and marks its pool: every match that rests on
  it carries the flag, until the pool is empty. More disposed of than was held is matched at no cost for the missing part, flagged, and an
  issue; `missing` counts the units.
"""

from service.domain.pooling.adjusted_cost import Acb, AcbMatch, Superficial, acb
from service.domain.pooling.identification import DayMatch, Rule, Section104, section104, tax_year
from service.domain.pooling.pools import Left, Pool, Short, is_cost_known, is_known
from service.domain.pooling.rows import ACB_COLUMNS, UK_COLUMNS, UK_TOTALS, acb_rows, uk_rows, uk_totals

__all__ = [
    "ACB_COLUMNS",
    "UK_COLUMNS",
    "UK_TOTALS",
    "Acb",
    "AcbMatch",
    "DayMatch",
    "Left",
    "Pool",
    "Rule",
    "Section104",
    "Short",
    "Superficial",
    "acb",
    "acb_rows",
    "is_cost_known",
    "is_known",
    "section104",
    "tax_year",
    "uk_rows",
    "uk_totals",
]
