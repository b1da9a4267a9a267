"""The IDX files of MNIST and FashionMNIST: a big-endian header, then unsigned bytes; often gzipped."""

import gzip
import struct
from pathlib import Path

import numpy as np

UNSIGNED_BYTES = 0x08


def write(path, array):
    """Writes an array of bytes, gzipped where the name ends in .gz, the same bytes every time."""
    array = np.ascontiguousarray(array, dtype=np.uint8)
    header = struct.pack(">HBB", 0, UNSIGNED_BYTES, array.ndim)
    content = header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    if Path(path).suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    Path(path).write_bytes(content)


def read(path):
    """Reads an array of bytes with the shape that the header tells."""
    opener = gzip.open if Path(path).suffix == ".gz" else open
    with opener(path, "rb") as file:
        content = file.read()
    zero, kind, rank = struct.unpack(">HBB", content[:4])
    if zero != 0 or kind != UNSIGNED_BYTES:
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if values.size != np.prod(shape):
        raise ValueError(f"{path} has {values.size} values, and its header tells {shape}")
    return values.reshape(shape)


def read_part(folder, part):
    """The images and labels of one part ("train" or "t10k") of a folder as it is published."""
    folder = Path(folder)

    def find(name):
        for path in (folder / f"{name}.gz", folder / name):
            if path.exists():
                return read(path)
        raise SystemExit(f"there is neither {name}.gz nor {name} in {folder}")

    return find(f"{part}-images-idx3-ubyte"), find(f"{part}-labels-idx1-ubyte")


def write_part(folder, part, images, labels):
    write(Path(folder) / f"{part}-images-idx3-ubyte.gz", images)
    write(Path(folder) / f"{part}-labels-idx1-ubyte.gz", labels)
