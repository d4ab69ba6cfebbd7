"""`python -m camreel` is `camreel`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from camreel.cli import program

        program()
    except KeyboardInterrupt:
        sys.stderr.write("camreel: interrupted\n")
        sys.exit(130)
