"""Cells → lines of CSV; only cells that need it are quoted."""

from __future__ import annotations

from collections.abc import Sequence


def is_odd(cell: str) -> bool:
    """Whether the cell must be quoted."""
    return "," in cell or '"' in cell or "\n" in cell or "\r" in cell


def quoted(cell: str) -> str:
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if is_odd(cell) else cell


def csv_line(cells: Sequence[str]) -> str:
    """Without its end."""
    line = ",".join(cells)
    is_plain = line.count(",") == len(cells) - 1 and '"' not in line and "\n" not in line and "\r" not in line
    return line if is_plain else ",".join(map(quoted, cells))
