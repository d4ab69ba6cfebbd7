"""Ask the camera at a port for all that it has, and plan; nothing is fetched. Says how long it took, as JSON."""

from __future__ import annotations

import json
import sys
import time

import anyio
from benchmarks.camera import PASSWORD, USERNAME

from camreel.clock.parse import parse_range
from camreel.jobs.search import CameraSearch, SearchResult
from camreel.model import Address, Credentials, Query, Target
from camreel.transfer.runtime import Runtime


async def _find(port: int, start: str, end: str, found: list[SearchResult]) -> None:
    target, query = Target(Address("127.0.0.1", port), USERNAME), Query(parse_range(start, end))
    inquiry = CameraSearch(target, query, Credentials(USERNAME, PASSWORD), lambda _event: None, Runtime())
    found.append(await inquiry.run())


def main() -> None:
    """Arguments: the port, the start, the end."""
    begun, used = time.monotonic(), time.process_time()
    told: list[SearchResult] = []  # not returned: Python 3.11 makes a text of what a main coroutine returns
    anyio.run(_find, int(sys.argv[1]), sys.argv[2], sys.argv[3], told)
    (found,) = told
    took = {"wall": time.monotonic() - begun, "cpu": time.process_time() - used}
    print(json.dumps(took | {"recordings": len(found.plan.recordings)}))


if __name__ == "__main__":
    main()
