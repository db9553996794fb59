"""Exports for the tests of this room: rows of every kind, and hostile names."""

from dataclasses import replace
from datetime import date
from functools import cache

from planner.answers.estimate import estimate
from planner.errors import UsageError
from planner.export.files import export

HOSTILE = (
    "<script>alert(1)</script>",
    '${file("/etc/passwd")}',
    "$${x} %%{ if true } %{x}",
    "two\nlines: yes\n- and more",
    "quotes \" ' `",
    "back\\slash\\",
    "turned \N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    "# no comment",
    "{a: b}, [c], &d, *e, !f, |g, >h, %i, @octocat, #1",
    "NO",
    "null",
    "1e3",
    "\ttab\x00\x1b[31m\x7f\x85\u2028",
    "\N{GRINNING FACE}",
    " spaces ",
    "",
    "x" * 10_000,
)

CASES = {
    "skypilot-aws-spot": ("skypilot", {"providers": ["aws"], "purchases": ["spot"], "gpus": ["A10G:4"]}),
    "skypilot-gcp-n1": ("skypilot", {"providers": ["gcp"], "purchases": ["on_demand"], "gpus": ["T4:2"]}),
    "skypilot-vast": ("skypilot", {"providers": ["vast"], "gpus": ["RTX 4090:2"]}),
    "dstack-azure-spot": (
        "dstack",
        {"providers": ["azure"], "purchases": ["spot"], "gpus": ["T4:1"], "max_hours": 200},
    ),
    "dstack-runpod": ("dstack", {"providers": ["runpod"], "purchases": ["on_demand"], "gpus": ["A100-80GB:1"]}),
    "dstack-gcp-n1": ("dstack", {"providers": ["gcp"], "purchases": ["spot"], "gpus": ["V100:2"]}),
    "kubernetes-aws-spot": (
        "kubernetes",
        {"providers": ["aws"], "purchases": ["spot"], "gpus": ["A10G:4"], "nodes": 2},
    ),
    "kubernetes-gcp": (
        "kubernetes",
        {"providers": ["gcp"], "purchases": ["on_demand"], "gpus": ["L4:4"], "max_usd": 500},
    ),
    "kubernetes-azure-spot": ("kubernetes", {"providers": ["azure"], "purchases": ["spot"], "gpus": ["T4:1"]}),
    "terraform-aws-spot": ("terraform", {"providers": ["aws"], "purchases": ["spot"], "gpus": ["A10G:4"]}),
    "terraform-gcp-n1": (
        "terraform",
        {"providers": ["gcp"], "purchases": ["spot"], "gpus": ["T4:2"], "max_hours": 300},
    ),
    "terraform-azure": (
        "terraform",
        {"providers": ["azure"], "purchases": ["on_demand"], "gpus": ["T4:4"], "nodes": 2, "regions": ["eastus"]},
    ),
}
"""One export a cloud and tool, with the options that lead to it; those with a name in tests/golden."""

DISK = {"dataset_gb": 150.0}


def estimated(**options):
    """ResNet-50 for 90 epochs on the packaged prices of one day."""
    return _estimated(
        tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in options.items())
    )


@cache
def _estimated(options):
    return estimate(**{"model": "resnet50", "epochs": 90, "as_of": date(2026, 7, 1), **dict(options)})


def exported(tool, row=1, *, command=None, image=None, change=None, **options):
    """The file for a row; `change` are fields of its offer that are not what the price book says."""
    result = estimated(**options)
    if change:
        first = result.estimates[row - 1]
        other = replace(first, offer=replace(first.offer, **change))
        result = replace(result, estimates=(*result.estimates[: row - 1], other, *result.estimates[row:]))
    return export(
        result,
        to=tool,
        row=row,
        made_by="planner export --to it",
        command=command,
        image=image,
        dataset_gb=options.get("dataset_gb", 0.0),
        max_hours=options.get("max_hours"),
        max_usd=options.get("max_usd"),
    ).text


def case(name, **more):
    """The export of that name in `CASES`."""
    tool, options = CASES[name]
    return exported(tool, **options, **DISK, **more)


def rows(tool, **options):
    """Every row of a wide estimate that the tool takes, as (estimate, text)."""
    for found in estimated(**options).estimates:
        try:
            yield found, exported(tool, found.rank, **options)
        except UsageError as error:
            if "cannot become a file" not in str(error):
                raise
