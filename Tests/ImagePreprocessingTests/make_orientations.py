"""Makes Images/orientations.json: metadata of every kind, and how PIL turns an image that has them.

Run with the environment of Examples/requirements.txt:
    python Tests/ImagePreprocessingTests/make_orientations.py

A case is what stands in a small JPEG or PNG between its head and its tail ("early"), and in a PNG
behind the image ("late"), in hexadecimal digits, and the orientation (1 to 8) by which PIL's
ImageOps.exif_transpose turned it. Where PIL fails on the metadata, the image is to stay as it is. All
random numbers have a fixed seed.
"""

import io
import json
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

warnings.simplefilter("ignore")
OUT = Path(__file__).parent / "Images" / "orientations.json"
random.seed(20261129)
METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TYPES = {1: "B", 2: "s", 3: "H", 4: "L", 5: "LL", 6: "b", 7: "B", 8: "h", 9: "l", 10: "ll", 11: "f", 12: "d", 13: "L", 16: "Q"}


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def bases():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[250, 250, 0], [0, 250, 250], [10, 20, 30]]], np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    png = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    out = io.BytesIO()
    Image.fromarray(np.kron(pixels, np.ones((4, 4, 1), np.uint8))).save(out, "JPEG", quality=50)
    data = out.getvalue()
    size = struct.unpack(">H", data[4:6])[0]
    # Without the segment of JFIF, whose resolution decides when PIL looks at the EXIF data.
    return {"png": png, "jpeg": (data[:2], data[4 + size:], b"")}


BASES = bases()


def turned(image):
    array = np.asarray(image.convert("RGB"))
    return {"width": array.shape[1], "height": array.shape[0], "pixels": array.tobytes().hex()}


def upright(kind):
    image = Image.open(io.BytesIO(b"".join(BASES[kind])))
    return [turned(image if n == 1 else image.transpose(METHODS[n])) for n in range(1, 9)]


UPRIGHT = {kind: upright(kind) for kind in BASES}
cases, seen = [], set()


def add(kind, name, early, late=b""):
    key = (kind, early, late)
    if key in seen:
        return
    seen.add(key)
    head, body, tail = BASES[kind]
    try:
        image = Image.open(io.BytesIO(head + early + body + late + tail))
        image.load()
    except Exception:
        return  # PIL cannot open it at all
    entry = {"file": kind, "name": name, "early": early.hex(), "late": late.hex()}
    try:
        entry["orientation"] = UPRIGHT[kind].index(turned(ImageOps.exif_transpose(image))) + 1
    except Exception as error:
        # It may be the writing of the other tags that fails, after the image was turned.
        entry["orientation"], entry["failure"] = told(head + early + body + late + tail), type(error).__name__
    cases.append(entry)


def told(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    try:
        value = image.getexif().get(0x0112, 1)
        return value if value in METHODS else 1
    except Exception:
        return 1


def tiff(entries, endian="<", header=None, lead=b"", offset=8):
    """A TIFF structure with the directory's entries (tag, type, count, bytes)."""
    data, rest = struct.pack(endian + "H", len(entries)), b""
    start = offset + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if len(value) > 4:
            place = struct.pack(endian + "L", start + len(rest))
            rest += value + b"\0" * (len(value) % 2)
        else:
            place = value.ljust(4, b"\0")
        data += struct.pack(endian + "HHL", tag, kind, count) + place
    if header is None:
        header = b"II\x2a\0" if endian == "<" else b"MM\0\x2a"
    return header + struct.pack(endian + "L", offset) + b"\0" * (offset - 8) + data + b"\0\0\0\0" + rest


def entry(kind, *values, endian="<", tag=0x0112):
    code = TYPES[kind]
    if kind == 2:
        data = values[0]
        return tag, kind, len(data), data
    numbers = [number for value in values for number in (value if isinstance(value, tuple) else (value,))]
    data = struct.pack(endian + code[0] * len(numbers), *numbers)
    return tag, kind, len(values), data


def segment(data, marker=0xE1):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def exif(data):
    return segment(b"Exif\0\0" + data)


def xmp(text):
    return segment(b"http://ns.adobe.com/xap/1.0/\0" + text)


def text(keyword, value, kind="tEXt", compressed=False, method=0, valid=True):
    if kind == "tEXt":
        return chunk(b"tEXt", keyword + b"\0" + value)
    if kind == "zTXt":
        return chunk(b"zTXt", keyword + b"\0" + bytes([method]) + zlib.compress(value))
    data = zlib.compress(value) if compressed else value
    return chunk(b"iTXt", keyword + b"\0" + bytes([compressed, method]) + b"en\0key\0" + data)


def profile(data, width=72, label="exif"):
    digits = data.hex()
    lines = "\n".join(digits[i : i + width] for i in range(0, len(digits), width))
    return f"\n{label}\n{len(data):8}\n{lines}\n".encode()


def packet(value, form="attribute"):
    inner = {
        "attribute": f' tiff:Orientation="{value}">',
        "element": f"><tiff:Orientation>{value}</tiff:Orientation>",
        "single": f" tiff:Orientation='{value}'>",
        "spaced": f' tiff:Orientation = "{value}">',
        "other": f' exif:Orientation="{value}">',
    }[form]
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def structures():
    """TIFF structures with the tag in every form."""
    for endian in "<>":
        def one(kind, *values):
            return entry(kind, *values, endian=endian)

        for kind in TYPES:
            for value in (6,) if kind in (2, 5, 7, 10) else (0, 1, 3, 6, 8, 9):
                values = {2: b"6\0", 5: (value * 2, 2), 10: (value, 1)}.get(kind, value)
                yield f"type {kind} value {value} {endian}", tiff([one(kind, values)], endian)
        for name, item in [
            ("two shorts", one(3, 6, 3)), ("three shorts", one(3, 8, 1, 1)), ("two longs", one(4, 5, 1)),
            ("no shorts", (0x0112, 3, 0, b"\6\0\0\0")), ("half", one(11, 6.5)), ("NaN", one(11, float("nan"))),
            ("negative", one(8, -6)), ("a quotient of nothing", one(5, (6, 0))), ("a quotient", one(5, (13, 2))),
            ("a large long", one(4, 0x10006)), ("a negative quotient", one(10, (-12, -2))),
            ("an unknown type", (0x0112, 99, 1, b"\6\0\0\0")), ("a double", one(12, 7.0)),
        ]:
            yield f"{name} {endian}", tiff([item], endian)
        make = entry(2, b"Needletail\0", endian=endian, tag=0x010F)
        yield f"behind others {endian}", tiff([make, one(4, 6)], endian)
        yield f"twice {endian}", tiff([one(3, 6), one(3, 3)], endian)
        yield f"unusable first {endian}", tiff([(0x0112, 99, 1, b"\3\0\0\0"), one(3, 6)], endian)
        yield f"empty first {endian}", tiff([(0x0112, 3, 0, b"\3\0\0\0"), one(3, 6)], endian)
        beyond = (0x010F, 2, 50, struct.pack(endian + "L", 9000))
        far = (0x010F, 2, 5, struct.pack(endian + "L", 9000))
        yield f"behind one too large {endian}", tiff([beyond, one(3, 6)], endian)
        yield f"behind one too far {endian}", tiff([far, one(3, 6)], endian)
        yield f"before one too far {endian}", tiff([one(3, 6), far], endian)
        yield f"no entries {endian}", tiff([], endian)
        yield f"other entries {endian}", tiff([make], endian)
        yield f"directory later {endian}", tiff([one(4, 6)], endian, offset=20)
        yield f"directory beyond {endian}", tiff([one(4, 6)], endian)[:4] + struct.pack(endian + "L", 9999)
        data = tiff([make, one(4, 6)], endian)
        for count in (0, 1, 4, 7, 8, 9, 10, 15, 22, 27, 33, 34, 35, 38, 40):
            yield f"cut after {count} {endian}", data[:count]
        for header in (b"II\x2a\0", b"MM\0\x2a", b"MM\x2a\0", b"II\0\x2a", b"MM\0\x2b", b"II\x2b\0", b"XX\x2a\0", b"II\x2c\0"):
            yield f"header {header} {endian}", tiff([one(3, 6)], endian, header)
    yield "twice the signature", b"Exif\0\0" + tiff([entry(3, 6)])
    yield "thrice the signature", b"Exif\0\0Exif\0\0" + tiff([entry(3, 6)])


def texts():
    """XMP, with the tag in every form."""
    for form in ("attribute", "element", "single", "spaced", "other"):
        for value in ("2", "4", "6", "1", "0", "9", "16", "", "x") if form != "other" else ("6",):
            yield f"{form} '{value}'", packet(value, form)
    yield "two, the second is read", packet("", "attribute") + packet("8", "element")
    yield "two, the first is read", packet("3") + packet("8", "element")
    yield "nothing", b""
    yield "no XML", b"tiff:tiff:Orientation>7"
    yield "no text", b'\xff\xfe tiff:Orientation="5"'


def jpegs():
    for name, data in structures():
        add("jpeg", name, exif(data))
        if not name.startswith("type") or "value 6" in name:
            add("jpeg", name + ", XMP", exif(data) + xmp(packet(8)))
    for name, data in texts():
        add("jpeg", "XMP " + name, xmp(data))
    short, long = tiff([entry(3, 6)]), tiff([entry(4, 3)], ">")
    add("jpeg", "XMP before EXIF", xmp(packet(8)) + exif(short))
    add("jpeg", "two of XMP", xmp(packet(8)) + xmp(packet(5)))
    add("jpeg", "two of XMP, the last without", xmp(packet(8)) + xmp(b"<x/>"))
    add("jpeg", "two of EXIF", exif(short) + exif(long))
    for count in (6, 8, 15, 20):
        add("jpeg", f"EXIF in two parts {count}", exif(long[:count]) + exif(long[count:]))
    add("jpeg", "no signature", segment(long))
    add("jpeg", "another segment", segment(b"Exif\0\0" + short, 0xE2))
    add("jpeg", "another name", segment(b"http://ns.adobe.com/xap/1.1/\0" + packet(6)))
    add("jpeg", "extended XMP", segment(b"http://ns.adobe.com/xmp/extension/\0" + packet(6)))


def pngs():
    for name, data in structures():
        add("png", "eXIf " + name, chunk(b"eXIf", data))
        if not name.startswith("type") or "value 6" in name:
            add("png", "profile " + name, text(b"Raw profile type exif", profile(data)))
    for name, data in texts():
        add("png", "XMP " + name, text(b"XML:com.adobe.xmp", data, "iTXt"))
    short, long = tiff([entry(3, 6)]), tiff([entry(4, 3)], ">")
    key, raw = b"XML:com.adobe.xmp", b"Raw profile type exif"
    for kind, compressed in (("tEXt", False), ("zTXt", True), ("iTXt", False), ("iTXt", True)):
        name = f"{kind} {'compressed' if compressed else ''}"
        for late in (False, True):
            def put(what, data, late=late):
                add("png", f"{name} {what} {'late' if late else ''}", b"" if late else data, data if late else b"")

            put("XMP", text(key, packet(6), kind, compressed))
            put("XMP no text", text(key, packet(6) + b"\xff\xfe", kind, compressed))
            put("profile", text(raw, profile(b"Exif\0\0" + long), kind, compressed))
            put("profile without the signature", text(raw, profile(short), kind, compressed))
            put("profile in short lines", text(raw, profile(long, 6), kind, compressed))
            put("profile of nothing", text(raw, b"", kind, compressed) + text(key, packet(5), kind, compressed))
            put("profile of odd digits", text(raw, profile(short)[:-2], kind, compressed))
            put("profile with other letters", text(raw, profile(short).replace(b"49", b"4g"), kind, compressed))
            put("profile with spaces", text(raw, profile(short).replace(b"4949", b"49 49 "), kind, compressed))
            put("profile with spaces within", text(raw, profile(short).replace(b"4949", b"494 9"), kind, compressed))
            put("profile with other ends of lines", text(raw, profile(short).replace(b"\n", b"\r\n"), kind, compressed))
            put("profile of fewer lines", text(raw, b"exif\n8\n" + short.hex().encode(), kind, compressed))
            put("exif", text(b"exif", short, kind, compressed))
            put("xmp", text(b"xmp", packet(6), kind, compressed))
            put("another name", text(b"XMP", packet(6), kind, compressed))
            put("profile of another", text(b"Raw profile type APP1", profile(b"Exif\0\0" + short), kind, compressed))
    add("png", "another method", chunk(b"zTXt", key + b"\0\1" + zlib.compress(packet(6))))
    add("png", "another method of iTXt", text(key, packet(6), "iTXt", True, 1))
    add("png", "damaged zTXt", chunk(b"zTXt", key + b"\0\0abcdef") + text(raw, profile(long)))
    add("png", "damaged iTXt", chunk(b"iTXt", key + b"\0\1\0\0\0abcdef") + text(raw, profile(long)))
    add("png", "short iTXt", chunk(b"iTXt", key + b"\0\0") + chunk(b"iTXt", key + b"\0\0\0en") + chunk(b"iTXt", key))
    add("png", "short others", chunk(b"tEXt", key) + chunk(b"zTXt", key) + chunk(b"zTXt", key + b"\0") + chunk(b"tEXt", b""))
    add("png", "two of eXIf", chunk(b"eXIf", short), chunk(b"eXIf", long))
    add("png", "eXIf late", b"", chunk(b"eXIf", long))
    add("png", "eXIf and profile", text(raw, profile(short)) + chunk(b"eXIf", long))
    add("png", "eXIf without and profile", text(raw, profile(short)) + chunk(b"eXIf", tiff([])))
    add("png", "empty eXIf, profile and XMP", chunk(b"eXIf", b"") + text(raw, profile(short)) + text(key, packet(8)))
    add("png", "two profiles", text(raw, profile(short)), text(raw, profile(long), "zTXt"))
    add("png", "two of XMP", text(key, packet(8), "iTXt"), text(key, packet(5), "zTXt"))
    add("png", "two of XMP, the last empty", text(key, packet(8), "iTXt"), text(key, b"", "zTXt"))
    add("png", "XMP of no text behind text", text(key, packet(8), "tEXt") + text(key, packet(5) + b"\xff", "iTXt"))
    add("png", "exif and eXIf", text(b"exif", short) + chunk(b"eXIf", long))


def changed(count):
    """Structures and texts with some bytes changed at random."""
    originals = [data for _, data in structures() if len(data) > 20]
    for number in range(count):
        data = bytearray(random.choice(originals))
        for _ in range(random.choice((1, 1, 2, 4))):
            data[random.randrange(len(data))] = random.choice((0, 1, 2, 3, 4, 6, 8, 16, 255, random.randrange(256)))
        data = bytes(data)
        add("jpeg", f"changed {number}", exif(data) + (xmp(packet(8)) if number % 2 else b""))
        kind = random.choice(("tEXt", "zTXt"))
        add("png", f"changed {number}", text(b"Raw profile type exif", profile(data), kind) if number % 3 else chunk(b"eXIf", data))


if __name__ == "__main__":
    jpegs()
    pngs()
    changed(150)
    parts = {kind: {"head": a.hex(), "body": b.hex(), "tail": c.hex(), "upright": UPRIGHT[kind]} for kind, (a, b, c) in BASES.items()}
    lines = ",\n".join(json.dumps(entry) for entry in cases)
    OUT.write_text(f'{{"pillow": "{PIL.__version__}", "files": {json.dumps(parts)}, "cases": [\n{lines}\n]}}\n')
    found = {n: sum(entry["orientation"] == n for entry in cases) for n in range(1, 9)}
    print(len(cases), "cases,", OUT.stat().st_size, "bytes", found, sum("failure" in e for e in cases), "failures")
