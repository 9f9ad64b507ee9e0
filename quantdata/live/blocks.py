"""The files of a recording: blocks of zstd, each behind its length and its checksum, so that a torn end is noticed.

The heads are what the zstd format calls skippable frames: ``zstd -dc`` reads such a file like any other.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from quantdata.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["SUFFIX", "packed", "unpacked"]

SUFFIX: Final = ".zst"
# Level 3 is zstd's own default: it keeps up with any stream there is.
LEVEL: Final = 3
# Of a skippable frame and its content: RFC 8878, 3.1.2.
_MAGIC: Final = 0x184D2A50
_CONTENT: Final = struct.Struct("<III")
_HEAD: Final = struct.Struct("<IIIII")

_codec: Final = pa.Codec("zstd", compression_level=LEVEL)


def packed(block: bytes) -> bytes:
    """Return a block as it stands in a file."""
    body: bytes = _codec.compress(block, asbytes=True)
    return _HEAD.pack(_MAGIC, _CONTENT.size, len(body), len(block), _sum(body, len(block))) + body


def unpacked(path: Path, *, is_last: bool) -> Iterator[bytes]:
    """Yield the blocks of a file, up to the last complete one.

    Parameters
    ----------
    is_last
        Whether no file follows: then its end may be torn, for whoever wrote it may have been killed.

    Raises
    ------
    FeedError
        If it cannot be read, or something else than a torn end is wrong with it.
    """
    with _opened(path) as file:
        while head := file.read(_HEAD.size):
            block = _block(head, file)
            if block is None:
                if is_last and not file.read(1):
                    return
                raise FeedError(f"{path} is damaged: it is no recording, or something else has written in it")
            yield block


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FeedError(f"cannot read {path}: {error.strerror}") from error


def _block(head: bytes, file: BinaryIO) -> bytes | None:
    """Return the block behind a head; None where it is not whole."""
    if len(head) < _HEAD.size:
        return None
    magic, size, length, raw_length, checksum = _HEAD.unpack(head)
    if (magic, size) != (_MAGIC, _CONTENT.size):
        return None
    body = file.read(length)
    if len(body) < length or _sum(body, raw_length) != checksum:
        return None
    return bytes(_codec.decompress(body, decompressed_size=raw_length, asbytes=True))


def _sum(body: bytes, raw_length: int) -> int:
    return zlib.crc32(body, raw_length)
