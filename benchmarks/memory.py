"""Memory and times of `planner serve` over many unlike questions: python -m benchmarks.memory [--questions 20000] [--at-once 4].

Starts a server of its own and asks it estimates and comparisons that differ each time, so many at once, as fast as it answers. Prints after
each tenth its memory (resident), and at the end the median, the 99th percentile and the longest of the times, and the answers
by status. Needs Linux.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import random
import statistics
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlencode

from benchmarks.serve import _comparison, _estimate, _served, _status

PARTS = 10
COMPARISONS = 0.2


def main() -> None:
    """Ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    source = random.Random(1)  # noqa: S311 - the same each time
    asked: dict[str, None] = {}
    while len(asked) < options.questions:
        question = "/api/estimate?" + urlencode(_estimate(source))
        if source.random() < COMPARISONS:
            question = "/api/compare?" + urlencode(_comparison(source))
        asked[question] = None
    with _served() as (process, port):
        print(f"{0:>7,} questions: {_mib(process.pid):,.0f} MiB")
        found: list[tuple[float, int]] = []
        questions = list(asked)
        step = -(-len(questions) // PARTS)
        for start in range(0, len(questions), step):
            found += _asked(port, questions[start : start + step], options.at_once)
            print(f"{len(found):>7,} questions: {_mib(process.pid):,.0f} MiB", flush=True)
    times = sorted(seconds for seconds, _ in found)
    print(
        f"median {statistics.median(times) * 1000:,.0f} ms, 99th percentile {times[int(len(times) * 0.99)] * 1000:,.0f} ms, "
        f"longest {times[-1] * 1000:,.0f} ms, {options.at_once} at once"
    )
    print("answers by status:", dict(collections.Counter(status for _, status in found)))


def _asked(port: int, questions: list[str], at_once: int) -> list[tuple[float, int]]:
    waiting: SimpleQueue[str | None] = SimpleQueue()
    for question in [*questions, *[None] * at_once]:
        waiting.put(question)
    found: list[tuple[float, int]] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while (question := waiting.get()) is not None:
            start = time.perf_counter()
            status = _status(connection, question) or _status(connection, question)
            found.append((time.perf_counter() - start, status))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _mib(process_id: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
