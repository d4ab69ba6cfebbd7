"""One video of the last hour: python last_hour.py HOST USER VIDEO.mp4, with the password in AMCREST_PASSWORD."""

import asyncio
import os
import sys

import camreel


async def main(host: str, user: str, video: str) -> int:
    request = camreel.request(host, user, camreel.last("1h"), output=video)
    report = await camreel.export(request, os.environ["AMCREST_PASSWORD"])
    print(camreel.report_text(report))
    return report.exit_code


if __name__ == "__main__":
    if len(sys.argv) != 4 or "AMCREST_PASSWORD" not in os.environ:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(asyncio.run(main(*sys.argv[1:])))
