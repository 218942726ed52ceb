"""Every example in a docstring runs and gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import misread
from misread.errors import MissingExtraError


def examples():
    """Every docstring with an example, by its name; a module that needs a missing extra has none."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = ["misread", *(module.name for module in pkgutil.walk_packages(misread.__path__, "misread."))]
    for name in names:
        try:
            found = finder.find(importlib.import_module(name))
        except MissingExtraError:
            continue
        yield from ((one.name, one) for one in found if one.examples)


EXAMPLES = dict(examples())


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_example_gives_what_it_says(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


def test_there_are_examples():
    assert len(EXAMPLES) > 30
    assert "misread.evaluation.intervals.f1_interval" in EXAMPLES
