"""Every number of the study, on the real MNIST."""

import pytest

from misread import run_study
from misread.results.reference import NOTEBOOK, notebook_number

pytestmark = [pytest.mark.mnist, pytest.mark.slow]


@pytest.fixture(scope="module")
def result(mnist_folder, tmp_path_factory):
    return run_study("mnist", tmp_path_factory.mktemp("mnist"), data_dir=mnist_folder)


@pytest.mark.parametrize("name", NOTEBOOK)
def test_equals_the_notebook(result, name):
    printed = notebook_number(result, name)
    assert printed.agrees(result.values[name]), f"notebook {printed.value}, ours {result.values[name]}"


def test_the_score_is_exact(result):
    assert result.values["detector.first_score"] == pytest.approx(
        2164.2203023926595, rel=1e-15
    )  # BLAS adds in an order of the machine's


def test_the_facts_read_off_the_matrices(result):
    by_row, by_column = result.values["errors.by_row"], result.values["errors.only_by_column"]
    assert round(by_row[5][5], 2) == 0.82
    assert round(by_row[5][8], 2) == 0.10
    assert round(by_row[8][5], 2) == 0.02
    assert round(by_column[9][7], 2) == 0.56  # of what is wrongly read as a 7, 56% are 9s
