"""Slots are claimed once, what was missed runs at start-up, a failure ends nothing, and stopping leaves nothing running."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from service.app import holder, sources
from service.app.ports import Refused
from service.scheduler import Job, Scheduler, jobs, running, slot_name, slot_start
from tests.app.house import Script, house

NOON = datetime(2026, 6, 1, 12, 7, 31, 500_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Slots:
    """The two methods of the store that a scheduler needs, over a dict."""

    claimed: dict[str, set[str]] = field(default_factory=dict)

    async def claim_slot(self, job: str, slot: str, now: datetime) -> bool:
        taken = self.claimed.setdefault(job, set())
        is_first = slot not in taken
        taken.add(slot)
        return is_first

    async def last_slot(self, job: str) -> str | None:
        return max(self.claimed.get(job, set()), default=None)


@dataclass
class Runs:
    """A job's work: counts, and can be waited for."""

    count: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, app: object) -> None:
        self.count += 1
        self.began.set()


def an_app(store: Slots, at: datetime = NOON):
    settings = SimpleNamespace(sync_every_minutes=60, evaluate_every_minutes=15)
    return SimpleNamespace(store=store, now=lambda: at, settings=settings)


async def within_5_s(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), 5)


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (timedelta(minutes=1), "2026-06-01T12:07:00Z"),
        (timedelta(minutes=15), "2026-06-01T12:00:00Z"),
        (HOUR, "2026-06-01T12:00:00Z"),
        (timedelta(days=1), "2026-06-01T00:00:00Z"),
    ],
)
def test_a_slot_is_the_start_of_the_period_we_are_in(every, expected):
    assert slot_name(slot_start(NOON, every)) == expected


def test_slot_names_compare_like_their_times():
    times = [NOON + timedelta(hours=9) * n for n in range(40)]
    assert [slot_name(t) for t in times] == sorted(slot_name(t) for t in times)


def test_the_jobs_and_their_periods_come_from_the_settings():
    assert {j.name: j.every for j in jobs(an_app(Slots()))} == {
        "sync": HOUR,
        "evaluate": timedelta(minutes=15),
        "deliver": timedelta(minutes=1),
    }


async def test_a_job_that_never_ran_runs_at_once():
    store, work = Slots(), Runs()
    async with running(an_app(store), [Job("sync", HOUR, work)]):
        await within_5_s(work.began)
    assert store.claimed == {"sync": {"2026-06-01T12:00:00Z"}}


async def test_a_sync_that_fell_due_while_the_process_was_down_runs_when_it_is_up():
    store, work = Slots({"sync": {"2026-06-01T09:00:00Z"}}), Runs()
    async with running(an_app(store), [Job("sync", HOUR, work)]):
        await within_5_s(work.began)
    assert store.claimed["sync"] == {"2026-06-01T09:00:00Z", "2026-06-01T12:00:00Z"}


async def test_a_job_that_has_run_in_this_slot_waits_for_the_next_one():
    work = Runs()
    scheduler = Scheduler(an_app(Slots({"sync": {"2026-06-01T12:00:00Z"}})), [Job("sync", HOUR, work)])
    before = datetime.now(UTC)
    await scheduler.start()
    planned = scheduler._triggers.get_job("sync")
    until_next_slot = datetime(2026, 6, 1, 13, tzinfo=UTC) - NOON
    assert before + until_next_slot <= planned.next_run_time <= datetime.now(UTC) + until_next_slot
    assert (planned.coalesce, planned.max_instances, planned.misfire_grace_time) == (True, 1, None)
    await scheduler.stop()
    assert work.count == 0


async def test_a_sync_whose_process_died_in_the_middle_is_begun_again_at_start_up_once():
    store, work = Slots({"sync": {"2026-06-01T12:00:00Z"}}), Runs()
    job = Job("sync", HOUR, work, resumes=True)
    async with running(an_app(store), [job]) as scheduler:
        await within_5_s(work.began)
        assert await scheduler.trigger(job) is False
    assert store.claimed["sync ended"] == {"2026-06-01T12:00:00Z"}
    async with running(an_app(store), [job]) as scheduler:
        assert await scheduler.trigger(job) is False
    assert work.count == 1


async def test_a_sync_that_failed_is_not_noted_as_ended():
    async def fails(app: object) -> None:
        raise OSError

    store = Slots()
    with capture_logs():
        await Scheduler(an_app(store), []).trigger(Job("sync", HOUR, fails, resumes=True))
    assert list(store.claimed) == ["sync"]


async def test_any_number_of_triggers_and_processes_make_one_run():
    store, work = Slots(), Runs()
    job = Job("sync", HOUR, work)
    processes = [Scheduler(an_app(store), [job]) for _ in range(4)]
    outcomes = await asyncio.gather(*(p.trigger(job) for p in processes for _ in range(3)))
    assert (sum(outcomes), work.count) == (1, 1)


async def test_the_next_slot_runs_again():
    store, work = Slots(), Runs()
    job = Job("sync", HOUR, work)
    assert await Scheduler(an_app(store), [job]).trigger(job) is True
    assert await Scheduler(an_app(store, NOON + timedelta(minutes=59)), [job]).trigger(job) is True
    assert await Scheduler(an_app(store, NOON + timedelta(minutes=1)), [job]).trigger(job) is False
    assert work.count == 2


async def test_a_failure_is_logged_without_its_text_and_ends_nothing():
    async def fails(app: object) -> None:
        api_key = "hunter2"
        raise RuntimeError(f"https://node.test/?key={api_key}")

    store, work = Slots(), Runs()
    with capture_logs() as logs:
        async with running(an_app(store), [Job("a", HOUR, fails), Job("b", HOUR, work)]) as scheduler:
            await within_5_s(work.began)
            assert await scheduler.trigger(Job("a", timedelta(minutes=1), fails)) is False
    failed = [line for line in logs if line["event"] == "job failed"]
    assert {(line["job"], line["error"]) for line in failed} == {("a", "RuntimeError")}
    assert "fails (" in failed[0]["where"]
    assert "node.test" not in str(logs)
    assert "hunter2" not in str(logs)


async def test_a_refusal_is_logged_as_its_sentence():
    async def refuses(app: object) -> None:
        raise Refused("year", "no rules for 2031")

    with capture_logs() as logs:
        assert await Scheduler(an_app(Slots()), []).trigger(Job("a", HOUR, refuses)) is False
    assert [(line["event"], line["says"]) for line in logs] == [("job refused", "no rules for 2031")]


async def test_a_store_that_fails_does_not_stop_the_scheduler():
    class Broken(Slots):
        async def claim_slot(self, job: str, slot: str, now: datetime) -> bool:
            raise OSError("disk full")

    work = Runs()
    with capture_logs() as logs:
        assert await Scheduler(an_app(Broken()), []).trigger(Job("a", HOUR, work)) is False
    assert (work.count, logs[0]["error"]) == (0, "OSError")


async def test_stopping_cancels_what_runs_waits_for_it_and_accepts_nothing_more():
    began, ended = asyncio.Event(), []

    async def endless(app: object) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as a transaction that rolls back
            ended.append("cleanly")

    job = Job("sync", HOUR, endless)
    async with running(an_app(Slots()), [job]) as scheduler:
        await within_5_s(began)
    assert ended == ["cleanly"]
    assert await scheduler.trigger(job) is False
    assert not scheduler._triggers.running


async def test_a_due_sync_ends_in_a_delivered_alert(tmp_path):
    rows = [
        ("d1", datetime(2026, 1, 4, tzinfo=UTC), [("fiat:USD", "10000")], "deposit"),
        ("b1", datetime(2026, 1, 5, tzinfo=UTC), [("binance:ETH", "2"), ("fiat:USD", "-8000")], "trade"),
    ]
    async with house(tmp_path, {"one": Script(rows=rows, declared={"binance:ETH": "2", "fiat:USD": "2000"})}) as home:
        await sources.add_other(home.app, "scripted", "one", {"token": "x"})
        await holder.add_channel(home.app, "json://example.test/hook")
        await home.price(ETH="2500")
        arrived = asyncio.Event()
        keep = home.post.send

        async def send(url, message, signing=None):
            arrived.set()
            return await keep(url, message, signing)

        home.post.send = send
        async with running(home.app):
            await within_5_s(arrived)
        assert "ETH" in home.post.sent[0][1].title
        assert {a.last_sync for a in await home.app.store.accounts()} == {home.clock()}
        assert await home.app.store.last_slot("sync") == "2026-06-01T12:00:00Z"
