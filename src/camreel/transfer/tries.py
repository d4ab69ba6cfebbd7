"""The tries of one recording: which of them count, and whether it gets anywhere. Pure."""

from __future__ import annotations

from camreel.transfer.resume import OVERLAP

_STEPS = 64  # progress is a new 64th of the recording, or what a try costs: so even a drip ends


class Tries:
    """At most ``most`` that count; ``limit`` is how many recordings are downloaded at a time."""

    def __init__(self, most: int, limit: int) -> None:
        self.most = most
        self.made = 0
        self.counted = 0
        self.doubted = False
        self.answered = False
        self.outages = self.strains = 0
        self.is_stuck = False
        self.blamed = 0  # how often the downloads at a time were halved because of it
        self._excuses = limit.bit_length() - 1  # so often the number of downloads can be halved
        self._farthest = self._reached = 0

    def begin(self, outages: int, strains: int) -> None:
        """Another one, at this count of the device's outages and strains."""
        self.made += 1
        self.outages, self.strains = outages, strains

    def have(self, size: int) -> None:
        """So many bytes are there already."""
        self._farthest = max(self._farthest, size)

    def received(self, size: int) -> None:
        """The camera has answered, and so many bytes are there now."""
        self.answered = True
        self._reached = max(self._reached, size)

    def progressed(self) -> bool:
        """Whether this try brought it forward; then all tries before it are forgotten."""
        if self._reached < self._farthest + max(OVERLAP, self._farthest // _STEPS):
            return False
        self._farthest = self._reached
        self.counted = 0
        return True

    def may_blame_the_others(self) -> bool:
        """Whether a failure may be due to the other downloads that ran beside it: then it does not count."""
        self._excuses -= 1
        return self._excuses >= 0

    def count(self, *, doubt: bool) -> None:
        """The try that has just failed counts."""
        self.counted += 1
        self.doubted = self.doubted or doubt
        self.is_stuck = True
