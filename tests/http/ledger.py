"""A stored history for the pages and the API of gains: two accounts, a fee in coins that were not there, a sale of what never came in."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from connectors.files.connector import FileConnector
from service.app.imports import import_file
from tests.app.house import House, Script, Scripted, house

HISTORY = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
b1,2024-02-01T12:00:00Z,buy,exchange,,USD,10000,BTC,1,USD,10,10000,10,
m1,2024-03-01T12:00:00Z,transfer,exchange,wallet,BTC,0.5,BTC,0.5,,,,,
i1,2024-05-01T12:00:00Z,income,wallet,,,,ETH,0.01,,,30,,
b2,2024-06-01T12:00:00Z,buy,exchange,,USD,6000,BTC,0.1,,,6000,,
s1,2024-12-31T12:00:00Z,sell,exchange,,BTC,0.55,USD,11000,USD,5,11000,5,
s2,2025-06-01T12:00:00Z,sell,wallet,,BTC,0.5,USD,15000,BTC,0.001,15000,30,
s3,2025-07-01T12:00:00Z,sell,exchange,,SOL,2,USD,300,,,300,,
"""


@asynccontextmanager
async def home_of(folder: Path, history: str = HISTORY) -> AsyncIterator[House]:
    """A house whose ledger is this history's."""
    kinds = {"files": FileConnector, "scripted": Scripted}
    async with house(folder, {"one": Script()}) as made:
        made.app = replace(made.app, connector_class=kinds.__getitem__, open_connector=lambda name, source: kinds[name](source))
        await import_file(made.app, history.splitlines(keepends=True))
        yield made


async def command(folder: Path, *words: str) -> str:
    """Standard output of the command on the same data."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THRESHER_")}
    (folder / "config/config.toml").write_text("price_sources = []\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "service.cli", *words),
        env=kept | {"THRESHER_DATA_DIR": str(folder / "data"), "THRESHER_CONFIG_DIR": str(folder / "config")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode in (0, 1), err.decode()
    return out.decode()
