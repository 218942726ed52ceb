"""Run the race."""

import sys

from benchmarks.road.race import main

if __name__ == "__main__":
    sys.exit(main())
