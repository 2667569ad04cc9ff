"""Text can be read on its ground, by day and by night: WCAG 2.2 AA asks for 4.5 to 1."""

from __future__ import annotations

import re

import pytest

from service.http.shown import HERE

SHEET = (HERE / "static/thresher.css").read_text(encoding="utf-8")
PAIRS = [
    (ink, ground)
    for ground in ("ground", "sheet", "wheat")
    for ink in ("ink", "soft", "accent")
] + [
    ("accent-ink", "accent"),
    ("loss", "sheet"),
    ("gain", "sheet"),
    ("loss", "bad-ground"),
    ("gain", "good-ground"),
    ("warn", "warn-ground"),
    ("warn", "sheet"),
    ("soft", "track"),
    ("ink", "bad-ground"),
]  # fmt: skip


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out(scheme, ink, ground):
    found = colours(scheme)
    lighter, darker = sorted((luminance(found[ink]), luminance(found[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
