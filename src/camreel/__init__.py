"""camreel: a camera and a time range in, one correct, playable video of exactly that range out.

For programs::

    async with camreel.connect("192.168.1.100", "admin", password) as camera:
        for recording in await camera.recordings(camreel.last("1h")):
            await camera.download(recording, folder)

    report = await camreel.export(camreel.request(..., output="evening.mp4"), password)

and the same without an event loop in :mod:`camreel.sync`. Searching and downloading need neither PyAV nor click.
What is public is in ``__all__``; each name is loaded when it is first used.
"""

from __future__ import annotations

from camreel._version import __version__

TYPE_CHECKING = False  # type checkers know better; not even typing is loaded, for Ctrl-C is heard late enough
if TYPE_CHECKING:
    from typing import Any

    from camreel import sync
    from camreel.api.camera import Camera, Recordings, connect
    from camreel.api.export import TargetOptions, day, export, last, request
    from camreel.clock import CameraClock
    from camreel.errors import (
        AccountLocked,
        BadTransfer,
        BasicNotAllowed,
        CameraBusy,
        CameraError,
        CameraRefused,
        CameraUnreachable,
        CamreelError,
        CertificateChanged,
        DiskError,
        Interrupted,
        LoginDowngraded,
        LoginError,
        LoginRefused,
        MergeError,
        NotACamera,
        NothingRecorded,
        ResourceError,
        UsageError,
    )
    from camreel.events import Event
    from camreel.formats.containers import OutputFormat
    from camreel.model import (
        Address,
        AudioMode,
        DeviceInfo,
        Gaps,
        IfExists,
        Output,
        Query,
        Recording,
        Request,
        SharedFolder,
        Span,
        Split,
        Stream,
        Target,
        VideoOptions,
        WallTime,
    )
    from camreel.report import Report, report_json, report_text

_ROOMS = {
    "camreel.clock": ("CameraClock",),
    "camreel.errors": (
        "AccountLocked", "BadTransfer", "BasicNotAllowed", "CameraBusy", "CameraError", "CameraRefused",
        "CameraUnreachable", "CamreelError", "CertificateChanged", "DiskError", "Interrupted", "LoginDowngraded",
        "LoginError", "LoginRefused", "MergeError", "NotACamera", "NothingRecorded", "ResourceError",
        "UsageError",
    ),
    "camreel.events": ("Event",),
    "camreel.api.camera": ("Camera", "Recordings", "connect"),
    "camreel.api.export": ("TargetOptions", "day", "export", "last", "request"),
    "camreel.formats.containers": ("OutputFormat",),
    "camreel.model": (
        "Address", "AudioMode", "DeviceInfo", "Gaps", "IfExists", "Output", "Query", "Recording",
        "Request", "SharedFolder", "Span", "Split", "Stream", "Target", "VideoOptions", "WallTime",
    ),
    "camreel.report": ("Report", "report_json", "report_text"),
}  # fmt: skip
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take it that any name is there

    def __getattr__(name: str) -> Any:
        """Load a public name (PEP 562): importing the package, as the command line does, costs nothing."""
        from importlib import import_module  # noqa: PLC0415 - see above

        if name == "sync":
            return import_module("camreel.sync")
        if name not in _ROOM_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_ROOM_OF[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "AccountLocked",
    "Address",
    "AudioMode",
    "BadTransfer",
    "BasicNotAllowed",
    "Camera",
    "CameraBusy",
    "CameraClock",
    "CameraError",
    "CameraRefused",
    "CameraUnreachable",
    "CamreelError",
    "CertificateChanged",
    "DeviceInfo",
    "DiskError",
    "Event",
    "Gaps",
    "IfExists",
    "Interrupted",
    "LoginDowngraded",
    "LoginError",
    "LoginRefused",
    "MergeError",
    "NotACamera",
    "NothingRecorded",
    "Output",
    "OutputFormat",
    "Query",
    "Recording",
    "Recordings",
    "Report",
    "Request",
    "ResourceError",
    "SharedFolder",
    "Span",
    "Split",
    "Stream",
    "Target",
    "TargetOptions",
    "UsageError",
    "VideoOptions",
    "WallTime",
    "__version__",
    "connect",
    "day",
    "export",
    "last",
    "report_json",
    "report_text",
    "request",
    "sync",
]
