"""Hashes of transactions that may concern an address: from token logs always, from trace_filter where the node has it and it is cheap.

Neither has to be complete: what they miss shows as a difference of nonce or balance, and prove.py finds it.
"""

from __future__ import annotations

import re

from connectors.clients.rpc import Call, Refused, Rpc
from connectors.evm.logs import filters

MOST_WINDOWS = 200
"""More trace_filter windows than this cost more than bisection."""


async def by_logs(rpc: Rpc, address: str, start: int, end: int) -> set[str]:
    """Hashes of all transactions with a token movement of the address in the blocks start…end."""
    logs = await rpc.logs(filters(address), start, end)
    return {str(log["transactionHash"]).lower() for log in logs if not log.get("removed")}


async def by_traces(rpc: Rpc, address: str, start: int, end: int) -> set[str] | None:
    """Hashes of all transactions with a native movement of the address; None where trace_filter is missing or too dear."""
    span, low, found = end - start + 1, start, set[str]()
    while low <= end:
        if "trace_filter" in rpc.lacks:
            return None
        windows = [(a, min(a + span - 1, end)) for a in range(low, end + 1, span)][: rpc.batch]
        calls: list[Call] = [
            ("trace_filter", [{"fromBlock": hex(a), "toBlock": hex(b), side: [address]}])
            for a, b in windows
            for side in ("fromAddress", "toAddress")
        ]
        answers = await rpc.many(calls)
        refusals = [answer for answer in answers if isinstance(answer, Refused)]
        if refusals:
            limit = re.search(r"limited to (\d+)", refusals[0].says)
            span = min(int(limit[1]) if limit else span // 2, span - 1)
            if span < 1 or (end - low) // span > MOST_WINDOWS:
                return None
            continue
        found |= {str(frame["transactionHash"]).lower() for frames in answers for frame in frames or () if frame.get("transactionHash")}
        low = windows[-1][1] + 1
    return found
