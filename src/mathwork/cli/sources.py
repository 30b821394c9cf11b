"""The bytes of a file or of standard input, which can be read more than once."""
import gzip
import io
import re
import shutil
import sys
import tempfile
import threading
import zlib
from contextlib import contextmanager

from mathwork._files import naming
from mathwork.cli.lines import Lines, LongLineError, name_of, opened_still

GZIP, PARQUET, NPY = b"\x1f\x8b", b"PAR1", b"\x93NUMPY"
LONGEST_LINE = 10_000_000      # characters: the cells of a row take up to fifty times as much
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
NO_TEXT = re.compile("[\udc80-\udcff\0]")      # UTF-16 read as UTF-8 has NULs
# What people take for tables: the first bytes of a file, and what to say of it.
OTHERS = {b"PK\x03\x04": "a spreadsheet or a zip file: save it as CSV",
          b"\xd0\xcf\x11\xe0": "a spreadsheet of the old kind: save it as CSV",
          b"%PDF": "a PDF file", b"\x89HDF": "an HDF5 file"}


class Source:
    """A file, or standard input for the name `-`.

    What can be read only once, such as a pipe, is copied to a temporary file. A file with gzip's
    mark is unpacked while it is read. `start` has the first bytes of what is read, `size` is how
    many bytes the file has, and `done` how many of them have been read.
    """

    def __init__(self, name):
        self.name, self.shown = name, name_of(name)
        self.done = 0
        self._lock = threading.Lock()
        self._owned = name != "-"
        stream = (open(name, "rb") if self._owned       # noqa: SIM115  (as below)
                  else opened_still(sys.stdin, self.shown).buffer)
        if not stream.seekable():
            stream = self._copied(stream)
        self._stream = stream
        try:
            with naming(self.shown):
                self._look()
        except BaseException:
            self.close()
            raise

    def _look(self):
        self._first = self._stream.tell()
        self.size = self._stream.seek(0, io.SEEK_END) - self._first
        self._packed = self._rewound().read(2) == GZIP
        with self.opened() as raw:
            self.start = raw.read(8)
        for mark, kind in OTHERS.items():
            if self.start.startswith(mark):
                raise ValueError(f"{self.shown}: it is {kind}")

    def _copied(self, stream):
        copy = tempfile.TemporaryFile()     # noqa: SIM115  (it lives as long as this object)
        shutil.copyfileobj(stream, copy)
        if self._owned:
            stream.close()
        self._owned = True
        copy.seek(0)
        return copy

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        if self._owned:
            self._stream.close()

    def _rewound(self):
        with self._lock:
            self._stream.seek(self._first)
            self.done = 0
        return self._stream

    def read_at(self, place, size):
        """Some bytes from a place on. So several readers do not move each other."""
        with self._lock:
            self._stream.seek(self._first + place)
            data = self._stream.read(size)
            self.done = place + len(data)
        return data

    def file(self):
        """The bytes as a file in which one may seek: not unpacked, and not counted."""
        return self._rewound()

    @contextmanager
    def opened(self):
        """The bytes from the first one on, unpacked."""
        self._rewound()
        try:
            with naming(self.shown), io.BufferedReader(_Counted(self), 1 << 18) as raw:
                if not self._packed:
                    yield raw
                    return
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield unpacked
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{self.shown}: the gzip file is damaged: {error}") from None

    def encoding(self, wanted):
        """The encoding of the text: as wanted, or by the mark at its beginning, or UTF-8."""
        if wanted is not None:
            return "utf-8-sig" if wanted == "utf-8" else wanted
        return "utf-16" if self.start.startswith(UTF_16) else "utf-8-sig"

    @contextmanager
    def opened_text(self, encoding):
        """The lines of the text. What is not in the encoding is there as lone surrogates."""
        with self.opened() as raw:
            lines = Lines(io.TextIOWrapper(raw, self.encoding(encoding), "surrogateescape",
                                           newline=""), LONGEST_LINE)
            try:
                yield iter(lines)
            except UnicodeError:        # UTF-16 without a mark, or cut in the middle
                raise self.no_text(encoding) from None
            except LongLineError as error:
                raise ValueError(f"{self.shown}: line {lines.number}: {error}") from None

    def no_text(self, encoding):
        """The error of a text that is in another encoding."""
        name = self.encoding(encoding).removesuffix("-sig").upper()
        return ValueError(f"{self.shown}: it is not text in {name}: --encoding names another, such "
                          "as cp1252 or utf-16")


def check_text(source, encoding, text):
    """Raise a ValueError if `text`, read by opened_text, is not in the encoding."""
    if NO_TEXT.search(text):
        raise source.no_text(encoding)


class _Counted(io.RawIOBase):
    """The bytes of a Source, counted.

    It has a place of its own: pyarrow reads ahead in a thread while a message looks for its line.
    """

    def __init__(self, source):
        self.source, self.place = source, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        data = self.source.read_at(self.place, len(buffer))
        buffer[:len(data)] = data
        self.place += len(data)
        return len(data)
