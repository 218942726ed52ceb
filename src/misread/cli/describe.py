"""What a model file and its numbers say, in sentences."""

from collections.abc import Container, Sequence
from typing import Any

from misread.bundle import Manifest, OperatingPointRecord
from misread.cli.words import say
from misread.data.corrected import in_words

__all__ = ["describe", "measured", "percent", "say_titled", "titled", "worst_groups"]

_INDENT = 10
_MOST_CLASSES = 100
_FEW = 10
_LEVEL = 0.05
_SHOWN_WORST = 5
_TO_COPY = ("command ", "sha256 ")


def describe(manifest: Manifest, said: Container[str] = ()) -> list[str]:
    """What a person wants to know of a model, line by line, without warnings that were said before."""
    height, width = manifest.image_size
    data = manifest.dataset
    lines = titled("model", [f"{_task(manifest)}, by {manifest.model}{_params(manifest.params)}"])
    inverted = ", levels 0 and 1 scaled to 255" * manifest.binary + ", light and dark exchanged" * manifest.invert
    lines += titled("images", [f"{height}x{width}; others are fitted by '{manifest.fit}'{inverted}"])
    if data:
        lines += titled("data", [f"{data.get('name')}, {data.get('n_train', 0):,} training images"])
        if data.get("corrections"):
            lines += titled("corrected", [f"{in_words(data['corrections'])}."])
        warnings = map(str, data.get("warnings", ()))
        lines += titled("warnings", [warning for warning in warnings if warning not in said])
    if manifest.operating_point is None and manifest.task == "classification":
        lines += titled("answers", ["never sure: no operating point; `misread threshold` gives it one"])
    if manifest.operating_point is not None:
        lines += titled("answers", [_point(manifest, manifest.operating_point)])
    if manifest.unlike is not None:
        rate, n = percent(manifest.unlike.reject_rate), manifest.unlike.n
        lines += titled("unlike", [f"what is less like all it learnt than {rate} of {n:,} held-out images are"])
    for name, title in (("out_of_fold", "held out"), ("test", "test"), ("test_as_given", "as given")):
        lines += titled(title, measured(manifest.metrics.get(name, {}), manifest.positive))
    return lines


def titled(title: str, lines: Sequence[str]) -> list[str]:
    """The lines in a column, the first one beside its title."""
    return [f"{'' if row else title:<{_INDENT}}{line}" for row, line in enumerate(lines)]


def say_titled(lines: Sequence[str]) -> None:
    """Print lines of `titled`; where they are wrapped, they stay in their column."""
    for line in lines:
        say(line, hang=_INDENT, whole=line.startswith(_TO_COPY))


def measured(metrics: dict[str, Any], positive: str | None = None) -> list[str]:
    """The numbers that matter most, with their 95% intervals."""
    if not metrics:
        return []
    lines = []
    n = f"{metrics['n']:,} images"
    if positive is not None:
        lines += _of_detector(metrics, positive, n)
    elif metrics.get("accuracy") is not None:
        lines.append(f"{_share(metrics['accuracy'])} of {n} are read right{_interval(metrics['accuracy'], True)}.")
        lines += _recalls(metrics.get("classes", {}))
    if metrics.get("all_right") is not None:
        share = metrics["all_right"]
        lines.append(f"All labels of {_share(share)} of {n} are right{_interval(share, True)}.")
    lines += [
        f"F1 of '{name}' is {_score(one['f1'])}{_interval(one['f1'])}."
        for name, one in metrics.get("labels", {}).items()
    ]
    if metrics.get("answered"):
        lines.append(_answered(metrics["answered"]))
    if metrics.get("unlike"):
        lines.append(f"It calls {_share(metrics['unlike'])} of them unlike the training images.")
    if metrics.get("chances", {}).get("after"):
        lines.append(_chances(metrics["chances"]))
    if metrics.get("groups"):
        lines += _grouped(metrics["groups"])
    if "clean_pixel_error" in metrics:
        before, after = metrics["noisy_pixel_error"], metrics["clean_pixel_error"]
        lines.append(f"In {n}, a pixel is off by {before:.2f} of 255 levels before and {after:.2f} after.")
    if metrics.get("operating_point"):
        lines.append(_promise(metrics["operating_point"]))
    return lines


def _recalls(classes: dict[str, Any]) -> list[str]:
    """Which classes are never read right, loudly, and the recall of every other one, the lowest first."""
    known = [(name, one["recall"]) for name, one in classes.items() if one["recall"]["value"] is not None]
    lost = [(name, recall["of"]) for name, recall in known if recall["count"] == 0]
    read = sorted((one for one in known if one[1]["count"]), key=lambda one: one[1]["value"])
    lines = []
    if lost:
        counted = [f"{name} ({n:,} image{'s' * (n != 1)})" if len(lost) <= _FEW else name for name, n in lost]
        lines = [f"Never read right: {_listed(counted)}!"]
    if read:
        of = "of the other classes" if lost else "by class"
        shown = [f"{name} {percent(recall['value'], 1)}" for name, recall in read]
        lines.append(f"Recall {of}, the lowest first: {_listed(shown)}.")
    return lines


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_CLASSES
    return ", ".join(names[:_MOST_CLASSES]) + (f" and {more:,} more" if more > 0 else "")


def _of_detector(metrics: dict[str, Any], positive: str, n: str) -> list[str]:
    lines = []
    if metrics.get("precision") is not None:
        share = metrics["precision"]
        lines.append(
            f"In {n}, it never says yes, so that nothing can be said of its precision."
            if share["value"] is None
            else f"In {n}, {_share(share)} of its 'yes' are right{_interval(share, True, 'precision')}."
        )
    if metrics.get("recall") is not None:
        share = metrics["recall"]
        lines.append(
            f"None of them is of class {positive}, so that nothing can be said of its recall."
            if share["value"] is None
            else f"It finds {_share(share)} of the images of class {positive}{_interval(share, name='recall')}."
        )
    if metrics.get("accuracy") is not None:
        lines.append(
            f"{_share(metrics['accuracy'])} of all its answers are right"
            f"{_interval(metrics['accuracy'], name='accuracy')}{_beside(metrics)}."
        )
    others = [
        f"{title} is {_score(metrics[name])}{_interval(metrics[name])}"
        for name, title in (("f1", "F1"), ("roc_auc", "the area under the ROC curve"))
        if metrics.get(name) is not None
    ]
    return lines + ([f"{'; '.join(others)}."] if others else [])


def _beside(metrics: dict[str, Any]) -> str:
    """What always saying no gets, beside the accuracy of a detector."""
    positives, n = (metrics.get("recall") or {}).get("of"), metrics["n"]
    return f"; always 'no' is right for {percent(1 - positives / n)}" if positives is not None and n else ""


def _answered(answered: dict[str, Any]) -> str:
    coverage, precision = answered["coverage"], answered["precision"]
    if precision["value"] is None:
        return "It is sure of none of them."
    return (
        f"It is sure of {_share(coverage)} of them{_interval(coverage)}; {_share(precision)} of these answers are "
        f"right{_interval(precision)}."
    )


def _chances(chances: dict[str, Any]) -> str:
    before, after = chances["before"], chances["after"]
    off, was = after["calibration_error"], before["calibration_error"]
    return (
        f"Its probabilities are off by {percent(off['value'])} on average{_interval({**off, 'of': 0})}, its "
        f"scores taken for such by {percent(was['value'])}; log loss {after['log_loss']['value']:.4f}, before "
        f"{before['log_loss']['value']:.4f}."
    )


def _grouped(groups: dict[str, Any]) -> list[str]:
    """How right answers are spread over groups, which are worst, and what a split that mixes groups promises."""
    least, low, _, high, most = (percent(one) for one in groups["quartiles"])
    spread = "differ no more than chance explains"
    if groups["chance"] is not None and groups["chance"] <= _LEVEL:
        spread = f"differ by {100 * groups['between']:.1f} points (standard deviation) beyond chance"
    lines = [
        f"Over {groups['n']:,} groups: {least} to {most} right, the middle half {low} to {high}; they {spread}. "
        f"Groups like these: {percent(groups['accuracy']['low'])} to {percent(groups['accuracy']['high'])} right."
    ]
    if "worst" in groups:
        lines += worst_groups(groups)
    elif groups["worse"]:
        many = "is" if groups["worse"] == 1 else "are"
        lines.append(f"{groups['worse']:,} of them {many} worse than the others, allowing for all.")
    if groups.get("mixed"):
        mixed, more = groups["mixed"], groups["mixed"]["difference"]
        lines.append(
            f"A split that mixes groups would have promised {percent(mixed['accuracy']['value'])} instead of "
            f"{percent(mixed['apart']['value'])}: {_points(more['value'])} points ({_points(more['low'])} to "
            f"{_points(more['high'])})."
        )
    return lines


def worst_groups(groups: dict[str, Any]) -> list[str]:
    """The groups that are surely worst, with intervals; nothing where no answer is wrong."""
    worst = [one for one in groups["worst"] if one["count"] < one["of"]][:_SHOWN_WORST]
    if not worst:
        return []
    shown = [
        f"{one['name']} {percent(one['value'], 1)} of {one['of']:,}{_interval(one)}"
        f"{', worse than the others' * one['is_worse']}"
        for one in worst
    ]
    return [f"The worst groups: {'; '.join(shown)}. The intervals allow for all {groups['n']:,}."]


def _points(difference: float) -> str:
    return f"{100 * difference:+.2f}"


def _promise(point: dict[str, Any]) -> str:
    asked = f"A {point['aim']} of {percent(point['target'])} was promised: {point['verdict']}"
    return f"{asked}, {_share(point)} here." if point.get("value") is not None else f"{asked}."


def percent(share: float, digits: int = 2) -> str:
    """A share as a percentage that is 0% or 100% only if it is none or all.

    Examples
    --------
    >>> percent(0.98434), percent(0.95), percent(0.999999), percent(1.0)
    ('98.43%', '95%', 'over 99.99%', '100%')
    """
    least = 0.5 * 10.0 ** -(digits + 2)
    if 0 < share < least:
        return f"under {10.0**-digits:g}%"
    if 1 - least < share < 1:
        return f"over {100 - 10.0**-digits:g}%"
    return f"{float(f'{100 * share:.{digits}f}'):g}%"


def _share(share: dict[str, Any]) -> str:
    return "an unknown share" if share["value"] is None else percent(share["value"])


def _score(share: dict[str, Any]) -> str:
    return "unknown" if share["value"] is None else f"{share['value']:.4f}"


def _interval(share: dict[str, Any], first: bool = False, name: str = "") -> str:
    """The interval in brackets; the first one says what it is."""
    if share["value"] is None:
        return ""
    is_score = "of" not in share
    low, high = (f"{share[end]:.4f}" if is_score else percent(share[end]) for end in ("low", "high"))
    words = f"{'95% interval ' * first}{low} to {high}"
    return f" ({f'{name}; ' if name else ''}{words})"


def _task(manifest: Manifest) -> str:
    return {
        "classification": f"tells {len(manifest.classes)} classes apart",
        "detector": f"detects class {manifest.positive}",
        "multilabel": f"gives the labels {', '.join(manifest.outputs)}",
        "denoising": "takes out noise",
    }[manifest.task]


def _params(params: dict[str, Any]) -> str:
    return f" ({', '.join(f'{name}={value}' for name, value in params.items())})" if params else ""


def _point(manifest: Manifest, point: OperatingPointRecord) -> str:
    share = percent(point.target)
    if manifest.task == "detector":
        what = f"yes from a score of {point.threshold:.6g} on"
        goal = f"{share} of these are right" if point.aim == "precision" else f"{share} of the class are found"
    else:
        what = f"sure where the best class leads the second by {point.threshold:.6g} or more"
        goal = f"{share} of these answers are right"
    sure = f" with {percent(point.confidence)} confidence" if point.confidence is not None else ""
    return f"{what}: chosen so that {goal}{sure}, on {point.chosen_on}"
