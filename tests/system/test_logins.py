"""How often a password goes out, and in which form, whatever a camera asks for."""

from __future__ import annotations

import sys
from dataclasses import replace

import anyio
import pytest
from tests.conftest import Bench, frame_md5s, three_clips, tuning

from camreel.devices import downgrade
from camreel.devices.address import parse_address
from camreel.devices.http import Connection
from camreel.devices.session import Login
from camreel.doctor import visit
from camreel.errors import BasicNotAllowed, LoginDowngraded, LoginRefused, NotACamera
from camreel.events import Event, RangeKnown
from camreel.model import Credentials, Target
from camreel_simulator import QUIRKS, Fault

ENDINGS = ["refusal-closes", "refusal-resets", "closes-unsaid", "connection-close", "http-1.0", "refusal-body-late"]


def logins(stand: Bench) -> list[str | None]:
    """The requests with a password that reached the camera: None for one that was taken, else why not."""
    return [one.refusal for one in stand.camera.log if one.authorized or one.refusal is not None]


@pytest.mark.parametrize("quirk", ENDINGS)
def test_a_right_password_is_refused_never(bench, quirk):
    """Each answer goes where it is read, with a fresh nonce: the video is whole, and not one login failed."""
    recordings = three_clips()
    stand = bench(recordings=recordings, quirks=QUIRKS[quirk])
    run = stand.export()
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert set(logins(stand)) == {None}


@pytest.mark.parametrize("quirk", ENDINGS)
def test_a_wrong_password_reaches_the_camera_once(bench, quirk):
    """One refused login, and the run is over: the account is not locked."""
    stand = bench(quirks=QUIRKS[quirk])
    stand.password = "wrong"
    run = stand.export()
    assert isinstance(run.error, LoginRefused)
    assert logins(stand) == ["wrong password"]


@pytest.mark.parametrize("quirk", ENDINGS)
@pytest.mark.parametrize(("password", "login"), [("simulated-1", "accepted"), ("wrong", "refused")])
def test_a_check_up_logs_in_in_the_same_way(bench, quirk, password, login):
    """`doctor` says of such a camera what `get` would find."""
    stand = bench(quirks=QUIRKS[quirk])
    seen = anyio.run(visit, Target(stand.address, "admin"), 1, Credentials("admin", password), tuning())
    assert seen.login == login
    signed = [one.authorization for one in stand.camera.log if one.authorization is not None]
    assert all("nc=00000001," in each for each in signed)  # it shows how the camera answers whoever comes anew
    assert [why for why in logins(stand) if why] == ([] if login == "accepted" else ["wrong password"])


@pytest.mark.parametrize("kind", ["reset", "silent"])
def test_an_answer_that_may_have_been_read_is_not_sent_again(bench, kind):
    """A camera that keeps a connection after its 401, and breaks it at the login, may have counted that one."""
    stand = bench(faults=[Fault(kind, target="getSystemInfo", times=None)])
    run = stand.export()
    assert run.error is not None
    assert run.error.exit_code == 6
    assert len(logins(stand)) == 1


def test_a_camera_that_closes_is_known_after_its_first_refusal(bench):
    """It is looked for before the first password goes out, so it costs no request, and no login that nobody reads."""
    stand = bench(quirks=QUIRKS["refusal-closes"])
    assert stand.export().ok.exit_code == 0
    refused = [one.decoded.partition("?")[0] for one in stand.camera.log if one.status == 401]
    without = len(stand.camera.log) - len(logins(stand))
    assert len(refused) == without  # each is a question for a nonce, and answered


@pytest.mark.parametrize("odd", ["204", "200 without a body", "404", "400"])
def test_an_answer_that_proves_nothing_is_no_login(bench, odd):
    """After it, the first refusal is one of the password, not of an old nonce: it is not sent once more."""
    stand = bench()
    stand.camera.add_faults(Fault("status", status=int(odd[:3]), before_login=True, skip=1, text=""))
    stand.password = "wrong"
    run = stand.export()
    assert isinstance(run.error, LoginRefused)
    assert [one.status for one in stand.camera.log if one.authorization is not None] == [int(odd[:3]), 401]


def in_clear(stand: Bench) -> list[str]:
    """The requests by which the password itself reached the camera."""
    return [one.target for one in stand.camera.log if (one.authorization or "").lower().startswith("basic")]


def asks_basic(target: str, *, skip: int = 0, challenge: str = 'Basic realm="R"') -> Fault:
    """What a man in the middle would answer."""
    offer = (("WWW-Authenticate", challenge),)
    return Fault("status", target=target, status=401, headers=offer, before_login=True, skip=skip, times=None, text="")


@pytest.mark.parametrize("allow_basic", [False, True])
@pytest.mark.parametrize(
    ("target", "skip"),
    [
        ("RPC_Loadfile", 0),  # the first on a connection
        ("RPC_Loadfile", 1),  # the answer to a signed request
        ("RPC_Loadfile", 2),  # a kept connection
        ("getCurrentTime", 0),
        ("findNextFile", 0),
    ],
)
@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="R"', 'basic realm="Login to Digest"', "BASIC", 'Basic realm="R", Digest realm="x", algorithm=MD4'],
)
def test_basic_is_refused_once_digest_has_worked(bench, target, skip, challenge, allow_basic):
    """On any request in mid-run, also if Basic was allowed: the run ends, and nothing went out in clear."""
    stand = bench(faults=[asks_basic(target, skip=skip, challenge=challenge)])
    run = stand.export(allow_basic=allow_basic)
    assert in_clear(stand) == []
    assert isinstance(run.error, LoginDowngraded)
    assert run.error.exit_code == 5
    assert "intercepting the connection" in str(run.error)
    assert "camreel cameras forget 127.0.0.1:" in (run.error.hint or "")
    assert stand.camera.rejected_logins == 0


def test_what_came_before_basic_is_kept_and_continued(bench):
    """The run that ends leaves its clips; the next one, after the man in the middle, uses them."""
    stand = bench(faults=[asks_basic("RPC_Loadfile", skip=2)])
    assert isinstance(stand.export(max_concurrent=1).error, LoginDowngraded)
    fetched = {path for path, count in stand.camera.bytes_sent.items() if count}
    assert fetched
    stand.camera.clear_faults()
    before = stand.camera.bytes_sent
    assert stand.export().ok.exit_code == 0
    after = stand.camera.bytes_sent
    assert sum(after[path] == before[path] for path in fetched) >= 1


def test_to_forget_in_the_middle_of_a_run_does_not_change_it(bench):
    """The run itself knows that Digest has worked, whatever becomes of its note, and of «too many connections»."""
    stand = bench()
    offer = (("WWW-Authenticate", 'Basic realm="R"'),)
    ask = Fault("status", status=401, headers=offer, before_login=True, times=None, text="Exceeded maximum number")

    def forget(event: Event) -> None:
        if isinstance(event, RangeKnown):
            assert downgrade.forget_digest("127.0.0.1")
            stand.camera.add_faults(ask)

    run = stand.export(listen=forget, allow_basic=True)
    assert isinstance(run.error, LoginDowngraded)
    assert in_clear(stand) == []
    assert not downgrade.digest_memory(stand.address).places


def test_the_search_that_proves_knows_of_digest(bench):
    """Basic on its connection alone, and nothing that is remembered between runs: the run itself knows."""
    stand = bench()

    def forget(event: Event) -> None:
        if isinstance(event, RangeKnown):  # the search itself goes on with the object that it has made
            assert downgrade.forget_digest("127.0.0.1")
            stand.camera.add_faults(asks_basic("factory.create"))  # that of the search itself was before

    run = stand.export(end="2026-01-16 08:01:00", listen=forget, allow_basic=True)
    assert in_clear(stand) == []
    assert isinstance(run.error, LoginDowngraded)


def test_digest_is_remembered_for_later_runs_until_it_is_forgotten(bench):
    """By host and port: a later run gets no further with Basic, though it is allowed. To forget allows it."""
    stand = bench()
    assert stand.export().ok.exit_code == 0
    stand.camera.add_faults(asks_basic(""))
    run = stand.export(file=stand.folder / "another.mp4", allow_basic=True)
    assert isinstance(run.error, LoginDowngraded)
    assert in_clear(stand) == []
    assert downgrade.forget_digest("127.0.0.1", stand.address.port + 1) is False
    assert isinstance(stand.export(file=stand.folder / "another.mp4", allow_basic=True).error, LoginDowngraded)
    assert downgrade.forget_digest("127.0.0.1", stand.address.port) is True
    stand.export(file=stand.folder / "another.mp4", allow_basic=True)
    assert in_clear(stand) != []


@pytest.mark.parametrize("names", [("localhost", "127.0.0.1"), ("127.0.0.1", "localhost"), ("localhost", "LOCALHOST")])
def test_another_name_of_the_camera_makes_no_difference(bench, names):
    """Digest is remembered by the IP address, too. The sentence says all that has to be forgotten."""
    stand = bench()
    stand.address = replace(stand.address, host=names[0])
    assert stand.export().ok.exit_code == 0
    stand.camera.add_faults(asks_basic(""))
    stand.address = replace(stand.address, host=names[1])
    run = stand.export(file=stand.folder / "another.mp4", allow_basic=True)
    assert isinstance(run.error, LoginDowngraded)
    assert in_clear(stand) == []
    forgotten = (run.error.hint or "").partition("cameras forget ")[2].split()
    assert f"127.0.0.1:{stand.address.port}" in forgotten
    for place in forgotten:
        address = parse_address(place)
        assert downgrade.forget_digest(address.host, address.port)
    assert not downgrade.digest_memory(stand.address).places


def test_notes_that_cannot_be_used_are_told_if_they_matter(bench, monkeypatch, tmp_path):
    """A file where the folder of the notes belongs: one sentence, if Basic is allowed for this camera."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    stand = bench()
    assert stand.export().ok.warnings == ()
    run = stand.export(file=stand.folder / "another.mp4", allow_basic=True)
    assert run.ok.exit_code == 0
    (warning,) = run.ok.warnings
    assert warning.startswith(f"camreel cannot note that Digest has worked at {stand.address}: {tmp_path / 'file'}")
    old = bench(quirks=QUIRKS["basic-only"])
    run = old.export(file=stand.folder / "old.mp4", allow_basic=True)
    assert run.ok.exit_code == 0
    told = [warning for warning in run.ok.warnings if "camreel cannot check if Digest has worked" in warning]
    assert len(told) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_notes_that_may_be_there_are_no_man_in_the_middle(bench, monkeypatch, tmp_path):
    """A loop of links: the password is not sent, and the sentence says why, and where."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "camreel").mkdir()
    (tmp_path / "camreel" / "digest").symlink_to("digest")
    stand = bench(quirks=QUIRKS["basic-only"])
    run = stand.export(allow_basic=True)
    assert isinstance(run.error, LoginDowngraded)
    assert "cannot check" in str(run.error)
    assert str(tmp_path / "camreel" / "digest") in str(run.error)
    assert in_clear(stand) == []


def test_basic_alone_is_refused_unless_it_is_allowed(bench):
    """Nothing is sent, and the sentence names the option. Allowed, the video is that of any other camera."""
    recordings = three_clips()
    stand = bench(recordings=recordings, quirks=QUIRKS["basic-only"])
    run = stand.export()
    assert isinstance(run.error, BasicNotAllowed)
    assert run.error.exit_code == 5
    assert "--allow-basic" in (run.error.hint or "")
    assert [one for one in stand.camera.log if one.authorization is not None] == []
    assert len(stand.camera.log) == 1
    run = stand.export(allow_basic=True)
    assert run.ok.exit_code == 0
    assert frame_md5s(run.output) == [md5 for clip in recordings for md5 in frame_md5s(clip.body())]
    assert any("in clear" in warning for warning in run.ok.warnings)
    assert len(in_clear(stand)) == len([one for one in stand.camera.log if one.authorized])


@pytest.mark.anyio
async def test_after_a_refusal_of_basic_nobody_asks_again(bench):
    """The first refusal is that of all connections of the run, without another request."""
    stand = bench(quirks=QUIRKS["basic-only"])
    login, credentials = Login(), Credentials("admin", stand.password)
    for _connection in range(2):
        async with Connection(stand.address, credentials, login, lambda _text: None) as connection:
            with pytest.raises(BasicNotAllowed):
                await connection.text("/cgi-bin/global.cgi?action=getCurrentTime")
    assert len(stand.camera.log) == 1


@pytest.mark.parametrize("words", [["list"], ["doctor"], ["look"], ["get", "-y"]], ids=lambda words: words[0])
def test_every_command_asks_to_be_allowed(bench, camreel_, words, tmp_path):
    """Without --allow-basic not a byte of a login leaves; with it, and with --insecure on http, the command works."""
    stand = bench(quirks=QUIRKS["basic-only"])
    command = [*words, "--host", f"127.0.0.1:{stand.address.port}", "-u", "admin"]
    if words != ["doctor"]:
        command += ["-s", "2026-01-16 08:00:00", "-e", "2026-01-16 08:00:12"]
    if words[0] in {"look", "get"}:
        command += ["--output-dir", str(tmp_path)]
    run = camreel_([*command, "--insecure"], AMCREST_PASSWORD=stand.password)
    assert run.code == 5, run.err
    assert "--allow-basic" in " ".join(run.everything.split())
    assert [one for one in stand.camera.log if one.authorization is not None] == []
    run = camreel_([*command, "--allow-basic"], AMCREST_PASSWORD=stand.password)
    assert run.code == 0, run.everything
    assert in_clear(stand) != []


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        ('Digest realm="r", nonce="1", qop="auth", algorithm=SHA-512-256', "the algorithm 'SHA-512-256'"),
        ('digest realm="r", nonce="1", algorithm="MD5\x9b-odd"', "the algorithm 'MD5"),
        ('Digest realm="r", nonce="1", qop="token"', "the qop 'token'"),
        ('Digest realm="r"', "malformed"),
        ("Digest", "malformed"),
        ('Digest; realm="r", nonce="1"', "malformed"),
        ('DIGEST-MD5 realm="r", nonce="1"', "malformed"),
        ('Digest realm="r, nonce="1", qop="auth"', "malformed"),
    ],
)
@pytest.mark.parametrize("form", ["Basic first", "Basic last", "one header", "a folded header"])
def test_a_digest_that_is_not_known_never_falls_back(bench, offer, words, form):
    """Though Basic stands beside it, and is allowed: the sentence says what is not known, and nothing is sent."""
    basic = 'Basic realm="r"'
    headers = {
        "Basic first": (basic, offer),
        "Basic last": (offer, basic),
        "one header": (f"{basic}, {offer}",),
        "a folded header": (f"{basic},\r\n {offer}",),
    }[form]
    fault = Fault(
        "status",
        status=401,
        headers=tuple(("WWW-Authenticate", each) for each in headers),
        before_login=True,
        times=None,
    )
    stand = bench(faults=[fault])
    run = stand.export(allow_basic=True)
    assert isinstance(run.error, NotACamera)
    assert words in str(run.error)
    assert str(run.error).isprintable()
    assert [one for one in stand.camera.log if one.authorization is not None] == []


@pytest.mark.parametrize("quirk", ["basic-too", "several-challenges"])
def test_digest_is_used_where_basic_stands_beside_it(bench, quirk):
    """Also if Basic stands first and is allowed; of several digests, the strongest."""
    stand = bench(quirks=QUIRKS[quirk])
    assert stand.export(allow_basic=True).ok.exit_code == 0
    assert in_clear(stand) == []
    sent = [one.authorization for one in stand.camera.log if one.authorization]
    assert all(("algorithm=SHA-256" in each) == (quirk == "several-challenges") for each in sent)


@pytest.mark.parametrize("status", [407, 302])
def test_no_other_answer_gets_a_password(bench, status):
    """A proxy that asks for a login, and a redirect to where Basic waits, are refused by name."""
    headers = (("Proxy-Authenticate", 'Basic realm="r"'), ("Location", "http://127.0.0.1:1/"))
    fault = Fault("status", status=status, headers=headers, before_login=True, times=None)
    stand = bench(faults=[fault])
    run = stand.export(allow_basic=True)
    assert run.error is not None
    assert run.error.exit_code == 6
    assert [one for one in stand.camera.log if one.authorization is not None] == []


def test_a_digest_refused_with_basic_is_a_refused_login(bench):
    """A wrong password, answered by Basic alone: one login, none in clear, and the words of a wrong password."""
    stand = bench(faults=[asks_basic("getSystemInfo", skip=1)])
    stand.password = "wrong"
    run = stand.export(allow_basic=True)
    assert isinstance(run.error, LoginRefused)
    assert in_clear(stand) == []
    assert len([one for one in stand.camera.log if one.authorization]) == 1


def test_a_realm_in_latin_1_comes_back_byte_for_byte(bench):
    """With quotes and a backslash in it: the camera takes each login, and the realm is as it was sent."""
    stand = bench(quirks=QUIRKS["realm-latin-1"])
    assert stand.export().ok.exit_code == 0
    sent = [one.authorization for one in stand.camera.log if one.authorization]
    assert sent
    assert all('realm="Login to K\xfcche \\"S\xfcd\\" \\\\1"' in each for each in sent)
    assert stand.camera.rejected_logins == 0
