"""How often a password goes out, whatever a camera does with the connection that it has answered 401 on."""

from __future__ import annotations

import anyio
import pytest
from tests.conftest import Bench, frame_md5s, three_clips, tuning

from camreel.doctor import visit
from camreel.errors import LoginRefused
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
    without = len(stand.camera.log) - len(logins(stand))
    assert without == len(logins(stand))
