"""Cells → a line of CSV."""

from __future__ import annotations

from collections.abc import Iterable


def csv_line(cells: Iterable[str]) -> str:
    """Without its end; only cells that need it are quoted."""
    return ",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if "," in c or '"' in c or "\n" in c else c for c in cells)
