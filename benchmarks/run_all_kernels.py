"""Everything that has a kernel, once, on the embedded digits: what a first run has to compile."""

import json
import tempfile

from misread import run_study
from misread.recipes.ladder import run_ladder


def main() -> None:
    """Run the study and the rungs that deform images; print nothing but an empty object."""
    with tempfile.TemporaryDirectory() as folder:
        run_study("digits", folder)
    run_ladder("digits", models=["knn-deskewed", "edge-kernel"])
    print(json.dumps({}))


if __name__ == "__main__":
    main()
