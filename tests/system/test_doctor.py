"""The check-up of a camera: what it asks, what it says, and that nothing private is in it, on every device profile."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import zipfile
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import anyio
import pytest
import trustme
from tests.conftest import NOW, tuning

from camreel.devices.dahua import protocol
from camreel.devices.dahua.client import DahuaClient
from camreel.devices.http import Connection, Timeouts
from camreel.devices.session import Login
from camreel.doctor import (
    CheckSession,
    Checkup,
    checkup_json,
    checkup_text,
    diagnose,
    here,
    redacted,
    visit,
    write_capture,
)
from camreel.doctor.checkup import Here
from camreel.errors import DiskError
from camreel.model import Address, Credentials, Recording, Span, Target
from camreel_simulator import (
    PROFILES,
    DeviceClock,
    Fault,
    Recorded,
    SimulatedCamera,
    quirked,
    running,
    scene_recordings,
)
from camreel_simulator.replay import load

SERIAL, USER, PASSWORD = "PL4NTEDSER1AL007", "planted-user", "pl4nted-P4ss w/ö"
TITLES, NAME, MAC = ("Planted porch = back", "Planted ünder roof"), "Planted House", "A4:14:37:0d:0e:0F"
REPLAY = Credentials("admin", "simulated-1")


def planted(profile: str, *quirks: str, faults: tuple[Fault, ...] = ()) -> SimulatedCamera:
    """The device, with something private in each place where a real one has it. Its recordings hold no video."""
    device = replace(
        PROFILES[profile],
        serial=SERIAL,
        machine_name=NAME,
        titles=TITLES,
        root=f"{PROFILES[profile].root}/{SERIAL}",
        configs={
            "NTP": (
                "NTP.Address=clock.planted.example",
                "NTP.TimeZone=0",
                f"NTP.Note={MAC} and http://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1/",
            )
        },
        quirks=quirked(PROFILES[profile].quirks, *quirks),
    )
    return SimulatedCamera(
        [stub(recorded) for recorded in scene_recordings(device)],
        device,
        faults=faults,
        username=USER,
        password=PASSWORD,
        clock=DeviceClock.fixed(NOW),
    )


def stub(recorded: Recorded) -> Recorded:
    """The same recording, without the time that it takes to make its video."""
    return replace(recorded, content=b"stub", stale=None)


# So long that a busy computer is not taken for a dead camera.
PATIENCE = Timeouts(connect=5, headers=10, text=10, refusal=2, stall=5)


def examined(
    camera: SimulatedCamera, password: str = PASSWORD, patience: Timeouts = PATIENCE
) -> tuple[CheckSession, Checkup]:
    """A check-up of a camera that is being served. Of one that knows only Basic, with that allowed."""
    with running(camera) as server:
        address, allow = Address("127.0.0.1", server.port), camera.quirks.basic_only
        return examined_at(address, Credentials(USER, password), patience, allow_basic=allow)


def examined_at(
    address: Address, credentials: Credentials, patience: Timeouts = PATIENCE, **how: object
) -> tuple[CheckSession, Checkup]:
    target = Target(address, credentials.username, **how)  # type: ignore[arg-type]
    seen = redacted(anyio.run(visit, target, 1, credentials, tuning(timeouts=patience)), credentials)
    return seen, diagnose(seen, here(Path("/")))


def secrets() -> list[str]:
    """What must appear nowhere, in lower case: each private value as it is, and in the forms it could slip through."""
    realm = f"Login to {SERIAL}"
    plain = [SERIAL, USER, PASSWORD, *TITLES, NAME, MAC, MAC.replace(":", "-"), "127.0.0.1", "clock.planted"]
    forms = [form for value in plain for form in (value, quote(value), quote(value, safe=""), value.replace(" ", "+"))]
    forms += [b64encode(value.encode()).decode().rstrip("=")[:-1] for value in (*plain, f"{USER}:{PASSWORD}")]
    forms += [hashlib.md5(value.encode()).hexdigest() for value in (*plain, f"{USER}:{realm}:{PASSWORD}")]
    return sorted({form.lower() for form in (*forms, "planted", "pl4nted")})


def assert_nothing_private(what: str, text: str) -> None:
    found = [secret for secret in secrets() if secret in text.lower()]
    assert not found, f"{what} has {found}"


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_private_is_in_the_report_or_the_capture_and_the_replay_is_the_camera(profile, tmp_path):
    """Report, JSON, and each member of the capture; then the replay lists the same, and gets the same report."""
    camera, place = planted(profile), tmp_path / "capture.zip"
    with running(camera) as server:
        address = Address("127.0.0.1", server.port)
        seen, checkup = examined_at(address, Credentials(USER, PASSWORD), allow_basic=profile == "old")
        write_capture(place, seen, checkup)
        spans = searched(seen)
        real = [listed(address, Credentials(USER, PASSWORD), span) for span in spans]
    assert checkup.exit_code == 0, checkup.trouble
    assert_nothing_private("the report", checkup_text(checkup))
    assert_nothing_private("the JSON", json.dumps(checkup_json(checkup), ensure_ascii=False))
    assert checkup.facts.serial.value == "serial-1"
    assert checkup.facts.name.value == "name-1"
    assert [title for _number, title in checkup.facts.channels.value or ()][:1] == ["title-1"]
    with zipfile.ZipFile(place) as archive:
        for name in archive.namelist():
            assert_nothing_private(name, name + archive.read(name).decode("utf-8", "surrogateescape"))
    replayed = load(place, quirks=camera.quirks)
    with running(replayed) as server:
        again_at = Address("127.0.0.1", server.port)
        again = [listed(again_at, REPLAY, span) for span in spans]
        _seen, second = examined_at(again_at, REPLAY, allow_basic=profile == "old")
    assert sum(map(len, real)) >= 3
    for one, two in zip(real, again, strict=True):
        assert len(one) == len(two)
        for recording, played in zip(one, two, strict=True):
            assert played == replace(recording, path=recording.path.replace(SERIAL, "serial-1"))
    assert timeless(second) == timeless(checkup)


def timeless(checkup: Checkup) -> Checkup:
    """Without what differs from one run to the next: the port, how quickly it answered, the room on the disk."""
    return replace(checkup, address="", seconds=None, here=Here(None, ()))


def searched(seen: CheckSession) -> list[Span]:
    """The windows that were asked for as the client asks, whole."""
    asked = [urlsplit(one.target) for one in seen.sheet.asked]
    whole = {parse_qs(one.query)["object"][0] for one in asked if "count=100" in one.query}
    windows = [parse_qs(one.query) for one in asked if "action=findFile&" in one.query]
    spans = []
    for window in windows:
        if window["object"][0] in whole:
            start, end = (protocol.parse_time(window[f"condition.{key}"][0]) for key in ("StartTime", "EndTime"))
            assert start is not None
            assert end is not None
            spans.append(Span(start, end))
    assert spans
    return spans


def listed(address: Address, credentials: Credentials, span: Span) -> tuple[Recording, ...]:
    """What the client's own search lists."""

    async def search() -> tuple[Recording, ...]:
        connection = Connection(address, credentials, Login(), lambda _text: None, timeouts=PATIENCE, allow_basic=True)
        async with connection:
            return (await DahuaClient(address, connection).search(1, span)).recordings

    return anyio.run(search)


@pytest.mark.parametrize("profile", PROFILES)
def test_it_asks_gently(profile):
    """At most 25 questions on a healthy device, nothing that is known to harm one, and all finders given back."""
    camera = planted(profile)
    _seen, checkup = examined(camera)
    questions = [one for one in camera.log if one.authorized]
    assert 15 <= len(questions) == checkup.questions <= 25
    assert camera.rejected_logins == 0
    assert camera.open_finders == 0
    allowed = {"magicBox", "global", "configManager", "storageDevice", "mediaFileFind"}
    settings = {"NTP", "Locales", "ChannelTitle", "RecordMode"}
    for one in camera.log:
        assert one.method == "GET"
        found = re.fullmatch(r"/cgi-bin/(\w+)\.cgi\?(.*)", one.decoded)
        assert found is not None
        name, query = found.groups()
        fields = dict(part.split("=", 1) for part in query.split("&"))
        assert name in allowed
        assert name != "configManager" or (fields["action"], fields["name"] in settings) == ("getConfig", True)
        assert fields["action"] in {"getConfig", "factory.create", "findFile", "findNextFile", "close", "destroy"} or (
            fields["action"].startswith("get")
        )


QUIRKS_SEEN = {
    "connection-close": "closes the connection after each answer",
    "basic-only": "knows only basic authentication",
    "several-challenges": "offers several ways to log in",
    "auth-int-offered": "offers auth-int",
    "realm-with-comma": "has a comma in its realm",
    "stale-once": "called the first one stale",
    "page-cap-1": "lists at most 1 recordings on a page, where 100 were asked for",
    "one-based-items": "counts channels from 1 in its lists",
    "no-stream-key": "does not say which stream",
    "utc-offset": "lists the offset from UTC",
    "found-more": "counts the recordings of a page wrong",
    "found-absent": "does not say how many recordings",
    "end-error": "ends a list with Error",
    "end-400": "ends a list with HTTP 400",
    "end-repeat": "ends a list with its last page again",
    "close-refused": "does not let a search be closed",
    "spaced": "writes spaces round =",
    "unpadded": "lists dates unpadded",
    "am-pm": "lists times with AM and PM",
    "lf": "ends lines with LF",
    "writing-state": "still writing",
    "allocated-length": "in steps of 65536 bytes",
}


@pytest.mark.parametrize("quirk", ["", *QUIRKS_SEEN])
def test_a_quirk_is_seen_and_said(quirk):
    """Each in a sentence of its own, which a device without it does not get."""
    _seen, checkup = examined(planted("amcrest-sd" if quirk == "" else "dahua-emmc", *([quirk] if quirk else [])))
    said = " | ".join(checkup.facts.quirks)
    assert checkup.exit_code == 0
    own = {"no-stream-key"} if quirk == "" else {"connection-close", "one-based-items", "utc-offset", quirk}
    assert {name for name, words in QUIRKS_SEEN.items() if words in said} == {name for name in own if name}


@pytest.mark.parametrize("quirk", ["basic-only", "basic-later", "unknown-digest"])
def test_a_password_that_would_cross_in_clear_is_not_sent(quirk):
    """The report ends with the reason, says what the camera offers, and the login is not called refused."""
    camera = planted("dahua-emmc", quirk)
    with running(camera) as server:
        address = Address("127.0.0.1", server.port)
        _seen, checkup = examined_at(address, Credentials(USER, PASSWORD))
    assert checkup.exit_code == (6 if quirk == "unknown-digest" else 5)
    assert checkup.login == ("accepted" if quirk == "basic-later" else "not tried")
    assert not [one for one in camera.log if (one.authorization or "").lower().startswith("basic")]
    words = "knows only basic authentication"
    assert (words in " | ".join(checkup.facts.quirks)) == (quirk == "basic-only")
    assert camera.rejected_logins == 0


def test_a_wrong_password_is_tried_once():
    """One rejected login, exit 5, and the report goes on to its end without another question."""
    camera = planted("amcrest-sd")
    _seen, checkup = examined(camera, "wrong-passw0rd")
    assert (checkup.exit_code, checkup.login, camera.rejected_logins) == (5, "refused", 1)
    text = checkup_text(checkup)
    assert "refused the login of 'user-1'" in text
    assert "free in the output folder" in text
    assert "wrong-passw0rd" not in text


@pytest.mark.parametrize(
    ("shape", "words"), [("lock-json", "30 min"), ("lock-500", "perhaps"), ("lock-401", "not told")]
)
def test_a_locked_account_is_named_where_the_camera_tells_it(shape, words):
    """Each shape of the lock, from outside: with the seconds left where they are told, and without another try."""
    camera = planted("nvr", shape)
    examined(camera, "wrong-passw0rd")
    before = len(camera.log)
    _seen, checkup = examined(camera)
    assert checkup.exit_code in {5, 6}
    (lock,) = (line for line in checkup_text(checkup).splitlines() if line.startswith("Lock"))
    assert words in lock
    assert checkup_json(checkup)["login"]["locked_seconds"] == (1800 if shape == "lock-json" else None)
    assert len(camera.log) - before <= 3


def test_a_camera_that_is_not_there():
    """Exit 6 and a sentence; nothing of the address is in it."""
    with running(planted("amcrest-sd")) as server:
        gone = Address("127.0.0.1", server.port)
    _seen, checkup = examined_at(gone, Credentials(USER, PASSWORD))
    assert (checkup.exit_code, checkup.login, checkup.reached) == (6, "not tried", False)
    assert "Nothing answers at http://host-1" in checkup_text(checkup)
    assert_nothing_private("the report", checkup_text(checkup))


def test_what_a_camera_does_not_tell_is_said_line_by_line():
    """501 to everything but the search: the report gets to its end, and the search decides the exit code."""
    deaf = Fault("status", status=501, target=re.compile("^(?!.*mediaFileFind)"), times=None)
    _seen, checkup = examined(planted("amcrest-sd", faults=(deaf,)))
    assert checkup.exit_code == 0
    assert checkup_text(checkup).count("not told (HTTP 501)") == 8
    assert any(quirk.startswith("answers 501 to getSystemInfo,") for quirk in checkup.facts.quirks)
    assert checkup_json(checkup)["not_told"]["clock"] == "not told (HTTP 501)"


@pytest.mark.parametrize(
    "fault",
    [Fault("packed", target="getMachineName"), Fault("status", status=204, text="", target="getSystemInfo")],
    ids=["packed", "204"],
)
def test_an_odd_answer_is_a_finding(fault):
    """It does not end the check-up."""
    _seen, checkup = examined(planted("amcrest-sd", faults=(fault,)))
    assert checkup.exit_code == 0
    assert "Result" in checkup_text(checkup)


@pytest.mark.parametrize("kind", ["garbage", "error_page", "reset", "silent", "short_body"])
@pytest.mark.parametrize("skip", [0, 7])
def test_garbage_is_a_sentence(kind, skip):
    """Whatever comes, from the first answer or from the eighth: a report, an exit code, and an end."""
    camera = planted("amcrest-sd", faults=(Fault(kind, times=None, skip=skip),))
    _seen, checkup = examined(camera, patience=tuning().timeouts if kind == "silent" else PATIENCE)
    text = checkup_text(checkup)
    assert "Result" in text
    assert checkup.exit_code == 6
    assert camera.rejected_logins <= 1
    assert len(camera.log) < 60
    assert_nothing_private("the report", text)


def test_a_redirect_to_https_is_followed_and_its_certificate_is_not_shown():
    """With --insecure the whole check-up goes over https; without, the error names no fingerprint of the device."""
    camera = planted("amcrest-sd", "https-redirect")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made = trustme.CA().issue_cert("127.0.0.1")
    made.configure_cert(context)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode())).hexdigest()
    with running(camera, ssl_context=context) as server:
        address, credentials = Address("127.0.0.1", server.port), Credentials(USER, PASSWORD)
        _seen, refused = examined_at(address, credentials)
        _seen, checkup = examined_at(address, credentials, insecure=True)
    assert (refused.exit_code, refused.login) == (6, "not tried")
    assert "certificate-1" in checkup_text(refused)
    assert digest.upper() not in checkup_text(refused).replace(":", "")
    assert_nothing_private("the report", checkup_text(refused))
    assert (checkup.exit_code, checkup.redirected) == (0, True)
    assert checkup.address.startswith("https://host-1:")
    assert "sends http to https" in checkup.facts.quirks


def test_a_list_without_an_end_is_not_read_to_it():
    """Pages for ever: it stops after a few, and says that the newest recording may be newer."""
    camera = planted("amcrest-sd", faults=(Fault("endless_pages", target="findNextFile", times=None),))
    _seen, checkup = examined(camera)
    assert checkup.facts.footage.value is not None
    assert not checkup.facts.footage.value.exact
    assert len(camera.log) < 100


def test_a_camera_without_recordings_has_exit_code_3():
    """It answers 400 to any time: nothing is recorded, and that is said."""
    camera = planted("amcrest-sd")
    empty = SimulatedCamera((), camera.profile, username=USER, password=PASSWORD, clock=DeviceClock.fixed(NOW))
    _seen, checkup = examined(empty)
    assert (checkup.exit_code, checkup.status) == (3, "no recordings")


def test_a_capture_is_for_its_owner_and_over_nothing(tmp_path):
    """Mode 0600, and a file of that name is left alone."""
    seen, checkup = examined(planted("old"))
    place = tmp_path / "a.zip"
    assert write_capture(place, seen, checkup) == checkup.questions
    assert place.stat().st_mode & 0o777 == 0o600
    before = place.read_bytes()
    with pytest.raises(DiskError):
        write_capture(place, seen, checkup)
    assert place.read_bytes() == before
