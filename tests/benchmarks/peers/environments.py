"""Each of the other programs in an environment of its own, made when first asked for, outside of this checkout."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from enum import StrEnum
from functools import cache
from pathlib import Path


class Peer(StrEnum):
    RP2 = "rp2==1.7.2"
    COINBASIS = "coinbasis==0.1.0"
    BITTYTAX = "bittytax==0.6.0"


@cache
def folder_of(peer: Peer) -> Path:
    """The environment's `bin`. Raises CalledProcessError where it cannot be installed."""
    home = Path(tempfile.gettempdir()) / "thresher-peers" / peer.value.replace("==", "-")
    ready = home / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin/python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", peer.value], check=True)
        ready.touch()
    return home / "bin"


def python_of(peer: Peer) -> Path:
    return folder_of(peer) / "python"
