"""When things are done: APScheduler triggers, the store decides who runs, each job is one app call.

A job has a slot for every period ("2026-11-25T08:30:00Z"), counted from the epoch on the app's own clock. A run claims its
slot in the store first, so that any number of triggers and processes make one run; and because the newest claimed
slot is kept, a job that fell due while nothing was running is run as soon as something is. A sync also notes its end, so
that one whose process died in the middle is begun again at the next start and not at the next slot.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from service.app import outbox, sync
from service.app.ports import App, Busy, Refused, Stopped
from service.app.watch import Watch

log: Any = structlog.get_logger("thresher.scheduler")
INNERMOST = 6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    every: timedelta
    run: Callable[[App], Awaitable[object]]
    resumes: bool = False
    """Begun again at start-up when its run in this slot did not end. Two at once must do no harm: a sync holds leases."""


def jobs(app: App) -> tuple[Job, ...]:
    """What the service does of its own accord. A sync ends with an evaluation; between syncs prices move on."""
    return (
        Job("sync", timedelta(minutes=app.settings.sync_every_minutes), sync.sync, resumes=True),
        Job("evaluate", timedelta(minutes=app.settings.evaluate_every_minutes), Watch()),
        Job("deliver", timedelta(minutes=1), outbox.deliver),
    )


def slot_start(now: datetime, every: timedelta) -> datetime:
    """The newest multiple of the period, counted from 1970-01-01 UTC, that is not after `now`."""
    return now - (now - EPOCH) % every


def slot_name(start: datetime) -> str:
    """Compares as text like the instant that it names."""
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Scheduler:
    """The jobs of one process. `start` and `stop` belong to the event loop that they are called in."""

    def __init__(self, app: App, work: Sequence[Job]) -> None:
        self._app = app
        self._jobs = tuple(work)
        self._running: set[asyncio.Task[object]] = set()
        self._unended: set[tuple[str, str]] = set()
        """(job, slot) that somebody claimed and nobody ended, seen at start-up."""
        self._closing = False
        # Memory store: a shared one duplicates work (four processes ran 30 times for 10 fire times). The default grace
        # of one second skips a job whenever the loop was blocked for longer.
        self._triggers = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})

    async def start(self) -> None:
        """What is due runs at once; the rest at the start of its next slot."""
        for job in self._jobs:
            now = self._app.now()  # before the wall clock, so that a trigger never comes before its slot
            wall = datetime.now(UTC)
            first = wall + (slot_start(now, job.every) + job.every - now)
            self._triggers.add_job(
                self.trigger,
                IntervalTrigger(seconds=int(job.every.total_seconds()), start_date=first, timezone=UTC),
                args=[job],
                id=job.name,
                next_run_time=wall if await self.is_due(job) or await self._died(job) else first,
            )
        self._triggers.start()

    async def stop(self) -> None:
        """No new run begins; running ones are cancelled and waited for (a sync leaves a whole page or none)."""
        self._closing = True
        self._triggers.pause()
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._triggers.shutdown(wait=False)
        await asyncio.sleep(0)  # APScheduler shuts down in the loop's next turn

    async def is_due(self, job: Job) -> bool:
        """True when the slot that we are in has not been claimed: the job was missed, or never ran."""
        slot = slot_name(slot_start(self._app.now(), job.every))
        return not await self._reached(job.name, slot)

    async def _died(self, job: Job) -> bool:
        """True when this slot's run was begun and, as far as anybody noted, never ended."""
        slot = slot_name(slot_start(self._app.now(), job.every))
        if not job.resumes or await self._reached(_end_of(job), slot):
            return False
        self._unended.add((job.name, slot))
        return True

    async def _reached(self, name: str, slot: str) -> bool:
        last = await self._app.store.last_slot(name)
        return last is not None and last >= slot

    async def trigger(self, job: Job) -> bool:
        """One run of the job, if its slot is still free. Never raises: a failure is logged and the next slot tries again."""
        if self._closing:
            return False
        task = asyncio.create_task(self._claimed_run(job), name=f"job {job.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task})
        return not task.cancelled() and task.result() is True

    async def _claimed_run(self, job: Job) -> bool:
        now = self._app.now()
        slot = slot_name(slot_start(now, job.every))
        try:
            is_first = await self._app.store.claim_slot(job.name, slot, now)
            if not is_first and (job.name, slot) not in self._unended:
                return False
            self._unended.discard((job.name, slot))
            await job.run(self._app)
            if job.resumes:
                await self._app.store.claim_slot(_end_of(job), slot, self._app.now())
        except (Refused, Stopped, Busy) as known:
            log.warning("job refused", job=job.name, slot=slot, says=str(known))
            return False
        except Exception as failed:  # noqa: BLE001 - one job's failure must not end the others
            log.error("job failed", job=job.name, slot=slot, error=type(failed).__name__, where=where(failed))  # noqa: TRY400 - the traceback is told without its values
            return False
        log.debug("job done", job=job.name, slot=slot)
        return True


def _end_of(job: Job) -> str:
    return f"{job.name} ended"


def where(failed: BaseException) -> str:
    """The innermost calls of a failure, without its text or any value: both may carry what nobody else may see."""
    calls = traceback.extract_tb(failed.__traceback__)[-INNERMOST:]
    return " > ".join(f"{call.name} ({call.filename.rpartition('site-packages/')[2]}:{call.lineno})" for call in calls)


@asynccontextmanager
async def running(app: App, work: Sequence[Job] | None = None) -> AsyncIterator[Scheduler]:
    """The scheduler at work for as long as the block lasts."""
    scheduler = Scheduler(app, jobs(app) if work is None else work)
    await scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()
