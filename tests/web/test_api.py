"""The JSON API: the documents of the command line, and errors that say what is wrong."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from planner.cli.compare import compare
from planner.cli.estimate import estimate
from planner.cli.fit import fit
from planner.cli.recommend import recommend
from planner.web.form_fields import EXAMPLES
from planner.web.parameters import KINDS, CompareQuestion, EstimateQuestion, FitQuestion, RecommendQuestion, offered
from tests.web.conftest import DAY

JOB = {"model": "resnet50", "epochs": 90, "as_of": DAY}
BUY = {**JOB, "buy": "rtx-4090", "jobs_per_month": 4}
NOT_ON_THE_WEB = {
    "all", "calibration", "chart", "data_dir", "explain", "help_all", "model_file", "no_config", "output", "owned", "price_book", "quiet",
    "verbose"
}  # fmt: skip
"""Options that name files, that need more than an address may ask for, or that a page has no use for."""


@pytest.mark.parametrize(
    ("path", "question", "command"),
    [
        ("/api/estimate", JOB, "estimate --model resnet50 --epochs 90"),
        (
            "/api/estimate",
            {**JOB, "gpu": ["A100", "H100:8"], "purchase": "spot", "currency": "EUR", "limit": 3, "checkpoints": "false"},
            "estimate --model resnet50 --epochs 90 --gpu A100 --gpu H100:8 --purchase spot --currency EUR --limit 3 --no-checkpoints",
        ),
        ("/api/estimate", {"model": "gpt2-124m", "tokens": "10B", "gpu": "H100:8", "as_of": DAY}, "estimate --model gpt2-124m --tokens 10B --gpu H100:8"),
        (
            "/api/estimate",
            {"model": "mine", "measured": "a100-80gb-sxm=1234", "samples_per_epoch": 250000, "epochs": 3, "as_of": DAY},
            "estimate --model mine --measured a100-80gb-sxm=1234 --samples-per-epoch 250000 --epochs 3",
        ),
        ("/api/compare", BUY, "compare --model resnet50 --epochs 90 --buy rtx-4090 --jobs-per-month 4"),
        (
            "/api/compare",
            {"buy": "rtx-3090", "rent_usd_per_hour": 0.5, "utilisation": 0.4, "discount_per_year": 0.05, "as_of": DAY},
            "compare --buy rtx-3090 --rent-usd-per-hour 0.5 --utilisation 0.4 --discount-per-year 0.05",
        ),
        ("/api/recommend", {**JOB, "deadline": "2d", "budget": 50, "currency": "EUR"}, "recommend --model resnet50 --epochs 90 --deadline 2d --budget 50 --currency EUR"),
        ("/api/recommend", {"model": "resnet50", "card_budget": 800, "as_of": DAY}, "recommend --model resnet50 --card-budget 800"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
def test_answers_are_those_of_the_command_line(*, server, run_planner, path, question, command, form):
    """Byte by byte what the command prints, in every format, but for the names of options: here they are parameters."""
    answer = server.get(path, {**question, "format": form})

    printed = run_planner(*command.split(), "--as-of", DAY, "--format", form).stdout
    assert 200 == answer.status
    assert _as_parameters(printed) == _as_parameters(answer.body.decode())


def _as_parameters(text):
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: found[1].replace("-", "_"), text)


@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
@pytest.mark.parametrize(
    ("question", "command"),
    [
        ({"model": "llama-3-8b", "method": "qlora", "limit": 3}, "fit --model llama-3-8b --method qlora --limit 3"),
        ({"model": "resnet50", "gpu": ["T4", "A100-80GB:8"], "batch_size": 256}, "fit --model resnet50 --gpu T4 --gpu A100-80GB:8 --batch-size 256"),
    ],
)  # fmt: skip
def test_fits_are_those_of_the_command_line(*, server, run_planner, question, command, form):
    """Byte by byte too; a fit knows no day."""
    answer = server.get("/api/fit", {**question, "format": form})

    printed = run_planner(*command.split(), "--format", form).stdout
    assert _as_parameters(printed) == _as_parameters(answer.body.decode())


@pytest.mark.parametrize(
    ("command", "question"),
    [(estimate, EstimateQuestion), (compare, CompareQuestion), (recommend, RecommendQuestion), (fit, FitQuestion)],
)
def test_parameters_are_the_options_of_the_command(command, question):
    """Nothing has another name here, and what is left out is named."""
    options = {name.lstrip("-").replace("-", "_") for option in command.params for name in option.opts}

    assert options - NOT_ON_THE_WEB == set(question.model_fields)


def test_a_question_asked_again_gets_the_same_bytes(server):
    """From the store or anew: no difference."""
    first = server.get("/api/estimate", {**JOB, "epochs": 12.5})

    assert first.body == server.get("/api/estimate", {**JOB, "epochs": 12.5}).body


def test_the_report_is_a_file_to_keep(server):
    """HTML is never shown in the place of the page: it has a policy and scripts of its own."""
    answer = server.get("/api/estimate", {**JOB, "limit": 2, "format": "html"})

    assert 'attachment; filename="planner-estimate.html"' == answer.headers["content-disposition"]
    assert b"planner estimate --model resnet50 --epochs 90 --as-of 2026-07-01 --limit 2" in answer.body


def test_csv_has_the_flat_rows(server):
    """For a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(server.get("/api/estimate", {**JOB, "format": "csv"}).body.decode())))

    assert 15 == len(rows)
    assert {"rank", "usd", "seconds", "gpu"} <= rows[0].keys()


@pytest.mark.parametrize(
    ("path", "question", "status", "kind", "parameter", "words"),
    [
        ("/api/estimate", {**JOB, "epoch": 3}, 400, "UnknownParameter", "epoch", "Did you mean epochs"),
        ("/api/estimate", {**JOB, "data_dir": "/"}, 400, "UnknownParameter", "data_dir", "/api"),
        ("/api/estimate", {**JOB, "model_file": "x"}, 400, "UnknownParameter", "model_file", ""),
        ("/api/compare", {**BUY, "price_book": "x"}, 400, "UnknownParameter", "price_book", ""),
        ("/api/estimate", {**JOB, "model": "resnet51"}, 400, "UnknownNameError", "model", "resnet50"),
        ("/api/estimate", {**JOB, "model": "/etc/hostname"}, 400, "UnknownNameError", "model", "Unknown model"),
        ("/api/estimate", {**JOB, "gpu": ["A100", "A10X"]}, 400, "UnknownNameError", "gpu", "A10X"),
        ("/api/compare", {**BUY, "buy": "rtx-4091"}, 400, "UnknownNameError", "buy", "rtx-4090"),
        ("/api/compare", {**BUY, "country": "Atlantis"}, 400, "UnknownNameError", "country", "Atlantis"),
        ("/api/estimate", {**JOB, "format": "xml"}, 400, "UnknownNameError", "format", "markdown"),
        ("/api/estimate", {**JOB, "epochs": "many"}, 400, "UsageError", "epochs", "must be a number"),
        ("/api/estimate", {**JOB, "epochs": "nan"}, 400, "UsageError", "epochs", "above 0"),
        ("/api/estimate", {**JOB, "epochs": -1}, 400, "UsageError", "epochs", "above 0"),
        ("/api/estimate", {**JOB, "limit": 100000}, 400, "WrongValue", "limit", "1000"),
        ("/api/estimate", {**JOB, "gpu": ["A100"] * 51}, 400, "WrongValue", "gpu", "50"),
        ("/api/estimate", {**JOB, "model": "x" * 201}, 400, "WrongValue", "model", "200"),
        ("/api/estimate", {**JOB, "as_of": "0"}, 400, "WrongValue", "as_of", "must be a day"),
        ("/api/estimate", {"model": "resnet50"}, 400, "UsageError", "epochs", "How many epochs"),
        ("/api/estimate", {**JOB, "image_size": 224, "sequence_length": 224}, 400, "UsageError", "image_size", "the same"),
        ("/api/compare", {**BUY, "utilisation": 5}, 400, "UsageError", "utilisation", "0.05"),
        ("/api/compare", JOB, 400, "UsageError", "jobs_per_month", "How much will it be used?"),
        ("/api/estimate", {**JOB, "max_usd": 0.01}, 422, "LimitError", "max_usd", "No estimate meets the limits"),
        ("/api/estimate", {**JOB, "gpu": "A100:3"}, 422, "NothingLeftError", "nodes", "No offer is left"),
        ("/api/estimate", {"model": "llama-3-8b", "tokens": "1B", "sequence_length": 0}, 400, "UsageError", "sequence_length", "sequence_length must be at least 1, not 0."),
        ("/api/compare", {**BUY, "rent_usd_per_hour": 1, "gpu": "V100"}, 400, "UsageError", "rent_usd_per_hour", "With rent_usd_per_hour name one GPU with gpu, not v100"),
        ("/api/recommend", {**JOB, "deadlin": 3}, 400, "UnknownParameter", "deadlin", "Did you mean deadline"),
        ("/api/recommend", {**JOB, "deadline": "soon"}, 400, "UsageError", "deadline", "48h"),
        ("/api/recommend", {**JOB, "budget": 0.01}, 422, "LimitError", None, "Nothing ends for 0.01 USD. Nearest"),
        ("/api/recommend", {**JOB, "owned": "true"}, 400, "UnknownParameter", "owned", "/api"),
        ("/api/fit", {"model": "llama-3-8c"}, 400, "UnknownNameError", "model", "llama-3-8b"),
        ("/api/fit", {"model": "resnet50", "gpu": "A10X"}, 400, "UnknownNameError", "gpu", "a10g"),
        ("/api/fit", {"model": "resnet50", "epochs": 3}, 400, "UnknownParameter", "epochs", "/api"),
        ("/api/models", {"x": 1}, 400, "UnknownParameter", "x", ""),
        ("/api/nothing", {}, 404, "NotFound", None, "/api/nothing"),
        ("/api/", {}, 404, "NotFound", None, ""),
        ("/assets/..%2fapp.py", {}, 404, "NotFound", None, ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(*, server, path, question, status, kind, parameter, words):
    """Status, kind, parameter and a message for a person."""
    answer = server.get(path, question)

    assert (status, kind, parameter) == (answer.status, answer.error["type"], answer.error.get("parameter"))
    assert words in answer.error["message"]
    assert "application/json" == answer.headers["content-type"]


def test_a_parameter_given_twice_is_refused(server):
    """Neither of two answers is picked in silence."""
    answer = server.get("/api/estimate", [*JOB.items(), ("epochs", 3)])

    assert (400, "RepeatedParameter", "epochs") == (answer.status, answer.error["type"], answer.error["parameter"])


def test_matches_are_listed_for_programs(server):
    """A page can offer them."""
    assert "resnet50" in server.get("/api/estimate", {**JOB, "model": "resnet5o"}).error["matches"]


def test_lists_name_everything(server):
    """Models of both kinds, GPUs and whether they are sold, books and their age; no path of this machine."""
    models = {model["name"]: model for model in server.get("/api/models").json["models"]}
    gpus = {gpu["name"]: gpu for gpu in server.get("/api/gpus").json["gpus"]}
    providers = server.get("/api/providers")

    assert models.keys() >= {"resnet50", "bert-large-squad", "gpt2-124m", "llama-3-8b"}
    assert ("language-model", "image-classification") == (models["gpt2-124m"]["task"], models["resnet50"]["task"])
    assert (True, False) == (gpus["rtx-4090"]["is_sold"], gpus["a10g"]["is_sold"])
    assert {"aws", "azure", "gcp"} <= {book["provider"] for book in providers.json["providers"]}
    assert not {"file", "credentials"} & providers.json["providers"][0].keys()


def test_the_openapi_document_describes_every_parameter(server):
    """With its meaning, as the command line's help does."""
    paths = server.get("/openapi.json").json["paths"]

    kinds = {f"/api/{kind.name}": kind.question for kind in KINDS}
    assert {*kinds, "/api/models", "/api/gpus", "/api/providers"} == paths.keys()
    for path, question in kinds.items():
        parameters = {one["name"]: one for one in paths[path]["get"]["parameters"]}
        assert set(question.model_fields) == parameters.keys()
        assert all(one["description"] for one in parameters.values())


def test_answers_have_the_keys_that_the_openapi_document_requires(server):
    """What is promised is there."""
    paths = server.get("/openapi.json").json["paths"]

    for path, question in (
        ("/api/estimate", JOB), ("/api/compare", BUY), ("/api/recommend", JOB), ("/api/fit", {"model": "resnet50"}),
        ("/api/gpus", {}), ("/api/providers", {}),
    ):  # fmt: skip
        promised = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = server.get(path, question).json
        assert set(promised["required"]) <= answer.keys()
        assert promised["properties"]["schema"]["const"] == answer["schema"]


def test_the_reference_names_every_parameter(server):
    """A page for people, made from the same document."""
    page = server.get("/api").body.decode()

    assert all(f"<code>{name}</code>" in page for kind in KINDS for name in kind.question.model_fields)
    assert "<script" not in page


def test_the_page_is_answered_refusals_too(server):
    """While somebody types there is no error in the browser's console: the refusal is an answer."""
    answer = server.get("/view/estimate", {"model": "resnet5"})

    assert 200 == answer.status
    assert answer.error["parameter"] == "model"
    assert {"title", "html", "charts", "values", "subtitle"} == server.get("/view/compare", BUY).json.keys()


def test_names_are_escaped_in_the_page(server):
    """An own model may be called anything."""
    question = {"model": "<img src=x onerror=alert(1)>", "measured": "t4=100", "samples_per_epoch": 1000, "epochs": 1}

    answer = server.get("/view/estimate", question).json

    assert "<img" not in answer["html"]
    assert "&lt;img" in answer["html"]
    assert json.dumps(answer["charts"])


@pytest.mark.parametrize("place", ["config.json", ".", "missing.json"])
@pytest.mark.parametrize("more", [{}, {"gmacs_per_sample": 4}])
def test_an_address_reads_no_file(server, tmp_path, place, more):
    """The command line takes a config.json for a model; the web says the same of it as of one that is not there."""
    config = {
        "model_type": "gpt2",
        "n_embd": 768,
        "n_layer": 12,
        "n_head": 12,
        "vocab_size": 50257,
        "n_positions": 1024,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")

    answer = server.get("/api/estimate", {"model": tmp_path / place, "tokens": "1B", "as_of": DAY, **more})

    assert (400, "UnknownNameError", "model") == (answer.status, answer.error["type"], answer.error["parameter"])


class _Fields(HTMLParser):
    """The names of the fields of a page, how often each is there, and what it is called by."""

    def __init__(self):
        super().__init__()
        self.names, self.labels, self.ids = [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.append(given.get("id"))
        if tag in ("input", "select") and given.get("name"):
            self.names.append(given["name"])
        if given.get("data-ticks"):
            self.names.append(given["data-ticks"])
        if tag == "label" and given.get("for"):
            self.labels.append(given["for"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_form_has_a_field_for_every_option(server, kind):
    """Made from the declarations: by its first name, once, with a label; only how an answer is written has none."""
    page = server.get("/" if kind.name == "estimate" else f"/{kind.name}").body.decode()
    fields = _Fields()
    fields.feed(page)

    expected = {one.spellings[0] for one in offered(kind.question).values()}
    shown = {name for name in kind.question.model_fields if name not in ("format", "limit")}
    assert expected | {"limit"} >= set(fields.names) >= expected
    assert shown <= expected | {other for one in offered(kind.question).values() for other in one.spellings}
    typed = [name for name in fields.names if name not in ("provider", "purchase")]
    assert len(typed) == len(set(typed))
    assert set(typed) <= set(fields.labels)
    ids = [one for one in fields.ids if one]
    assert len(ids) == len(set(ids))


def test_trees_and_their_rows_are_asked_for_on_the_web(server):
    """A tool of trees is a name like those of models, though no list of networks has it."""
    answer = server.get("/api/estimate", {"model": "xgboost", "rows": "1M", "gpu": "T4", "as_of": DAY, "limit": 1})

    assert (200, "xgboost") == (answer.status, answer.json["workload"]["model"])
    tasks = {model["name"]: model["task"] for model in server.get("/api/models").json["models"]}
    assert "boosted-trees" == tasks["xgboost"] == tasks["lightgbm"]


def test_examples_speak_of_fields_that_are_there():
    """A slip of the pen in a name would leave an example beside what somebody typed."""
    for kind in KINDS:
        fields = {one.spellings[0] for one in offered(kind.question).values()}
        for example in EXAMPLES[kind.name]:
            assert {*example.values, *example.unless} <= fields
            assert not {*example.values} - {"epochs"} - {*example.unless}  # epochs may be said of an example
