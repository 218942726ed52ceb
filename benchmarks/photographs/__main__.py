"""Measure how well photographs are read."""

from benchmarks.photographs.measure import main

if __name__ == "__main__":
    main()
