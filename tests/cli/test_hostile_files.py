"""Files and figures that people give, damaged in every usual way: a clear error each, never a fault of the planner."""

import gzip

import pytest
from click.testing import CliRunner

from planner.answers.sweep import estimate_many
from planner.cli.root import cli
from planner.cost.own_prices import load_price_book
from planner.errors import PlannerError
from planner.logs.calibration import read_calibration
from planner.outside.documents import json_of, toml_of
from planner.prices.contents import contents_text
from planner.render.sweep_files import read_parts
from planner.units import current_day
from planner.work.model_file import language_model_from_config
from planner.work.own import parse_measurements, read_own_model

READERS = {
    "model file": read_own_model,
    "price book": lambda path: load_price_book(path, (), current_day()),
    "calibration": read_calibration,
    "config.json": language_model_from_config,
}
DIGITS = "9" * 5000
BAD = {
    "Latin-1": b'name = "caf\xe9"\n',
    "UTF-16": 'name = "mine"\n'.encode("utf-16"),
    "deep": b"x = " + b"[" * 100_000,
    "deep JSON": b"[" * 100_000,
    "digits": f"params_millions = {DIGITS}\n".encode(),
    "digits in JSON": f'{{"model_type": "llama", "hidden_size": {DIGITS}}}'.encode(),
    "nothing": b"",
    "zeros": b"\0" * 100,
    "a list": b"[1, 2]",
    "a byte-order mark alone": b"\xef\xbb\xbf",
    "wrong types": b'name = [1]\nschema = {a = 1}\ndiscount = 1979-05-27\nrun = "x"\n',
    "a surrogate": b'name = "\\ud800"\n',
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_file_is_a_clear_error(tmp_path, reader, bad):
    """Whatever is in it, a reader gives its records or an error that names the file."""
    path = tmp_path / "given.file"
    path.write_bytes(BAD[bad])

    try:
        READERS[reader](path)
    except PlannerError as error:
        assert "given.file" in str(error)  # noqa: PT017 - some files are of no harm to some readers


@pytest.mark.parametrize(
    "bad", ["Latin-1", "UTF-16", "deep", "digits", "zeros", "a list", "wrong types", "a surrogate"]
)
def test_damaged_settings_are_a_clear_error(tmp_path, monkeypatch, bad):
    """Settings that cannot be read say so, with their file and the way on without them."""
    (tmp_path / "planner.toml").write_bytes(b"[estimate]\n" + BAD[bad] if bad == "digits" else BAD[bad])
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(cli, ["estimate", "--model", "resnet50", "--epochs", "1"])

    assert isinstance(result.exception, PlannerError)
    assert "planner.toml" in str(result.exception)
    assert "--no-config" in str(result.exception)


@pytest.mark.parametrize("bad", [b"PAR1garbage", b"", b"PAR1PAR1", b"model,epochs\n", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_a_damaged_parquet_file_of_jobs_is_a_clear_error(tmp_path, bad):
    """What is no Parquet is an error that names the file."""
    path = tmp_path / "jobs.parquet"
    path.write_bytes(bad)

    with pytest.raises(PlannerError, match=r"jobs\.parquet"):
        next(read_parts(path))


def test_a_byte_order_mark_is_no_fault(tmp_path):
    """A file saved by an editor that marks its encoding is read like any other."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "mine"\ngmacs_per_sample = 2.5\n')

    assert "mine" == read_own_model(path).name


@pytest.mark.parametrize("rate", ["1e300", "1e-300", "1e308", "99999999999999999", "1e-10", "5e-324", DIGITS])
def test_a_speed_of_no_gpu_is_refused(rate):
    """A figure beyond any GPU is an error that shows it, before anything is worked out from it."""
    with pytest.raises(PlannerError, match=r"is not the speed of a GPU|with a positive number"):
        parse_measurements([f"a100-80gb-sxm={rate}"])


@pytest.mark.parametrize("reader", READERS)
def test_a_file_without_end_is_not_read(tmp_path, reader):
    """A device among them: no more is read than any such file has."""
    path = tmp_path / "given.file"
    path.symlink_to("/dev/zero")

    with pytest.raises(PlannerError, match="neither a file nor standard input"):
        READERS[reader](path)


@pytest.mark.parametrize("piece", ["[],", '{"":[]},', '{"a":{"b":1}},'])
def test_a_document_of_many_small_values_is_refused(monkeypatch, piece):
    """Three bytes of it are a hundred of memory."""
    monkeypatch.setattr("planner.outside.documents.MOST_VALUES", 1000)

    assert 101 == len(json_of("[" + piece * 100 + "1]"))
    with pytest.raises(ValueError, match="more than 1,000 values"):
        json_of("[" + piece * 1000 + "1]")


@pytest.mark.parametrize("ending", ["json.gz", "csv.gz"])
def test_what_is_said_of_a_packed_price_file_is_found_within_a_bound(tmp_path, monkeypatch, ending):
    """A file without a price of a GPU is read again to say what is in it."""
    monkeypatch.setattr("planner.prices.contents.MAX_BYTES", 1000)
    path = tmp_path / f"bomb.{ending}"
    path.write_bytes(gzip.compress(b'{"Items": [' + b"[]," * 100_000))

    assert "nothing that has a price" == contents_text([path])


LONG_KEYS = {
    "a key": "{key} = 1",
    "a key alone": "{key}",
    "of a table": "[{key}]",
    "in braces": "x = {{{key} = 1}}",
    "in braces that have no end": "x = {{{key}",
    "after a string": "x = {{b = 'c', {key} = 1}}",
    "in a list": "x = [\n {{{key} = 1}}]",
}


@pytest.mark.parametrize("part", ["a", '"a"', "'a'", "a ", '"\\""'])
@pytest.mark.parametrize("where", LONG_KEYS)
def test_a_key_of_many_parts_is_refused(where, part):
    """The library would take minutes for some ten thousand of them."""
    with pytest.raises(ValueError, match="key of more than 50 parts"):
        toml_of(LONG_KEYS[where].format(key=".".join([part] * 100_000)))


@pytest.mark.parametrize(
    "text", ["# " + "a. " * 60, 'x = "' + "a. " * 60 + '"', "x = '" + "." * 60 + "'", "#" + "." * 60]
)
def test_many_dots_that_are_no_key_are_read(text):
    """Sentences and rows of dots, in a comment or a string."""
    assert set(toml_of(text)) <= {"x"}


@pytest.mark.parametrize("number", ["9" * 400, "0x" + "f" * 300, "0b" + "1" * 1100, "-" + "9" * 309, "9_9" * 160])
def test_settings_with_a_number_of_no_float_are_a_clear_error(tmp_path, monkeypatch, number):
    """In whatever base it is written."""
    (tmp_path / "planner.toml").write_text(f"[estimate]\nepochs = {number}\n")
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(cli, ["estimate", "--model", "resnet50"])

    assert isinstance(result.exception, PlannerError)
    assert "planner.toml" in str(result.exception)
    assert "more than 308 digits" in str(result.exception)


@pytest.mark.parametrize("cell", ["resnet5" * 10_000, "a;" * 40_000, "9" * 40_000], ids=["a word", "a list", "digits"])
@pytest.mark.parametrize("column", ["model", "regions", "gpus", "epochs", "measured"])
def test_a_cell_of_a_book_is_the_fault_of_its_job_alone(column, cell):
    """Told by its length, before anything is looked for that is like it; nobody gets all of it back."""
    job = {"model": "resnet50", "epochs": 1, column: cell}

    frame = estimate_many([job, {"model": "resnet50", "epochs": 1}])

    bad, good = frame.to_dict("records")
    assert f"{column} has more than 20,000 characters" in bad["error"]
    assert len(str(bad)) < 2000
    assert "" == good["error"]


def test_a_table_of_jobs_with_columns_without_end_is_refused(tmp_path):
    """By its first line, also of a packed one."""
    for path, packed in ((tmp_path / "jobs.csv", bytes), (tmp_path / "jobs.csv.gz", gzip.compress)):
        path.write_bytes(packed(b"a," * 100_000 + b"a\n1\n"))
        with pytest.raises(PlannerError, match="more than 1,000 columns"):
            next(read_parts(path))
