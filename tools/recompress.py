"""Compress wheels better: the same files, in 4 % fewer bytes, which any unzip reads as fast.

    python tools/recompress.py WHEEL ...

It needs the package zopfli, and some twenty seconds a wheel. It prints the sizes, before and after.
"""
import sys
import zipfile
from pathlib import Path

import zopfli.zlib


class Deflate:
    """A compressor with the methods that zipfile calls"""

    def __init__(self, *_):
        self.content = bytearray()

    def compress(self, data):
        self.content += data
        return b""

    def flush(self):
        return zopfli.zlib.compress(bytes(self.content))[2:-4]      # without zlib's frame


def recompressed(path):
    """Write the wheel anew; return its bytes before and after"""
    before = path.stat().st_size
    part = path.with_suffix(".part")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(part) as new:
        assert [(each.filename, each.CRC, each.external_attr) for each in old.infolist()] == [
            (each.filename, each.CRC, each.external_attr) for each in new.infolist()]
        assert new.testzip() is None
    part.replace(path)
    return before, path.stat().st_size


if __name__ == "__main__":
    zipfile._get_compressor = Deflate       # zipfile has no public place for another compressor
    for name in sys.argv[1:]:
        print(name, *recompressed(Path(name)))
