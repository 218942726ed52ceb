"""The questions of the study that a detector and the comparison of models answer, each in a sentence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.pairs import most_confused
from misread.analysis.words import bracketed, images_of, percent, points, quoted, score_text, share, signed
from misread.evaluation.comparison import PairedTest, mcnemar
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.reliability import Reliability
from misread.report.encode import sprite
from misread.report.evidence import Absent, Evidence, interval
from misread.results.names import OPENED, RAW_MODEL, WANTED_PRECISION, title_of

__all__ = [
    "accuracy",
    "ahead_in_words",
    "copies",
    "cost",
    "linear",
    "looks",
    "models",
    "precision",
    "reliability",
    "scaling",
]

N_BINS = 10
SHOWN_CHANGED = 20


def looks(evidence: Evidence) -> dict[str, Any]:
    """What the data looks like: the first images, the mean of each class, and how many there are of each."""
    first, names = evidence.array("data.first_images"), evidence.names
    counts = np.bincount(evidence.labels, minlength=len(names))
    tested = evidence.test_labels
    test = None if tested is None else np.bincount(tested, minlength=len(names))
    rare, common = int(counts.argmin()), int(counts.argmax())
    n, shape = int(counts.sum()), " × ".join(str(side) for side in first.shape[1:])
    answer = f"{n:,} training" + ("" if tested is None else f" and {len(tested):,} test") + f" images of {shape} "
    answer += f"pixels in {len(names)} classes: "
    if counts[rare] == counts[common]:
        answer += f"{counts[rare]:,} of each for training."
    else:
        answer += f"from {share(counts[rare] / n)} for {quoted(names[rare])} to "
        answer += f"{share(counts[common] / n)} for {quoted(names[common])}."
    means = evidence.result.arrays.get("data.class_means")
    return {
        "answer": answer,
        "first": sprite(first),
        "classes": [
            {
                "name": name,
                "train": int(counts[code]),
                "test": None if test is None else int(test[code]),
                "mean": None if means is None else sprite(means[code : code + 1], levels=64),
            }
            for code, name in enumerate(names)
        ],
    }


def accuracy(evidence: Evidence) -> dict[str, Any]:
    """Why accuracy misleads: the folds of the first detector beside those of always saying no."""
    folds, always_no = evidence.value("detector.cv_accuracy"), evidence.value("detector.baseline_cv_accuracy")
    gains = [one - other for one, other in zip(folds, always_no, strict=True)]
    missed = 1 - evidence.value("detector.recall")
    all_of = images_of(evidence.positive)
    return {
        "answer": f"Always answering “no” is right for {share(float(np.mean(always_no)), 2)} of the images, and "
        f"finds none of {all_of}. {RAW_MODEL} is right for {share(float(np.mean(folds)), 2)}: "
        f"{_gained(gains)} in the {len(gains)} folds, while it misses {share(missed)} of {all_of}.",
        "folds": [
            {"model": one, "always_no": other, "gain": f"{signed(gain)} points"}
            for one, other, gain in zip(folds, always_no, gains, strict=True)
        ],
    }


def precision(evidence: Evidence) -> dict[str, Any]:
    """What a precision costs in recall, and whether it holds on the test set."""
    values = evidence.result.values
    threshold, all_of = values.get("detector.at_precision_90.threshold"), images_of(evidence.positive)
    if threshold is None:
        evidence.value("detector.precision")  # or the reason why there is no detector
        raise Absent(f"no threshold of {RAW_MODEL} has {percent(WANTED_PRECISION)} precision")
    own, before, recall = (
        values[f"detector.{name}"] for name in ("precision", "recall", "at_precision_90.recall")
    )
    wanted = percent(WANTED_PRECISION)
    if own < WANTED_PRECISION:
        answer = f"From {share(own)} to {wanted} precision {RAW_MODEL} pays with recall: at threshold "
        answer += f"{score_text(threshold)} it finds {share(recall)} of {all_of} instead of {share(before)}."
    else:
        answer = (
            f"Nothing: {RAW_MODEL} has {share(own)} precision at its own threshold and finds {share(before)} of "
        )
        answer += f"{all_of}; at {score_text(threshold)}, the lowest with {wanted}, it finds {share(recall)}."
    scores, tested = evidence.result.arrays.get("detector.test_scores"), evidence.test_labels
    if scores is not None and tested is not None:
        truth, yes = tested == evidence.names.index(evidence.positive), scores >= threshold
        hits, answered = int(np.count_nonzero(truth & yes)), int(np.count_nonzero(yes))
        if answered:
            low, high = map(float, clopper_pearson(hits, answered))
            verdict = (
                "it holds"
                if low >= WANTED_PRECISION
                else "it is missed"
                if high < WANTED_PRECISION
                else ("the test set cannot tell whether it holds")
            )
            answer += f" On the test set its precision there is {share(hits / answered)} {bracketed(low, high)}: "
            answer += f"{verdict}."
    return {"answer": answer}


def reliability(evidence: Evidence) -> dict[str, Any]:
    """Is a probability of the forest true? What it says beside what happens, bin by bin."""
    scores = evidence.array("forest.scores")
    truth = evidence.labels == evidence.names.index(evidence.positive)
    found = Reliability.from_answers(truth, scores, n_bins=N_BINS)
    hits = np.round(np.nan_to_num(found.accuracy) * found.counts).astype(np.int64)
    low, high = clopper_pearson(hits, found.counts)
    filled = np.flatnonzero(found.counts)
    gap = np.nan_to_num(found.accuracy - found.confidence)
    off = filled[(low[filled] > found.confidence[filled]) | (high[filled] < found.confidence[filled])]
    answer = f"On average it is off by {points(found.error)}."
    if len(off):
        worst = int(off[np.abs(gap[off]).argmax()])
        answer = (
            f"Not quite: of the images that it gives {worst * 100 // N_BINS}% to {(worst + 1) * 100 // N_BINS}%, "
            f"{share(float(found.accuracy[worst]))} are {evidence.positive_in_words} "
            f"{bracketed(float(low[worst]), float(high[worst]))}; it is too "
            f"{'modest' if gap[worst] > 0 else 'bold'} there. " + answer
        )
    else:
        answer = "Yes, as far as these images can tell. " + answer
    half = evidence.result.values.get("forest.positive_share_50_60")
    if half is not None and not (len(off) and worst == N_BINS // 2):
        answer += f" Of those given 50% to 60%, {share(half)} are."
    return {
        "answer": answer,
        "bins": [
            {
                "from": f"{k * 100 // N_BINS}%",
                "to": f"{(k + 1) * 100 // N_BINS}%",
                "n": int(found.counts[k]),
                "said": float(found.confidence[k]),
                "value": float(found.accuracy[k]),
                "low": float(low[k]),
                "high": float(high[k]),
            }
            for k in filled
        ],
    }


def models(evidence: Evidence) -> dict[str, Any]:
    """Every model that tells all classes apart: each fold, held out, and on the test set."""
    arrays, values, tested = evidence.result.arrays, evidence.result.values, evidence.test_labels
    right = _right(evidence)
    if not right:
        raise Absent("no model answered held-out images")
    hero = evidence.key if evidence.key in right else max(right, key=lambda key: right[key].mean())
    rows: list[dict[str, Any]] = []
    for key in sorted(right, key=lambda key: (key != hero, -right[key].mean())):
        answers = arrays.get(f"{key}.test_predictions")
        test = None
        if answers is not None and tested is not None:
            test = interval(int(np.count_nonzero(answers == tested)), len(tested))
        beside = None if key == hero else mcnemar(right[hero], right[key])
        rows.append(
            {
                "title": _title(key, values),
                "folds": values.get(f"{key}.cv_accuracy"),
                "held_out": interval(int(right[key].sum()), len(right[key])),
                "test": test,
                "behind": None if beside is None else _signed(beside),
            }
        )
    n_folds = max((len(row["folds"] or ()) for row in rows), default=0)
    first = rows[0]
    answer = f"{first['title']} {share(first['held_out']['value'], 2)}"
    if first["folds"]:
        answer += f", between {share(min(first['folds']), 2)} and {share(max(first['folds']), 2)} in each fold"
    if len(rows) > 1:
        key = sorted(right, key=lambda key: (key != hero, -right[key].mean()))[1]
        answer += f": {ahead_in_words(mcnemar(right[hero], right[key]))} than {_title(key, values)} reads"
    return {"answer": answer + ".", "rows": rows, "n_folds": n_folds, "n": len(evidence.labels)}


def scaling(evidence: Evidence) -> dict[str, Any]:
    """What scaling gave, and what it gives when the scaler has not seen the held-out images."""
    right = _right(evidence)
    if not {"sgd_raw", "sgd_scaled"} <= right.keys():
        raise Absent("the linear models were not asked about held-out images")
    gain = ahead_in_words(mcnemar(right["sgd_scaled"], right["sgd_raw"]))
    answer = f"On scaled pixels the linear model reads {gain} than on raw ones."
    if "sgd_scaled_in_fold" in right:
        clean, seen = right["sgd_scaled_in_fold"], right["sgd_scaled"]
        answer += " The scaler had seen the held-out images; fitted inside each fold, the clean way, it reads "
        answer += f"{share(float(clean.mean()), 2)} instead of {share(float(seen.mean()), 2)}: "
        answer += f"{ahead_in_words(mcnemar(clean, seen))}."
    return {"answer": answer}


def linear(evidence: Evidence) -> dict[str, Any]:
    """What the scaled linear model of the study misreads, and the two classes it confuses most."""
    counts, names = np.array(evidence.value("errors.confusion")), evidence.names
    pairs = most_confused(counts, 1)
    if not pairs:
        raise Absent("the linear model makes no error")
    true, predicted = pairs[0].true, pairs[0].predicted
    by_row = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    errors = counts * (1 - np.eye(len(counts), dtype=np.int64))
    by_column = errors / np.maximum(errors.sum(axis=0), 1)
    shares = np.where(errors >= 10, by_column, 0.0)
    answer = f"Of {images_of(names[true])} it reads {share(by_row[true, true], 0)} right and "
    answer += f"{share(by_row[true, predicted], 0)} as {quoted(names[predicted])}; of "
    answer += f"{images_of(names[predicted])} {share(by_row[predicted, true], 0)} as {quoted(names[true])}."
    if shares.any():
        source, sink = divmod(int(shares.argmax()), len(counts))
        answer += f" Of what it wrongly reads as {quoted(names[sink])}, {share(shares[source, sink], 0)} are "
        answer += f"{images_of(names[source]).removeprefix('the ')}."
    blocks, pair = evidence.result.arrays.get("errors.pair_images"), evidence.result.arrays.get("errors.pair")
    grid = []
    if blocks is not None and pair is not None:
        grid = [
            {"true": names[pair[row]], "read": names[pair[column]], "wrong": row != column, "sheet": sprite(shown)}
            for row in range(2)
            for column in range(2)
            if len(shown := _filled(blocks[row, column]))
        ]
    return {"answer": answer, "blocks": grid}


def copies(evidence: Evidence) -> dict[str, Any]:
    """Which test images four shifted copies of every training image mended, and which they broke."""
    tested, names = evidence.test_labels, evidence.names
    before, after = evidence.array("knn.tuned_predictions"), evidence.array("knn.augmented_predictions")
    if tested is None:
        raise Absent("the data set has no test images")
    test = mcnemar(after == tested, before == tested)
    wrong = int(np.count_nonzero(before != tested))
    mended = (
        f"They mend {test.only_first:,} of the {wrong:,} test images that the tuned neighbours misread, and break"
        if wrong
        else f"The tuned neighbours misread none of {len(tested):,} test images; the copies break"
    )
    answer = f"{mended} {test.only_second:,}: {ahead_in_words(test)}."
    changed, images = evidence.result.arrays.get("knn.changed"), evidence.result.arrays.get("knn.changed_images")
    strips = []
    if changed is not None and images is not None:
        for title, rows in (
            ("Mended", np.flatnonzero((after == tested)[changed])),
            ("Broken", np.flatnonzero((before == tested)[changed])),
        ):
            tiles = [
                {
                    "sheet": sprite(images[row : row + 1]),
                    "true": names[tested[changed[row]]],
                    "before": names[before[changed[row]]],
                    "after": names[after[changed[row]]],
                }
                for row in rows[:SHOWN_CHANGED]
            ]
            strips.append({"title": title, "tiles": tiles})
    return {"answer": answer, "strips": strips}


def cost(evidence: Evidence) -> dict[str, Any]:
    """What each step cost in seconds."""
    timings = evidence.result.timings
    if not timings or evidence.kind != "study":
        raise Absent("no step was timed")
    titles = evidence.result.manifest.get("steps", {})
    rows: list[dict[str, Any]] = [
        {"title": str(titles.get(name, name)), "seconds": seconds} for name, seconds in timings.items()
    ]
    total, longest = sum(timings.values()), max(rows, key=lambda row: row["seconds"])
    cores = evidence.result.manifest.get("cpu_count", "?")
    return {
        "answer": f"{total:,.1f} s in all on {cores} cores; the longest step, “{longest['title']}”, took "
        f"{longest['seconds']:,.1f} s of them.",
        "rows": rows,
        "total": total,
    }


def ahead_in_words(test: PairedTest) -> str:
    """How many points more or fewer the first reads, with the interval, and whether that may be chance."""
    ahead = test.difference >= 0
    low, high = (test.low, test.high) if ahead else (-test.high, -test.low)
    chance = " (which may be chance)" if low <= 0 else ""
    if not test.difference:
        return f"just as many {bracketed(low, high, digits=2, sign='')}"
    said = f"{points(test.difference)} {'more' if ahead else 'fewer'}"
    return f"{said} {bracketed(low, high, digits=2, sign='')}{chance}"


def _gained(gains: list[float]) -> str:
    """How much more accurate than always saying no, from the least to the most."""
    low, high = 100 * min(gains), 100 * max(gains)
    if low < 0:
        return f"{signed(min(gains))} to {signed(max(gains))} points against that"
    return f"only {low:.2f} to {high:.2f} points more"


def _right(evidence: Evidence) -> dict[str, NDArray[np.bool_]]:
    """Which held-out images each model that tells all classes apart reads right."""
    arrays = evidence.result.arrays
    keys = [*OPENED, "sgd_scaled_in_fold"]
    return {key: arrays[f"{key}.predictions"] == evidence.labels for key in keys if f"{key}.predictions" in arrays}


def _title(key: str, values: dict[str, Any]) -> str:
    return title_of(key, values) if key in OPENED else "SGD on pixels scaled inside each fold"


def _signed(test: PairedTest) -> str:
    """How far the second is behind the first, in points."""
    return f"{signed(-test.difference)} [{signed(-test.high)},\u00a0{signed(-test.low)}]"


def _filled(images: NDArray[Any]) -> NDArray[Any]:
    """Without the blank places at the end."""
    return images[: np.count_nonzero(images.reshape(len(images), -1).any(axis=1))]
