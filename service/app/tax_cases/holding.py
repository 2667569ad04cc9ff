"""Whether a sale is short or long: by two days, or by two instants and the taxpayer's zone, with what days of UTC would make of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from service.app.tax_cases.reading import Fields
from service.domain.rules import Term, first_long_date, local_date, term

SOURCE = "26 U.S.C. 1222; Form 8949 instructions: count from the day after acquisition, include the day of the sale"
ZONE = "No rule fixes the zone (T.D. 10000): the taxpayer's is taken."


class Period(NamedTuple):
    """In days of one zone."""

    acquired: date
    sold: date
    term: Term
    first_long: date

    @property
    def year(self) -> int:
        return self.sold.year

    def told(self) -> dict[str, Any]:
        return {
            "acquired": self.acquired.isoformat(),
            "sold": self.sold.isoformat(),
            "expect": self.term,
            "first_long_date": self.first_long.isoformat(),
            "tax_year": self.year,
        }


class Instants(NamedTuple):
    acquired: datetime
    sold: datetime
    zone: str

    def period(self, zone: str) -> Period:
        acquired = local_date(self.acquired, zone)
        return Period(acquired, local_date(self.sold, zone), term(self.acquired, self.sold, zone), first_long_date(acquired))


def read_days(told: object, *prose: str) -> Instants:
    """Days of UTC, as instants at noon. Raises BadCase."""
    fields = Fields(told)
    acquired, sold = (datetime.combine(fields.day(name), time(12), UTC) for name in ("acquired", "sold"))
    return _checked(fields, Instants(acquired, sold, "UTC"), *prose)


def read_instants(told: object, *prose: str) -> Instants:
    """Raises BadCase."""
    fields = Fields(told)
    return _checked(fields, Instants(fields.time("acquired_utc"), fields.time("sold_utc"), fields.zone("taxpayer_tz")), *prose)


def _checked(fields: Fields, found: Instants, *prose: str) -> Instants:
    if not fields.problems and found.sold < found.acquired:
        fields.wrong("", "is sold before it was acquired")
    fields.finish(*prose)
    fields.check()
    return found


def answer_days(case: Instants) -> dict[str, Any]:
    return {"kind": "holding", **case.period("UTC").told(), "source": SOURCE}


def answer_instants(case: Instants) -> dict[str, Any]:
    """The zone's result is the default; both stand side by side."""
    local, utc = case.period(case.zone), case.period("UTC")
    return {
        "kind": "holding",
        **local.told(),
        "time_zone": case.zone,
        "local": local.told(),
        "utc": utc.told(),
        "zone_matters": (local.term, local.year) != (utc.term, utc.year),
        "source": f"{SOURCE}. {ZONE}",
    }
