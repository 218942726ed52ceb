"""What every test shares."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: examples have no deadline, and the same ones run everywhere.
settings.register_profile("misread", deadline=None, derandomize=True)
settings.load_profile("misread")


def pytest_configure() -> None:
    """Ctrl-C reaches what the tests start, also where they run in the background of a shell, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in several processes are told apart by their names: an address in a name is another in each."""
    odd = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if odd:
        raise pytest.UsageError(f"give it ids: {odd[0]}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test of the full MNIST is skipped where the files are not; how wide a terminal is says the test alone.

    In a process without one, a library may have set COLUMNS to 80.
    """
    os.environ.pop("COLUMNS", None)
    if item.get_closest_marker("mnist"):
        _full_mnist()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder that holds mnist/, for the tests on the full set."""
    return _full_mnist()


def _full_mnist() -> Path:
    folder = os.environ.get("MISREAD_DATA", "")
    if not (folder and (Path(folder) / "mnist").is_dir()):
        pytest.skip("set MISREAD_DATA to the folder that holds mnist/ to run the full-MNIST tests")
    return Path(folder)


@pytest.fixture(scope="session")
def digits_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder: the study of the embedded digits. Tests read in it and change nothing."""
    from misread import run_study

    folder = tmp_path_factory.mktemp("study") / "digits"
    run_study("digits", folder)
    return folder
