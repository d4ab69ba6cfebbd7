"""camreel for programs: a camera that is logged in to, its recordings, one of them as a file, one video of a range.

What is public of it, and of the other rooms, is what :mod:`camreel` itself has.
"""

from __future__ import annotations
