"""A doubt in words, for a person who has a second for it."""

from misread.data.unlabelled import answer_kept
from misread.recipes.review.queue import Review

__all__ = ["group_in_words", "in_words", "percent"]


def in_words(review: Review, place: int) -> str:
    """What is said against the label of an image, and for it.

    Parameters
    ----------
    review : Review
    place : int
        Position of the image.
    """
    if not review.labelled:
        return _of_unlabelled(review, place)
    row = review.rank.get(place)
    if row is None or review.suspects is None:
        return "Nobody contradicts this label." if review.suspects is not None else ""
    found, names = review.suspects.labels, review.class_names
    given, suggested = names[found.given[row]], names[found.suggested[row]]
    said = [
        f"The model, which has not seen it, gives {percent(found.probability_suggested[row])} to {suggested} and "
        f"{percent(found.probability_given[row])} to {given}."
    ]
    if found.n_neighbors:
        votes = int(found.votes_suggested[row]), int(found.votes_given[row])
        said.append(
            f"Of the {found.n_neighbors} nearest images {_so_many(votes[0])} labelled {suggested}, "
            f"{_so_many(votes[1])} labelled {given}."
        )
    copy = int(found.copy[row])
    if copy >= 0:
        said.append(f"A near-copy, {review.names[copy]}, is labelled {review.given(copy)}.")
    if review.chance is not None:
        said.insert(0, f"The label is wrong with a chance of {percent(float(review.chance[row]))}.")
    return " ".join(said)


def _of_unlabelled(review: Review, place: int) -> str:
    said = []
    if review.probabilities is not None:
        shares = review.probabilities[place]
        best = int(shares.argmax())
        certain = f", {percent(float(shares[best]))}" if (shares < 1).all() else ""
        said.append(f"The model takes it for {review.class_names[best]}{certain}.")
    answer = {} if review.folder is None else answer_kept(review.folder / str(review.names[place]))
    if "answer" in answer:
        said.append(
            f"The server took it for {answer['answer']} ({answer.get('state', '')}) at {answer.get('when', '')}."
        )
    return " ".join(said)


def _so_many(n: int) -> str:
    return "none is" if n == 0 else "1 is" if n == 1 else f"{n} are"


def group_in_words(review: Review, places: tuple[int, ...]) -> str:
    """What is asked of several images together."""
    assert review.suspects is not None
    names, found = review.class_names, review.suspects.labels
    row = review.rank[places[0]]
    given, suggested = names[found.given[row]], names[found.suggested[row]]
    return f"These {len(places)} look alike: all are labelled {given}, and all are taken for {suggested}."


def percent(share: float) -> str:
    """A share in percent; never 0% or 100% of what is not.

    Examples
    --------
    >>> percent(0.973), percent(0.9996), percent(0.001), percent(1.0)
    ('97%', 'over 99%', 'under 1%', '100%')
    """
    if 0.995 <= share < 1:
        return "over 99%"
    if 0 < share < 0.01:
        return "under 1%"
    return f"{share:.0%}"
