"""A check-up of one camera, fit to be shown to anybody: what it says of itself, and how it says it.

``visit`` asks (gently, and never the same password twice) by the driver of the camera's protocol; ``redacted`` takes
out what is private; ``diagnose`` makes a frozen ``Checkup`` of the rest, which ``checkup_text`` and ``checkup_json``
show; ``write_capture`` keeps the answers themselves. A driver finds its facts in redacted answers alone, so it says
the same of a camera and of the replay of its capture.
"""

from __future__ import annotations

from camreel.doctor.capture import refuse_existing, write_capture
from camreel.doctor.checkup import Checkup, diagnose, here
from camreel.doctor.redact import redacted
from camreel.doctor.report import checkup_json, checkup_text
from camreel.doctor.visit import CheckSession, visit

__all__ = [
    "CheckSession",
    "Checkup",
    "checkup_json",
    "checkup_text",
    "diagnose",
    "here",
    "redacted",
    "refuse_existing",
    "visit",
    "write_capture",
]
