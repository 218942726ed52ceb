"""Pictures of results: Display classes, and the study's own set."""

from misread.figures.displays import (
    ConfusionDisplay,
    ImageGridDisplay,
    PrecisionRecallDisplay,
    RocDisplay,
    ThresholdDisplay,
)
from misread.figures.study import draw_study

__all__ = [
    "ConfusionDisplay",
    "ImageGridDisplay",
    "PrecisionRecallDisplay",
    "RocDisplay",
    "ThresholdDisplay",
    "draw_study",
]
