"""Makes the images that the tests read, and what PIL and TensorFlow make of them.

Run with the environment of Examples/requirements.txt:
    python Tests/ImagePreprocessingTests/make_images.py

Writes Images/*.png and *.jpg, Images/cases.json and Images/expected.bin. A case names a file, the
settings and the result: for PIL the FNV-1a sum of its bytes, or the bytes themselves in expected.bin;
for TensorFlow its floats there. Pixels come from a fixed seed, so a second run changes nothing unless
PIL does.
"""

import io
import json
import os
import struct
import zlib
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import PIL
from PIL import Image, ImageOps, features

OUT = Path(__file__).parent / "Images"
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
random = np.random.default_rng(20261124)
cases, expected = [], bytearray()


def picture(width, height):
    """Something with smooth parts, edges and noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(x / (3 + c) + c) * np.cos(y / (5 - c)) * 90 + 120 for c in range(3)]
    image = np.stack(waves, -1) + random.normal(0, 12, (height, width, 3))
    image[(x + 2 * y) % 23 < 5] = random.integers(0, 256, 3)
    return np.clip(image, 0, 255).astype(np.uint8)


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def pack(samples, bits):
    """One row of samples as bytes."""
    flat = np.asarray(samples).reshape(-1)
    if bits == 16:
        return flat.astype(">u2").tobytes()
    if bits == 8:
        return flat.astype(np.uint8).tobytes()
    text = "".join(format(int(value), f"0{bits}b") for value in flat)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


def filtered(row, above, distance, kind):
    """A row as PNG's filter number `kind` stores it."""
    result = bytearray([kind])
    for i, value in enumerate(row):
        a = row[i - distance] if i >= distance else 0
        b = above[i]
        c = above[i - distance] if i >= distance else 0
        p = a + b - c
        nearest = min((a, b, c), key=lambda v: (abs(p - v)))
        guess = [0, a, b, (a + b) // 2, nearest][kind]
        result.append((value - guess) & 255)
    return bytes(result)


def scan(samples, bits):
    """The filtered rows of a (sub)image of shape [height, width, channels]."""
    result, above = b"", None
    distance = max(1, samples.shape[2] * bits // 8)
    for row in samples:
        data = pack(row, bits)
        above = above or bytes(len(data))
        result += filtered(data, above, distance, int(random.integers(0, 5)))
        above = data
    return result


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, bits, color, interlaced=False, extra=b"", late=b""):
    """A PNG file of any kind; PIL itself writes only some."""
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        data = b"".join(scan(part, bits) for part in parts if part.size)
    else:
        data = scan(samples, bits)
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced))
    data = zlib.compress(data, 9)
    half = len(data) // 2
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data[:half])
        + late + chunk(b"IDAT", data[half:]) + chunk(b"IEND", b"")
    )


def fnv(data):
    total = 0xCBF29CE484222325
    for byte in data:
        total = ((total ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def case(name, array, **settings):
    array = np.ascontiguousarray(array)
    entry = {"file": name, "height": array.shape[0], "width": array.shape[1], **settings}
    if array.dtype == np.float32 or array.size <= 1500:
        entry["offset"] = len(expected)
        expected.extend(array.tobytes())
    else:
        entry["sum"] = fnv(array.tobytes())
    cases.append(entry)


def save(name, data):
    (OUT / name).write_bytes(data)
    return name


def opened(name):
    return Image.open(OUT / name)


def decode_case(name):
    image = opened(name)
    case(name, np.asarray(image.convert("RGB")), kind="decode")
    case(name, np.asarray(image.convert("L"))[..., None], kind="decode", channels="grey")


def make_pngs():
    w, h = 21, 17
    rgb = picture(w, h)
    deep = rgb.astype(np.uint16) * 257 + random.integers(-90, 90, rgb.shape)
    deep = np.clip(deep, 0, 65535).astype(np.uint16)
    alpha = random.integers(0, 256, (h, w, 1))
    names = []

    def add(name, *arguments, **options):
        names.append(save(f"{name}.png", png(*arguments, **options)))

    for interlaced in (False, True):
        tail = "_interlaced" if interlaced else ""
        for bits in (1, 2, 4, 8):
            add(f"grey{bits}{tail}", rgb[..., :1] >> (8 - bits), bits, 0, interlaced)
            count = min(1 << bits, 200)
            palette = chunk(b"PLTE", random.integers(0, 256, count * 3).astype(np.uint8).tobytes())
            indices = random.integers(0, count, (h, w, 1))
            add(f"palette{bits}{tail}", indices, bits, 3, interlaced, palette)
        add(f"grey16{tail}", np.where(alpha < 128, deep[..., :1] >> 8, deep[..., :1]), 16, 0, interlaced)
        add(f"grey_alpha8{tail}", np.concatenate([rgb[..., :1], alpha], -1), 8, 4, interlaced)
        add(f"grey_alpha16{tail}", np.concatenate([deep[..., :1], alpha * 257], -1), 16, 4, interlaced)
        add(f"rgb8{tail}", rgb, 8, 2, interlaced)
        add(f"rgb16{tail}", deep, 16, 2, interlaced)
        add(f"rgba8{tail}", np.concatenate([rgb, alpha], -1), 8, 6, interlaced)
        add(f"rgba16{tail}", np.concatenate([deep, alpha * 257], -1), 16, 6, interlaced)
    gamma = chunk(b"gAMA", struct.pack(">I", 100000))
    add("rgb8_gamma", rgb, 8, 2, extra=gamma + chunk(b"sBIT", b"\5\6\5"))
    add("rgb16_gamma", deep, 16, 2, extra=gamma)
    add("rgb8_transparent", rgb, 8, 2, extra=chunk(b"tRNS", struct.pack(">HHH", *rgb[0, 0])))
    add("grey8_transparent", rgb[..., :1], 8, 0, extra=chunk(b"tRNS", struct.pack(">H", rgb[0, 0, 0])))
    colors = chunk(b"PLTE", random.integers(0, 256, 30).astype(np.uint8).tobytes())
    small = random.integers(0, 10, (h, w, 1))
    add("palette8_transparent", small, 8, 3, extra=colors + chunk(b"tRNS", bytes(range(0, 250, 25))))
    add("palette8_animated", small, 8, 3, extra=chunk(b"acTL", struct.pack(">II", 1, 0)) + colors)
    add("pixel", rgb[:1, :1], 8, 2)
    add("line", rgb[:, :1], 8, 2, True)
    for name in names:
        decode_case(name)
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", exif=orientation(6))
    save("orientation.png", out.getvalue())
    case("orientation.png", np.asarray(ImageOps.exif_transpose(opened("orientation.png"))), kind="upright")
    return names


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    exif[0x010F] = "Needletail"
    return exif.tobytes()


def make_jpegs():
    rgb = picture(45, 35)

    def add(name, image, **options):
        out = io.BytesIO()
        image.save(out, "JPEG", **options)
        decode_case(save(f"{name}.jpg", out.getvalue()))

    image = Image.fromarray(rgb)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        name = subsampling.replace(":", "")
        add(f"jpeg{name}", image, subsampling=subsampling, quality=90)
        add(f"jpeg{name}_progressive", image, subsampling=subsampling, quality=80, progressive=True)
    add("jpeg_poor", image, quality=8)
    add("jpeg_best", image, quality=100, subsampling=0)
    add("jpeg_rgb", image, quality=90, keep_rgb=True)
    add("jpeg_restarts", image, quality=85, restart_marker_blocks=2)
    add("jpeg_grey", image.convert("L"), quality=90)
    add("jpeg_cmyk", image.convert("CMYK"), quality=90)
    add("jpeg_comment", image, quality=60, comment=b"\xff\xd8\xff\xd9 no end yet", exif=orientation(3))
    add("jpeg_pixel", Image.fromarray(rgb[:1, :1]), quality=90)
    add("jpeg_tall", Image.fromarray(rgb[:31, :3]), quality=90)
    for value in range(1, 9):
        out = io.BytesIO()
        Image.fromarray(rgb[:12, :19]).save(out, "JPEG", quality=70, exif=orientation(value))
        name = save(f"orientation{value}.jpg", out.getvalue())
        case(name, np.asarray(ImageOps.exif_transpose(opened(name))), kind="upright")
    big = Image.fromarray(picture(203, 150))
    out = io.BytesIO()
    big.save(out, "JPEG", quality=75)
    save("large.jpg", out.getvalue())
    for size in ((100, 75), (60, 40), (25, 18), (203, 150)):
        image = opened("large.jpg")
        image.draft("RGB", size)
        case("large.jpg", np.asarray(image.resize(size)), kind="resize", draft=True, filter="bicubic")


def make_resized():
    save("source.png", png(picture(83, 61), 8, 2))
    source = opened("source.png")
    sizes = [(83, 61), (40, 30), (224, 224), (1, 1), (7, 90), (83, 20), (31, 61), (166, 122), (3, 2)]
    # Those in which Pillow resizes the columns first, and ones just short of that.
    sizes += [(80, 20), (90, 40), (64, 22), (63, 21), (64, 23)]
    for name in FILTERS:
        method = Image.Resampling[name.upper()]
        for size in sizes:
            case("source.png", np.asarray(source.resize(size, method)), kind="resize", filter=name)
        for size in ((24, 24), (50, 20), (20, 50), (100, 100), (75, 33)):
            fitted = ImageOps.fit(source, size, method)
            padded = ImageOps.pad(source, size, method, color=(10, 200, 30))
            case("source.png", np.asarray(fitted), kind="cover", filter=name)
            case("source.png", np.asarray(padded), kind="contain", filter=name)
            for side in (32, 57, 120):
                case("source.png", center_crop(source, side, size, method), kind="centerCrop", side=side, filter=name)
        region = source.crop((11, 7, 60, 50)).resize((20, 20), method)
        case("source.png", np.asarray(region), kind="region", x=11, y=7, w=49, h=43, filter=name)
    for name in ("pixel.png", "line.png", "grey8.png", "rgba16.png"):
        for size in ((5, 4), (33, 29)):
            array = np.asarray(opened(name).convert("RGB").resize(size))
            case(name, array, kind="resize", filter="bicubic")
    # Very far down, so that a pixel has hundreds of weights.
    out = io.BytesIO()
    Image.fromarray(picture(1500, 9)).convert("L").save(out, "PNG")
    save("wide.png", out.getvalue())
    for name in FILTERS[1:]:
        array = np.asarray(opened("wide.png").convert("RGB").resize((3, 3), Image.Resampling[name.upper()]))
        case("wide.png", array, kind="resize", filter=name)


def center_crop(image, side, size, method):
    """torchvision's Resize and CenterCrop, written out."""
    width, height = image.size
    shorter, longer = min(width, height), max(width, height)
    other = int(side * longer / shorter)
    resized = np.asarray(image.resize((side, other) if width <= height else (other, side), method))
    width, height = size
    short = [max(0, n - m) for n, m in ((height, resized.shape[0]), (width, resized.shape[1]))]
    resized = np.pad(resized, [(n // 2, (n + 1) // 2) for n in short] + [(0, 0)])
    top = int(round((resized.shape[0] - height) / 2.0))
    left = int(round((resized.shape[1] - width) / 2.0))
    return resized[top : top + height, left : left + width]


def make_tensorflow():
    import tensorflow as tf

    source = np.asarray(opened("source.png"))
    for method in ("nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"):
        for antialias in (False, True):
            for size in ((20, 15), (40, 90), (83, 31)) if method in ("bilinear", "bicubic") else ((20, 15), (95, 70)):
                if size == (95, 70) and antialias:
                    continue
                resized = tf.image.resize(source, size[::-1], method, antialias=antialias)
                array = np.asarray(resized, np.float32)
                if array.size > 6000:
                    array = array[:, :20]
                case("source.png", array, kind="tensorflow", filter=method, antialias=antialias, fullWidth=size[0])
    import keras

    layer = keras.layers.Resizing(16, 24, crop_to_aspect_ratio=True)
    # Of whole numbers Keras would make whole numbers again.
    resized = np.asarray(layer(source.astype(np.float32)))
    case("source.png", resized, kind="keras", filter="bilinear", fullWidth=24)
    return tf.__version__


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    make_pngs()
    make_jpegs()
    make_resized()
    tensorflow = make_tensorflow()
    versions = {
        "pillow": PIL.__version__, "libjpeg-turbo": features.version_feature("libjpeg_turbo"),
        "tensorflow": tensorflow,
    }
    text = ",\n".join(json.dumps(entry) for entry in cases)
    (OUT / "cases.json").write_text(f'{{"versions": {json.dumps(versions)}, "cases": [\n{text}\n]}}\n')
    (OUT / "expected.bin").write_bytes(expected)
    print(len(cases), "cases,", sum(f.stat().st_size for f in OUT.iterdir()), "bytes")
