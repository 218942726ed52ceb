"""Models as graphs of plain operators: one file a family, each equal to what its estimator computes."""

__all__: list[str] = []
