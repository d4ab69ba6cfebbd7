"""A check-up of one camera, fit to be shown to anybody: what it says of itself, and how it says it.

``visit`` asks (gently, and never the same password twice); ``redact`` takes out what is private; ``diagnose`` makes of
what is left a frozen ``Checkup``, which ``as_text`` and ``as_json`` show; ``capture`` keeps the answers themselves.
Only ``visit`` and ``capture`` do anything. Since the diagnosis sees redacted answers alone, it says the same of a
camera and of the replay of its capture.
"""

from __future__ import annotations

from camreel.doctor.capture import refuse_existing, write_capture
from camreel.doctor.checkup import Checkup, here
from camreel.doctor.diagnosis import diagnose
from camreel.doctor.redact import redacted
from camreel.doctor.report import checkup_json, checkup_text
from camreel.doctor.visit import CheckSession, CheckTarget, visit

__all__ = [
    "CheckSession",
    "CheckTarget",
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
