"""Writes the golden model files and what they answer; run once per format version, never to make a test pass."""

import json
from pathlib import Path

from misread.bundle import save
from misread.data import Dataset, Split, load
from misread.data.labels import Labels
from misread.recipes.train import train

FOLDER = Path(__file__).parent / "golden"
LABELS = Labels(("large", "odd"), {str(digit): (digit >= 7, digit % 2 == 1) for digit in range(10)})
MODELS = {
    "sgd-scaled": {"precision": 0.8},
    "sgd": {"positive": "5", "precision": 0.8},
    "forest": {"params": {"n_estimators": 3}},
    "svc": {"labels": LABELS},
    "svc-ovr": {},
    "knn": {},
}


def few() -> Dataset:
    """The first 100 images of the digits, and 20 to test on."""
    digits = load("digits")
    train_split = Split(digits.train.images[:100], digits.train.labels[:100])
    test_split = Split(digits.test.images[:20], digits.test.labels[:20])
    return Dataset("few digits", train_split, test_split, digits.class_names, "scikit-learn", digits.licence)


def main() -> None:
    """Write one file per kind of estimator."""
    FOLDER.mkdir(exist_ok=True)
    dataset = few()
    answers = {}
    for model, options in MODELS.items():
        bundle = train(model, dataset, command="tests/bundle/write_golden.py", **options)
        save(bundle, FOLDER / f"{model}.misread")
        said = bundle.answer(dataset.test.images)
        answers[model] = {"names": said.names, "scores": said.scores.tolist(), "sure": said.sure.tolist()}
    (FOLDER / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
