"""A day's recordings with motion, as files: python motion_of_a_day.py HOST USER DAY FOLDER

The password is in AMCREST_PASSWORD. No event loop is needed.
"""

import os
import sys
from pathlib import Path

import camreel
from camreel import sync


def main(host: str, user: str, day: str, folder: str) -> None:
    Path(folder).mkdir(exist_ok=True)
    with sync.connect(host, user, os.environ["AMCREST_PASSWORD"]) as camera:
        found = camera.recordings(camreel.day(day), events=["motion"])
        for number, recording in enumerate(found, 1):
            print(f"{number} of {len(found)}: {camera.download(recording, folder)}")
        for warning in found.warnings:
            print(warning, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 5 or "AMCREST_PASSWORD" not in os.environ:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        main(*sys.argv[1:])
    except camreel.CamreelError as error:
        sys.exit(f"{error} {error.hint or ''}")
