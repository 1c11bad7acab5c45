"""Mounts a directory as macOS shows one: names come back decomposed, and neither case nor composition tells two apart.

    python3 decomposed_names.py DIRECTORY MOUNTPOINT

Needs python3-fusepy and /dev/fuse; ends when the mount point is unmounted.
"""

import os
import sys
import unicodedata

from fusepy import FUSE, Operations

STAT_FIELDS = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks")


def decompose(name):
    return unicodedata.normalize("NFD", name)


class DecomposedNames(Operations):
    use_ns = True

    def __init__(self, root):
        self.root = root

    def place(self, path):
        """Where a path lies, each step under the name that it was made with."""
        place = self.root
        for step in filter(None, path.split("/")):
            wanted = decompose(step).casefold()
            names = os.listdir(place) if os.path.isdir(place) else []
            place = os.path.join(place, next((n for n in names if n.casefold() == wanted), decompose(step)))
        return place

    def getattr(self, path, fh=None):
        stats = os.lstat(self.place(path))
        times = {"st_atime": stats.st_atime_ns, "st_mtime": stats.st_mtime_ns, "st_ctime": stats.st_ctime_ns}
        return {**times, **{field: getattr(stats, field) for field in STAT_FIELDS}}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.place(path))]

    def statfs(self, path):
        stats = os.statvfs(self.root)
        return {field: getattr(stats, field) for field in dir(stats) if field.startswith("f_") and field != "f_fsid"}

    def mkdir(self, path, mode):
        os.mkdir(self.place(path), mode)

    def rmdir(self, path):
        os.rmdir(self.place(path))

    def unlink(self, path):
        os.unlink(self.place(path))

    def rename(self, old, new):
        os.rename(self.place(old), self.place(new))

    def link(self, target, source):
        os.link(self.place(source), self.place(target))

    def symlink(self, target, source):
        os.symlink(source, self.place(target))

    def readlink(self, path):
        return os.readlink(self.place(path))

    def chmod(self, path, mode):
        os.chmod(self.place(path), mode)

    def chown(self, path, uid, gid):
        os.lchown(self.place(path), uid, gid)

    def utimens(self, path, times=None):
        os.utime(self.place(path), ns=times)

    def create(self, path, mode, fi=None):
        return os.open(self.place(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path, flags):
        return os.open(self.place(path), flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.place(path) if fh is None else fh, length)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def release(self, path, fh):
        os.close(fh)


FUSE(DecomposedNames(sys.argv[1]), sys.argv[2], foreground=True, nothreads=True, use_ino=True)
