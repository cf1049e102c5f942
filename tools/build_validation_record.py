"""Write what the engines predict of the published measurements, which every plan's report shows.

Run it from the repository's root when an engine predicts something else; tests/unit/validation/test_record.py says so::

    python tools/build_validation_record.py
"""

from __future__ import annotations

import sys

from gigawatt.validation.engines import ENGINES, validate
from gigawatt.validation.published_rows import PUBLISHED
from gigawatt.validation.record import record_of


def main() -> None:
    """Predict every row and write the files."""
    for name, text in record_of({engine: validate(engine) for engine in ENGINES}).items():
        (PUBLISHED / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}: {len(text.splitlines()) - 1} rows\n")


if __name__ == "__main__":
    main()
