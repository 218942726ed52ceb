"""`python -m misread` is `misread`."""

from misread.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
