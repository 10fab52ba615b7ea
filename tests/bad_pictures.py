"""Files that people send by mistake or on purpose, made on the spot: name → bytes."""

import gzip
import io
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def corpus(photo: bytes) -> dict[str, bytes]:
    """At least 40 files around one good photograph (JPEG, 512 x 512, one face)."""
    files = _damaged(photo) | _not_pictures(photo) | _bombs() | _odd_shapes() | _odd_modes(photo)
    return files | _odd_metadata(photo)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and brings next to nothing: the classic decompression bomb."""
    return _png(width, height, zlib.compress(b"\0" * 1000))


def _damaged(photo: bytes) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(photo))
    png, webp, gif = (encoded(image, form) for form in ("PNG", "WEBP", "GIF"))
    avif = encoded(image, "AVIF")
    garbled = bytearray(photo)
    garbled[2000:4000] = bytes(2000)
    return {
        "empty.jpg": b"",
        "one-byte.jpg": b"\xff",
        "jpeg-header-only.jpg": photo[:20],
        "jpeg-half.jpg": photo[: len(photo) // 2],
        "jpeg-without-end.jpg": photo[:-2000],
        "jpeg-garbled.jpg": bytes(garbled),
        "png-half.png": png[: len(png) // 2],
        "png-bad-checksum.png": png[:40] + b"\0\0\0\0" + png[44:],
        "png-header-only.png": png[:33],
        "webp-half.webp": webp[: len(webp) // 2],
        "gif-half.gif": gif[: len(gif) // 2],
        "gif-header-only.gif": gif[:13],
        "avif-half.avif": avif[: len(avif) // 2],
        "heic-brand-only.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
        "bmp-header-only.bmp": encoded(image, "BMP")[:54],
    }


def _not_pictures(photo: bytes) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(photo))
    return {
        "text.jpg": b"this is a shopping list, not a picture\n" * 20,
        "html.png": b"<!doctype html><script>alert(1)</script>",
        "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "zip.jpg": b"PK\x03\x04" + bytes(200),
        "gzip.webp": gzip.compress(photo),
        "elf.gif": b"\x7fELF" + bytes(500),
        "pdf.jpg": b"%PDF-1.7\n" + bytes(200),
        "eps.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n",
        "tiff.jpg": encoded(image, "TIFF"),
        "ico.png": encoded(image.resize((64, 64)), "ICO"),
        "random.jpg": np.random.default_rng(0).bytes(5000),
        "pickle.jpg": b"cos\nsystem\n(S'true'\ntR.",
    }


def _bombs() -> dict[str, bytes]:
    zeros = Image.new("1", (30_000, 30_000))
    return {
        "png-bomb-claimed.png": png_header_only(60_000, 60_000),
        "png-bomb-real.png": encoded(zeros, "PNG"),
        "gif-bomb.gif": b"GIF89a" + struct.pack("<HH", 65_000, 65_000) + b"\x80\0\0" + bytes(6),
        "webp-bomb-claimed.webp": _webp_header_only(),
        "png-many-frames.png": _animation(),
    }


def _odd_shapes() -> dict[str, bytes]:
    shapes = {"1x1": (1, 1), "1x2000": (1, 2000), "2000x1": (2000, 1), "10x10": (10, 10)}
    shapes |= {"20x3000": (20, 3000), "16x300": (16, 300), "40x40": (40, 40)}
    return {f"{name}.png": encoded(Image.new("RGB", size), "PNG") for name, size in shapes.items()}


def _odd_modes(photo: bytes) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    grey = image.convert("L")
    deep = Image.fromarray((np.asarray(grey).astype(np.uint16) << 8) | 0x80)
    alpha = image.convert("RGBA")
    alpha.putalpha(grey)
    palette = image.convert("P")
    palette.info["transparency"] = 0
    return {
        "grey.jpg": encoded(grey, "JPEG"),
        "cmyk.jpg": encoded(image.convert("CMYK"), "JPEG"),
        "16-bit.png": encoded(deep, "PNG"),
        "1-bit.png": encoded(image.convert("1"), "PNG"),
        "alpha.png": encoded(alpha, "PNG"),
        "alpha.webp": encoded(alpha, "WEBP"),
        "grey-alpha.png": encoded(alpha.convert("LA"), "PNG"),
        "palette.png": encoded(palette, "PNG"),
        "progressive.jpg": encoded(image, "JPEG", progressive=True),
        "photo.avif": encoded(image, "AVIF"),
        "photo.heic": encoded(image, "HEIF"),
        "photo.gif": encoded(image, "GIF"),
        "photo.bmp": encoded(image, "BMP"),
    }


def _odd_metadata(photo: bytes) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(photo))
    exif = Image.Exif()
    exif[0x0112] = 99  # no such orientation
    trailing = photo + b"PK\x03\x04" + bytes(1000)
    return {
        "exif-nonsense.jpg": encoded(image, "JPEG", exif=b"Exif\0\0" + bytes(range(200))),
        "exif-bad-orientation.jpg": encoded(image, "JPEG", exif=exif),
        "jpeg-with-zip-behind.jpg": trailing,
        "icc-nonsense.jpg": encoded(image, "JPEG", icc_profile=b"nonsense" * 50),
        "png-huge-text.png": _png(64, 64, zlib.compress(b"\0" * 64 * 65), text=bytes(3_000_000)),
    }


def _webp_header_only() -> bytes:
    small = bytearray(encoded(Image.new("RGB", (64, 64)), "WEBP", quality=50))
    small[26:30] = struct.pack("<HH", 16_383, 16_383)  # the size in the VP8 frame header
    return bytes(small)


def _animation() -> bytes:
    frames = [Image.new("L", (64, 64), shade) for shade in range(60)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


def _png(width: int, height: int, data: bytes, text: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    note = chunk(b"zTXt", b"note\0\0" + zlib.compress(text)) if text else b""
    body = chunk(b"IHDR", header) + note + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
