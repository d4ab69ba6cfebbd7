"""The folder in which the clips of one camera wait: ``OUTPUT_DIR/.amcrest_download/CAMERA``.

It is this user's alone. If others can put anything there all the same, it is shared: then only files are used again
whose hashes are noted in the user's state folder (see :mod:`.hashes`).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from filelock import BaseFileLock, Timeout

from camreel.diskio import (
    NotRegular,
    disk_errors,
    is_own_folder,
    is_private,
    keeps_owners,
    make_private,
    open_regular,
    part_of,
    random_part,
    read_regular,
    state_of,
    sync_file,
    user_id,
)
from camreel.errors import DiskError
from camreel.model import Address, Recording, SharedFolder
from camreel.transfer.folder import KEPT, SCRATCH, HeldFolders, open_folder
from camreel.transfer.hashes import HashNotes, KnownFile, RunningHash, begin_notes, drop_notes, has_notes, hash_up_to
from camreel.transfer.lock import acquire, is_locked
from camreel.transfer.notes import (
    TORN,
    Job,
    Listed,
    job_file,
    output_parts,
    read_holder,
    read_job,
    read_jobs,
    write_holder,
    write_job,
)

ROOT = ".amcrest_download"
SUFFIXES = (".mp4", ".dav", ".bin")
_OTHER_ROOT = re.compile(rf"{re.escape(ROOT)}-[0-9a-f]{{8}}")
_NOTE = ".about.part"
_LONGEST_NOTE = 1 << 20
_TORN = re.compile(rf".+\.(?:job|about\.part|holder){TORN}")
_MOST_ROOTS = 100  # folders of ours in an output folder that are looked at
_PATIENCE = 5  # how often another may take our place while we begin
_MOST_ROUNDS = 100  # how often what we begin with may be gone at once, as where many runs end


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete clip on disk, of ``size`` bytes; ``reused`` if an earlier run downloaded it.

    ``offset`` is how long after the recording's first frame the clip's first is, if it holds a part of the recording;
    ``whole`` is then the size of the recording, if known.
    """

    path: Path
    size: int
    reused: bool
    offset: timedelta = timedelta(0)
    whole: int | None = None


def suffix_for(first_bytes: bytes) -> str:
    """Return the suffix that a clip's first bytes call for; its name and ``Type`` on the camera may differ."""
    if first_bytes[4:8] == b"ftyp":
        return ".mp4"
    return ".dav" if first_bytes[:4] == b"DHAV" or first_bytes[:5] == b"DAHUA" else ".bin"


class Store:
    """The clips of one camera. Names are made of times and a hash: nothing of the camera's goes into them."""

    def __init__(self, output_dir: Path, camera: Address | str, *, root: Path | None = None) -> None:
        """Open the store of the camera at an address, or by the name of its folder, below ``root`` if it is given."""
        name = camera if isinstance(camera, str) else camera.authority
        self._name = folder_name(name)
        self._output_dir = output_dir
        self._given = root
        self._choose()

    def _choose(self) -> None:
        """Choose the root: the usual one; another one if what has its name is a link, a file, or another user's."""
        self._root = self._given or self._free_root()
        self.folder = self._root / self._name
        self.kept_folder = self.folder / KEPT
        self._holder = self._root / f"{self._name}.holder"
        self._lock_file = self._root / f"{self._name}.lock"
        self._hashes: HashNotes | None = None
        self._is_private: bool | None = None
        self._owned: bool | None = None
        self._mode: int | None = None
        self._held = HeldFolders()
        self._running: dict[str, RunningHash] = {}
        self._checked: dict[Path, tuple[int, ...]] = {}
        self._parts: dict[str, tuple[tuple[tuple[int, ...], KnownFile, int], RunningHash]] = {}

    def _free_root(self) -> Path:
        usual = self._output_dir / ROOT
        if self._is_usable(usual):
            return usual
        others = (root for root in roots_in(self._output_dir) if root != usual and self._is_usable(root))
        known = next((root for root in others if has_notes(root / self._name)), None)
        return known or self._output_dir / f"{ROOT}-{secrets.token_hex(4)}"

    def _is_usable(self, root: Path) -> bool:
        """Return whether the store can be below ``root``: each folder is missing, or one of this user, not a link."""
        return all(
            not os.path.lexists(folder) or (is_own_folder(folder) and os.access(folder, os.W_OK | os.X_OK))
            for folder in (root, root / self._name)
        )

    @property
    def is_shared(self) -> bool:
        """Return whether others can put anything into the folder: what is found there may be planted."""
        if self._is_private is None:
            self._is_private = is_private(self.folder)
        return not self._is_private

    def check_shared(self, wish: SharedFolder) -> str | None:
        """Return what it means that others can write the folder; None if they cannot, or the system cannot tell.

        Raises DiskError if such a folder is refused.
        """
        if not self.is_shared:
            return None
        is_sure = os.name == "posix"  # Windows does not say who can write it
        if wish is SharedFolder.REFUSE:
            raise DiskError(
                f"Others {'can' if is_sure else 'may be able to'} write to {self._output_dir}. Nothing was downloaded.",
                hint="Choose a folder that only you can write with --output-dir, or use --shared-folder safe.",
            )
        used = "only downloads that camreel has noted for you are" if self.remembers else "no earlier download is"
        return f"Others can write to {self._output_dir}: {used} reused." if is_sure else None

    @property
    def remembers(self) -> bool:
        """Return whether the next run can use what this one leaves."""
        return not self.is_shared or self._notes().last

    def _notes(self) -> HashNotes:
        if self._hashes is None:
            self._hashes = HashNotes(self.folder)
        return self._hashes

    @property
    def _checks_owner(self) -> bool:
        if self._owned is None:
            # What we have made belongs to us, if the file system knows owners.
            self._owned = user_id() in {None, self.folder.lstat().st_uid} or keeps_owners(self.folder)
        return self._owned

    @contextmanager
    def locked(self, job: Job | None = None) -> Iterator[None]:
        """Hold the folder: make it if missing, remove it when empty. Raises DiskError if another run has it.

        The system does the locking, so the lock of a dead process is free. ``job`` is what others read meanwhile.
        """
        job = job or Job("", "another run")
        lock = self._acquire(job)
        try:
            with disk_errors(self._holder):
                write_holder(self._holder, job, self._held.write)
            yield
        finally:
            self._leave(lock)

    def _leave(self, lock: BaseFileLock) -> None:
        """Tidy up, and release the lock. What has got the names of our folders meanwhile is left alone."""
        are_ours = self._held.replaced() is None
        if are_ours:
            self._tidy()
            with suppress(OSError):
                self._held.remove(self._holder)
            if self._is_gone():
                with suppress(OSError):
                    self._held.remove(Path(lock.lock_file))
                if self.is_shared or self._root.name != ROOT:
                    drop_notes(self.folder)
        lock.release()
        held, self._held = self._held, HeldFolders()
        held.close()
        if are_ours:
            _remove_if_empty(self._root)

    def _is_gone(self) -> bool:
        try:
            self._held.lstat(self.folder)
        except OSError:
            return True
        return False

    def _check_places(self) -> None:
        """Raise DiskError if something else has the name of a folder of ours. A private store is not looked at."""
        if (folder := self._held.replaced()) is not None:
            raise DiskError(
                f"{folder} was replaced by another program during the run.",
                hint="Run it again, and use a folder that only you can write.",
            )

    def _tidy(self) -> None:
        """Remove what killed runs have torn, the notes of jobs with the last clip or part, and empty folders."""
        self._held.remove_if_empty(self.kept_folder)
        with suppress(OSError), open_folder(self.folder) as folder:
            if folder is not None and self._held.replaced() is None:
                for scratch in filter(folder.is_scratch, folder.names()):
                    folder.remove_scratch(scratch)
        with suppress(OSError):
            for torn in _torn_notes(self._root, self._name):
                self._held.remove(torn)
            notes = read_jobs(self.folder)
            if {*self.folder.iterdir()} == {*notes}:
                listed: Listed = {}
                for note, job in notes.items():
                    if not output_parts(job, listed=listed):  # else it alone tells of that
                        self._held.remove(note)
        self._held.remove_if_empty(self.folder)
        if self._hashes is not None:
            self._hashes.keep_only({path.name for path in (*files_in(self.folder), *files_in(self.kept_folder))})

    def who_has_it(self) -> str | None:
        """Describe the run that has the folder now; None if none has. Change nothing."""
        return str(read_holder(self._holder) or "another run") if is_locked(self._lock_file) else None

    def _acquire(self, job: Job) -> BaseFileLock:
        patience, rounds = _PATIENCE, 0
        while True:
            self._choose()
            with disk_errors(self.folder):
                try:
                    self._root.parent.mkdir(parents=True, exist_ok=True)  # as the umask has it: the videos are there
                    _make_own(self._root)
                    _make_own(self.folder)
                    lock = acquire(self._lock_file)
                    try:
                        if self._hold() and Path(lock.lock_file).exists():
                            break
                    except BaseException:
                        lock.release()
                        raise
                except Timeout as error:
                    raise self._taken(job, Path(error.lock_file)) from None
                except NotRegular:  # somebody was quicker: another root, then
                    patience -= 1
                    if not patience:
                        raise
                    continue
            self._held.close()
            lock.release()  # a run that ended just now removed one of them after we had made it
            rounds += 1
            if rounds == _MOST_ROUNDS:
                raise DiskError(
                    f"Another program removes {self._lock_file} again and again.", hint="Use another --output-dir."
                )
        if self._root.name != ROOT:
            begin_notes(self.folder)
        return lock

    def _hold(self) -> bool:
        """Hold the folders themselves where others can take their names; return whether they are there.

        Raises NotRegular if they are none of ours.
        """
        self._is_private = is_private(self.folder)
        if self._is_private:
            return True
        try:
            self._held = HeldFolders(self._root, self.folder)
        except FileNotFoundError:
            return False
        # What is asked by the names is asked now, while they mean these folders.
        _ = (self._notes(), self._checks_owner, self._clip_mode)
        if self._held.replaced() is not None:
            self._held.close()
            raise NotRegular(self.folder, "it is not the folder that it was")
        return True

    def _taken(self, job: Job, lock: Path) -> DiskError:
        is_sure = self.is_shared and os.name == "posix"  # Windows does not say who can write it
        by_others = f" If no run of yours is active, another user holds {lock}: remove it." if is_sure else ""
        holder = read_holder(self._holder)
        if holder is not None and holder.name and holder.name == job.name:
            return DiskError(
                f"This same job is already running ({holder}).", hint=f"Wait until it has finished.{by_others}"
            )
        who = f" ({holder})" if holder else ""
        return DiskError(
            f"Another run of camreel is downloading from this camera into {self.folder}{who}.",
            hint=f"Wait until it has finished, or use another --output-dir.{by_others}",
        )

    def stem(self, recording: Recording) -> str:
        """Return the name of a clip without its suffix: readable times, and a hash of all that tells recordings apart.

        The wanted part counts: a part is never taken for the whole, nor for another part.
        """
        span = recording.listed or recording.span
        start, end = span.start.naive, span.end.naive
        words = [recording.path, start.isoformat(), end.isoformat(), str(recording.size)]
        if recording.part is not None:
            words += [recording.part.start.isoformat(), recording.part.end.isoformat()]
            start, end = (each.naive for each in (recording.part.start, recording.part.end))
        key = "\n".join(words)
        short = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return f"{start:%Y-%m-%d_%H.%M.%S}-{end:%H.%M.%S}_{short}"

    def find(self, recording: Recording) -> Path | None:
        """Return the complete clip that an earlier run has left, whole or just the wanted part of it.

        In a shared folder it is read, and compared with what camreel noted of it. Blocking. Raises DiskError.
        """
        self._check_places()
        return self._first_known(self._present(recording))

    def _first_known(self, clips: Iterator[Path]) -> Path | None:
        return next((clip for clip in clips if self._is_known(clip, clip.name)), None)

    def is_there(self, recording: Recording) -> bool:
        """Return whether :meth:`find` will find a clip, by its name and size alone: an estimate."""
        present = self._present(recording)
        if not self.is_shared:
            return any(True for _clip in present)
        return any((known := self._notes().get(clip.name)) and known.size == clip.lstat().st_size for clip in present)

    def _present(self, recording: Recording) -> Iterator[Path]:
        if recording.part is not None:
            yield from self._clips(self.stem(replace(recording, part=None)))
        yield from self._clips(self.stem(recording))

    def _clips(self, stem: str) -> Iterator[Path]:
        places = (folder / (stem + suffix) for folder in (self.folder, self.kept_folder) for suffix in SUFFIXES)
        return filter(_is_regular, places)

    def _is_known(self, clip: Path, name: str) -> bool:
        """Return whether ``clip`` can be used as ``name``: it is what camreel has put there. Blocking."""
        if not self.is_shared:
            return True
        known = self._notes().get(name)
        if known is None:
            return False
        with suppress(OSError):
            handle = self._open(clip)
            try:
                found = os.fstat(handle)
                if self._checked.get(clip) == state_of(found):
                    return True
                if found.st_size == known.size and hash_up_to(handle, [known.size])[0].known == known:
                    self._checked[clip] = state_of(found)
                    return True
            finally:
                os.close(handle)
        return False

    def digest_of(self, clip: Path) -> str | None:
        """Return the SHA-256 that a clip of ours has; None in a private folder, where nobody changes it."""
        known = self._notes().get(clip.name) if self.is_shared else None
        return known.digest if known else None

    def part(self, recording: Recording) -> Path:
        """Return where ``recording`` is downloaded to until it is complete. Raises DiskError."""
        self._check_places()
        return self._part(recording)

    def _part(self, recording: Recording) -> Path:
        return part_of(self.folder / self.stem(recording))

    def note(self, recording: Recording) -> Path:
        """Return where the note about that part is."""
        return part_of(self.folder / f"{self.stem(recording)}.about")

    def write_note(self, recording: Recording, data: bytes) -> None:
        """Replace the note about the part of ``recording``. Blocking. Raises DiskError."""
        self._check_places()
        note = self.note(recording)
        with disk_errors(note):
            self._held.write(note, data)
        if self.is_shared:
            self._notes().add(note.name, KnownFile(hashlib.sha256(data).hexdigest(), len(data)))

    def read_note(self, recording: Recording) -> bytes:
        """Return the note about the part of ``recording``. Blocking. Raises DiskError, OSError if there is none."""
        self._check_places()
        note = self.note(recording)
        data = read_regular(note, _LONGEST_NOTE)
        if self.is_shared and self._notes().get(note.name) != KnownFile(hashlib.sha256(data).hexdigest(), len(data)):
            raise NotRegular(note, "camreel has not written it")
        return data

    def create_part(self, recording: Recording) -> int:
        """Make the file that ``recording`` is downloaded to; return its descriptor. Blocking. Raises DiskError.

        What has its name is removed first, never written through.
        """
        part = self.part(recording)
        self._running.pop(part.name, None)
        if self.is_shared:
            self._running[part.name] = RunningHash()
        with disk_errors(part):
            self._held.remove(part)
            handle = self._held.create(part)
            _set_mode(handle, 0o600)  # whatever the umask: we write it, and may continue it
            return handle

    def open_part(self, recording: Recording, flags: int = os.O_RDONLY) -> int:
        """Open the part of ``recording``, and return its descriptor. Raises OSError and DiskError."""
        return self._open(self.part(recording), flags)

    def _open(self, path: Path, flags: int = os.O_RDONLY) -> int:
        handle = open_regular(path, flags, own=self._checks_owner)
        try:
            is_there = not self.is_shared or os.path.samestat(os.fstat(handle), self._held.lstat(path))
        except BaseException:
            os.close(handle)
            raise
        if not is_there:
            os.close(handle)
            raise NotRegular(path, "it is in another folder")
        return handle

    def known_size(self, recording: Recording) -> int | None:
        """Return how many bytes of its part are noted to be ours; None in a private folder, where all are."""
        if not self.is_shared:
            return None
        known = self._notes().get(self._part(recording).name)
        return known.size if known else 0

    def check_part(self, recording: Recording, handle: int, first: int) -> bool:
        """Return whether the open part begins as noted; then its hash goes on behind ``first`` bytes. Blocking.

        True in a private folder.
        """
        name = self._part(recording).name
        known = self._notes().get(name) if self.is_shared else None
        if known is None:
            return not self.is_shared
        before = state_of(os.fstat(handle))
        if self._parts.get(name, (None,))[0] != (before, known, first):
            begun, whole = hash_up_to(handle, [first, known.size])
            if whole.known != known or first > known.size:
                return False
            self._parts[name] = ((before, known, first), begun)
        self._running[name] = self._parts[name][1].copy()
        return True

    def hash_of(self, recording: Recording) -> RunningHash | None:
        """Return the hash of the part so far, which grows with it; None if none is needed."""
        return self._running.get(self._part(recording).name)

    def note_part(self, recording: Recording) -> None:
        """Note how far the part has come, for the next run. Blocking."""
        if (running := self.hash_of(recording)) is not None and running.size:
            self._notes().add(self._part(recording).name, running.known)

    def complete(self, recording: Recording, suffix: str) -> Path:
        """Give a complete part its name. Its note stays until it is on the disk: see :func:`.resume.flush`."""
        part, final = self.part(recording), self.folder / (self.stem(recording) + suffix)
        with disk_errors(final):
            handle = self._open(part)
            try:
                if self.is_shared:
                    self._note_clip(handle, part, final)
                _set_mode(handle, self._clip_mode)
            finally:
                os.close(handle)
            self._held.rename(part, final)  # the same recording: an older copy is as good
            if self.is_shared:
                self._checked[final] = state_of(self._held.lstat(final))
        return final

    @property
    def _clip_mode(self) -> int:
        """The mode of any new file of this user's, but where others can enter the folder they cannot write."""
        if self._mode is None:
            probe = random_part(self.folder / "mode.job")
            handle = self._held.create(probe, 0o666)
            try:
                mode = os.fstat(handle).st_mode & 0o666 | 0o600
            finally:
                os.close(handle)
                self._held.remove(probe)
            is_open = any(self._held.lstat(folder).st_mode & 0o022 for folder in (self._root, self.folder))
            self._mode = mode & ~0o022 if is_open else mode
        return self._mode

    def _note_clip(self, handle: int, part: Path, final: Path) -> None:
        running, size = self._running.pop(part.name, None), os.fstat(handle).st_size
        if running is None or running.size != size:  # it was changed after it had come: a wrapper is gone
            (running,) = hash_up_to(handle, [size])
        self._notes().add(final.name, running.known)

    def drop_note(self, recording: Recording) -> None:
        """Drop the note of a clip that is on the disk."""
        self._check_places()
        with disk_errors(self.folder):
            self._held.remove(self.note(recording))

    def keep(self, clip: Path) -> None:
        """Keep ``clip`` for good."""
        if clip.parent != self.kept_folder:
            self._check_places()
            sync_file(clip)
            with disk_errors(self.kept_folder):
                self._make(self.kept_folder)
                self._held.rename(clip, self.kept_folder / clip.name)
                self._held.remove(part_of(self.folder / f"{clip.stem}.about"))

    def has_kept(self, recording: Recording) -> bool:
        """Return whether a clip of ``recording`` is kept for good, by its name alone. Raises DiskError."""
        with disk_errors(self.kept_folder):
            return any(clip.parent == self.kept_folder for clip in self._present(recording))

    def set_aside(self, recording: Recording) -> None:
        """Keep a clip that could not be used under another name: the next run downloads it anew."""
        clip = self.find(recording)
        if clip is not None:
            with disk_errors(self.folder):
                self._held.rename(clip, self._aside(clip))

    def take_back(self, recording: Recording) -> Path | None:
        """Give the clip that was set aside its name again; return it, None if there is none."""
        self._check_places()
        stem = self.stem(recording)
        for suffix in SUFFIXES:
            clip = self.folder / (stem + suffix)
            with disk_errors(self.folder):
                if _is_regular(aside := self._aside(clip)) and self._is_known(aside, clip.name):
                    self._held.rename(aside, clip)
                    return clip
        return None

    @staticmethod
    def _aside(clip: Path) -> Path:
        return clip.with_name(f"{clip.stem}.unusable{clip.suffix}")

    def drop_part(self, recording: Recording) -> None:
        """Remove the part of a download, and its note."""
        self._drop_part(self.stem(recording))

    def _drop_part(self, stem: str) -> None:
        self._check_places()
        with disk_errors(self.folder):
            for name in (stem, f"{stem}.about"):
                self._held.remove(part_of(self.folder / name))

    def discard(self, recording: Recording) -> None:
        """Remove all files of ``recording``, except a clip that is kept for good."""
        self._discard(self.stem(recording))

    def _discard(self, stem: str) -> None:
        self._check_places()
        with disk_errors(self.folder):
            for suffix in SUFFIXES:
                clip = self.folder / (stem + suffix)
                for path in (clip, self._aside(clip)):
                    self._held.remove(path)
            self._drop_part(stem)

    def doubted(self) -> Iterator[tuple[Path, bytes]]:
        """Yield each clip that still has a note beside it, with the note. None in a shared folder: hashes tell more."""
        for note in () if self.is_shared else sorted(self.folder.glob("*" + _NOTE)):
            clip = next(self._clips(note.name.removesuffix(_NOTE)), None)
            if clip is not None and clip.parent == self.folder:
                try:
                    data = read_regular(note, _LONGEST_NOTE)
                except OSError:
                    data = b""
                yield clip, data

    def begin_again(self, clip: Path) -> None:
        """Turn ``clip`` into a part again."""
        self._check_places()
        with disk_errors(clip):
            self._held.rename(clip, part_of(clip.with_suffix("")))

    def let_go(self, name: str, *, output: Path, keep: bool) -> None:
        """Remove the rest of the job ``name``, whose video ``output`` is complete: its run was killed before it could.

        ``keep``: keep its clips for good. Do nothing if another run has the folder.
        """
        if not _is_regular(job_file(self.folder, name)):
            # Or it was killed when only empty folders and its lock were left to be removed.
            if any(path.exists() for path in (self.folder, self._holder, self._lock_file)):
                with suppress(DiskError), self.locked():
                    pass
            _remove_if_empty(self._root)
            return
        with suppress(DiskError), self.locked():
            job = read_job(self.folder, name)
            for stem in job.clips if job else ():
                if keep and (clip := self._first_known(self._clips(stem))):
                    self.keep(clip)
                self._discard(stem)
            self.drop_output(name, output.parent)
            self._held.remove(job_file(self.folder, name))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Make a folder for the clips of a timelapse, and remove it with them. Raises DiskError."""
        folder = self.folder / f"{SCRATCH}{secrets.token_hex(4)}"
        self._check_places()
        with disk_errors(self.folder):
            self._make(folder)
        try:
            yield folder
        finally:
            with suppress(OSError):
                self._held.remove_scratch(folder)

    def write_scratch(self, clip: Path, data: bytes) -> str | None:
        """Write a clip of a timelapse; return its SHA-256, None in a private folder. Blocking. Raises DiskError."""
        self._check_places()
        with disk_errors(clip):
            self._held.write(clip, data)
        return hashlib.sha256(data).hexdigest() if self.is_shared else None

    def _make(self, folder: Path) -> None:
        """Make a folder in this one for this user alone, and hold it where others can take its name. Raises OSError."""
        if self.is_shared:
            self._held.make(folder)
        else:
            _make_own(folder)

    def write_job(self, job: Job) -> None:
        """Leave a note of ``job``. Blocking. Raises DiskError."""
        self._check_places()
        with disk_errors(self.folder):
            write_job(self.folder, job, self._held.write)

    def drop_job(self, job: Job) -> None:
        """Remove the note of a job that has left nothing. Raises OSError."""
        self._held.remove(job_file(self.folder, job.name))

    def drop_output(self, name: str, folder: Path) -> None:
        """Remove the unfinished video that a killed run of the job ``name`` has left in ``folder``. Blocking."""
        self._check_places()
        job = read_job(self.folder, name)
        for part in output_parts(job, folder) if job else ():
            with suppress(OSError):
                part.unlink(missing_ok=True)


def folder_name(camera: str) -> str:
    """Return what the folder of a camera is called."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", camera).strip(".") or "camera"


def roots_in(output_dir: Path) -> tuple[Path, ...]:
    """Return the folders of this user's stores in ``output_dir``, the usual one first. Raises OSError."""
    try:
        others = sorted(path for path in output_dir.iterdir() if _OTHER_ROOT.fullmatch(path.name))
    except FileNotFoundError:
        return ()
    return tuple(islice(filter(is_own_folder, (output_dir / ROOT, *others)), _MOST_ROOTS))


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files and links in ``folder``. Raises OSError."""
    if is_own_folder(folder):
        yield from sorted(path for path in folder.iterdir() if path.is_symlink() or not path.is_dir())


def _make_own(folder: Path) -> None:
    """Make ``folder`` for this user alone. OSError if what has its name is no folder of this user's."""
    try:
        make_private(folder)
    except NotRegular:
        if not is_own_folder(folder):
            raise


def _set_mode(handle: int, mode: int) -> None:
    """Give an open file its mode, where files have one."""
    if hasattr(os, "fchmod"):
        with suppress(OSError):
            os.fchmod(handle, mode)


def _torn_notes(root: Path, name: str) -> Iterator[Path]:
    for folder, pattern in ((root, f"{name}.holder.*"), (root / name, "*")):
        yield from (path for path in folder.glob(f"{pattern}.part") if _TORN.fullmatch(path.name))


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty, or not there
        folder.rmdir()
