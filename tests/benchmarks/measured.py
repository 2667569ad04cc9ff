"""measured.py COMMAND…: runs it, and writes seconds, seconds of work and the most KiB that it held as the last line.

A process of its own, since a child counts what its parent held when it was started; this one holds next to nothing.
"""

from __future__ import annotations

import os
import sys
import time

started = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(f"\n{time.perf_counter() - started} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
