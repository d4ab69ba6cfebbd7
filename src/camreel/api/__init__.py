"""camreel for programs: connect to a camera, list its recordings, download one, export a range.

The public names are those of :mod:`camreel` itself.
"""

from __future__ import annotations
