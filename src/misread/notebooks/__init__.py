"""The study as Jupyter notebooks: eleven short chapters, each beside the same in plain scikit-learn."""

from misread.notebooks.writing import chapters, write_notebooks

__all__ = ["chapters", "write_notebooks"]
