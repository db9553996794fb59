"""What the tests of adapters share."""

import functools

import pytest


@pytest.fixture(scope="session", autouse=True)
def _descriptions_of_aws_are_read_once():
    """The SDK of AWS reads some megabytes of JSON anew for every session, and each test opens one."""
    loader = pytest.importorskip("botocore.loaders").JSONFileLoader
    read = functools.cache(functools.partial(loader.load_file, loader()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "load_file", lambda _, path: read(path))
        yield
