"""`python main.py ...` is `camreel ...`, from any Python.

Where this Python cannot run camreel, the one in `.venv` beside this file goes on with the same arguments.
Old Pythons read this file too, if only to be left behind: it keeps to what 2.7 and 3.6 can parse (hence no
`from __future__ import annotations`), and needs the standard library alone.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HANDED_OVER = "CAMREEL_MAIN_HANDED_OVER"
NEEDED = ("camreel", "aiohttp", "anyio", "av", "click", "filelock", "jinja2", "platformdirs", "tomlkit", "tzdata")


def missing():
    # type: () -> str
    """Say what keeps this Python from running camreel; nothing where it can."""
    if sys.version_info < (3, 10):
        return "this is Python %d.%d, and it needs 3.10 or later" % sys.version_info[:2]
    from importlib.util import find_spec

    for name in NEEDED:
        if find_spec(name) is None:
            return "this Python has no module named " + name
    return ""


def hold_ctrl_c(how):
    # type: (str) -> None
    """Block or unblock Ctrl-C; what comes while it is blocked is heard afterwards. Old Pythons cannot."""
    import signal

    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(getattr(signal, how), [signal.SIGINT])


def go_on_with(python):
    # type: (str) -> None
    """Become another Python that runs the same command line; this does not return."""
    # A second hand-over would go round for ever: that Python is the last to be tried.
    os.environ[HANDED_OVER] = "1"
    command = [python, os.path.abspath(__file__)] + sys.argv[1:]
    sys.stdout.flush()
    if os.name != "nt":
        hold_ctrl_c("SIG_BLOCK")  # until it can be answered there: a Python that starts up shows a traceback
        try:
            os.execv(python, command)
        finally:
            hold_ctrl_c("SIG_UNBLOCK")
    # On Windows execv returns to the shell at once. Wait instead, and leave Ctrl-C to the one that works.
    import signal
    import subprocess

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.call(command))


def run():
    # type: () -> None
    handed_over = os.environ.pop(HANDED_OVER, None)
    if handed_over:
        hold_ctrl_c("SIG_UNBLOCK")
    reason = missing()
    if not reason:
        from camreel.cli import program

        program()
    windows = os.name == "nt"
    python = os.path.join(HERE, ".venv", *(("Scripts", "python.exe") if windows else ("bin", "python")))
    if not handed_over and os.path.exists(python):
        try:
            go_on_with(python)
        except OSError as error:  # made on another machine, or half removed
            reason = "%s: %s" % (python, error.strerror)
    command = "py scripts\\environment.py" if windows else "make demo"
    sys.stderr.write(
        "camreel is not set up yet (%s): run `%s` in %s once, then this again.\n" % (reason, command, HERE)
    )
    sys.exit(2)


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:
        sys.stderr.write("camreel: interrupted\n")
        sys.exit(130)
