"""Review of labels by a person: what to look at, in which order, what was said, and what that tells."""

from misread.recipes.review.desk import Desk, Said, Screen
from misread.recipes.review.queue import Review, review_labels, review_unlabelled

__all__ = ["Desk", "Review", "Said", "Screen", "review_labels", "review_unlabelled"]
