"""Rules of the house that no linter checks."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import misread

OPTIONAL = ("misread.serve",)
"""Rooms that an installation without extras cannot enter; no other may ask for one when it is imported."""


def modules():
    yield "misread"
    for module in pkgutil.walk_packages(misread.__path__, "misread."):
        yield module.name


@pytest.mark.parametrize("name", list(modules()))
def test_every_module_lists_its_public_names(name):
    try:
        module = importlib.import_module(name)
    except misread.errors.MissingExtraError as error:
        if not name.startswith(OPTIONAL):
            raise
        pytest.skip(str(error))
    assert module.__doc__, f"{name} does not say what it is for"
    names = getattr(module, "__all__", None)
    assert names is not None or hasattr(module, "__path__"), f"{name} has no __all__"
    for public in names or ():
        assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"


def test_importing_misread_does_no_work():
    code = "import sys, misread; print(len([m for m in sys.modules if m.split('.')[0] in ('numba', 'sklearn')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'teach'"):
        misread.teach
