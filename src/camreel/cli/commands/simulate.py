"""`camreel simulate` and `camreel demo`: the main job on a camera that is not there."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camreel.cli.camera_choice import FileCommand
from camreel.cli.help import HelpCommand, Option, Whole
from camreel.cli.options import FORMAT, OutputOptions, debug_option, manner_options, open_option
from camreel.cli.request import output_folder
from camreel.cli.startup import program_command
from camreel.cli.ui import terminal
from camreel.cli.values import parse_rate
from camreel.errors import UsageError
from camreel.formats.containers import DEFAULT_FORMAT, OutputFormat
from camreel.model import Address, AskedRange, IfExists, Output, Query, Target, WallTime
from camreel.output.naming import default_name

if TYPE_CHECKING:
    from camreel_simulator import SimulatedCamera
    from camreel_simulator.server import Server

# Opens nothing but the simulator, so it may be shown.
_USER, _PASSWORD = "admin", "simulated-1"
_MOST_DAYS = 31
_CAPTURE = "To make one:\ncamreel doctor 192.168.1.100 --username admin --capture camera.zip"


@click.command("simulate", cls=HelpCommand, help="Run the built-in simulated camera until Ctrl-C, to try things on.")
@click.option(
    "--port",
    cls=Option,
    section="Where",
    type=Whole(0, 65535),
    default=8080,
    help="Listen on port N. Default: 8080; 0 takes a free one.",
)
@click.option(
    "--host",
    cls=Option,
    section="Where",
    metavar="IP",
    default="127.0.0.1",
    help="Listen on IP. Default: this computer alone.",
)
@click.option(
    "--replay",
    cls=Option,
    section="What",
    metavar="FILE",
    help="Replay a capture that camreel doctor has made.",
)
@click.option(
    "--days",
    cls=Option,
    section="What",
    type=Whole(1, _MOST_DAYS),
    help="Simulate N days of footage, with nightly events.",
)
@click.option(
    "--limit-rate",
    cls=Option,
    section="What",
    metavar="RATE",
    help="Send at most RATE bytes a second (400k), so that there is time to watch.",
)
@click.option(
    "--faults", cls=Option, section="What", is_flag=True, help="Break some downloads, and one recording a day for good."
)
@debug_option
def simulate(
    *, host: str, port: int, replay: str | None, days: int | None, limit_rate: str | None, faults: bool
) -> int:
    import anyio  # noqa: PLC0415 - the help page does not need it

    if replay is not None and (days is not None or limit_rate is not None or faults):
        raise UsageError("--replay excludes --days, --limit-rate and --faults.", hint="A capture has no footage.")
    rate = None if limit_rate is None else parse_rate(limit_rate)
    camera = _captured(replay) if replay is not None else _camera(days, rate, faults=faults)
    welcome = _welcome_back if replay is not None else _welcome if days is None else _welcome_to_days
    try:
        anyio.run(_serve, camera, host, port, welcome)
    except OSError as error:
        raise UsageError(
            f"The simulated camera cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}.",
            hint="--port 0 takes a free one.",
        ) from error
    except KeyboardInterrupt:
        pass
    return 0


def _camera(days: int | None, rate: float | None, *, faults: bool) -> SimulatedCamera:
    """The camera of the demo, which goes on recording, or one that has recorded for ``days``."""
    from camreel_simulator import DeviceClock, Throttle, scenes  # noqa: PLC0415 - brings PyAV

    # Its clock is that of this computer: last night is the person's own.
    clock = DeviceClock() if days is None else DeviceClock(zone=datetime.now().astimezone().tzinfo or timezone.utc)
    return scenes.living_camera(
        days,
        username=_USER,
        password=_PASSWORD,
        clock=clock,
        faults=scenes.trouble() if faults else (),
        throttle=Throttle(per_device_bps=rate),
    )


def _captured(replay: str) -> SimulatedCamera:
    """The camera in a capture."""
    from camreel_simulator.replay import CaptureError, load  # noqa: PLC0415 - brings PyAV

    try:
        return load(Path(replay).expanduser(), username=_USER, password=_PASSWORD)
    except CaptureError as error:
        raise UsageError(f"--replay {replay}: {error}.", hint=_CAPTURE) from None
    except OSError as error:
        raise UsageError(f"--replay {replay} cannot be read: {os.strerror(error.errno or 0)}.") from None


async def _serve(camera: SimulatedCamera, host: str, port: int, welcome: Callable[[Server, bool], str]) -> None:
    import anyio  # noqa: PLC0415 - see above

    from camreel_simulator.server import serving  # noqa: PLC0415 - see above

    async with serving(camera, host, port) as server:
        with _found_by_setup(server) as is_found:
            terminal.out(welcome(server, is_found))
            try:
                with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                    async for _ in signals:
                        break
            except NotImplementedError:  # Windows: KeyboardInterrupt ends it
                await anyio.sleep_forever()
    terminal.out("Stopped.")


@contextmanager
def _found_by_setup(server: Server) -> Iterator[bool]:
    """Let `camreel setup` on this computer find it, unless another program has the port for that; yield whether."""
    from camreel_simulator import discovery  # noqa: PLC0415 - see above

    with ExitStack() as stack:
        is_found = False
        with suppress(OSError):
            stack.enter_context(discovery.discoverable(server, port=discovery.PORT))
            is_found = True
        yield is_found


def _welcome(server: Server, _is_found: bool) -> str:
    from camreel_simulator import scenes  # noqa: PLC0415 - see above

    words = (
        program_command(),
        f"--host {_quoted(server.url.removeprefix('http://'))}",
        f"--username {_USER}",
        f'--start "{scenes.DEMO_START}"',
        f'--end "{scenes.DEMO_END}"',
    )
    return "\n".join(
        (
            f"A simulated camera is listening on {server.url}.",
            f"It has recordings from {scenes.DEMO_START} to {scenes.DEMO_END:%H:%M:%S},",
            "and goes on recording: --last 1h finds some, too.",
            "In another terminal try this, in this folder:",
            "",
            f"  {' '.join(words)}",
            "",
            f"It asks for the password, which is {_PASSWORD}. Ctrl-C stops this camera.",
        )
    )


def _welcome_to_days(server: Server, is_found: bool) -> str:
    first = server.camera.recordings[0].start
    program, address = program_command(), server.url.removeprefix("http://")
    place = _quoted(address)
    night = f'{place} --username {_USER} "last night"'
    return "\n".join(
        (
            f"A simulated camera is listening on {server.url}.",
            f"It has recordings since {first:%Y-%m-%d %H:%M}, and goes on recording.",
            "Each night something happens between 23:00 and 03:00.",
            "In another terminal try these, in this folder:",
            "",
            *(f"  {program} {command} {night}" for command in ("list", "look", "get")),
            "",
            f"They ask for the password, which is {_PASSWORD}. To give the camera a name:",
            "",
            f"  {program} setup --ask 127.0.0.1",
            "",
            *(() if is_found else (f"setup will not list it; type {address} instead of a number.",)),
            "Ctrl-C stops this camera.",
        )
    )


def _welcome_back(server: Server, _is_found: bool) -> str:
    words = (program_command(), "doctor", _quoted(server.url.removeprefix("http://")), f"--username {_USER}")
    return "\n".join(
        (
            f"The camera in the capture is listening on {server.url}.",
            "It answers what it was asked then, and 400 to all else.",
            "In another terminal try this, in this folder:",
            "",
            f"  {' '.join(words)}",
            "",
            f"It asks for the password, which is {_PASSWORD}. Ctrl-C stops this camera.",
        )
    )


def _quoted(address: str) -> str:
    """Return an address as a word for a shell: zsh takes the brackets of IPv6 for a pattern."""
    return f'"{address}"' if "[" in address else address


@click.command(
    "demo", cls=FileCommand, help="Export a video from the built-in simulated camera: search, download, merge."
)
@click.option(
    "--output-dir",
    cls=Option,
    section="Where to",
    metavar="FOLDER",
    default="camreel-demo",
    help="Write into FOLDER. Default: ./camreel-demo.",
)
@click.option("--output-format", cls=Option, section="Where to", default=DEFAULT_FORMAT.value, **FORMAT)
@open_option
@manner_options
def demo(*, output_dir: str, output_format: str, opens: bool, **manners: Any) -> int:
    from camreel.cli.batch import CameraTask  # noqa: PLC0415 - the help page does not need it
    from camreel.cli.commands.get import export_all  # noqa: PLC0415 - see above
    from camreel_simulator import scenes  # noqa: PLC0415 - brings PyAV
    from camreel_simulator.server import running  # noqa: PLC0415 - see above

    manner = OutputOptions(opens=opens, **manners)
    asked = AskedRange(WallTime(scenes.DEMO_START), WallTime(scenes.DEMO_END))
    folder, container = output_folder(output_dir), OutputFormat(output_format)
    query = Query(asked)
    # A name for the file: the port is another each time.
    place = folder / default_name(Target(Address("simulated-camera", 80), _USER), query, container)
    output = Output(folder, place, container, if_exists=IfExists.OVERWRITE)
    with running(scenes.demo_camera(username=_USER, password=_PASSWORD)) as server:
        target = Target(Address(server.host, server.port), _USER)
        task = CameraTask(target.address.authority, target, query, lambda: _PASSWORD, output)
        code = export_all([task], manner)
    if code == 0 and not (manner.as_json or manner.quiet):
        terminal.out()
        terminal.print_advice("Next, find your camera and give it a name:\ncamreel setup")
    return code
