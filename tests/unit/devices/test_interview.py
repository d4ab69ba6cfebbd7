"""How gently a check-up asks, whatever the protocol."""

from __future__ import annotations

import anyio
import pytest

from camreel.devices.interview import Interview
from camreel.errors import CameraError, CameraRefused, CameraUnreachable, LoginRefused


class Line:
    """A connection that answers by a script: a body, or an error that is raised."""

    def __init__(self, interview: Interview, *script: bytes | CameraError | LoginRefused) -> None:
        self._interview, self._script = interview, list(script)
        self.sent: list[str] = []

    async def send(self, target: str) -> None:
        self.sent.append(target)
        answer = self._script.pop(0)
        if not isinstance(answer, bytes):
            raise answer
        self._interview.transcript.met(target, 200, (("content-type", "text/x"),), signed=True)
        self._interview.transcript.read(answer)


def asked(*script: bytes | CameraError | LoginRefused) -> tuple[Interview, Line]:
    """An interview of five questions."""

    async def run() -> tuple[Interview, Line]:
        interview = Interview(1)
        line = Line(interview, *script)
        for target in "abcde":
            await interview.ask(target, line.send)
        return interview, line

    return anyio.run(run)


def test_an_answer_is_noted_with_its_type_and_its_bytes():
    """Also bytes that are no text."""
    interview, _line = asked(b"1", b"\xff", b"", b"4", b"5")
    sheet = interview.sheet()
    assert [(one.target, one.status, one.content_type, one.body) for one in sheet.asked][:2] == [
        ("a", 200, "text/x", b"1"),
        ("b", 200, "text/x", b"\xff"),
    ]
    assert sheet.asked[1].text == "\ufffd"
    assert len(sheet.heard) == 5
    assert not interview.is_silent


def test_after_two_questions_without_an_answer_no_other_is_sent():
    """They are noted as not asked."""
    silence = CameraUnreachable("nothing came")
    interview, line = asked(b"1", silence, silence)
    assert line.sent == ["a", "b", "c"]
    assert interview.is_silent
    problems = [one.problem for one in interview.sheet().asked]
    assert problems == ["", "nothing came", "nothing came", *["not asked: the camera stopped answering"] * 2]


def test_an_answer_between_two_silences_makes_good():
    """Only silences in a row count; a refusal is an answer."""
    silence = CameraUnreachable("nothing came")
    interview, line = asked(b"1", silence, CameraRefused("no", status=403), silence, b"5")
    assert line.sent == list("abcde")
    assert not interview.is_silent


def test_the_first_question_without_an_answer_ends_it():
    """Then nothing is there to be asked."""
    with pytest.raises(CameraUnreachable):
        asked(CameraUnreachable("nothing came"))


def test_a_refused_login_ends_it_whenever_it_comes():
    """No question goes out after it."""
    with pytest.raises(LoginRefused):
        asked(b"1", LoginRefused("no"))


def test_a_redirect_begins_anew():
    """What was asked at the old address is no answer of the new one; that there was a redirect stays."""
    interview, _line = asked(b"1", b"2", b"3", b"4", b"5")
    interview.restart()
    sheet = interview.sheet()
    assert (sheet.asked, sheet.redirected, len(sheet.heard)) == ((), True, 5)
