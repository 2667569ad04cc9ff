"""The sandbox's exchanges, running."""

import pytest

from service.sandbox import NOW, SandboxExchanges


@pytest.fixture
async def sandbox():
    async with SandboxExchanges(now=lambda: NOW) as running:
        yield running
