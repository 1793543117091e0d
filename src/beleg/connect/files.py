"""Finding the input files, and one pass over each that settles its digest and how its text is written."""

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from msgspec import Struct

from beleg.connect.errors import ConnectError
from beleg.connect.quotes import QuoteCheck

FORMATS = {
    ".csv": "text", ".tsv": "text", ".txt": "text", ".tab": "text",
    ".json": "json", ".jsonl": "lines", ".ndjson": "lines", ".parquet": "parquet",
}  # fmt: skip
UNREADABLE = (EOFError, gzip.BadGzipFile, zlib.error, OSError)
_BROKEN = "bytes that cannot be unpacked: the file ends early or is damaged"
_CHUNK = 1 << 20
_LONE = re.compile("[\ud800-\udfff]")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class InputFile(Struct, frozen=True):
    """One file to read: its path, its name below the input folder, and how its contents are laid out."""

    path: Path
    name: str
    format: str

    @property
    def gzipped(self) -> bool:
        """Whether the contents are packed with gzip."""
        return self.path.suffix.lower() == ".gz"

    @property
    def stem(self) -> str:
        """The file's name without its endings, as in ``2010-12-01`` for ``2010-12-01.csv.gz``."""
        return bare_name(self.path)

    def open(self) -> IO[bytes]:
        """The unpacked bytes."""
        if self.gzipped:
            return cast("IO[bytes]", gzip.open(self.path, "rb"))
        return self.path.open("rb")


class Look(Struct, frozen=True):
    """What one pass over a file's bytes shows."""

    digest: str
    encoding: str = "utf-8"
    surely: bool = True
    quotes: bool = False
    tidy: bool = True
    nuls: bool = False
    lone_returns: bool = False
    broken: str = ""

    @property
    def sound(self) -> bool:
        """Whether its text needs no field by field search for bytes that are none, or for NULs."""
        return self.surely and not self.nuls

    @property
    def simple(self) -> bool:
        """Whether every line is one record of sound UTF-8, so that the fast reader sees what the careful one would."""
        plain = self.encoding in {"utf-8", "utf-8-sig"} and self.surely
        return plain and self.tidy and not (self.nuls or self.lone_returns or self.broken)


def bare_name(path: Path) -> str:
    """The file's name without the endings that say its format."""
    name = path.name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    stem, dot, ending = name.rpartition(".")
    return stem if dot and "." + ending.lower() in FORMATS else name


def format_of(path: Path) -> str | None:
    """How this file is laid out, by its ending; None for one that holds no table."""
    name = path.name.lower().removesuffix(".gz")
    return FORMATS.get("." + name.rpartition(".")[2]) if "." in name else None


def find(path: Path | str) -> tuple[list[InputFile], list[str]]:
    """The files to read below a folder, in a glob, or the one named, and the names of those passed over; both in order of name."""
    place = Path(path)
    if place.is_dir():
        base, candidates = place, [found for found in sorted(place.rglob("*")) if found.is_file() and _wanted(found, place)]
    elif place.is_file():
        base, candidates = place.parent, [place]
    else:
        candidates = sorted(_globbed(str(path)))
        base = _glob_base(str(path))
    files = [InputFile(found, _below(found, base), kind) for found in candidates if (kind := format_of(found))]
    if not files:
        raise _nothing_to_read(str(path), candidates)
    return files, [_below(found, base) for found in candidates if not format_of(found)]


def _globbed(pattern: str) -> list[Path]:
    base = _glob_base(pattern)
    rest = pattern[len(str(base)) :].lstrip("/") if pattern.startswith(str(base)) else pattern
    try:
        return [found for found in base.glob(rest) if found.is_file() and _wanted(found, base)] if rest else []
    except (ValueError, RuntimeError, OSError):
        return []


def _wanted(path: Path, base: Path) -> bool:
    return not any(part.startswith(("_", ".")) for part in path.relative_to(base).parts)


def _below(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _glob_base(pattern: str) -> Path:
    fixed = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    return Path(fixed.rpartition("/")[0] or ("/" if fixed.startswith("/") else "."))


def _nothing_to_read(path: str, candidates: list[Path]) -> ConnectError:
    got = "no such file, folder or match" if not candidates else f"{len(candidates)} files, none of them a table"
    return ConnectError(
        path,
        got=got,
        expected="a file, a folder or a glob of .csv, .tsv, .txt, .json, .jsonl or .parquet, each perhaps with .gz",
        mend="check the path; names beginning with _ or . are passed over",
    )


def glance(file: InputFile) -> Look:
    """A look at the file's beginning only, enough to read its header."""
    try:
        with file.open() as stream:
            return _look_at_text(io.BytesIO(stream.read(_CHUNK)), "", None)
    except UNREADABLE:
        return Look("", broken=_BROKEN)


def look(file: InputFile, encoding: str | None = None) -> Look:
    """Read the file once from end to end: digest, encoding, and whether its text has anything unusual."""
    digest = _digest(file.path)
    if file.format == "parquet":
        return Look(digest)
    try:
        with file.open() as stream:
            return _look_at_text(stream, digest, encoding)
    except UNREADABLE:
        return Look(digest, broken=_BROKEN)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _look_at_text(stream: IO[bytes] | io.BytesIO, digest: str, encoding: str | None) -> Look:
    head = stream.read(_CHUNK)
    known = encoding or _by_first_bytes(head)
    utf8 = _Utf8() if known in {None, "utf-8", "utf-8-sig"} else None
    quotes = nuls = lone = False
    checked = QuoteCheck()
    tail = b""
    for chunk in _chunks(head, stream):
        quotes = quotes or b'"' in chunk
        checked.feed(chunk)
        nuls = nuls or b"\0" in chunk
        joined = tail + chunk
        lone = lone or joined.count(b"\r", 0, -1) != joined.count(b"\r\n")
        tail = joined[-1:] if joined.endswith(b"\r") else b""
        if utf8:
            utf8.feed(chunk)
    if utf8:
        utf8.finish()
    surely = utf8 is not None and utf8.damaged == 0
    written = known or (utf8.verdict() if utf8 else "utf-8")
    return Look(digest, written, surely, quotes, checked.finish(), nuls, lone or bool(tail))


class _Utf8:
    """Counts the bytes that are no UTF-8 among those beyond ASCII, chunk by chunk."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        self.damaged = self.beyond = 0

    def feed(self, chunk: bytes) -> None:
        if chunk.isascii() and not self._decoder.getstate()[0]:
            return
        self.beyond += len(chunk.translate(None, delete=bytes(range(128))))
        self.damaged += len(_LONE.findall(self._decoder.decode(chunk)))

    def finish(self) -> None:
        """A character that the file's end cuts short is damaged too."""
        self.damaged += len(_LONE.findall(self._decoder.decode(b"", final=True)))

    def verdict(self) -> str:
        """UTF-8 if most of what lies beyond ASCII is; else the usual Western single-byte encoding."""
        return "utf-8" if self.damaged * 2 <= self.beyond else "cp1252"


def _chunks(head: bytes, stream: IO[bytes] | io.BytesIO) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(_CHUNK)


def _by_first_bytes(head: bytes) -> str | None:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    sample = head[:4096]
    if len(sample) >= 4 and sample[1::2].count(0) > len(sample) // 3:
        return "utf-16-le"
    if len(sample) >= 4 and sample[0::2].count(0) > len(sample) // 3:
        return "utf-16-be"
    return None


def text_of(file: InputFile, seen: Look) -> io.TextIOWrapper:
    """The file's characters; bytes that its encoding does not know become lone surrogates, which later quarantine their row."""
    return io.TextIOWrapper(file.open(), encoding=seen.encoding, errors=_lenient(seen.encoding), newline="")


def _lenient(encoding: str) -> str:
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")) else "surrogateescape"
