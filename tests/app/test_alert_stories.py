"""Runs tests/stories/alerts/*.story: a path of prices in, exactly the expected messages out, with a new process between any two lines."""

from __future__ import annotations

import pytest

from tests.app.alert_story import World, live, read
from tests.tools import ROOT

STORIES = sorted((ROOT / "tests/stories/alerts").glob("*.story"))


@pytest.mark.parametrize("path", STORIES, ids=[path.stem for path in STORIES])
async def test_story(path, tmp_path):
    world = World(tmp_path)
    for moment in read(path.read_text(encoding="utf-8")):
        said = await live(world, moment)
        told = [f"{m.kind}: {m.title}\n{m.body}" for m in said]
        assert [m.kind for m in said] == [words.partition(",")[0] for words in moment.said], (moment, told)
        for message, words in zip(said, moment.said, strict=True):
            for part in words.split(",")[1:]:
                assert part.strip() in f"{message.title}\n{message.body}", (moment, told)
    assert len({m.id for m in world.arrived}) == len(world.arrived)


def test_there_are_stories():
    assert len(STORIES) >= 15


@pytest.mark.parametrize("line", ["ETH is at 2000", "2026-03-01T12:00 ETH is at 2000", "tomorrow ETH is at 2000"])
def test_a_line_that_is_no_moment_is_refused(line):
    with pytest.raises(ValueError, match="no moment"):
        read(line)
