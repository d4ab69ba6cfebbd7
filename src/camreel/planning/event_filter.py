"""Select recordings by their events, with some time before and after each. Pure.

camreel selects, not the camera: some recorders (NVR5232-EI) answer a search for events with files that have none. What
is not selected is not wanted, so it is neither a gap nor lost.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from camreel.errors import UsageError, printable
from camreel.model import Recording, Span, Stream, WallTime
from camreel.planning.account import RESOLUTION, uncovered
from camreel.planning.plan import is_footage
from camreel.text import count_text

_EXACT = timedelta(0)

# Above, recordings are kept whole in place of being cut: each cut is compared with each recording.
_MOST_CUTS = 1000
_SEEN_BY_FEW = frozenset({"person", "vehicle"})  # most firmware that detects them still lists the recording as motion


def has_event(recording: Recording, events: Sequence[str]) -> bool:
    """Return whether `recording` has one of `events`, which are words as `parse_events` returns them."""
    return not events_of(recording).isdisjoint(events)


@dataclass(frozen=True, slots=True)
class NotWanted:
    """The parts of a range that are not wanted (`spans`), and those to cut out of wanted recordings (`cut`)."""

    spans: tuple[Span, ...]
    cut: tuple[Span, ...]


def not_wanted(
    listing: Sequence[Recording],
    span: Span,
    stream: Stream,
    events: Sequence[str],
    *,
    pad: timedelta,
    settled: WallTime | None,
) -> NotWanted:
    """Return the parts of `span` that are further than `pad` from any recording with one of `events`.

    Undecided parts are not among them: what the camera is still writing, and what it does not list from `settled` on
    (None: all is settled). Without `pad` nothing is cut: a listed end has whole seconds, and a cut there would lose
    frames.
    """
    ours = [recording for recording in listing if is_footage(recording, stream)]
    recorded = [_listed(recording) for recording in ours]
    undecided = [Span(recording.span.start, span.end) for recording in ours if recording.writing]
    if settled is not None and settled < span.end:
        undecided += uncovered(Span(max(settled, span.start), span.end), recorded, _EXACT)
    near = [Span(one.start - pad, one.end + pad) for one in map(_listed, ours_with(ours, events))]
    far = uncovered(span, [*near, *undecided], _EXACT)
    bare = uncovered(span, [*recorded, *undecided], _EXACT)
    return NotWanted(united(span, far, bare), far if pad and len(far) <= _MOST_CUTS else ())


def ours_with(recordings: Iterable[Recording], events: Sequence[str]) -> list[Recording]:
    """Return those of `recordings` that have one of `events`."""
    return [recording for recording in recordings if has_event(recording, events)]


def united(span: Span, *parts: Sequence[Span]) -> tuple[Span, ...]:
    """Return the union of `parts` within `span`, in order and apart from each other."""
    return uncovered(span, uncovered(span, [each for some in parts for each in some], _EXACT), _EXACT)


def _listed(recording: Recording) -> Span:
    return Span(recording.span.start, max(recording.span.end, recording.span.start + RESOLUTION))


def unlabelled(listing: Iterable[Recording], stream: Stream, events: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence on those of `events` that no recording has, with the events that there are."""
    found: Counter[str] = Counter()
    number = 0
    for recording in listing:
        if is_footage(recording, stream):
            number += 1
            found.update(events_of(recording))
    missing = [event for event in events if event not in found]
    if not missing or not number:
        return ()
    labels = ", ".join(f"{event} ({count})" for event, count in found.most_common(8))
    said = f"The camera lists {count_text(number, 'recording')} in the range, and none is labelled {_or(missing)}: "
    said += f"they are labelled {labels}." if labels else "the camera labels none of them."
    if _SEEN_BY_FEW.intersection(missing):
        said += (
            " Most cameras do not label people or vehicles in their list, even if they detect them. "
            "Try: --events motion."
        )
    return (said,)


def tells_events(listing: Iterable[Recording], stream: Stream, events: Sequence[str]) -> bool:
    """Return whether `listing` would show `events`: most cameras do not list some of them, and some list none at all.

    A tag in a name tells as well: R is the schedule's recording, without an event.
    """
    ours = (recording for recording in listing if is_footage(recording, stream))
    return _SEEN_BY_FEW.isdisjoint(events) and all(one.events or _TAG.search(one.name) for one in ours)


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


# What Amcrest and Dahua firmware calls what it records for; other names are shown as they come.
_EVENTS = {
    "VideoMotion": "motion",
    "AlarmLocal": "alarm",
    "AlarmIPC": "alarm",
    "VideoBlind": "lens covered",
    "VideoLoss": "picture lost",
    "CrossLineDetection": "line crossed",
    "CrossRegionDetection": "area entered",
    "SmartMotionHuman": "person",
    "SmartMotionVehicle": "vehicle",
    "LeftDetection": "object left",
    "TakenAwayDetection": "object taken",
    "AudioMutation": "sound",
    "FaceDetection": "face",
}

# The tag in a file's name, where the list says no event: R is the schedule's, I one of several rules.
_TAGS = {"M": "motion", "A": "alarm"}
_TAG = re.compile(r"\[([A-Z])\]\[")
_OTHER_WORDS = {"people": "person", "human": "person", "humans": "person", "vehicles": "vehicle", "car": "vehicle"}
_CODE = re.compile(r"[A-Z][A-Za-z0-9]{2,39}", re.ASCII)


def event_text(event: str) -> str:
    """Return a camera's name of an event in words."""
    return _EVENTS.get(event) or printable(event, 40)


def event_word(event: str) -> str:
    """Return a camera's name of an event as one word to type: `motion`, `line-crossed`, or its own."""
    return _EVENTS[event].replace(" ", "-") if event in _EVENTS else printable(event, 40)


def parse_events(text: str) -> tuple[str, ...]:
    """Return the value of `--events`, words or the camera's own names between commas, as words of `event_word`."""
    words = [word for word in re.split(r"[\s,]+", text.strip()) if word]
    if not words:
        raise UsageError("--events is empty.", hint=f"Choose from {', '.join(event_words())}.")
    return tuple(sorted({_known_event(word) for word in words}))


def _known_event(word: str) -> str:
    known = event_words()
    lower = word.lower().replace("_", "-")
    if lower in known or lower in _OTHER_WORDS:
        return _OTHER_WORDS.get(lower, lower)
    if by_code := next((code for code in _EVENTS if code.lower() == word.lower()), None):
        return event_word(by_code)
    if _CODE.fullmatch(word) and word.lower() != word and word.upper() != word:
        return word  # TrafficJunction: a name of the camera's own that we have no word for
    near = difflib.get_close_matches(lower, known, 1)
    suggestion = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(
        f"--events: there is no event {printable(word, 40)!r}.{suggestion}",
        hint=f"Choose from {', '.join(known)}, or use the camera's own names, like VideoMotion.",
    )


def event_words() -> list[str]:
    return list(dict.fromkeys(event_word(code) for code in _EVENTS))


def events_of(recording: Recording) -> frozenset[str]:
    """Return the events of a recording as words; if it lists none, by the tag in its name."""
    if recording.events:
        return _words_of(recording.events)
    return _words_of_tags(tuple(_TAG.findall(recording.name)))


# Of 100,000 recordings nearly all have the same events: they share one value.
@lru_cache(maxsize=256)
def _words_of(events: tuple[str, ...]) -> frozenset[str]:
    return frozenset(event_word(event) for event in events)


@lru_cache(maxsize=256)
def _words_of_tags(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_TAGS[tag] for tag in tags if tag in _TAGS)
