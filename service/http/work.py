"""Long work that a page starts and does not wait for. It belongs to the process: cancelled and waited for at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from service.app.ports import Busy, Refused, Stopped
from service.http.guard import where

log: Any = structlog.get_logger("thresher.http")


class Work:
    """At most one task of a name at a time; a second start while it runs changes nothing."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[object]] = {}
        self.says = ""
        """Why the last work did not finish; empty when it did."""

    def start(self, name: str, work: Coroutine[Any, Any, object]) -> bool:
        if self.is_running(name):
            work.close()
            return False
        self.says = ""
        self._tasks[name] = asyncio.create_task(self._done(name, work), name=name)
        return True

    def is_running(self, name: str | None = None) -> bool:
        """Whether this work, or any work, is under way."""
        return any(not task.done() for key, task in self._tasks.items() if name in (None, key))

    async def wait(self) -> None:
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await self.wait()

    async def _done(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except (Refused, Stopped, Busy) as known:
            self.says = str(known)
        except Exception as failed:  # noqa: BLE001 - nobody awaits this task; the page and the log must know
            self.says = "The last sync failed within thresher; its log says where."
            log.error("work failed", work=name, error=type(failed).__name__, where=where(failed))  # noqa: TRY400 - the traceback is told without its values
