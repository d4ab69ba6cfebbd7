"""What a download does with memory: the same few blocks, again and again."""

from __future__ import annotations

import ctypes

# malloc.h of glibc: how much is kept at the end of the heap, and from what size a block gets pages of its own.
_M_TRIM_THRESHOLD, _KEPT = -1, 64 << 20
_M_MMAP_THRESHOLD, _LARGE = -3, 32 << 20


def keep_freed_memory() -> None:
    """Have the C library keep what is freed: else each block that is received gets new pages, which have to be zeroed.

    Changes nothing where the library is not glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # Windows has no library without a name
        return
    mallopt(_M_TRIM_THRESHOLD, _KEPT)
    mallopt(_M_MMAP_THRESHOLD, _LARGE)
