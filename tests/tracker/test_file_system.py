"""What kind of file system holds a folder: those of one machine get a WAL, all others the rollback journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.store import file_system

ONE_MACHINE = (
    "ext4 ext3 ext2 xfs btrfs zfs tmpfs ramfs overlay f2fs jfs reiserfs bcachefs ntfs3 ntfs vfat exfat hfsplus apfs ufs "
    "nilfs2 squashfs erofs ecryptfs"
).split()
SEVERAL = (
    "nfs nfs4 cifs smb3 smbfs 9p virtiofs ceph lustre gpfs beegfs glusterfs afs panfs wekafs orangefs pvfs2 ocfs2 gfs2 "
    "vboxsf prl_fs acfs fuse fuseblk fuse.sshfs fuse.juicefs fuse.ceph-fuse fuse.glusterfs fuse.gcsfuse fuse.s3fs "
    "fuse.rclone fuse.mfs fuse.lizardfs fuse.seaweedfs fuse.goofys fuse.daos fuse.alluxio-fuse fuse.cunofs fuse.dbfs "
    "quobyte fuse.quobyte vastnfs curvefs something-of-next-year"
).split()


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount table with a folder for each kind, as Linux writes it."""
    lines = [
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        *(
            f"{100 + number} 22 0:{number} / /mnt/{kind} rw,relatime shared:{number} - {kind} host:/volume rw,vers=4.2"
            for number, kind in enumerate((*ONE_MACHINE, *SEVERAL))
        ),
        r"900 22 0:90 / /mnt/with\040blank rw - wekafs default rw",
    ]
    read = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda path, *args, **named: (
            "\n".join(lines) if str(path) == "/proc/self/mountinfo" else read(path, *args, **named)
        ),
    )


@pytest.mark.parametrize("kind", ONE_MACHINE)
def test_one_machine(mounted: None, kind: str) -> None:
    """Who uses a folder there shares memory with all others."""
    assert file_system.kind_of(Path(f"/mnt/{kind}/runs")) == kind
    assert not file_system.is_shared(Path(f"/mnt/{kind}/runs"))


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_machines(mounted: None, kind: str) -> None:
    """So is what is not known: a slower journal loses nothing, and a WAL without shared memory may."""
    assert file_system.kind_of(Path(f"/mnt/{kind}/runs")) == kind
    assert file_system.is_shared(Path(f"/mnt/{kind}/runs"))


def test_a_folder_below_a_mount_is_of_its_kind(mounted: None) -> None:
    """The longest mount point that holds it counts, whatever blanks it has."""
    assert file_system.kind_of(Path("/mnt/with blank/runs/a")) == "wekafs"
    assert file_system.kind_of(Path("/mnt/wekafs-not/runs")) == "ext4"


def test_where_nothing_is_known_of_mounts_a_folder_is_taken_for_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems than Linux have no such table; their runs have always had a WAL."""
    monkeypatch.setattr(file_system, "kind_of", lambda _: "")
    assert not file_system.is_shared(Path("/anywhere"))


def test_a_machine_is_called_as_sockets_call_it() -> None:
    """Runs of before, and of other languages, say so."""
    import socket

    from tracker.store.read.liveness import this_process

    assert this_process().host == socket.gethostname()
