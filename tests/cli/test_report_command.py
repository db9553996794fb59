"""`--format html` and `--chart` as a user runs them."""

import subprocess
import sys

from tests.conftest import ROOT

ESTIMATE = ("estimate", "--model", "resnet50", "--epochs", "90", "--as-of", "2026-07-01", "--provider", "aws")
COMPARE = (
    "compare",
    "--buy",
    "rtx-3090",
    "--rent-usd-per-hour",
    "0.5",
    "--utilisation",
    "0.4",
    "--as-of",
    "2026-07-01",
)


def test_a_report_is_written_beside_its_notes(run_planner, tmp_path):
    """The file goes where it is wanted, notes to standard error, nothing to standard output."""
    done = run_planner(*ESTIMATE, "--format", "html", "--output", "run.html")

    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert (0, "") == (done.returncode, done.stdout)
    assert "Report:  run.html" in done.stderr
    assert page.startswith("<!doctype html>")
    assert "planner estimate --model resnet50 --epochs 90 --as-of 2026-07-01 --provider aws --format html" in page


def test_variables_that_steered_are_part_of_the_command(run_planner, tmp_path):
    """Whoever repeats the command gets the same report."""
    settings = {"PLANNER_MODEL": "resnet50", "PLANNER_GPU": "a100 h100"}

    run_planner("estimate", "--epochs", 90, "--format", "html", "--output", "run.html", environment=settings)

    assert "PLANNER_MODEL=resnet50 PLANNER_GPU=&#x27;a100 h100&#x27; planner estimate --epochs 90 --format html" in (
        tmp_path / "run.html"
    ).read_text(encoding="utf-8")


def test_a_report_goes_down_a_pipe(run_planner):
    """Without --output the file is standard output."""
    done = run_planner(*COMPARE, "--format", "html")

    assert 0 == done.returncode
    assert done.stdout.endswith("</html>\n")


def test_pictures_come_beside_any_format(run_planner, tmp_path):
    """The table is still printed; the files are named in the notes."""
    done = run_planner(*ESTIMATE, "--chart", "run.svg", "--chart", "big-time-cost.png")

    plain = run_planner(*ESTIMATE)
    assert plain.stdout == done.stdout
    written = ["big-time-cost.png", "run-cost-items.svg", "run-price-history.svg", "run-time-cost.svg"]
    assert written == sorted(path.name for path in tmp_path.iterdir())
    assert all(f"Chart:   {name}" in done.stderr for name in written)


def test_a_comparison_has_pictures_too(run_planner, tmp_path):
    """Its charts have names of their own."""
    done = run_planner(*COMPARE, "--chart", "buy.svg")

    assert 0 == done.returncode, done.stderr
    charts = ("cost-items", "months", "sensitivity", "use", "ways", "ways-months")
    assert {f"buy-{chart}.svg" for chart in charts} == {path.name for path in tmp_path.iterdir()}


def test_a_picture_of_another_kind_is_a_usage_error(run_planner):
    """The message says which kinds there are."""
    done = run_planner(*ESTIMATE, "--chart", "run.pdf")

    assert 2 == done.returncode
    assert "run.svg" in done.stderr
    assert "Traceback" not in done.stderr


def test_listings_are_not_reports(run_planner):
    """What has no charts is not offered as a page."""
    done = run_planner("prices", "list", "--format", "html")

    assert 2 == done.returncode
    assert "html" in done.stderr


def test_a_missing_extra_is_named(start_planner, tmp_path):
    """Without the chart library the message says what to install; the table does not need it."""
    # a module of that name that is not there, as the interpreter would say it
    (tmp_path / "vl_convert.py").write_text(
        'raise ModuleNotFoundError("No module named \'vl_convert\'", name="vl_convert")', encoding="utf-8"
    )
    settings = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}

    report = start_planner(*ESTIMATE, "--format", "html", "--output", "run.html", environment=settings)
    table = start_planner(*ESTIMATE, environment=settings)

    assert 2 == report.returncode
    assert "pip install 'gpu-cost-planner[report]'" in report.stderr
    assert not (tmp_path / "run.html").exists()
    assert 0 == table.returncode


def test_the_table_loads_no_chart_code():
    """An estimate as a table starts as fast as before."""
    code = (
        "import sys\n"
        "sys.argv = ['planner', 'estimate', '--model', 'resnet50', '--epochs', '90']\n"
        "from planner.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if 'chart' in name or 'report' in name or name == 'vl_convert'])\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert "[]" == done.stdout.splitlines()[-1]
