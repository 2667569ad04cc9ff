"""kill -9 in the middle of writing pages: what is there is whole pages, and the cursor stands exactly behind them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from service.settings import Settings
from service.store import SqlStore
from tests.store.samples import ACCOUNT
from tests.tools import ROOT

WRITE_UNTIL_KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.store.conftest import settings_in
from tests.store.samples import page, record
from service.store import open_store

async def main():
    store = await open_store(settings_in(Path(sys.argv[1]), sys.argv[2]), lambda: datetime.now(UTC))
    for n in range(1_000_000):
        rows = [record(f"{n:06} {place}", str(place)) for place in range(50)]
        await store.save_page("acc_1", "trades", page(*rows, cursor=str(n)), datetime.now(UTC))
        print(n, flush=True)

asyncio.run(main())
"""


async def test_a_killed_writer_leaves_whole_pages(settings: Settings, store: SqlStore, tmp_path: Path) -> None:
    await store.add_account(ACCOUNT, {})
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITE_UNTIL_KILLED,
        str(tmp_path),
        settings.database_url,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    for n in range(5):
        assert int(await child.stdout.readline()) == n
    os.kill(child.pid, signal.SIGKILL)
    said, _ = await child.communicate()
    cursor = int(await store.cursor("acc_1", "trades"))
    records = await store.records("acc_1")
    assert cursor >= 4 + len(said.splitlines())  # nothing that was reported as stored is lost
    assert len(records) == 50 * (cursor + 1)
