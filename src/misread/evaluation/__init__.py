"""Fit once, ask everything: out-of-fold answers, and pure functions of labels and scores."""
