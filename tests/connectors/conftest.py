"""The verifying loopback exchange that the tests of the dialects share."""

import pytest

from tests.connectors.exchange_server import served


@pytest.fixture
async def s():
    async with served() as one:
        yield one
