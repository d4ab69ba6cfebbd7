"""A visit without what is private in it. The same value becomes the same placeholder everywhere. Pure.

Three things find what is private: the key it stands under (``sn=``, a channel's title), having met it before (the host
that was asked, the serial number in the realm of the login), and its looks (a MAC, an IP address). A secret is looked
for in each form in which it can be written: as it is, escaped, in base64, as a hash. Placeholders (``serial-1``) are
left alone, so redacting twice is redacting once.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, quote_plus

from camreel.devices.digest import parse_challenges
from camreel.devices.interview import PrivacyRules, Question, Reply
from camreel.devices.registry import driver_named
from camreel.doctor.visit import CheckSession
from camreel.model import Credentials

_LEAST_BASE64 = 6  # characters; less is found everywhere by chance


def written_forms(value: str) -> tuple[str, ...]:
    """Return ``value``, and percent-encoded in each usual way.

    Patterns ignore the case of a letter, but not that some letters become two: ``ß`` in capitals is ``SS``.
    """
    cases = () if value.isascii() else (value.upper(), value.lower(), value.swapcase(), value.casefold())
    forms: dict[str, None] = {}
    for text in dict.fromkeys((value, *cases)):
        data = text.encode("utf-8", "surrogateescape")
        escaped = (quote(data, safe=""), quote(data), quote(data, safe="[]:/.-_~,*@"), quote_plus(data))
        forms.update(dict.fromkeys((text, *escaped)))
    return tuple(forms)


def coded_forms(value: str) -> tuple[str, ...]:
    """Return ``value`` in base64, at each of the three places where it can begin, and as MD5."""
    data = value.encode("utf-8", "surrogateescape")
    return (*_base64_forms(data), hashlib.md5(data).hexdigest())  # noqa: S324 - to find it


def login_forms(username: str, realm: str, password: str) -> tuple[str, ...]:
    """Return what a login looks like on the wire: Basic's pair, and the hash that opens digest (MD5 and SHA-256)."""
    pair = f"{username}:{password}".encode("utf-8", "surrogateescape")
    secret = f"{username}:{realm}:{password}".encode("utf-8", "surrogateescape")
    hashes = (hashlib.md5(secret).hexdigest(), hashlib.sha256(secret).hexdigest())  # noqa: S324 - to find it
    return (*_base64_forms(pair), *hashes)


def _base64_forms(data: bytes) -> tuple[str, ...]:
    """Return the characters that ``data`` alone decides, wherever it begins within a group of three bytes."""
    forms = []
    for before in range(3):
        text = b64encode(b"\0" * before + data).decode("ascii")
        form = text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(form) >= _LEAST_BASE64:
            forms.append(form)
    return tuple(forms)


# Kinds that are long and made for one device: taken out wherever they stand, also in the middle of a word.
_STRONG = frozenset({"serial", "realm", "mac", "password", "certificate"})

_PLACEHOLDER = re.compile(
    r"(?:serial|realm|mac|password|certificate|host|address|user|name|title|mail|net)-[0-9]{1,4}", re.ASCII
)

# The last part of a key -> what its value is. Compared in lower case; numbers in brackets left out.
_KEYS = {
    **dict.fromkeys(("sn", "serialno", "serialnumber", "serial", "serialid", "deviceserial", "deviceid"), "serial"),
    **dict.fromkeys(("hostname", "devicename", "devicealias", "alias"), "name"),
    **dict.fromkeys(("mac", "macaddress", "macaddr", "physicaladdress"), "mac"),
    **dict.fromkeys(("username", "user", "account", "loginname"), "user"),
    **dict.fromkeys(("password", "passwd", "pwd", "passphrase"), "password"),
    **dict.fromkeys(("ssid", "domain", "domainname"), "net"),
    **dict.fromkeys(("mail", "email", "sender", "receiver"), "mail"),
    **dict.fromkeys(("address", "ipaddress", "ip", "host", "defaultgateway", "gateway", "server", "dns"), "address"),
}

_SAYS_NOTHING = re.compile(r"|\d{1,3}|true|false|none|null")
_LINE_END = re.compile(r"(\r\n|\n|\r)")
_JSON = re.compile(r'("([A-Za-z0-9_.]{1,40})"\s*:\s*")([^"\\]{1,200})(?=")')
_AUTHORITY = re.compile(r"(?<=://)[^/\s\"'<>,;]*[^/\s\"'<>,;:.!?)]")
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CERTIFICATE = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")
_MAC = re.compile(r"(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z:])")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]*\d)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*[A-Fa-f:]{2})(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}(?![\w:])")

# What is done with a piece of text; the flag tells whether names and addresses may stand in it.
_Plain = Callable[[str, bool], str]
_LOOKS = ((_CERTIFICATE, "certificate"), (_MAIL, "mail"), (_MAC, "mac"), (_IPV4, "address"), (_IPV6, "address"))


class Redactor:
    """Knows what is private; ``know`` and ``learn`` add to it, the others take it out."""

    def __init__(self, rules: PrivacyRules) -> None:
        self._rules = rules
        self._keys = {**_KEYS, **rules.private_keys}
        self._placeholders: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._strong: dict[str, str] = {}
        self._weak: dict[str, str] = {}
        self._patterns: tuple[re.Pattern[str] | None, re.Pattern[str] | None] | None = None

    def know(self, kind: str, value: str, forms: Iterable[str] = ()) -> str:
        """Remember ``value``, whose ``kind`` is the name of its placeholder; return what replaces it.

        ``forms`` are other texts that give it away. A value that is known already keeps the placeholder it has.
        """
        value = value.strip()
        if not value or _PLACEHOLDER.fullmatch(value):
            return value
        placeholder = self._placeholders.get(value.casefold())
        if placeholder is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            placeholder = self._placeholders[value.casefold()] = f"{kind}-{self._counts[kind]}"
        forms = tuple(forms)
        for form in forms:
            self._placeholders.setdefault(form.casefold(), placeholder)
        if (known := self._known_by(kind, value)) is not None:
            for form in written_forms(value):
                known.setdefault(form, placeholder)
            # What is coded has no borders of its own: base64 goes on with what stands behind it.
            for form in (*coded_forms(value), *forms):
                self._strong.setdefault(form, placeholder)
            self._patterns = None
        return placeholder

    def _known_by(self, kind: str, value: str) -> dict[str, str] | None:
        """Return where else than under its own key it is looked for; None if that would hide half of the answer."""
        if kind == "password":
            # A word or a number is left: no answer has the password, and a hole where the word stood would tell it.
            return self._strong if len(value) >= 4 and not (value.isalpha() or value.isdigit()) else None
        if kind in _STRONG and len(value) >= 6 and not value.isdigit():
            return self._strong
        if value.casefold() in self._rules.words or len(value) < 3 or (value.isdigit() and len(value) < 6):
            return None
        return self._weak

    def learn(self, body: str) -> None:
        """Remember what in ``body`` stands under a private key or looks private, in the order in which it comes."""
        self._walk(body, self._learn_looks)

    def body(self, body: str) -> str:
        """Return ``body`` with all of it taken out. Give it to :meth:`learn` first."""
        return self._walk(body, self._plain)

    def sentence(self, text: str) -> str:
        """Redact a sentence of ours about the camera. Words that are only names stay: ours are not about them."""
        return self._by_looks(_AUTHORITY.sub(self._authority, self._known(text, weak=False)))

    def _walk(self, body: str, plain: _Plain) -> str:
        if body.lstrip()[:1] in ("{", "["):
            return _JSON.sub(lambda found: found[1] + self._valued(found[2], found[3], plain), plain(body, True))

        return "".join(self._line(part, plain) for part in _LINE_END.split(body))

    def _line(self, line: str, plain: _Plain) -> str:
        key, equals, value = line.partition("=")
        if not equals:
            return plain(line, True)
        blank = value[: len(value) - len(value.lstrip())]
        return plain(key, False) + equals + blank + self._valued("".join(key.split()), value[len(blank) :], plain)

    def _valued(self, key: str, value: str, plain: _Plain) -> str:
        last = re.sub(r"\[\d+\]$", "", key.lower().rsplit(".", 1)[-1])
        if self._rules.title_key.search(key.lower()) and value.strip():
            return self.know("title", value)
        kind = "name" if key.lower() == "name" else self._keys.get(last)
        if kind is not None and not _SAYS_NOTHING.fullmatch(value.strip().lower()):
            return self.know(kind, value)
        return plain(value, last not in self._rules.vendor_keys)

    def _learn_looks(self, text: str, weak: bool) -> str:
        _AUTHORITY.sub(self._authority, text)
        if weak:
            self._by_looks(text)
        return text

    def _plain(self, text: str, weak: bool) -> str:
        text = _AUTHORITY.sub(self._authority, self._known(text, weak=weak))
        return self._by_looks(text) if weak else text  # a version can look like an address

    def _authority(self, found: re.Match[str]) -> str:
        host, colon, port = found[0].rpartition(":")
        if colon and port.isdigit() and "@" not in host:
            return f"{self.know('host', host)}:{port}"
        return self.know("host", found[0])

    def _by_looks(self, text: str) -> str:
        for pattern, kind in _LOOKS:
            text = pattern.sub(lambda found, kind=kind: self.know(kind, found[0]), text)  # type: ignore[misc]
        return text

    def _known(self, text: str, *, weak: bool) -> str:
        strong, whole = self._compiled()
        if weak and whole is not None:
            text = whole.sub(lambda found: _word_for(found[0], self._weak), text)
        if strong is not None:
            text = strong.sub(lambda found: _word_for(found[0], self._strong), text)
        return text

    def _compiled(self) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
        if self._patterns is None:
            strong, weak = _any_of(self._strong), _any_of(self._weak)
            self._patterns = (
                re.compile(strong, re.IGNORECASE) if strong else None,
                re.compile(rf"(?<![^\W_]){weak}(?![^\W_])", re.IGNORECASE) if weak else None,
            )
        return self._patterns


def _word_for(text: str, forms: Mapping[str, str]) -> str:
    """Return the placeholder of what was found, in whatever case of letters."""
    if text in forms:
        return forms[text]
    same = (word for form, word in forms.items() if re.fullmatch(re.escape(form), text, re.IGNORECASE))
    return next(same, text)


def _any_of(forms: Iterable[str]) -> str:
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return f"(?:{'|'.join(map(re.escape, longest_first))})" if longest_first else ""


_HEX_REALM = re.compile(r"[0-9A-Fa-f]{16,64}")


def redacted(session: CheckSession, credentials: Credentials) -> CheckSession:
    """Return the same visit, fit to be shown: bodies, targets and errors; the address is ``host-1``.

    Replies keep their status and headers alone: nothing of these is shown but which there were.
    """
    sheet = session.sheet
    hider = _Hider(session, credentials)
    texts = [one.body.decode("utf-8", "surrogateescape") for one in sheet.asked]
    for text in texts:
        hider.redactor.learn(text)
    for realm in _realms(sheet.heard):
        forms = login_forms(credentials.username, f"Login to {realm}", credentials.password)
        hider.redactor.know("realm" if _HEX_REALM.fullmatch(realm) else "serial", realm, forms)
    trouble = session.trouble
    return replace(
        session,
        address=hider.address,
        sheet=replace(
            sheet,
            asked=tuple(map(hider.asked, sheet.asked, texts)),
            heard=tuple(replace(one, target="", body=b"") for one in sheet.heard),
        ),
        trouble=trouble
        and replace(
            trouble,
            message=hider.sentence(trouble.message),
            hint=trouble.hint and hider.sentence(trouble.hint),
        ),
        warnings=tuple(hider.sentence(text) for text in session.warnings),
    )


class _Hider:
    """What is known before anything is asked, and our own sentences about it."""

    def __init__(self, session: CheckSession, credentials: Credentials) -> None:
        self._rules = driver_named(session.protocol).privacy
        self.redactor = Redactor(self._rules)
        real = session.address
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

    def asked(self, one: Question, text: str) -> Question:
        # Targets are our own words, but for what the device chose.
        target = self._rules.opaque.sub(lambda found: self.redactor.body(found[0]), one.target)
        return replace(
            one,
            target=target,
            body=self.redactor.body(text).encode("utf-8", "surrogateescape"),
            content_type=self.redactor.body(one.content_type),
            problem=self.sentence(one.problem),
        )


def _realms(heard: Iterable[Reply]) -> list[str]:
    """Return what the login's realms say of the device: ``Login to`` and its serial number, or 32 digits made of it."""
    found: dict[str, None] = {}
    for reply in heard:
        for challenge in parse_challenges(reply.header("WWW-Authenticate")):
            realm = challenge.parameters.get("realm", "")
            if realm.lower().startswith("login to "):
                found[realm[len("login to ") :].strip()] = None
    return [realm for realm in found if realm]
