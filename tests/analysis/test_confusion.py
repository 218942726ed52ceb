import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from misread.analysis.confusion import by_column, by_row, confusion_counts, errors_only

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50)


@given(pairs)
def test_the_four_matrices_agree_with_scikit_learn(pairs):
    truth, predicted = np.array(pairs).T
    counts = confusion_counts(truth, predicted, 4)
    labels = range(4)
    wrong = (truth != predicted).astype(int)
    np.testing.assert_array_equal(counts, confusion_matrix(truth, predicted, labels=labels))
    np.testing.assert_array_equal(by_row(counts).sum(axis=1)[counts.sum(axis=1) == 0], 0)
    for ours, normalize in ((by_row, "true"), (by_column, "pred")):
        np.testing.assert_allclose(
            ours(counts), confusion_matrix(truth, predicted, labels=labels, normalize=normalize)
        )
        if wrong.any():
            theirs = confusion_matrix(truth, predicted, labels=labels, sample_weight=wrong, normalize=normalize)
            np.testing.assert_allclose(ours(errors_only(counts)), theirs)
