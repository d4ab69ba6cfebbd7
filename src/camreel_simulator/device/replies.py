"""Text replies of a device: keys and values, times, line ends."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from camreel_simulator.http.message import DeviceAnswer, lines

if TYPE_CHECKING:
    from camreel_simulator.device.quirks import Quirks


class Writing:
    """The hand of one device."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks

    def rows(self, *rows: str) -> DeviceAnswer:
        """``key=value`` lines; others as they are."""
        return lines(*map(self._row, rows))

    def moment(self, moment: datetime, *, names_noon: bool = True) -> str:
        """A time to the second. ``names_noon`` off: never with AM and PM (getCurrentTime has no such setting)."""
        date, time = f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"
        if self._quirks.unpadded:  # 2011-1-1 12:00:00 in the vendor's document
            date = f"{moment.year}-{moment.month}-{moment.day}"
            time = f"{moment.hour}:{moment:%M:%S}"
        if self._quirks.am_pm and names_noon:
            time = f"{moment.hour % 12 or 12:02}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
        return f"{date} {time}"

    def _row(self, row: str) -> str:
        key, is_pair, value = row.partition("=")
        if not is_pair or not self._quirks.spaced:
            return row
        return f"{key.replace('].', ']. ')} = {value}"
