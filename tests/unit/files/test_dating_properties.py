"""Names of recordings: whatever the time, each way of writing it is read back; and no name at all is an error."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from camreel.files.dating import named
from camreel.model import Span, WallTime

starts = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda each: each.replace(microsecond=0))  # noqa: DTZ001
lengths = st.integers(0, 12 * 3600).map(lambda each: timedelta(seconds=each))
above = st.lists(st.sampled_from(["mnt", "sd", "cards", "a b", "2019", "2019-05-05", "dvr"]), max_size=4)


def written(start: datetime, end: datetime) -> list[list[str]]:
    """As an Amcrest's card, a Dahua's disk, a recorder's web page and camreel's own store would name it."""
    times = f"{start:%H.%M.%S}-{end:%H.%M.%S}"
    return [
        [f"{start:%Y-%m-%d}", "001", "dav", f"{start:%H}", f"{times}[M][0@0][0].mp4"],
        [f"{start:%Y.%m.%d}", "0", "dav", f"{start:%H}", "1", "0", "98673", f"{times}[R][0@0][0].dav"],
        [f"NVR_ch1_main_{start:%Y%m%d%H%M%S}_{end:%Y%m%d%H%M%S}.dav"],
        [f"{start:%Y-%m-%d_%H.%M.%S}-{end:%H.%M.%S}_0123456789ab.mp4"],
        [f"cam_ch1_{start:%Y-%m-%d_%H.%M.%S}_to_{end:%Y-%m-%d_%H.%M.%S}.mp4"],
    ]


@given(starts, lengths, above)
def test_each_way_of_writing_is_read_back(start: datetime, length: timedelta, folders: list[str]) -> None:
    """Also over midnight, and whatever the folders above are called."""
    end = start + length
    for parts in written(start, end):
        found = named([*folders, *parts])
        assert found is not None, parts
        assert found.span == Span(WallTime(start), WallTime(end)), parts
        assert found.has_end


@given(st.lists(st.text(alphabet="0123456789.-_:[]@RMTZ/ davmp4chto", max_size=40), max_size=6))
def test_no_name_is_an_error(parts: list[str]) -> None:
    """What comes out goes forward."""
    found = named(parts)
    assert found is None or found.span.seconds >= 0
