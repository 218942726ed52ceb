"""Train, judge and tune one model: what the commands of the same names call."""

from misread.training.fitting import train
from misread.training.judging import evaluate
from misread.training.operating import choose_again
from misread.training.rung import bundle_of_rung
from misread.training.seen import judging_images
from misread.training.targets import Labels, read_labels
from misread.training.tuning import Tuned, tune

__all__ = [
    "Labels",
    "Tuned",
    "bundle_of_rung",
    "choose_again",
    "evaluate",
    "judging_images",
    "read_labels",
    "train",
    "tune",
]
