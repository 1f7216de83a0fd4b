"""Sticks that are plugged in, and the sealed files on them."""

from pathlib import Path

from PySide6.QtCore import QStorageInfo

SUFFIX = ".nbseal"

_MOUNTS = ("/media/", "/run/media/", "/mnt/", "/Volumes/")


def sticks() -> list[Path]:
    """Where a stick can be written to, as far as the system tells; none is no error, any folder can be named."""
    found = []
    for volume in QStorageInfo.mountedVolumes():
        root = volume.rootPath()
        is_stick = root.startswith(_MOUNTS) or (root[1:3] == ":/" and not volume.isRoot() and root[0].upper() != "C")
        if is_stick and volume.isReady() and not volume.isReadOnly():
            found.append(Path(root))
    return found


def sealed_files(folders: list[Path]) -> list[Path]:
    """Sealed files that lie at the top of these folders, the newest first; a stick that was pulled out meanwhile has none."""
    found: list[tuple[float, Path]] = []
    for folder in folders:
        try:
            found += [(path.stat().st_mtime, path) for path in folder.glob(f"*{SUFFIX}")]
        except OSError:
            continue
    return [path for _, path in sorted(found, reverse=True)]
