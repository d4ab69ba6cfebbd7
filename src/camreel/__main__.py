"""`python -m camreel` is `camreel`."""

from __future__ import annotations

import sys

from camreel.cli import main

if __name__ == "__main__":
    sys.exit(main())
