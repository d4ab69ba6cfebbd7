"""A visit without what is private in it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from camreel.devices.digest import parse_challenges
from camreel.doctor.notebook import Asked
from camreel.doctor.redact import Redactor
from camreel.doctor.secrets import login_forms
from camreel.doctor.visit import Visit
from camreel.model import Credentials

_HEX_REALM = re.compile(r"[0-9A-Fa-f]{16,64}")


def redacted(visit: Visit, credentials: Credentials) -> Visit:
    """The same visit, fit to be shown: in bodies, targets and errors; the address is ``host-1``.

    Headers are left as they are: nothing of them is shown but which there were.
    """
    hider = _Hider(visit, credentials)
    texts = [one.body.decode("utf-8", "surrogateescape") for one in visit.asked]
    for text in texts:
        hider.redactor.learn(text)
    for realm in _realms(visit):
        forms = login_forms(credentials.username, f"Login to {realm}", credentials.password)
        hider.redactor.know("realm" if _HEX_REALM.fullmatch(realm) else "serial", realm, forms)
    trouble = visit.trouble
    return replace(
        visit,
        patient=replace(visit.patient, address=hider.address, ca_file=None, fingerprint=None),
        asked=tuple(hider.asked(one, text) for one, text in zip(visit.asked, texts, strict=True)),
        trouble=trouble
        and replace(
            trouble,
            message=hider.sentence(trouble.message),
            hint=trouble.hint and hider.sentence(trouble.hint),
        ),
        warnings=tuple(hider.sentence(text) for text in visit.warnings),
    )


class _Hider:
    """What is known before anything is asked, and our own sentences about it."""

    def __init__(self, visit: Visit, credentials: Credentials) -> None:
        self.redactor = Redactor()
        real = visit.patient.address
        self._host = self.redactor.know("host", real.host, (real.authority,))
        user = self.redactor.know("user", credentials.username)
        self.redactor.know("password", credentials.password)
        self.address = replace(real, host=self._host)
        plain = replace(real, https=False)
        self._ours = (
            (str(real), str(self.address)),
            (str(plain), str(replace(self.address, https=False))),
            (repr(real.host), repr(self._host)),
            (repr(credentials.username), repr(user)),
        )

    def sentence(self, text: str) -> str:
        for real, shown in self._ours:
            text = text.replace(real, shown)
        return self.redactor.sentence(text)

    def asked(self, one: Asked, text: str) -> Asked:
        # Targets are our own words, but for the number of a finder.
        target = re.sub(r"(?<=[?&]object=)[^&]*", lambda found: self.redactor.body(found[0]), one.target)
        return replace(
            one,
            target=target,
            body=self.redactor.body(text).encode("utf-8", "surrogateescape"),
            content_type=self.redactor.body(one.content_type),
            problem=self.sentence(one.problem),
        )


def _realms(visit: Visit) -> list[str]:
    """What the login's realms say of the device: ``Login to`` and its serial number, or 32 digits made of it."""
    found: dict[str, None] = {}
    for heard in visit.heard:
        for challenge in parse_challenges(heard.header("WWW-Authenticate")):
            realm = challenge.parameters.get("realm", "")
            if realm.lower().startswith("login to "):
                found[realm[len("login to ") :].strip()] = None
    return [realm for realm in found if realm]
