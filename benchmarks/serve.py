"""Start of and load on `planner serve`: python benchmarks/serve.py [--seconds 60] [--rate 50].

First the start, five times: processor time from nothing to the first answer, and the same for `import pandas`, which a
busy or slow machine makes longer alike. `--seconds 0` stops there. Then the load: starts a server of its own, asks it so many questions a second at even distances, whether or not earlier ones have been
answered, and prints what was reached: answers a second, median and 99th percentile of the time from when a question was
due, errors. Most questions are asked once only:

    50 %  an estimate with other epochs, GPUs, limits and purchases each time, of ten models
    15 %  a comparison with sliders at other values each time
     5 %  the page's view of an estimate, or of a comparison, likewise
    15 %  one of twenty estimates that everybody asks
    15 %  lists and files of the page
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import http.client
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from queue import Queue
from urllib.parse import urlencode, urlsplit

CONNECTIONS = 64
STARTS = 5
FIRST = "/api/estimate?model=resnet50&epochs=90"
MODELS = [
    *("resnet50", "bert-large-squad", "bert-base-squad", "vit_base_patch16_224", "ssd"),
    *("vgg16", "densenet121", "efficientnet_b0", "convnext_tiny", "resnet152"),
]
GPUS = ["A100", "A100:8", "H100:8", "t4", "v100", "l4", "rtx-4090", "rtx-3090:4", "a10g"]
FILES = ["/", "/assets/app.js", "/assets/page.css", "/api/gpus", "/api/models", "/api/providers", "/openapi.json"]


def main() -> None:
    """Ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=50, help="questions a second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    _print_start()
    if options.seconds == 0:
        return
    questions = _questions(random.Random(options.seed), int(options.seconds * options.rate))  # noqa: S311 - the same each time
    print(f"{len(questions):,} questions, {len(set(questions)) / len(questions):.0%} of them different")
    with _served() as (process, port):
        before = _cpu_seconds(process.pid)
        results, seconds = _load(port, questions, options.rate)
        busy = _cpu_seconds(process.pid) - before
    _print(results, seconds, busy, process.returncode)


@contextlib.contextmanager
def _served() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of its own and its port, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        yield process, int(urlsplit(process.stdout.readline().strip()).port or 0)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _print_start() -> None:
    """Median, least and most of several starts, in turn with `import pandas`."""
    starts, imports = [], []
    for _ in range(STARTS):
        with _served() as (process, port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            assert _status(connection, FIRST) == HTTPStatus.OK  # noqa: S101
            starts.append(_cpu_seconds(process.pid))
            connection.close()
        before = os.times()
        subprocess.run([sys.executable, "-c", "import pandas"], check=True)
        after = os.times()
        imports.append(after.children_user + after.children_system - before.children_user - before.children_system)
    ratio = statistics.median(starts) / statistics.median(imports)
    print(
        f"start to first answer: {_spread(starts)} of processor time; `import pandas`: {_spread(imports)}; ratio {ratio:.2f}"
    )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _questions(source: random.Random, count: int) -> list[str]:
    usual = [
        "/api/estimate?" + urlencode({"model": model, "epochs": epochs}) for model in MODELS for epochs in (10, 90)
    ]
    return [_question(source, usual) for _ in range(count)]


def _question(source: random.Random, usual: list[str]) -> str:
    kind = source.random()
    if kind < 0.50:
        return "/api/estimate?" + urlencode(_estimate(source))
    if kind < 0.65:
        return "/api/compare?" + urlencode(_comparison(source))
    if kind < 0.70:
        return source.choice(
            ["/view/estimate?" + urlencode(_estimate(source)), "/view/compare?" + urlencode(_comparison(source))]
        )
    return source.choice(usual) if kind < 0.85 else source.choice(FILES)


def _estimate(source: random.Random) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [
        ("model", source.choice(MODELS)),
        ("epochs", round(source.uniform(1, 300), 3)),
    ]
    found += [("gpu", gpu) for gpu in source.sample(GPUS, source.choice([0, 0, 0, 1, 2]))]
    if source.random() < 0.2:
        found.append(("purchase", "on_demand"))
    if source.random() < 0.2:
        found.append(("max_hours", source.choice([2000, 5000])))
    if source.random() < 0.1:
        found.append(("overhead_factor", round(source.uniform(1, 1.3), 3)))
    return found


def _comparison(source: random.Random) -> list[tuple[str, object]]:
    return [
        ("model", source.choice(MODELS[:4])),
        ("epochs", source.choice([1, 2, 3])),
        ("buy", source.choice(["rtx-4090", "rtx-3090", "l4"])),
        ("jobs_per_month", source.randint(1, 20)),
        ("usd_per_kwh", round(source.uniform(0.05, 0.6), 3)),
        ("months", source.randint(6, 60)),
        ("card_usd", source.randint(500, 4000)),
        ("discount_per_year", round(source.uniform(0, 0.2), 3)),
    ]


def _load(port: int, questions: list[str], rate: float) -> tuple[list[tuple[float, int, str]], float]:
    """Seconds from when it was due, status and question of each, and how long all took."""
    due: Queue[tuple[float, str] | None] = Queue()
    results: list[tuple[float, int, str]] = []
    threads = [threading.Thread(target=_ask, args=(port, due, results), daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    start = time.perf_counter()
    for index, question in enumerate(questions):
        when = start + index / rate
        time.sleep(max(0.0, when - time.perf_counter()))
        due.put((when, question))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join(timeout=60)
    return results, time.perf_counter() - start


def _ask(port: int, due: Queue[tuple[float, str] | None], results: list[tuple[float, int, str]]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while (task := due.get()) is not None:
        when, question = task
        # a connection that was idle for seconds has been closed by the server: a new one is asked once
        status = _status(connection, question) or _status(connection, question)
        results.append((time.perf_counter() - when, status, question))


def _status(connection: http.client.HTTPConnection, question: str) -> int:
    """Status of the whole answer; 0 if there was none."""
    try:
        connection.request("GET", question)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
    return answer.status


def _cpu_seconds(process_id: int) -> float:
    """Processor time of a process and of those it started and has waited for."""
    with open(f"/proc/{process_id}/stat", encoding="ascii") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _print(results: list[tuple[float, int, str]], seconds: float, busy: float, code: int) -> None:
    times = sorted(entry[0] for entry in results)
    p99 = times[min(len(times) - 1, int(0.99 * len(times)))]
    statuses = collections.Counter(status for _, status, _ in results)
    print(f"answered {len(results):,} in {seconds:.1f} s: {len(results) / seconds:.1f} a second")
    print(f"  median {1000 * statistics.median(times):.0f} ms, 99th percentile {1000 * p99:.0f} ms (target: under 500), "
          f"slowest {1000 * times[-1]:.0f} ms")  # fmt: skip
    print(
        f"  statuses {dict(sorted(statuses.items()))}; processor time of the server {busy:.1f} s, {busy / seconds:.0%} of a core"
    )
    print(f"  ended with exit code {code}; load of the machine meanwhile {os.getloadavg()[0]:.1f}")
    for path in ("/api/estimate", "/api/compare", "/view/"):
        own = sorted(entry[0] for entry in results if entry[2].startswith(path))
        if own:
            print(
                f"  {path:<14} median {1000 * statistics.median(own):4.0f} ms, 99th percentile {1000 * own[int(0.99 * len(own))]:4.0f} ms"
            )


if __name__ == "__main__":
    main()
