"""A bar chart as a PNG file, so small that no drawing library is needed."""

import struct
import zlib
from collections.abc import Sequence


def bar_chart(values: Sequence[float], *, bar: int = 12, height: int = 120) -> bytes:
    """Draw one grey bar a value on white, from zero up to the greatest value.

    Args:
        values: positive numbers, one at least.
        bar: the width of a bar in pixels; the gap beside it is a third of that.
        height: the height of the picture in pixels.

    Returns:
        The PNG file (https://www.w3.org/TR/png-3/): greyscale, eight bits a pixel.
    """
    tops = [height - round(value / max(values) * height) for value in values]
    gap = bar // 3
    lines = (
        b"".join((b"\x60" if y >= top else b"\xff") * bar + b"\xff" * gap for top in tops)
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", len(values) * (bar + gap), height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + line for line in lines))
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
