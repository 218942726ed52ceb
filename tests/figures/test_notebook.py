"""Displays in a real Jupyter kernel, beside scikit-learn's."""

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

SETUP = """
from misread.figures import ThresholdDisplay
from sklearn.metrics import RocCurveDisplay
y, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
"""
CELLS = {
    "last": "ThresholdDisplay.from_scores(y, scores, 0.5).plot()",
    "not last": "ThresholdDisplay.from_scores(y, scores, 0.5).plot()\nNone",
    "again": "kept = ThresholdDisplay.from_scores(y, scores, 0.5).plot()",
    "later": "kept",
    "unplotted": "ThresholdDisplay.from_scores(y, scores, 0.5)",
    "two": "for point in (0.2, 0.5):\n    ThresholdDisplay.from_scores(y, scores, point).plot()",
    "on axes": "import matplotlib.pyplot as plt\n_, ax = plt.subplots()\n"
    "ThresholdDisplay.from_scores(y, scores, 0.5).plot(ax)",
    "scikit-learn": "RocCurveDisplay.from_predictions(y, scores)",
    "left over": "plt.get_fignums()",
}


@pytest.mark.filterwarnings("ignore")
def test_displays_appear_as_scikit_learns_do():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in (SETUP, *CELLS.values())]
    )
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = {
        name: sum("image/png" in output.get("data", {}) for output in cell.outputs)
        for name, cell in zip(CELLS, notebook.cells[1:], strict=True)
    }
    assert shown.pop("two") == 2
    assert shown.pop("left over") == 0
    assert notebook.cells[-1].outputs[0].data["text/plain"] == "[]"
    assert set(shown.values()) == {1}, shown
