"""A history that the holder or another program wrote down, in the neutral CSV format: its rows, and what the ledger books of them."""

from __future__ import annotations

from service.domain.history.lane import Booking, booking
from service.domain.history.rows import (
    ALL,
    COLUMNS,
    KINDS,
    Problem,
    Reader,
    Row,
    asset_id,
    cells_of,
    chain_ref,
    read,
    row_of,
)

__all__ = [
    "ALL",
    "COLUMNS",
    "KINDS",
    "Booking",
    "Problem",
    "Reader",
    "Row",
    "asset_id",
    "booking",
    "cells_of",
    "chain_ref",
    "read",
    "row_of",
]
