"""The progress line: right numbers, in whatever width there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import SPAN, START

from camreel.cli.ui.progress import ASCII, LINES, Progress, ProgressBar, bar_for
from camreel.cli.ui.terminal import Line, bare
from camreel.clock import parse_range
from camreel.events import (
    ClipFailed,
    ClipFetched,
    ClipProgress,
    ClipStarted,
    Connected,
    Event,
    FilesExamined,
    MergedUpTo,
    Pictured,
    Planned,
    RangeKnown,
    Verifying,
    Waiting,
)
from camreel.model import Address, DeviceInfo, Recording, Span, Stream
from camreel.planning.account import LossKind, LostReason
from camreel.planning.plan import plan_export

MB = 1_000_000


@dataclass
class Run:
    """An export of clips of ten minutes, told step by step; ``seconds`` is the clock."""

    sizes: list[int | None]
    days: int = 0
    seconds: float = 100.0
    bar: ProgressBar = ASCII
    progress: Progress = field(init=False)

    def __post_init__(self) -> None:
        self.progress = Progress(lambda: self.seconds, self.bar)
        span = Span(SPAN.start, SPAN.end + timedelta(days=self.days))
        step = timedelta(minutes=10)
        self.recordings = [
            Recording(f"/{n}.mp4", Span(START + n * step, START + (n + 1) * step), size)
            for n, size in enumerate(self.sizes)
        ]
        asked = parse_range("2026-01-16T08:00", "2026-01-16T09:00")
        self.progress.feed(Connected(Address("x", 80), DeviceInfo("x")))
        self.progress.feed(RangeKnown(asked, span, None))
        self.progress.feed(Planned(plan_export(self.recordings, span, Stream.MAIN)))

    def start(self, number: int, size: int | None = None) -> None:
        self.progress.feed(ClipStarted(number, self.recordings[number - 1], size, 1))

    def receive(self, number: int, received: int, after: float = 1.0) -> None:
        self.seconds += after
        self.progress.feed(ClipProgress(number, received))

    def fetch(self, number: int, size: int, *, reused: bool = False) -> None:
        self.progress.feed(ClipFetched(number, size, reused))

    def line(self, width: int) -> str:
        return bare(self.progress.line(width))

    def rows(self, width: int) -> list[str]:
        """The running downloads."""
        return [bare(line) for line in self.progress.lines(width)[1:]]

    def merge(self, number: int) -> None:
        self.progress.feed(MergedUpTo(number, self.recordings[number - 1].span.end))


@pytest.fixture
def under_way() -> Run:
    """Four clips of 100 MB: one here and merged, the second half here, at 10 MB/s."""
    run = Run([100 * MB] * 4)
    run.start(1)
    for tenth in range(1, 11):
        run.receive(1, tenth * 10 * MB)
    run.fetch(1, 100 * MB)
    run.merge(1)
    run.start(2)
    for tenth in range(1, 6):
        run.receive(2, tenth * 10 * MB)
    return run


WIDTHS = {
    # what a terminal of so many columns shows: while nothing is merged, while both goes on, while only the merge does
    40: (
        "=......] 25 % 00:30 left 0/4 clips",
        "==.....] 37 % 00:25 left 1/4 clips",
        "===] 100 % up to 08:10:00 4/4 clips",
    ),
    60: (
        "====............] 25 % 10 MB/s 00:30 left 0/4 clips",
        "======..........] 37 % 10 MB/s 00:25 left 1/4 clips",
        "================] 100 % merged up to 08:10:00 4/4 clips",
    ),
    80: (
        "====.............] 25 % 100.0 of 400.0 MB 10 MB/s 00:30 left 0/4 clips",
        "======...........] 37 % 150.0 of 400.0 MB 10 MB/s 00:25 left 1/4 clips",
        "=================] 100 % 400.0 of 400.0 MB merged up to 08:10:00 4/4 clips",
    ),
    120: (
        f"{'=' * 14}{'.' * 43}] 25 % 100.0 of 400.0 MB 10 MB/s 00:30 left 0/4 clips",
        f"{'=' * 12}{'.' * 22}] 37 % 150.0 of 400.0 MB 10 MB/s 00:25 left merged up to 08:10:00 1/4 clips",
        f"{'=' * 57}] 100 % 400.0 of 400.0 MB merged up to 08:10:00 4/4 clips",
    ),
    200: (
        f"{'=' * 34}{'.' * 103}] 25 % 100.0 of 400.0 MB 10 MB/s 00:30 left 0/4 clips",
        f"{'=' * 42}{'.' * 72}] 37 % 150.0 of 400.0 MB 10 MB/s 00:25 left merged up to 08:10:00 1/4 clips",
        f"{'=' * 137}] 100 % 400.0 of 400.0 MB merged up to 08:10:00 4/4 clips",
    ),
}


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_line_fills_the_terminal(columns: int) -> None:
    """A bar, per cent, time left and counts at each width; "merged up to" goes first; what is left is the bar's."""
    run, seen = Run([100 * MB] * 4), []
    run.start(1)
    for tenth in range(1, 11):
        run.receive(1, tenth * 10 * MB)
    seen.append(run.line(columns - 1))
    run.fetch(1, 100 * MB)
    run.merge(1)
    run.start(2)
    for tenth in range(1, 6):
        run.receive(2, tenth * 10 * MB)
    seen.append(run.line(columns - 1))
    for number in (2, 3, 4):
        run.fetch(number, 100 * MB)
    seen.append(run.line(columns - 1))
    assert [len(line) for line in seen] == [columns - 1] * 3
    bars = [line.replace("[", "", 1).partition("]") for line in seen]
    shown = [f"{bar.replace(' ', '.')}{edge} {' '.join(rest.split())}" for bar, edge, rest in bars]
    assert tuple(shown) == WIDTHS[columns]


def test_how_far_the_merge_is_goes_before_the_bar_is_short(under_way: Run) -> None:
    """16 columns of bar are a good one; with one column less than that, "merged up to" makes room."""
    text = len("   37 %  150.0 of 400.0 MB    10 MB/s  00:25 left  merged up to 08:10:00  1/4 clips")
    assert "merged up to" in under_way.line(text + 16)
    assert "merged up to" not in under_way.line(text + 15)
    assert under_way.line(text + 15).partition("]")[0].count("=") > 12


@pytest.mark.parametrize(
    ("width", "line"),
    [(30, "25 % 00:30 left 0/4"), (25, "25 % 00:30 left"), (20, "25 %"), (8, "25 %"), (3, "25")],
)
def test_what_is_narrower_than_that_keeps_the_per_cent(width: int, line: str) -> None:
    """In a row with a long label there may be 20 columns: the bar goes last."""
    run = Run([100 * MB] * 4)
    run.start(1)
    for tenth in range(1, 11):
        run.receive(1, tenth * 10 * MB)
    shown = run.line(width)
    assert shown.rpartition("]")[2].split() == line.split()
    assert ("]" in shown) == (width > 10)
    assert len(shown) <= width


def test_a_bar_can_be_read_without_its_colour() -> None:
    """Heavy is done, light is not, in halves of a column; its colour says whether something failed."""

    def styles(line: Line) -> list[tuple[str, str]]:
        return [piece for piece in line if piece[1]]

    run = Run([100 * MB] * 2, bar=LINES)
    run.start(1)
    run.receive(1, 45 * MB)
    assert styles(run.progress.line(32)) == [("━╸", "green"), ("─" * 6, "dim")]
    run.progress.feed(ClipFailed(1, run.recordings[0], LostReason(LossKind.NOT_DOWNLOADED, "404")))
    assert [style for _, style in styles(run.progress.line(60))] == ["yellow", "dim"]
    run.start(2)
    run.receive(2, 100 * MB)
    run.fetch(2, 100 * MB)
    assert styles(run.progress.line(19))[0] == ("━" * 12, "yellow")
    assert [bar_for(each) is LINES for each in ("utf-8", "cp1252", "ascii", "no-such", None)] == [True, *[False] * 4]


def test_sizes_that_nobody_knows_leave_a_bar_of_clips() -> None:
    """One of two is here: half of it is done."""
    run = Run([None, None])
    assert run.line(40).startswith("[      ")
    run.start(1)
    run.receive(1, 0)
    run.fetch(1, 0)
    assert run.line(40).partition("]")[0].count("=") == 0  # no bytes, so the mean is none
    run = Run([None, None])
    run.progress.feed(ClipFailed(1, run.recordings[0], LostReason(LossKind.NOT_TRIED)))
    assert run.progress.total is None
    assert "]" in run.line(40)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (25, "  2 % 3/120"),
        (40, "  2 %   3/120 pictures     3 MB"),
        (60, "  2 %  picture   3 of 120     3 MB   1 MB/s"),
        (80, "  2 %  picture   3 of 120     3 MB   1 MB/s  front-door"),
        (120, "  2 %  picture   3 of 120     3 MB   1 MB/s  front-door"),
    ],
)
def test_pictures_are_counted_with_bytes_speed_and_camera(width: int, words: str) -> None:
    """As much of it as fits beside the bar; in a log all of it. Of several cameras the label names the camera."""
    run = Run([])
    run.progress.feed(RangeKnown(parse_range("2026-01-16T08:00", "2026-01-16T09:00"), SPAN, None, "front-door"))
    for number in range(4):
        run.seconds += 1
        run.progress.feed(Pictured(number, 120, number * MB))
    line = run.line(width)
    assert len(line) == width
    assert " ".join(line.partition("]")[2].split()) == " ".join(words.split())
    assert run.progress.plain() == "2 %, picture 3 of 120, 3 MB, 1 MB/s, front-door"
    assert (run.progress.percent, run.progress.received) == (2, 3 * MB)
    labelled = Progress(lambda: 0.0, names_camera=False)
    labelled.feed(RangeKnown(parse_range("2026-01-16T08:00", "2026-01-16T09:00"), SPAN, None, "front-door"))
    labelled.feed(Pictured(0, 120, 0))
    assert "front-door" not in bare(labelled.line(width))


@pytest.mark.parametrize(
    ("event", "short", "whole"),
    [
        (Pictured(30, 120, MB), "25 % 30/120 pictures 1 MB", "25 % picture 30 of 120 1 MB"),
        (FilesExamined(1, 4), "25 % looking at file 2 of 4", "25 % looking at file 2 of 4"),
        (FilesExamined(4, 4), "100 % looking at file 4 of 4", "100 % looking at file 4 of 4"),
    ],
)
def test_what_is_counted_has_a_bar(event: Event, short: str, whole: str) -> None:
    """Pictures, and files: by their number."""
    progress = Progress(lambda: 0.0)
    progress.feed(event)
    for width, words in ((39, short), (59, whole)):
        bar, _, rest = bare(progress.line(width)).partition("]")
        assert " ".join(rest.split()) == words
        assert bar.count("=") == (len(bar) - 1) * int(words.partition(" ")[0]) // 100
    assert "]" not in bare(progress.line(11))


def test_each_running_download_has_a_line_that_it_keeps() -> None:
    """From which moment, how much; the next one takes the place of the one that is over, and none moves."""
    run = Run([100 * MB, None, 100 * MB, 100 * MB])
    for number in (1, 2, 3):
        run.start(number)
    run.receive(1, 45 * MB)
    run.receive(2, 5 * MB)
    assert run.rows(80) == [
        "  clip 1  08:00:00   45 %   45.0 of 100.0 MB",
        "  clip 2  08:10:00         5 MB",
        "  clip 3  08:20:00    0 %    0.0 of 100.0 MB",
    ]
    run.fetch(1, 100 * MB)
    assert run.rows(80)[0] == ""
    run.progress.feed(ClipStarted(4, run.recordings[3], 100 * MB, 2))
    assert run.rows(80)[0] == "  clip 4  08:30:00    0 %    0.0 of 100.0 MB  try 2"
    assert run.rows(40)[0] == "  clip 4  08:30:00    0 %  try 2"
    assert run.rows(20)[0] == "  clip 4    0 %"
    assert run.progress.lines(40)[1][-1] == ("  try 2", "yellow")
    run.progress.feed(ClipFailed(3, run.recordings[2], LostReason(LossKind.OVERWRITTEN)))
    run.fetch(2, 10 * MB)
    assert len(run.progress.lines(80)) == 2
    run.progress.feed(Verifying())
    assert len(run.progress.lines(80)) == 1


def test_a_log_gets_all_of_it(under_way: Run) -> None:
    """The plain line has every number, without padding."""
    assert under_way.progress.plain() == (
        "37 %, 150.0 of 400.0 MB, 10 MB/s, 00:25 left, merged up to 08:10:00, 1/4 clips"
    )


def test_the_line_stands_still(under_way: Run) -> None:
    """While the numbers grow, nothing moves."""
    places = set()
    for tenth in range(6, 10):
        under_way.receive(2, tenth * 10 * MB + 123_456)
        places.add(bare(under_way.progress.line(79)).index("of"))
    assert len(places) == 1


def test_before_the_first_byte_the_line_says_what_happens() -> None:
    """Connecting, searching: words instead of zeros."""
    progress = Progress(lambda: 0.0)
    assert bare(progress.line(80)) == "connecting …"
    progress.feed(Connected(Address("x", 80), DeviceInfo("x")))
    progress.feed(RangeKnown(parse_range("2026-01-16T08:00", "2026-01-16T09:00"), SPAN, None))
    assert bare(progress.line(80)) == progress.plain() == "searching …"
    assert len(bare(progress.line(5))) == 5


def test_what_takes_long_shows_that_it_lives() -> None:
    """Seconds since it began, from two up, on the live line; a log has its own times."""
    seconds = [0.0]
    progress = Progress(lambda: seconds[0])
    seconds[0] = 1.9
    assert bare(progress.line(80)) == "connecting …"
    seconds[0] = 12.7
    assert bare(progress.line(80)) == "connecting … 12 s"
    assert progress.plain() == "connecting …"
    progress.feed(RangeKnown(parse_range("2026-01-16T08:00", "2026-01-16T09:00"), SPAN, None))
    assert bare(progress.line(80)) == "searching …"
    seconds[0] = 80
    assert bare(progress.line(80)) == "searching … 1 min 7 s"
    progress.feed(Waiting(SPAN.end, "it is not listed yet"))
    assert bare(progress.line(80)) == "waiting …"


def test_a_wait_counts_down() -> None:
    """And what is downloaded meanwhile is counted."""
    now = [0.0]
    progress = Progress(lambda: now[0])
    progress.feed(Waiting(START, "the rest", 90))
    assert bare(progress.line(80)) == "waiting, 1 min 30 s left"
    now[0] = 31.5
    progress.feed(ClipFetched(1, 2_000_000))
    assert bare(progress.line(80)) == "waiting, 59 s left; 1 clip (2 MB) here"
    assert bare(progress.line(30)) == "waiting, 59 s left"
    now[0] = 95.0
    assert bare(progress.line(80)).startswith("waiting …")


def test_speed_is_not_guessed() -> None:
    """In the first two seconds, and when nothing comes any more, there is no speed and no time left."""
    run = Run([100 * MB])
    run.start(1)
    run.receive(1, 10 * MB)
    assert run.progress.speed is None
    assert "--:-- left" in run.line(80)
    run.receive(1, 20 * MB)
    assert run.progress.speed == pytest.approx(10 * MB)
    run.seconds += 60
    run.line(80)
    run.seconds += 60
    assert run.progress.speed is None
    assert "--:-- left" in run.line(80)


def test_speed_is_that_of_the_last_ten_seconds() -> None:
    """A slow start is forgotten."""
    run = Run([1000 * MB])
    run.start(1)
    received = 0
    for _ in range(30):
        received += MB
        run.receive(1, received)
    for _ in range(12):
        received += 20 * MB
        run.receive(1, received)
    assert run.progress.speed == pytest.approx(20 * MB)


def test_what_an_earlier_run_left_is_progress_but_not_speed() -> None:
    """Reused clips count as done at once; the time left goes by what comes over the network."""
    run = Run([100 * MB] * 3)
    run.fetch(1, 100 * MB, reused=True)
    run.fetch(2, 100 * MB, reused=True)
    run.start(3)
    for tenth in range(1, 6):
        run.receive(3, tenth * MB)
    assert run.progress.received == 205 * MB
    assert run.progress.percent == 68
    assert run.progress.speed == pytest.approx(MB)


def test_a_clip_that_starts_again_starts_again() -> None:
    """What was thrown away is not shown as received; fetched twice it is speed twice."""
    run = Run([100 * MB])
    run.start(1)
    run.receive(1, 50 * MB)
    run.start(1)
    assert run.progress.received == 0
    run.receive(1, 50 * MB)
    assert run.progress.speed == pytest.approx(50 * MB)


def test_a_failed_clip_is_not_waited_for() -> None:
    """It leaves the total, and is counted."""
    run = Run([100 * MB] * 2)
    run.start(1)
    run.receive(1, 50 * MB)
    run.progress.feed(ClipFailed(1, run.recordings[0], LostReason(LossKind.NOT_DOWNLOADED, "404")))
    assert run.progress.total == 100 * MB
    run.start(2)
    run.receive(2, 100 * MB)
    run.fetch(2, 100 * MB)
    assert run.progress.percent == 100
    assert run.line(200).endswith("1/2 clips, 1 failed")


def test_unknown_sizes_count_as_the_mean_of_the_known() -> None:
    """Until the download's own header tells."""
    run = Run([100 * MB, None, 300 * MB])
    assert run.progress.total == 600 * MB
    run.start(2, 50 * MB)
    assert run.progress.total == 450 * MB


def test_without_any_size_bytes_are_counted_up() -> None:
    """No total, no per cent, no time left; and no division by zero."""
    run = Run([None, None])
    run.start(1)
    run.receive(1, 5 * MB)
    assert run.progress.total is None
    assert run.progress.percent is None
    assert "]  5 MB  " in run.line(60)
    assert run.progress.plain().startswith("5 MB")


def test_sizes_that_were_wrong_never_show_more_than_all() -> None:
    """A clip that is longer than listed: 99 % until there is nothing left to wait for."""
    run = Run([10 * MB, 10 * MB])
    run.start(1)
    run.receive(1, 500 * MB)
    assert run.progress.percent == 98
    run.fetch(1, 500 * MB)
    assert run.progress.total == 510 * MB


def test_the_end_of_the_line() -> None:
    """All bytes here: 100 per cent, no speed and no time left; then the check of the video."""
    run = Run([MB])
    run.start(1)
    run.receive(1, MB)
    assert run.progress.percent == 99
    run.fetch(1, MB)
    assert run.line(79).endswith("100 %  1.0 of 1.0 MB  0/1 clips".replace("0/1", "1/1"))
    run.progress.feed(Verifying())
    assert run.line(80) == "checking the video …"


def test_over_several_days_the_day_is_shown() -> None:
    """08:10 of which day?"""
    run = Run([MB, MB], days=1)
    run.merge(1)
    assert "merged up to 01-16 08:10:00" in run.line(200)


Step = Callable[[Run], None]


@given(
    sizes=st.lists(st.none() | st.integers(0, 10**13), min_size=1, max_size=4),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["start", "receive", "fetch", "fail", "merge"]),
            st.integers(0, 3),
            st.integers(0, 10**13),
            st.floats(0, 10**6),
        ),
        max_size=12,
    ),
    width=st.integers(1, 250),
)
def test_any_story_fits_any_width(
    sizes: list[int | None], steps: list[tuple[str, int, int, float]], width: int
) -> None:
    """Whatever a camera claims and in whichever order it comes: one line, never longer than allowed."""
    run = Run(sizes)
    for what, index, size, wait in steps:
        number = index % len(sizes) + 1
        run.seconds += wait
        actions: dict[str, Callable[[], None]] = {
            "start": lambda n=number, s=size: run.start(n, s),  # type: ignore[misc]
            "receive": lambda n=number, s=size: run.receive(n, s),  # type: ignore[misc]
            "fetch": lambda n=number, s=size: run.fetch(n, s),  # type: ignore[misc]
            "fail": lambda n=number: run.progress.feed(
                ClipFailed(n, run.recordings[n - 1], LostReason(LossKind.NOT_TRIED))
            ),  # type: ignore[misc]
            "merge": lambda n=number: run.merge(n),  # type: ignore[misc]
        }
        actions[what]()
        line = run.line(width)
        assert len(line) <= width
        assert "\n" not in line
        assert run.progress.percent is None or 0 <= run.progress.percent <= 100
