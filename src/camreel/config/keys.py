"""What may stand in the settings: each key is named like its option, with ``_`` for ``-``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Of which type a value is, in the words of an error."""

    TEXT = "a text in quotes"
    NUMBER = "a whole number"
    YES_NO = "true or false"
    EITHER = "a whole number, or a text in quotes"
    WORDS = "a text in quotes, or a list of them"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is of this type. TOML's true is no number."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        if self is Kind.YES_NO:
            return isinstance(value, bool)
        if self is Kind.NUMBER:
            return whole
        if self is Kind.WORDS and isinstance(value, list):
            return bool(value) and all(isinstance(item, str) for item in value)
        return isinstance(value, str) or (whole and self is Kind.EITHER)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``of_camera``: it belongs to one camera and not to all. ``is_secret``: it is never shown."""

    name: str
    kind: Kind
    meaning: str
    of_camera: bool = False
    is_secret: bool = False


_ALL = (
    Key("host", Kind.TEXT, "where the camera is; every camera has it", of_camera=True),
    Key("port", Kind.NUMBER, "its port, where that is not the usual one", of_camera=True),
    Key("username", Kind.TEXT, "the login"),
    Key("password", Kind.TEXT, "the password itself, in clear", is_secret=True),
    Key("password_file", Kind.TEXT, "a file whose first line is the password"),
    Key("password_command", Kind.WORDS, "a program that prints the password; no shell is between", is_secret=True),
    Key("keyring", Kind.YES_NO, "the password is in the keyring of the system"),
    Key("https", Kind.YES_NO, "speak https"),
    Key("insecure", Kind.YES_NO, "https with any certificate"),
    Key("ca_file", Kind.TEXT, "https with certificates that this file vouches for"),
    Key("fingerprint", Kind.TEXT, "https with just this certificate", of_camera=True),
    Key("channel", Kind.EITHER, 'the channel, or channels: 2, "1,3-5", "Front door"'),
    Key("stream", Kind.TEXT, "main or sub"),
    Key("camera_tz", Kind.TEXT, "the camera's zone"),
    Key("clock_drift", Kind.EITHER, 'by how many seconds its clock is fast, or "off"'),
    Key("times_in", Kind.TEXT, "whose clock times without an offset are of"),
    Key("events", Kind.WORDS, "only recordings that have one of these"),
    Key("pad", Kind.TEXT, "so much before and after them"),
    Key("max_concurrent", Kind.NUMBER, "downloads at a time"),
    Key("limit_rate", Kind.EITHER, "bytes a second for all of them"),
    Key("retry_for", Kind.TEXT, "how long a camera that went away is waited for"),
    Key("output_dir", Kind.TEXT, "where videos go"),
    Key("output_format", Kind.TEXT, "mp4, mkv, mov or avi"),
    Key("if_exists", Kind.TEXT, "fail, skip or overwrite"),
    Key("keep_files", Kind.YES_NO, "keep the downloaded clips"),
    Key("whole_clips", Kind.YES_NO, "do not cut at the ends of the range"),
    Key("exact", Kind.YES_NO, "begin with just the asked picture"),
    Key("h264", Kind.YES_NO, "encode all of it again"),
    Key("audio", Kind.TEXT, "auto, copy, aac, pcm or none"),
    Key("gaps", Kind.TEXT, "jump or hold"),
    Key("subtitles", Kind.YES_NO, "a track with the camera's clock"),
    Key("split", Kind.TEXT, "a new file each day, hour, or so many bytes"),
    Key("faststart", Kind.YES_NO, "the index in front"),
    Key("exec", Kind.TEXT, "a command for each complete video; no shell is between"),
    Key("follow", Kind.YES_NO, "wait for what is not recorded yet"),
    Key("require_complete", Kind.YES_NO, "a gap gives exit code 4"),
)

KEYS = {key.name: key for key in _ALL}
