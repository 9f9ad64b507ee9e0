"""Blocks in files: whole or not there, and readable by whoever knows zstd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from quantdata.errors import FeedError
from quantdata.live.blocks import packed, unpacked

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = [b"first" * 100, b"", b"second"]


def written(folder: Path, text: bytes) -> Path:
    path = folder / "000001.zst"
    path.write_bytes(text)
    return path


def test_blocks_come_back_in_order(tmp_path: Path) -> None:
    path = written(tmp_path, b"".join(map(packed, BLOCKS)))
    assert list(unpacked(path, is_last=False)) == BLOCKS


def test_any_zstd_reader_reads_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, packed(b"first" * 100))
    with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
        assert stream.read() == b"first" * 100


@pytest.mark.parametrize("cut", range(1, len(packed(b"second"))))
def test_a_torn_end_costs_the_torn_block_alone_and_only_in_the_last_file(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path, packed(b"first") + packed(b"second")[:-cut])
    assert list(unpacked(path, is_last=True)) == [b"first"]
    with pytest.raises(FeedError, match=r"000001.zst is damaged"):
        list(unpacked(path, is_last=False))


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    text = bytearray(packed(b"first") + packed(b"second"))
    text[len(packed(b"first")) - 1] ^= 1
    with pytest.raises(FeedError, match="damaged"):
        list(unpacked(written(tmp_path, bytes(text)), is_last=True))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"cannot read .*000009.zst: No such file or directory"):
        list(unpacked(tmp_path / "000009.zst", is_last=True))
