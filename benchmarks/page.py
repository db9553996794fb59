"""How long the page of `planner serve` takes: python benchmarks/page.py [--repeat N] [--browser PATH].

Starts a server and a browser, moves a slider and types a number again and again, and prints the time from the event to the moment
when table and charts show the new answer (the page waits 40 ms for a next key before it asks).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys

from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
CHANGE = """async ([selector, value]) => {
  const field = document.querySelector(selector);
  const result = document.getElementById("result");
  delete result.dataset.milliseconds;
  const start = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (result.dataset.milliseconds === undefined) return;
      observer.disconnect();
      resolve(performance.now() - start);
    }).observe(result, { attributes: true });
  });
}"""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    options = parser.parse_args()
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        address = process.stdout.readline().strip()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=options.browser, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            for name, path, selector, value in (
                ("slider: electricity", "compare", "input[data-for=usd_per_kwh]", lambda i: 0.1 + i / 100),
                ("slider: jobs a month", "compare", "input[data-for=jobs_per_month]", lambda i: 1 + i % 28),
                ("number: epochs", "", "#epochs", lambda i: 10 + i),
            ):
                _measure(page, name, address + path, selector, [value(i) for i in range(options.repeat)])
            browser.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


def _measure(page: Page, name: str, address: str, selector: str, values: list[float]) -> None:
    page.goto(address)
    page.evaluate("planner.ready.then(() => true)")
    times = sorted(page.evaluate(CHANGE, [selector, f"{value:g}"]) for value in values)
    print(
        f"{name:<22} median {statistics.median(times):4.0f} ms, 90th percentile {times[int(0.9 * len(times))]:4.0f} ms, "
        f"slowest {times[-1]:4.0f} ms (target: 200)"
    )


if __name__ == "__main__":
    main()
