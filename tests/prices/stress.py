"""Refreshes under attack: killed, out of disk, forbidden to write, racing each other, read by many.

Each function returns what it counted; `benchmarks/reliability.py` prints the figures of long runs, the tests assert
them of short ones. Every book holds one price in all its rows, a new one each time, so that a reader tells a mixed book
at a glance.
"""

import contextlib
import json
import os
import random
import resource
import signal
import time
import warnings
from functools import partial
from pathlib import Path

from planner.errors import PlannerError
from planner.prices import registry
from planner.prices.books import book_offers
from planner.prices.current import current_snapshots
from planner.prices.pull import pull
from planner.prices.refresh import RefreshOrder, refresh
from planner.prices.snapshots import interrupted_writes, list_snapshots, read_snapshot
from tests.builders import a_snapshot, an_offer
from tests.prices import fakecloud, tls
from tests.prices.publisher import TODAY, Publisher

ROWS = 400
PUBLISHED = ("acme", "other")


def use_fakecloud(list_path):
    """Register the fake cloud in this process and the ones forked from it."""
    registry.BUILT_IN["fakecloud"] = fakecloud.ADDRESS
    os.environ["FAKECLOUD"] = str(list_path)


def set_version(list_path, version, **settings):
    """A price list with one price in all rows; prices of neighbouring versions differ by a thousandth."""
    price = round(2 + version / 1000, 6)
    rows = [(f"type-{n:03}", "north", None, "l4", 1.0, "on_demand", price) for n in range(ROWS)]
    temporary = Path(f"{list_path}.new")
    temporary.write_text(json.dumps({"rows": rows, "pages": 20, **settings}))
    temporary.replace(list_path)


def refresh_once(data_dir):
    """One refresh of the fake cloud; the error of its only outcome."""
    return refresh(RefreshOrder(data_dir=data_dir, providers=("fakecloud",)), lambda *_: None)[0].error


def newest_price(data_dir, provider="fakecloud"):
    """The one price of the newest book, read as `planner estimate` reads it; an error if the book is broken or mixed."""
    snapshot = next(found for found in current_snapshots(data_dir) if found.provider == provider)
    prices = {offer.usd_per_hour for offer in book_offers(snapshot)}
    if len(prices) != 1:
        raise AssertionError(f"{snapshot.path} is mixed: {sorted(prices)}")
    return prices.pop()


def in_child(work):
    """Fork a process that runs `work` and exits with its number; returns the process id."""
    with warnings.catch_warnings():
        # Python 3.12 warns of threads at a fork; those of a test runner hold no lock that the child needs
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    with contextlib.suppress(BaseException):
        code = work() or 0
    os._exit(code)


def kill_at_random_moments(folder, count, seed=1):
    """SIGKILL a refresh `count` times; after each, every book must be whole and the newest the old one or the new."""
    data_dir, listed, moments = folder / "data", folder / "list.json", random.Random(seed)  # noqa: S311 - moments, not secrets
    use_fakecloud(listed)
    set_version(listed, 0)
    assert refresh_once(data_dir) is None
    set_version(listed, 1)
    began = time.perf_counter()
    os.waitpid(in_child(lambda: refresh_once(data_dir) is not None), 0)
    usual = time.perf_counter() - began
    counted = {"killed": 0, "ended_before": 0, "new_book": 0, "old_book": 0, "left_half": 0, "broken": 0}
    current = newest_price(data_dir)
    version = 1
    while counted["killed"] < count:
        version += 1
        set_version(listed, version)
        child = in_child(lambda: 0 if refresh_once(data_dir) is None else 1)
        # every second one towards the end, where the book is written
        time.sleep(usual * moments.uniform(0.7 * (version % 2), 1.1))
        os.kill(child, signal.SIGKILL)
        was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        counted["killed" if was_killed else "ended_before"] += 1
        usual *= 1.0 if was_killed else 0.95
        counted["left_half"] += bool(_rubbish(data_dir))
        try:
            for path in list_snapshots(data_dir)[-3:]:
                book_offers(read_snapshot(path))
            now = newest_price(data_dir)
        except (PlannerError, AssertionError):
            counted["broken"] += 1
            continue
        counted["broken"] += now not in (current, round(2 + version / 1000, 6))
        counted["new_book" if now != current else "old_book"] += 1
        current = now
    set_version(listed, version + 1)
    counted["next_refresh_failed"] = int(refresh_once(data_dir) is not None)
    counted["left_after_next_refresh"] = len(_rubbish(data_dir))
    return counted


def kill_pulls_at_random_moments(folder, count, seed=1):
    """SIGKILL a pull of two published books `count` times; after each, every book must be whole, and the newest the old or the new."""
    public, data_dir, moments = Publisher(folder / "public"), folder / "data", random.Random(seed)  # noqa: S311 - moments
    os.environ["SSL_CERT_FILE"] = str(tls.authority())
    server = tls.bound(tls.Folder(public.folder), [])
    serving = in_child(server.serve_forever)
    server.server_close()
    try:
        return _pulls_killed(public, partial(_pull_fails, data_dir, server.url), data_dir, count, moments)
    finally:
        os.kill(serving, signal.SIGKILL)
        os.waitpid(serving, 0)


def _pulls_killed(public, pull_fails, data_dir, count, moments):
    _publish(public, 0)
    assert not pull_fails()
    _publish(public, 1)
    began = time.perf_counter()
    os.waitpid(in_child(pull_fails), 0)
    usual = time.perf_counter() - began
    counted = {"killed": 0, "ended_before": 0, "new_books": 0, "old_books": 0, "left_half": 0, "broken": 0}
    current = [newest_price(data_dir, name) for name in PUBLISHED]
    version = 1
    while counted["killed"] < count:
        version += 1
        _publish(public, version)
        child = in_child(pull_fails)
        time.sleep(usual * moments.uniform(0.5 * (version % 2), 1.1))
        os.kill(child, signal.SIGKILL)
        was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        counted["killed" if was_killed else "ended_before"] += 1
        usual *= 1.0 if was_killed else 0.95
        counted["left_half"] += bool(_rubbish(data_dir))
        try:
            for path in list_snapshots(data_dir)[-6:]:
                book_offers(read_snapshot(path))
            now = [newest_price(data_dir, name) for name in PUBLISHED]
        except (PlannerError, AssertionError):
            counted["broken"] += 1
            continue
        for old, new in zip(current, now, strict=True):
            counted["broken"] += new not in (old, round(2 + version / 1000, 6))
            counted["new_books" if new != old else "old_books"] += 1
        current = now
    _publish(public, version + 1)
    counted["next_pull_failed"] = int(pull_fails())
    counted["next_pull_is_behind"] = sum(
        newest_price(data_dir, name) != round(2 + (version + 1) / 1000, 6) for name in PUBLISHED
    )
    counted["left_after_next_pull"] = len(_rubbish(data_dir))
    return counted


def _publish(public, version):
    """Two books with one price in all rows, and their index; names sort by version."""
    for name in PUBLISHED:
        offers = [
            an_offer(
                provider=name,
                instance_type=f"type-{n:03}",
                gpu="l4",
                gpu_count=1.0,
                usd_per_hour=round(2 + version / 1000, 6),
                observed_on=TODAY,
            )
            for n in range(ROWS)
        ]
        path = a_snapshot(public.folder, *offers, provider=name, stem=f"{TODAY}T{version:06}")
        public.enter(name, path)
    public.index()


def _pull_fails(data_dir, url):
    done = pull(RefreshOrder(data_dir=data_dir), url, lambda *_: None)
    return any(outcome.error for outcome in done.outcomes)


def _rubbish(data_dir):
    return [*interrupted_writes(data_dir), *(data_dir / "prices").rglob("*.tmp")]


def fill_the_disk(folder, limits):
    """Refresh while no file may grow beyond each limit in bytes: an error that says so, and the old book stays."""
    data_dir, listed = folder / "data", folder / "list.json"
    use_fakecloud(listed)
    set_version(listed, 0)
    assert refresh_once(data_dir) is None
    counted = {"refused": 0, "written": 0, "broken": 0, "left_half": 0}
    for version, limit in enumerate(limits, start=1):
        set_version(listed, version)

        def starved(limit=limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            try:
                return 3 if "Cannot write" in (refresh_once(data_dir) or "") else 0
            except PlannerError as error:
                return 3 if "Cannot write" in str(error) else 1

        before = newest_price(data_dir)
        code = os.waitstatus_to_exitcode(os.waitpid(in_child(starved), 0)[1])
        counted[{3: "refused", 0: "written"}.get(code, "broken")] += 1
        after = newest_price(data_dir)
        counted["broken"] += after != (before if code == 3 else round(2 + version / 1000, 6))
        counted["left_half"] += len(list((data_dir / "prices").rglob("*.tmp")))
    return counted


def race(folder, rounds):
    """Two refreshes at once: each ends with a book or says who holds the lock."""
    data_dir, listed = folder / "data", folder / "list.json"
    use_fakecloud(listed)
    set_version(listed, 0)
    assert refresh_once(data_dir) is None
    counted = {"written": 0, "locked_out": 0, "broken": 0}

    def contender():
        try:
            return 0 if refresh_once(data_dir) is None else 1
        except PlannerError as error:
            return 4 if "is running (process" in str(error) else 1

    for version in range(1, rounds + 1):
        set_version(listed, version)
        codes = [
            os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in (in_child(contender), in_child(contender))
        ]
        counted["written"] += codes.count(0)
        counted["locked_out"] += codes.count(4)
        counted["broken"] += sum(code not in (0, 4) for code in codes) + (0 not in codes)
        counted["broken"] += newest_price(data_dir) != round(2 + version / 1000, 6)
    return counted


def read_during_refreshes(folder, readers, refreshes):
    """So many readers reread the newest book while it is refreshed again and again."""
    data_dir, listed = folder / "data", folder / "list.json"
    use_fakecloud(listed)
    set_version(listed, 0)
    assert refresh_once(data_dir) is None
    stop, tally = folder / "stop", folder / "tally"
    tally.mkdir()

    def reader():
        reads, last = 0, 0.0
        while not stop.exists():
            price = newest_price(data_dir)
            assert price >= last, "went back in time"
            reads, last = reads + 1, price
        (tally / str(os.getpid())).write_text(str(reads))
        return 0

    children = [in_child(reader) for _ in range(readers)]
    for version in range(1, refreshes + 1):
        set_version(listed, version)
        assert refresh_once(data_dir) is None
    stop.touch()
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    reads = sum(int(path.read_text()) for path in tally.iterdir())
    return {"readers": readers, "refreshes": refreshes, "reads": reads, "broken": sum(code != 0 for code in codes)}


def forbid_writing(folder):
    """A folder that may not be written: an error that names it, and the old book stays."""
    data_dir, listed = folder / "data", folder / "list.json"
    use_fakecloud(listed)
    set_version(listed, 0)
    assert refresh_once(data_dir) is None
    set_version(listed, 1)
    for path in (data_dir, *(found for found in data_dir.rglob("*") if found.is_dir())):
        path.chmod(0o555)
    (data_dir / "refresh.lock").chmod(0o444)

    def forbidden():
        if os.getuid() == 0:
            os.setuid(65534)  # the rules do not hold for root
        try:
            refresh_once(data_dir)
        except PlannerError as error:
            return 5 if "Cannot write" in str(error) and "data_dir" in str(error) else 1
        return 0

    code = os.waitstatus_to_exitcode(os.waitpid(in_child(forbidden), 0)[1])
    return {"refused": int(code == 5), "broken": int(code != 5 or newest_price(data_dir) != 2.0)}
