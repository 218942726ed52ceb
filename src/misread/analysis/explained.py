"""What each finding means and what helps, in a few sentences; docs/explanations/findings.md says more."""

__all__ = ["EXPLAINED"]

EXPLAINED = {
    "E1": (
        "one class attracts the errors",
        "More of the errors on other classes are read as this class than an even spread would send there. "
        "Look down its column: what do those images have in common? More images of the classes that are "
        "read as it help, or a model that sees shapes and not pixels.",
    ),
    "E2": (
        "the most confused pair",
        "The errors on this class go to that one more often than chance would have it, and no other pair "
        "takes a larger share of its class. Open the cell and look: are they hard for you, too? Are the "
        "labels wrong? Else bring more images of the two.",
    ),
    "E3": (
        "the hardest class",
        "A larger share of this class is misread than of all others together. Few training images, or "
        "several ways to write it, are the usual causes.",
    ),
    "T1": (
        "many positives are missed",
        "A detector says yes from some score on. Nothing makes its own threshold the right place for you: "
        "choose one by what you need, precision or recall.",
    ),
    "T2": (
        "accuracy says little here",
        "Positives are rare, so that always answering no would be nearly as accurate, and useless. "
        "Precision and recall say what accuracy hides.",
    ),
    "T3": (
        "does the precision hold on the test images?",
        "A threshold was chosen for some precision, and flatters itself where it was chosen. The test "
        "images had no part in the choice: it holds if the lower bound there reaches that precision, and is "
        "not reached if the upper bound does not.",
    ),
    "M1": (
        "one model is better than the other",
        "Both answered the same images; only those that exactly one of them reads right can tell them "
        "apart. The interval of the difference does not hold 0.",
    ),
    "M2": (
        "shifted copies mend errors",
        "Every training image was added four more times, moved by one pixel. The same neighbours then read "
        "more of the test images right: being moved a little no longer makes an image strange.",
    ),
    "L1": (
        "labels that deserve a second look",
        "The model contradicts some labels with confidence, and the nearest other images side with it. That "
        "is no proof: look at them, and mend what is wrong.",
    ),
}
"""Heading and explanation of each code."""
