"""Name → class by entry point, loaded on use: ccxt and web3 each cost about a second to import.

Ours and a third party's connectors come the same way, so the way is always tested.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from connectors.contract import Connector, InvalidInput, PriceSource, Source

CONNECTORS = "thresher.connectors"
PRICES = "thresher.prices"


def names(group: str = CONNECTORS) -> list[str]:
    """The names that are installed, sorted. Imports nothing."""
    return sorted(entry.name for entry in entry_points(group=group))


@cache
def _found(group: str, name: str) -> EntryPoint:
    """Asked for each account at each refresh; what is installed does not change while a process runs. An error is not kept."""
    found = list(entry_points(group=group, name=name))
    if not found:
        raise InvalidInput("connector", f"no connector named {name!r} is installed; there are: {', '.join(names(group))}")
    if len(found) > 1:
        places = ", ".join(sorted(entry.value for entry in found))
        raise InvalidInput("connector", f"two packages offer {name!r} ({places}); uninstall one")
    return found[0]


def connector(name: str) -> type[Connector]:
    """The class behind a name; imports it. Raises InvalidInput for an unknown or ambiguous name."""
    return cast("type[Connector]", _found(CONNECTORS, name).load())


def open_connector(name: str, source: Source) -> Connector:
    make = cast("Callable[[Source], Connector]", connector(name))
    return make(source)


def open_prices(name: str, source: Source) -> PriceSource:
    make = cast("Callable[[Source], PriceSource]", _found(PRICES, name).load())
    return make(source)
