"""Archives whose bytes follow from what is in them: names in order, one time for all, no users."""

import base64
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile

# 1980-01-01, the first day that a zip file can name.
TIME = 315532800
# How hard to compress, from 1 to 9, for all archives.
level = 9


def tar(tree, prefix=""):
    """A tar file of `tree`, which names its files and links."""
    folders = set()
    for name in tree:
        parts = (prefix + name).split("/")[:-1]
        folders |= {"/".join(parts[: i + 1]) for i in range(len(parts))} - {"."}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        entries = {folder: None for folder in folders} | {prefix + n: e for n, e in tree.items()}
        for name, entry in sorted(entries.items()):
            header = tarfile.TarInfo(name)
            header.mtime, header.uname, header.gname = TIME, "root", "root"
            if entry is None:
                header.type, header.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(header)
            elif entry.link:
                header.type, header.mode, header.linkname = tarfile.SYMTYPE, 0o777, entry.link
                archive.addfile(header)
            else:
                header.size, header.mode = len(entry.data), entry.mode
                archive.addfile(header, io.BytesIO(entry.data))
    return out.getvalue()


def gzipped(data):
    return gzip.compress(data, level, mtime=0)


def xz(data):
    return lzma.compress(data, preset=level)


def wheel(tree, record):
    """A zip file of `tree` with the list of its files' hashes under the name `record`, at its end as the
    specification of wheels advises."""
    lines = []
    for name, entry in sorted(tree.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(entry.data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(entry.data)}\n")
    text = "".join(lines) + f"{record},,\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, entry in [*sorted(tree.items()), (record, None)]:
            header = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            header.compress_type, header.create_system = zipfile.ZIP_DEFLATED, 3
            header.external_attr = (0o100000 | (entry.mode if entry else 0o644)) << 16
            archive.writestr(header, entry.data if entry else text)
    return out.getvalue()


def ar(members):
    """The archive of `ar`, which a Debian package is, of names with data."""
    out = [b"!<arch>\n"]
    for name, data in members:
        out.append(f"{name:<16}{TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode())
        out.append(data + b"\n" * (len(data) % 2))
    return b"".join(out)
