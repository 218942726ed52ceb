"""One whole study in a process of its own: peak memory, and which numbers differ from the notebook's."""

import json
import sys

from benchmarks.measure import peak_mb
from misread import run_study
from misread.results.reference import notebook_number


def main(data: str, folder: str) -> None:
    result = run_study(data, folder, on_event=lambda event: print(event.step.name, event.kind, file=sys.stderr))
    printed = {name: notebook_number(result, name) for name in result.values}
    differ = [name for name, number in printed.items() if number and not number.agrees(result.values[name])]
    print(json.dumps({"peak_mb": peak_mb(), "differ": differ, "compared": sum(map(bool, printed.values()))}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
