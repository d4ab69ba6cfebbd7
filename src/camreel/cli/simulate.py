"""`camreel simulate` and `camreel demo`: the main job on a camera that is not there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import click

from camreel.cli import screen
from camreel.cli.checks import choose_places
from camreel.cli.help import Command, Option, Whole
from camreel.cli.job import Manner, run_job
from camreel.cli.options import FORMAT, debug_option, manner_options
from camreel.errors import UsageError
from camreel.model import Address, AskedRange, IfExists, OutputFormat, Request, Stream, WallTime

# Opens nothing but the simulator, so it may be shown.
_USER, _PASSWORD = "admin", "simulated-1"


@click.command("simulate", cls=Command, help="Run the built-in simulated camera until Ctrl-C, to try things on.")
@click.option(
    "--port", cls=Option, section="Where", type=Whole(0, 65535), default=8080, help="8080; 0 takes a free one."
)
@click.option(
    "--host",
    cls=Option,
    section="Where",
    metavar="IP",
    default="127.0.0.1",
    help="Where to listen; this computer alone.",
)
@debug_option
@click.pass_context
def simulate(ctx: click.Context, *, host: str, port: int) -> int:
    import anyio  # noqa: PLC0415 - the help page does not need it

    program = ctx.find_root().info_name or "camreel"
    try:
        anyio.run(_serve, host, port, program)
    except OSError as error:
        raise UsageError(
            f"The simulated camera cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}.",
            hint="--port 0 takes a free one.",
        ) from error
    except KeyboardInterrupt:
        pass
    return 0


async def _serve(host: str, port: int, program: str) -> None:
    import anyio  # noqa: PLC0415 - see above

    from camreel_simulator import scenes, serve  # noqa: PLC0415 - brings PyAV

    camera = scenes.demo_camera(username=_USER, password=_PASSWORD)
    async with serve.serving(camera, host, port) as server:
        screen.say(_welcome(server.url, program))
        try:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    break
        except NotImplementedError:  # Windows: KeyboardInterrupt ends it
            await anyio.sleep_forever()
    screen.say("Stopped.")


def _welcome(url: str, program: str) -> str:
    from camreel_simulator import scenes  # noqa: PLC0415 - see above

    where = url.removeprefix("http://")
    range_options = f'--start "{scenes.DEMO_START}" --end "{scenes.DEMO_END}"'
    return "\n".join(
        (
            f"A simulated camera is listening on {url} (user {_USER}, password {_PASSWORD}).",
            f"It has recordings from {scenes.DEMO_START} to {scenes.DEMO_END:%H:%M:%S}. In another terminal try:",
            "",
            f"  {program} get --host {where} --username {_USER} {range_options}",
            "",
            "Ctrl-C stops it.",
        )
    )


@click.command("demo", cls=Command, help="Export a video from the built-in simulated camera: search, download, merge.")
@click.option(
    "--output-dir", cls=Option, section="Where to", metavar="FOLDER", default="camreel-demo", help="./camreel-demo"
)
@click.option("--output-format", cls=Option, section="Where to", default=OutputFormat.MP4.value, **FORMAT)
@manner_options
def demo(*, output_dir: str, output_format: str, as_json: bool, quiet: bool, verbose: bool) -> int:
    from camreel_simulator import scenes, serve  # noqa: PLC0415 - brings PyAV

    manner = Manner(as_json=as_json, quiet=quiet, verbose=verbose)
    asked = AskedRange(WallTime(scenes.DEMO_START), WallTime(scenes.DEMO_END))
    folder, output, chosen = choose_places(
        asked,
        Address("simulated-camera", 80),  # a name for the file: the port is another each time
        1,
        Stream.MAIN,
        output_dir=output_dir,
        output_file=None,
        output_format=OutputFormat(output_format),
    )
    with serve.running(scenes.demo_camera(username=_USER, password=_PASSWORD)) as server:
        request = Request(
            address=Address(server.host, server.port),
            username=_USER,
            asked=asked,
            output_dir=folder,
            output=output,
            output_format=chosen,
            if_exists=IfExists.OVERWRITE,
        )
        report = run_job(request, lambda: _PASSWORD, manner)
    if not (as_json or quiet):
        screen.say(f"Video: {_shortest(output)}")
    return report.exit_code


def _shortest(path: Path) -> str:
    """As seen from the current folder, where it lies below it."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here)) if path.is_relative_to(here) else os.fspath(path)
