"""camreel clean: lists, and removes only where that is asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.fakes import BASIC, Camreel, FakeExport


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """Clips of two cameras, one of them kept for good; the newest written three days ago."""
    root = tmp_path / ".amcrest_download"
    for name in ("10.0.0.1", "10.0.0.2/kept"):
        (root / name).mkdir(parents=True)
        clip = root / name / "2026-01-16_08.00.00-08.01.00_0123456789ab.mp4"
        clip.write_bytes(bytes(1_500_000))
        before = clip.stat().st_mtime - 3 * 86400 - 60
        os.utime(clip, (before, before))
    return root


def clips(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.rglob("*.mp4"))


def test_it_lists_and_removes_nothing(camreel_: Camreel, stores: Path) -> None:
    """Size and age of each camera's, and what to type to be rid of it."""
    said = camreel_(["clean"])
    assert said.code == 0
    assert "10.0.0.1: 1 clip, 1.5 MB; last written 3 d ago" in said.out
    assert "10.0.0.2: nothing to remove; 1 clip kept by --keep-files, 1.5 MB; last written 3 d ago" in said.out
    assert "Nothing was removed. To remove 1.5 MB, which the next run would download again:" in said.out
    assert said.out.endswith("\n  camreel clean --yes\n")
    said = camreel_(["clean", str(stores.parent), "--camera", "10.0.0.2", "--kept"])
    assert said.out.endswith(f"\n  camreel clean {stores.parent} --camera 10.0.0.2 --kept --yes\n")
    assert clips(stores) == ["10.0.0.1", "kept"]


def test_json_has_the_same(camreel_: Camreel, stores: Path) -> None:
    """One document on stdout, with a schema; and what was removed."""
    said = camreel_(["clean", "--json"])
    told = json.loads(said.out)
    assert list(told) == [
        "schema", "program", "exit_code", "folder", "cameras", "unfinished", "left_alone", "removed_bytes"
    ]  # fmt: skip
    assert [list(row) for row in told["cameras"]] == 2 * [
        ["name", "clips", "parts", "bytes", "kept", "kept_bytes", "last_written", "in_use", "jobs"]
    ]
    counted = [(row["name"], row["clips"], row["bytes"], row["kept"]) for row in told["cameras"]]
    assert counted == [("10.0.0.1", 1, 1_500_000, 0), ("10.0.0.2", 0, 0, 1)]
    assert told["removed_bytes"] == 0
    assert clips(stores) == ["10.0.0.1", "kept"]
    assert json.loads(camreel_(["clean", "--json", "--yes"]).out)["removed_bytes"] == 1_500_000
    assert clips(stores) == ["kept"]
    (stores / "10.0.0.2" / "kept").rename(stores.parent / "elsewhere")
    (stores / "10.0.0.2.holder").touch()
    assert json.loads(camreel_(["clean", "--json", "--camera", "10.0.0.2"]).out)["cameras"][0]["kept"] == 0


@pytest.mark.parametrize(
    ("options", "stays"),
    [
        (["--yes"], ["kept"]),
        (["--yes", "--kept"], []),
        (["--yes", "--camera", "10.0.0.2"], ["10.0.0.1", "kept"]),
        (["--yes", "--kept", "--camera", "10.0.0.2"], ["10.0.0.1"]),
        (["--kept"], ["10.0.0.1", "kept"]),
    ],
    ids=" ".join,
)
def test_it_removes_what_is_asked_for(camreel_: Camreel, stores: Path, options: list[str], stays: list[str]) -> None:
    """--yes, of one camera, with what is kept: nothing else."""
    said = camreel_(["clean", str(stores.parent), *options])
    assert said.code == 0
    assert clips(stores) == stays if stays else not stores.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clean", "nowhere"], "'nowhere' is not a folder"),
        (["clean", "--camera", "\x1b[2J"], "There are no downloads of"),
    ],
)
def test_what_is_not_there_is_a_usage_error(camreel_: Camreel, stores: Path, arguments: list[str], words: str) -> None:
    """A folder or a camera that is not there is said, and nothing is removed."""
    said = camreel_(arguments)
    assert said.code == 2
    assert words in said.err
    assert "\x1b" not in said.everything
    assert clips(stores) == ["10.0.0.1", "kept"]


def test_what_is_not_ours_is_left_alone_and_told(camreel_: Camreel, stores: Path) -> None:
    """In one line, whether something of ours is there or not; no name can forge another line."""
    for name in ("10.0.0.1/thesis.odt", "family\n  10.0.0.9: 3 clips", "10.0.0.2/kept/alps.jpg"):
        (stores / name).write_bytes(b"precious")
    said = camreel_(["clean"])
    assert said.code == 0
    assert "3 other files were left alone.\n" in said.out
    assert "10.0.0.9" not in said.everything
    assert json.loads(camreel_(["clean", "--json", "--yes", "--kept"]).out)["left_alone"] == 3
    said = camreel_(["clean"])
    assert "There are no unfinished downloads in" in said.out
    assert "left alone" in said.out


def test_the_oldest_comes_first(camreel_: Camreel, stores: Path) -> None:
    """Of the cameras; a camera's jobs are in order of channel and time. JSON has the same order."""
    for number, day in enumerate((18, 16, 17)):
        note = {"name": f"{number:012x}", "what": f"channel 1, 2026-01-{day}", "part": "", "clips": []}
        (stores / "10.0.0.1" / f"{number:012x}.job").write_text(json.dumps(note))
    for name, written in (("10.0.0.1", 2e9), ("10.0.0.2/kept", 1e9)):
        for path in (stores / name).iterdir():
            os.utime(path, (written, written))
    said = [line.split()[0] for line in camreel_(["clean"]).out.splitlines() if line.startswith("  10.")]
    assert said == ["10.0.0.2:", "10.0.0.1:"]
    rows = json.loads(camreel_(["clean", "--json"]).out)["cameras"]
    assert [row["name"] for row in rows] == ["10.0.0.2", "10.0.0.1"]
    assert [job["what"][-2:] for job in rows[1]["jobs"]] == ["16", "17", "18"]


def test_what_a_note_says_is_one_line(camreel_: Camreel, stores: Path) -> None:
    """It may have been planted. Of many, the first are shown."""
    for number in range(150):
        note = {"name": f"{number:012x}", "what": "one\n  10.0.0.9: 3 clips", "part": "", "clips": []}
        (stores / "10.0.0.1" / f"{number:012x}.job").write_text(json.dumps(note))
    said = camreel_(["clean"])
    assert said.out.count("10.0.0.9") == 100
    assert not [line for line in said.out.splitlines() if line.startswith("  10.0.0.9")]
    assert "and 50 more jobs" in said.out


def test_an_empty_folder_is_no_error(camreel_: Camreel) -> None:
    """Nothing waits: said, and exit 0."""
    said = camreel_(["clean", "--yes"])
    assert said.code == 0
    assert "There are no unfinished downloads in" in said.out


@pytest.mark.parametrize(
    ("text", "rate"), [("4M", 4e6), ("500k", 5e5), ("1.5 MB/s", 1.5e6), ("2000", 2000), ("1G", 1e9), ("4mb", 4e6)]
)
def test_rates(camreel_: Camreel, exported: FakeExport, text: str, rate: float) -> None:
    """Decimal units, as sizes are shown."""
    assert camreel_([*BASIC, "--limit-rate", text]).code == 0
    assert exported.request.target.limit_rate == rate


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("0", 0), ("1h30m", 5400)])
def test_patience(camreel_: Camreel, exported: FakeExport, text: str, seconds: float) -> None:
    """A length of time, or none."""
    assert camreel_([*BASIC, "--retry-for", text]).code == 0
    assert exported.request.target.retry_for == seconds


def test_patience_is_two_minutes(camreel_: Camreel, exported: FakeExport) -> None:
    """Where nothing is said; and there is no limit of the rate."""
    assert camreel_(BASIC).code == 0
    target = exported.request.target
    assert (target.retry_for, target.limit_rate, target.ignore_lock) == (120, None, False)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--limit-rate", value) for value in ("", "0", "-4M", "fast", "4T", "1e9", "999", "٤M")]
    + [("--retry-for", value) for value in ("", "-1m", "long", "0s", "00")],
)
def test_amounts_that_are_none(camreel_: Camreel, exported: FakeExport, option: str, value: str) -> None:
    """One sentence with the option's name, exit 2."""
    said = camreel_([*BASIC, option, value])
    assert said.code == 2
    assert option in said.err
    assert exported.asked == []
