"""Images, audio and other bytes from a server, shown by what they are, not by what they claim."""

from __future__ import annotations

import base64
import binascii

from helpers.panels.safe import sentence, text_html
from helpers.text import escape, one_line

SHOWN_BYTES = 10_000_000

# The first bytes, and what stands from byte 8 in the formats that share a container.
# Source: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern and below it
_SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n", b""),
    "image/jpeg": (b"\xff\xd8\xff", b""),
    "image/gif": (b"GIF8", b""),
    "image/webp": (b"RIFF", b"WEBP"),
    "audio/wav": (b"RIFF", b"WAVE"),
    "audio/mpeg": (b"ID3", b""),
    "audio/ogg": (b"OggS", b""),
    "audio/flac": (b"fLaC", b""),
    "audio/webm": (b"\x1aE\xdf\xa3", b""),
}


def media_type(data: bytes) -> str:
    """The media type of an image or a sound by its first bytes, or ""."""
    for name, (begins, inside) in _SIGNATURES.items():
        if data.startswith(begins) and data[8:12].startswith(inside):
            return name
    if data[4:8] == b"ftyp" and data[8:11] == b"M4A":
        return "audio/mp4"
    # a frame of MPEG audio: eleven set bits, then the version, then layer II or III
    is_frame = data[:1] == b"\xff" and data[1:2] >= b"\xe0" and data[1] & 0x06 in (0x02, 0x04)
    return "audio/mpeg" if is_frame else ""


def bytes_html(encoded: str, claimed: str | None, *, python: str, label: str = "") -> str:
    """Bytes in base64 as HTML: a picture, a sound, text, or a sentence on what they are.

    Args:
        encoded: the base64 that came.
        claimed: the media type that came with it; it is named, and not believed.
        python: the expression that gives `encoded`.
        label: what a screen reader calls a picture or a sound, such as "content 2".
    """
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        text = f"{_claim(claimed)} that is not valid base64 ({error}). As it came: {python}"
        return sentence(text)
    kind = media_type(data)
    described = f"{label or 'content'}: {kind or _claim(claimed)}, {len(data):,} bytes"
    if not kind:
        return _text_or_sentence(data, described, python)
    doubt = "" if not claimed or claimed == kind else f", sent as {_claim(claimed)}"
    if len(data) > SHOWN_BYTES:
        return sentence(f"{described}{doubt}: too large to show. {_in_python(python)}")
    # encoded anew: what reaches the page is base64 whatever came
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return _element(kind, source, described) + sentence(described + doubt)


def _element(kind: str, source: str, described: str) -> str:
    if kind.startswith("image/"):
        return f'<img class="mcpk-image" src="{source}" alt="{escape(described)}">'
    return (
        f'<audio controls preload="none" src="{source}" aria-label="{escape(described)}"></audio>'
    )


def _text_or_sentence(data: bytes, described: str, python: str) -> str:
    """SVG is among the texts: its markup may carry scripts."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return sentence(f"{described}: bytes that are not shown. {_in_python(python)}")
    return sentence(described) + text_html(text, label=described, python=_decoded(python))


def _claim(claimed: str | None) -> str:
    return one_line(claimed or "", 60) or "bytes of no stated type"


def _decoded(python: str) -> str:
    return f"base64.b64decode({python})"


def _in_python(python: str) -> str:
    return f"In Python: {_decoded(python)}"
