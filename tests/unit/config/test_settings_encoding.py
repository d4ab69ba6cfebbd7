"""Settings that any editor wrote: marks in front, lines of Windows, UTF-16."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import Camreel

from camreel.cli.options import KEYS
from camreel.config import load
from camreel.text import decoded

TEXT = '# Türen\n[defaults]\nusername = "me"\n\n[camera.door]\nhost = "192.168.1.20"\noutput_dir = "~/Höfe"\n'
WRITTEN = {
    "plain": TEXT.encode(),
    "a mark": codecs.BOM_UTF8 + TEXT.encode(),
    "Windows": TEXT.replace("\n", "\r\n").encode(),
    "Notepad": codecs.BOM_UTF8 + TEXT.replace("\n", "\r\n").encode(),
    "old Macs": TEXT.replace("\n", "\r").encode(),
    "UTF-16": codecs.BOM_UTF16_LE + TEXT.replace("\n", "\r\n").encode("utf-16-le"),
    "UTF-16, turned": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "c.toml"
    monkeypatch.setenv("CAMREEL_CONFIG", str(path))
    return path


@pytest.mark.parametrize("editor", WRITTEN)
def test_settings_mean_the_same(settings, editor):
    """Whatever the editor, the values are those that the person sees."""
    settings.write_bytes(WRITTEN[editor])
    found = load(settings, KEYS)
    assert found.values_for("door") == {"username": "me", "host": "192.168.1.20", "output_dir": "~/Höfe"}


@pytest.mark.parametrize("editor", WRITTEN)
def test_cameras_can_be_added_and_removed(settings, camreel_: Camreel, editor):
    """The others stay as they are, and so do comments."""
    settings.write_bytes(WRITTEN[editor])
    assert camreel_(["cameras", "add", "garage", "--host", "10.0.0.7", "-u", "me"]).code == 0
    assert set(load(settings, KEYS).cameras) == {"door", "garage"}
    assert camreel_(["cameras", "remove", "door"]).code == 0
    assert set(load(settings, KEYS).cameras) == {"garage"}
    assert "# Türen" in settings.read_text(encoding="utf-8")


def test_what_is_no_text_is_one_sentence(settings, camreel_: Camreel):
    """Latin-1, for instance, in which a password would be another one: reading and changing refuse it alike."""
    settings.write_bytes(TEXT.encode("latin-1"))
    for words in (["cameras", "list"], ["cameras", "add", "b", "--host", "10.0.0.7"], ["cameras", "remove", "door"]):
        said = camreel_(words)
        assert said.code == 2
        assert "not text in UTF-8" in said.err
    assert settings.read_bytes() == TEXT.encode("latin-1")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.sampled_from(["utf-8-sig", "utf-16"])
)
def test_any_text_survives(text: str, encoding: str) -> None:
    """With a mark in front it is what was written; without one, too, unless it begins with one."""
    assert decoded(text.encode(encoding)) == text
    if not text.startswith("\ufeff"):
        assert decoded(text.encode()) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 100))
def test_what_is_cut_within_a_character_is_read_up_to_it(text: str, size: int) -> None:
    """A file of which only the beginning was read does not fail for its last character."""
    head = decoded(text.encode("utf-8-sig")[:size], is_all=False)
    assert text.startswith(head) or head == ""
