"""An option that changes the video is a field of VideoOptions, an option of its name, and its use: all else follows."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import click
import pytest
from tests.fakes import BASIC, PASSWORD, SPAN, Camreel, FakeExport

from camreel.cli.commands.get import get
from camreel.cli.commands.merge import merge
from camreel.cli.options import KEYS
from camreel.jobs.order import merge_job
from camreel.media.worker.wire import decode, encode
from camreel.model import Stream, VideoOptions
from camreel.planning.fingerprint import fingerprint
from camreel.planning.plan import plan_export

FIELDS = [field.name for field in fields(VideoOptions)]
# What is typed for an option that is neither a flag nor a choice.
TYPED = {"split": "hour", "timelapse": "60x"}


def option_of(command: click.Command, name: str) -> click.Option | None:
    """The option that is named like a field."""
    found = [each for each in command.params if isinstance(each, click.Option) and each.name == name]
    return found[0] if found else None


def unusual(name: str) -> list[str]:
    """The option of a field with a value that is not its default."""
    option = option_of(get, name)
    assert option is not None, f"VideoOptions.{name} has no option"
    flag = f"--{name.replace('_', '-')}"
    assert flag in option.opts
    if option.is_flag:
        return [flag]
    if isinstance(option.type, click.Choice):
        return [flag, next(str(each) for each in option.type.choices if each != option.default)]
    return [flag, TYPED[name]]


@pytest.mark.parametrize("name", FIELDS)
def test_an_option_reaches_the_merge(camreel_: Camreel, exported: FakeExport, name: str) -> None:
    """As itself, by its name alone: into the request, the job of the merge, and over the wire."""
    ran = camreel_([*BASIC, *unusual(name)])
    assert ran.code == 0, ran.err
    request, usual = exported.request, VideoOptions()
    video = request.output.video
    assert getattr(video, name) != getattr(usual, name)
    assert replace(video, **{name: getattr(usual, name)}) == usual, "no other option has changed"
    job = merge_job(request, plan_export([], SPAN, Stream.MAIN), None, output="x.part", title="")
    assert job.video == video
    assert decode(encode(job)) == job
    plain = replace(request, output=replace(request.output, video=usual))
    assert fingerprint(request) != fingerprint(plain), "another video is another request"


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "timelapse"])
def test_an_option_is_for_files_too_and_can_be_a_setting(name: str) -> None:
    """A timelapse is of one run, and of a camera: it fetches keyframes."""
    of_get, of_merge = option_of(get, name), option_of(merge, name)
    assert of_get is not None
    assert of_merge is not None
    assert (of_merge.opts, of_merge.help) == (of_get.opts, of_get.help)
    assert name in KEYS


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "timelapse"])
def test_a_setting_reaches_the_request(camreel_: Camreel, exported: FakeExport, tmp_path: Path, name: str) -> None:
    """What the settings say is what the option would have said."""
    given = unusual(name)
    value = "true" if len(given) == 1 else f'"{given[1]}"'
    settings = tmp_path / "settings.toml"
    settings.write_text(f"[defaults]\n{name} = {value}\n", encoding="utf-8")
    settings.chmod(0o600)
    for arguments in (BASIC, [*BASIC, *given]):
        # The program takes the password out of the environment.
        assert camreel_(arguments, CAMREEL_CONFIG=str(settings), AMCREST_PASSWORD=PASSWORD).code == 0
    (by_setting, _), (by_option, _) = exported.asked
    assert by_setting.output.video == by_option.output.video != VideoOptions()
