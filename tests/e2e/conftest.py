"""One set of servers for all tests here; each test gets folders of its own, copied from some that were prepared once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.world import World


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The servers up; `thresher init` has run in its folder."""
    async with World(tmp_path_factory.mktemp("servers")) as world:
        assert (await world.run("init", "--json")).code == 0
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def everything(servers: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """All accounts added and prices imported, nothing synced."""
    world = servers.copied(tmp_path_factory.mktemp("everything") / "home")
    await world.add_everything()
    return world


@pytest.fixture
def world(servers: World, tmp_path: Path) -> World:
    """Initialised, empty."""
    return servers.copied(tmp_path / "home")


@pytest.fixture
def full(everything: World, tmp_path: Path) -> World:
    """All accounts, not synced."""
    return everything.copied(tmp_path / "home")
