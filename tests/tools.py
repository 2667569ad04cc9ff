"""Programs and folders that some tests need beyond PyPI: skipped with a reason where missing, a failure under CI=true."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"needs {what}")


def anvil() -> str:
    """Path of anvil 1.7.1: ANVIL_BIN, the npm package in .tools, or PATH."""
    local = ROOT / ".tools/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
    for place in (os.environ.get("ANVIL_BIN"), str(local), shutil.which("anvil")):
        if place and Path(place).is_file():
            return place
    _missing("anvil (npm install --prefix .tools @foundry-rs/anvil-linux-amd64@1.7.1)")
    raise AssertionError


def chromium() -> str:
    """Path of a Chromium that Playwright can drive."""
    for place in (os.environ.get("CHROMIUM_BIN"), shutil.which("chromium"), shutil.which("chromium-browser")):
        if place and Path(place).is_file():
            return place
    _missing("chromium (apt-get install chromium)")
    raise AssertionError


def shared(*parts: str) -> Path:
    """A path in the reference folder beside the checkout."""
    place = ROOT.parent / "shared" / Path(*parts)
    if not place.exists():
        pytest.skip(f"needs ../shared/{'/'.join(parts)}")
    return place
