"""The start of the command line: Ctrl-C is one line already while modules are imported."""

import os

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        from misread.cli import main as run
    except KeyboardInterrupt:
        os.write(2, b"error: stopped by Ctrl-C; nothing was begun\n")
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
