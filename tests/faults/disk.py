"""A disk that forgets: what a desk wrote and did not sync may be gone after a crash.

SQLite reaches its files through a table of functions (a VFS). `Watch` puts one in front of the real one that keeps,
for every file below a watched folder, the writes since its last sync. `Disk.lose` then takes them back: all of them, a
random part, or none (a killed process, whose writes the system still has). Our own files are watched at `os.fsync` and
`os.fdatasync`: what a file held at its last sync is what it holds after the loss.

Not simulated: torn sectors, a sync that lies, a rename or a new name that is lost because its folder was not synced,
and the shared index of the write-ahead log, which SQLite makes anew.
"""

import ctypes
import os
import random
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p, cast
from dataclasses import dataclass, field
from pathlib import Path

import sqlcipher3

OK, FULL, IO_WRITE, IO_SYNC, IO_TRUNCATE, IO_DELETE = 0, 13, 778, 1034, 1546, 2570
"""Result codes of SQLite."""

_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)


class _Methods(Structure):
    """``sqlite3_io_methods``, third version; what is not wrapped is handed on as an address."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _Write),
        ("truncate", _Truncate),
        ("sync", _Sync),
        ("rest", c_void_p * 13),
    )


class _File(Structure):
    """``sqlite3_file``: the pointer to its methods comes first."""

    _fields_ = (("methods", POINTER(_Methods)),)


class _Vfs(Structure):
    """``sqlite3_vfs``, third version."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("most_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _Open),
        ("delete", _Delete),
        ("rest", c_void_p * 14),
    )


@dataclass(slots=True)
class _Step:
    """One write or truncation since the last sync, with what it covered."""

    offset: int
    new: bytes | None
    covered: bytes
    size_before: int


@dataclass(slots=True)
class Disk:
    """The disk of one machine: everything below `folder`. `on_write` may raise to end the machine before the write."""

    folder: Path
    on_write: Callable[[str], None] = lambda name: None
    is_off: bool = False
    is_full: bool = False
    _unsynced: dict[str, list[_Step]] = field(default_factory=dict)
    _synced: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in self._own_files():
            self._synced[path.stat().st_ino] = path.read_bytes()

    def lose(self, chance: random.Random) -> None:
        """After the machine died and all files were closed: what was not synced is gone, in part or not at all."""
        keep = chance.choice((0.0, 0.0, 0.5, 1.0))
        for name, steps in self._unsynced.items():
            if Path(name).exists():
                _replay(Path(name), steps, [step for step in steps if chance.random() < keep])
        self._unsynced.clear()
        for path in self.folder.rglob("*-shm"):
            path.unlink()
        for path in self._own_files():
            if keep < 1.0:
                _cut(path, self._synced.get(path.stat().st_ino, b""))
        self.is_off = False

    def _own_files(self) -> list[Path]:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return [path for path in files if not path.name.removesuffix("-wal").removesuffix("-shm").endswith(".db")]

    def wrote(self, name: str, offset: int, new: bytes) -> int:
        """SQLite is about to write; the code to answer, `OK` to let it."""
        code = self._passes("desk.disk.write", IO_WRITE)
        if code == OK and self.is_full:
            return FULL
        if code == OK:
            self._unsynced.setdefault(name, []).append(_covered(name, offset, len(new), new))
        return code

    def truncated(self, name: str, size: int) -> int:
        """SQLite is about to shorten a file."""
        if self.is_off:
            return IO_TRUNCATE
        present = Path(name).stat().st_size
        self._unsynced.setdefault(name, []).append(_covered(name, size, max(present - size, 0), None))
        return OK

    def syncs_file(self, name: str) -> int:
        """SQLite is about to sync a file."""
        code = self._passes("desk.disk.sync", IO_SYNC)
        if code == OK:
            self._unsynced.pop(name, None)
        return code

    def deletes(self, name: str) -> int:
        """SQLite is about to delete a file; that is on the disk at once."""
        if self.is_off:
            return IO_DELETE
        self._unsynced.pop(name, None)
        return OK

    def synced(self, descriptor: int) -> None:
        """A file of ours was synced."""
        inode = os.fstat(descriptor).st_ino
        for path in [] if self.is_off else self._own_files():
            if path.stat().st_ino == inode:
                self._synced[inode] = path.read_bytes()

    def _passes(self, point: str, refusal: int) -> int:
        if not self.is_off:
            try:
                self.on_write(point)
            except BaseException:
                # No exception can cross SQLite: the machine is off, and whoever drives it sees that.
                self.is_off = True
        return refusal if self.is_off else OK


def _covered(name: str, offset: int, length: int, new: bytes | None) -> _Step:
    with Path(name).open("rb") as file:
        file.seek(offset)
        return _Step(offset, new, file.read(length), os.fstat(file.fileno()).st_size)


def _replay(path: Path, steps: list[_Step], kept: list[_Step]) -> None:
    with path.open("r+b") as file:
        for step in reversed(steps):
            file.seek(step.offset)
            file.write(step.covered)
            file.truncate(step.size_before)
        for step in kept:
            if step.new is None:
                file.truncate(step.offset)
            else:
                file.seek(step.offset)
                file.write(step.new)


def _cut(path: Path, content: bytes) -> None:
    if path.read_bytes() != content:
        path.write_bytes(content)


class Watch:
    """The VFS in front of the real one, for every connection that this process opens from now on."""

    def __init__(self) -> None:
        self._disks: list[Disk] = []
        self._names: dict[int, str] = {}
        self._methods: dict[int, _Methods] = {}
        self._sqlite = ctypes.CDLL(str(next(Path(sqlcipher3.__file__).parent.glob("_sqlite3*"))))
        self._sqlite.sqlite3_vfs_find.restype = POINTER(_Vfs)
        self._real = self._sqlite.sqlite3_vfs_find(None).contents
        self._ours = _Vfs.from_buffer_copy(self._real)
        self._ours.name = b"forgetful"
        self._ours.open = _Open(self._open)
        self._ours.delete = _Delete(self._delete)
        self._fsync, self._fdatasync = os.fsync, os.fdatasync

    def __enter__(self) -> "Watch":
        self._sqlite.sqlite3_vfs_register(ctypes.byref(self._ours), 1)
        os.fsync, os.fdatasync = self._synced(self._fsync), self._synced(self._fdatasync)
        return self

    def __exit__(self, *_: object) -> None:
        os.fsync, os.fdatasync = self._fsync, self._fdatasync
        self._sqlite.sqlite3_vfs_unregister(ctypes.byref(self._ours))
        self._sqlite.sqlite3_vfs_register(ctypes.byref(self._real), 1)

    def add(self, disk: Disk) -> None:
        """Watch one more machine's folder."""
        self._disks.append(disk)

    def clear(self) -> None:
        """Forget all machines; their files must be closed."""
        self._disks.clear()
        self._names.clear()

    def _disk(self, name: str) -> Disk | None:
        return next((disk for disk in self._disks if name.startswith(f"{disk.folder}/")), None)

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = self._real.open(vfs, name, file, flags, out)
        path = os.fsdecode(cast(name, c_char_p).value or b"") if name else ""
        if code == OK and self._disk(path) is not None:
            opened = cast(file, POINTER(_File)).contents
            self._names[file] = path
            opened.methods = ctypes.pointer(self._wrapped(opened.methods))
        else:
            self._names.pop(file, None)
        return int(code)

    def _wrapped(self, real: "ctypes._Pointer[_Methods]") -> _Methods:
        address = ctypes.addressof(real.contents)
        if address not in self._methods:
            wrapped = _Methods.from_buffer_copy(real.contents)
            write, truncate, sync = real.contents.write, real.contents.truncate, real.contents.sync

            def on_write(file: int, content: int, length: int, offset: int) -> int:
                name = self._names[file]
                disk = self._disk(name)
                code = disk.wrote(name, offset, ctypes.string_at(content, length)) if disk else OK
                return code or int(write(file, content, length, offset))

            def on_truncate(file: int, size: int) -> int:
                name = self._names[file]
                disk = self._disk(name)
                return (disk.truncated(name, size) if disk else OK) or int(truncate(file, size))

            def on_sync(file: int, flags: int) -> int:
                name = self._names[file]
                disk = self._disk(name)
                return (disk.syncs_file(name) if disk else OK) or int(sync(file, flags))

            wrapped.write, wrapped.truncate, wrapped.sync = _Write(on_write), _Truncate(on_truncate), _Sync(on_sync)
            self._methods[address] = wrapped
        return self._methods[address]

    def _delete(self, vfs: int, name: bytes, sync_folder: int) -> int:
        path = os.fsdecode(name)
        disk = self._disk(path)
        return (disk.deletes(path) if disk else OK) or int(self._real.delete(vfs, name, sync_folder))

    def _synced(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def synced(descriptor: int) -> None:
            real(descriptor)
            for disk in self._disks:
                disk.synced(descriptor)

        return synced
