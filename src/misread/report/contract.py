"""What Python hands to the page's script, in one place: the JSON inside the page, part by part, key by key.

Everything else of `report_data` is drawn by the templates alone and is there without a script. A part that has no
data is left out. Besides plain JSON there are four kinds of values:

- *packed*: `{"dtype", "data"}`, an array as `misread.report.encode.packed` writes it and `unpack` of `report.js`
  reads it, to the last bit;
- *sheet*: `{"url", "columns", "width", "height", "count"}`, images of that size in rows of so many: a PNG in a
  data URL;
- *curve*: `{"thresholds", "positives", "negatives"}`, packed: each distinct score, ascending, and how many images
  of each kind have exactly that one;
- *share*: `{"value", "low", "high", "k", "n"}`, with its exact 95% interval.

Classes are codes, places in `names`; images of the gallery are known by their place on its sheet.
"""

__all__ = ["CONTRACT"]

CONTRACT: dict[str, dict[str, str] | str] = {
    "kind": "'study' or 'evaluation'",
    "names": "names of the classes, by code",
    "positive": "the class that detectors look for, or ''",
    "dataset": "its name",
    "suspects_csv": "the text of suspects.csv for download, or null",
    "gallery": {
        "names": "names of the stored images, or null",
        "sheet": "sheet of the stored images",
        "index": "packed: which image of the data each is, ascending",
        "true": "packed: class codes",
        "predicted": "packed: class codes of the hero; left out of a detector's evaluation",
        "margin": "packed: lead of the answer over the next class; left out where there are no scores of classes",
        "score": "packed: score of the answer, or of the positive class; left out where there are no scores",
        "ranks": "by detector, packed: place of each image among the thresholds of its curve",
    },
    "matrix": {
        "model": "title of the hero",
        "where": "on which images, in words",
        "counts": "rows true, columns predicted",
        "classes": "by code: name, images, and precision, recall and f1 as shares",
        "n": "images",
        "errors": "misread ones",
        "errors_shown": "misread ones that are stored",
        "accuracy": "share",
        "pairs": "the most confused: true, predicted, count, of_class",
        "first_pair": "the two codes that are opened side by side first",
    },
    "explorer": {
        "positive": "the class looked for",
        "wanted": "precision that it opens at",
        "own_first": "whether it opens at the model's own threshold instead",
        "models": "key, title, default (its own threshold), curve, test: the curve of the test set or null, and "
        "opened: the threshold it opens at, with shares of quality here and on the test set or null",
    },
    "compare": {
        "rows": "by detector: key, title, threshold, average_precision, and shares of quality there",
        "pairs": "tests of every two, in words and numbers",
    },
    "map": {
        "model": "title of the hero",
        "n": "images",
        "stored": "how many of them are in the gallery",
        "x": "packed: 0 to 4,095",
        "y": "packed: 0 to 4,095",
        "true": "packed: class codes",
        "predicted": "packed: class codes",
        "doubt": "packed: 0 to 7, the larger the smaller the lead",
        "copies": "packed: images of which a test image is nearly a copy",
        "n_copies": "pairs of such",
    },
    "rejection": {
        "model": "title of the hero",
        "n": "images",
        "wanted": "accuracy that it opens at",
        "area": "mean risk over all coverages",
        "rows": "by wanted accuracy: point and test, with threshold, coverage and share, or null",
        "curve": "curve of the margins of right (positives) and wrong answers, at the edges that matter",
        "test": "the same of the test set, whole, or null",
    },
    "suspects": {
        "shown": "rows as in suspects.csv, with image (its place, or null) and nearest (image, label, index)",
        "total": "how many rows",
        "verdicts": "how many of each verdict",
        "model": "title of the model that doubts",
        "expected": "how many of all labels are expected to be wrong, or null",
        "n": "labels in all",
    },
    "why": {
        "kind": "'weights', 'neighbors' or 'patches'; the other keys go with it",
        "note": "a remark for the reader, or ''",
        "classes": "weights: how many classes",
        "levels": "weights, packed: a byte for each pixel, 128 is nothing, (models, classes, height, width)",
        "scales": "weights, packed: what 127 is worth, (models, classes)",
        "which": "weights, packed: the model that read each stored image",
        "places": "packed: places of the images that were asked about, ascending",
        "k": "neighbors: how many of each",
        "of": "neighbors, packed: place of each plus one, 0 for none, (asked, k)",
        "distances": "neighbors, packed: (asked, k)",
        "sheet": "neighbors: sheet of them, where they are not in the gallery",
        "labels": "neighbors, packed: class codes of that sheet",
        "rows": "patches: parts in a column",
        "columns": "patches: parts in a row",
        "changes": "patches, packed: a byte each, 128 is nothing, scaled image by image, (asked, rows, columns)",
        "slopes": "patches of networks, packed: gradient at each pixel of the sheet, scaled likewise, or left out",
        "flips": "patches, packed: whether the answer changes without the part, (asked, rows, columns)",
    },
}
"""By part: what it is, or what its keys are."""
