"""Where the command line begins: `gigawatt`, or `python -m gigawatt`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a Ctrl-C while it is still being imported ends as quietly as one later on."""
    try:
        from gigawatt.views.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
