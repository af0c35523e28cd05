"""Whether a folder lies on a file system of another machine, where SQLite's log cannot be shared.

The write-ahead log needs memory that all users of a file share, which no network file system
gives (SQLite, "Write-Ahead Logging", section 1).
"""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
_NETWORK = frozenset(
    (
        *("afs", "beegfs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"),
        *("nfs", "nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs"),
        *("fuse.ceph", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    )
)
"""Not 9p and virtiofs: what a virtual machine sees of its own host behaves like a disk."""


def network_kind(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of network file system a path lies on ("nfs4"), "" for a local one.

    What cannot be found out counts as local: other systems have no list of this form.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found, kind = Path(), ""
    whole = path.resolve()
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(_unescaped(fields[1]))
        deeper = len(place.parts) >= len(found.parts)  # a later mount covers an earlier one
        if deeper and (whole == place or place in whole.parents):
            found, kind = place, fields[2]
    return kind if kind in _NETWORK else ""


def _unescaped(field: str) -> str:
    """Return a path as it is: the list writes spaces and the like as octal numbers."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
