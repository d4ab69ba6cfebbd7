"""What an older PyAV cannot do is said in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from camreel.errors import MergeError
from camreel.formats.containers import OutputFormat
from camreel.media.mux.subtitles import SubtitleTrack


class OlderContainer:
    """An output of PyAV 16: no track can be added to it that has no encoder."""


def test_subtitles_are_refused_with_advice():
    nothing: Any = None
    container: Any = OlderContainer()
    with pytest.raises(MergeError, match="Subtitles need PyAV 17 or later") as refused:
        SubtitleTrack(nothing, container, OutputFormat.MP4.container, str)
    assert "leave out --subtitles" in (refused.value.hint or "")
