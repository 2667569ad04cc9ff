"""Leases: one holder, a wait, a name for who is busy, and an end with the process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.app.ports import Busy, Leases
from service.settings import Settings
from service.store import FileLeases, SqlStore, leases_for
from tests.store.samples import ACCOUNT, NOW, page, record
from tests.tools import ROOT

HOLD_UNTIL_KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.store.conftest import settings_in
from service.store import leases_for, open_store

async def main():
    settings = settings_in(Path(sys.argv[1]), sys.argv[2])
    store = await open_store(settings, lambda: datetime.now(UTC))
    async with leases_for(settings, store).hold("acc_1"):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    print("given back", flush=True)
    await store.close()

asyncio.run(main())
"""


@pytest.fixture
def leases(settings: Settings, store: SqlStore) -> Leases:
    return leases_for(settings, store)


@asynccontextmanager
async def holder(settings: Settings, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that holds acc_1; it lets go when its input ends."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLD_UNTIL_KILLED,
        str(folder),
        settings.database_url,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=pipe,
        stdout=pipe,
    )
    try:
        assert await child.stdout.readline() == b"held\n"
        yield child
    finally:
        if child.returncode is None:
            child.stdin.close()
        await child.communicate()


async def test_a_second_task_waits_for_the_first(leases: Leases) -> None:
    order: list[str] = []

    async def work(name: str) -> None:
        async with leases.hold("acc_1"):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(work("a"), work("b"), work("c"))
    assert [line.split()[0] for line in order[::2]] == [line.split()[0] for line in order[1::2]]
    assert sorted(order[::2]) == ["a in", "b in", "c in"]


async def test_a_busy_account_is_named_after_the_wait(settings: Settings, store: SqlStore) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    leases = leases_for(settings, store, sleep)
    async with leases.hold("acc_1"):
        with pytest.raises(Busy, match="acc_1 is being synced by another process"):
            async with leases.hold("acc_1", wait_seconds=2.05):
                raise AssertionError
        assert sum(slept) == pytest.approx(2.05)
        async with leases.hold("acc_2", wait_seconds=0):
            pass
    async with leases.hold("acc_1", wait_seconds=0):
        pass


async def test_a_holder_that_raises_gives_the_lease_back(leases: Leases) -> None:
    with pytest.raises(RuntimeError):
        async with leases.hold("acc_1"):
            raise RuntimeError
    async with leases.hold("acc_1", wait_seconds=0):
        pass


async def test_a_holder_that_is_cancelled_while_waiting_takes_nothing(leases: Leases) -> None:
    async def wait() -> None:
        async with leases.hold("acc_1", wait_seconds=600):
            raise AssertionError

    async with leases.hold("acc_1"):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with leases.hold("acc_1", wait_seconds=0):
        pass


async def test_another_process_is_waited_for(settings: Settings, leases: Leases, tmp_path: Path) -> None:
    async with holder(settings, tmp_path) as child:
        with pytest.raises(Busy):
            async with leases.hold("acc_1", wait_seconds=0.2):
                raise AssertionError
        child.stdin.close()
        async with leases.hold("acc_1", wait_seconds=30):
            pass


async def test_a_killed_holder_holds_nothing(settings: Settings, leases: Leases, tmp_path: Path) -> None:
    async with holder(settings, tmp_path) as child:
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
        async with leases.hold("acc_1", wait_seconds=30):
            pass


async def test_the_holder_of_a_lease_writes_pages(store: SqlStore, leases: Leases) -> None:
    """On PostgreSQL both are advisory locks: they must not be the same one."""
    await store.add_account(ACCOUNT, {})
    async with leases.hold("acc_1"):
        assert (await asyncio.wait_for(store.save_page("acc_1", "trades", page(record("a")), NOW), 20)).new == 1


async def test_names_of_files_keep_to_the_folder(tmp_path: Path) -> None:
    async with FileLeases(tmp_path / "leases").hold("../../evil"):
        assert [path.name for path in (tmp_path / "leases").iterdir()] == ["..%2F..%2Fevil.lock"]
