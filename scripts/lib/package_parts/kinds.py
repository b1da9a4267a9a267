"""The three packages, each from the tree that they share: what is where, and what describes it."""

import hashlib
import re
from pathlib import Path

from package_parts import archives
from package_parts.contents import LICENCES, PLUGIN, PROGRAM, SWIFT, Entry, fail
from package_parts.elf import newest_versions

SUMMARY = "Distributed deep-learning inference on Apache Spark, native in Swift"
DESCRIPTION = "Runs trained models over tables in files and in Spark, and serves them."
# The package of each extra, in the lists of requirements.
EXTRAS = {
    "onnx": "onnxruntime", "spark": "pyspark", "tensorflow": "tensorflow-cpu", "torch": "torch",
}
# The release of GCC whose libstdc++ has a version of symbols, for Debian's dependencies.
COMPILERS = {29: 11, 30: 12, 31: 13, 32: 13, 33: 14, 34: 15}
# The second number of the oldest glibc that stands beside such a libstdc++ in a released system.
GLIBC_BESIDE = {29: 34, 30: 35, 31: 37, 32: 38, 33: 39, 34: 41}
# Where the command itself lies in the tarball, whose `bin` has what looks at the system first.
BEHIND_LAUNCHER = "libexec/needletail"
LAUNCHER = Path(__file__).with_name("launcher.sh")


def dotted(number):
    return ".".join(map(str, number))


def oldest_glibc(files):
    """The oldest release of glibc whose systems have all that `files` need, as (2, 35)."""
    needs = newest_versions(files)
    return max(needs["GLIBC"][:2], (2, GLIBC_BESIDE.get(needs.get("GLIBCXX", (0,))[-1], 0)))


def tarball(tree, version, files):
    """Here nothing that installs looks at the system, so a script does before the command starts."""
    name = f"needletail-{version}-linux-x86_64"
    text = LAUNCHER.read_text().replace("@GLIBC@", dotted(oldest_glibc(files.values())))
    moved = {**tree, BEHIND_LAUNCHER: tree[PROGRAM], PROGRAM: Entry(text.encode(), 0o755)}
    return f"{name}.tar.gz", archives.gzipped(archives.tar(moved, f"{name}/"))


def files_tarball(plugin, libraries, licences, version):
    """The plug-in for files with Arrow's libraries, to unpack over the other one."""
    name = f"needletail-{version}-linux-x86_64"
    tree = {f"lib/{n}": Entry(bytes(f.data), 0o755) for n, f in {PLUGIN: plugin, **libraries}.items()}
    tree |= {f"{LICENCES}/{n}": Entry(text) for n, text in licences.items()}
    return f"needletail-files-{version}-linux-x86_64.tar.gz", archives.gzipped(archives.tar(tree, f"{name}/"))


def pins(lists):
    """The exact versions in lists of requirements: the text of a line by the package's name."""
    found = {}
    for text in lists:
        for line in text.splitlines():
            match = re.match(r"([A-Za-z0-9_.-]+)(\[[a-z,]+\])?==", line)
            if match:
                found.setdefault(match[1].lower(), line.strip())
    return found


def wheel(tree, version, files, module, plugin, arrow_version, requirements):
    """The command goes into the environment's `bin`, Swift's runtime below its `lib`. The plug-in lies
    among the libraries of pyarrow, which it is linked with: pip brings those. Only the wheel has the
    module for PySpark."""
    glibc = oldest_glibc([*files.values(), plugin])
    tag = f"py3-none-manylinux_{glibc[0]}_{glibc[1]}_x86_64"
    information, data = f"needletail-{version}.dist-info", f"needletail-{version}.data"
    pinned = pins(requirements)
    # 2600 is 26.0 with any third number.
    number = int(arrow_version)
    lines = [
        "Metadata-Version: 2.4", "Name: needletail", f"Version: {version}", f"Summary: {SUMMARY}",
        "License-Expression: Apache-2.0", "Requires-Python: >=3.10",
        f"Requires-Dist: pyarrow=={number // 100}.{number % 100}.*",
    ]
    for extra, package in EXTRAS.items():
        if package not in pinned:
            fail(f"the lists of requirements have no {package}==VERSION for the extra {extra}")
        lines += [f"Provides-Extra: {extra}", f'Requires-Dist: {pinned[package]}; extra == "{extra}"']
    licences = {}
    for name, entry in tree.items():
        if name.startswith(LICENCES + "/"):
            base = name.rsplit("/", 1)[1]
            licences[f"{information}/licenses/{base}"] = entry
            lines.append(f"License-File: {base}")
    entries = {
        f"{data}/scripts/needletail": tree[PROGRAM],
        f"pyarrow/{PLUGIN}": Entry(bytes(plugin.data), 0o755),
        **module,
        f"{information}/METADATA": Entry(("\n".join(lines) + f"\n\n{DESCRIPTION}\n").encode()),
        f"{information}/WHEEL": Entry(
            f"Wheel-Version: 1.0\nGenerator: needletail\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()),
        **licences,
    }
    for name, entry in tree.items():
        if name.startswith((SWIFT + "/", "share/man/", "share/bash", "share/zsh", "share/fish")):
            entries[f"{data}/data/{name}"] = entry
    record = f"{information}/RECORD"
    return f"needletail-{version}-{tag}.whl", archives.wheel(entries, record)


def debian(tree, version, files, plugin, libraries, licences):
    """The command lies in a folder of its own with its libraries, and /usr/bin has a link to it."""
    home = "usr/lib/needletail"
    entries = {"usr/bin/needletail": Entry(link="../lib/needletail/bin/needletail")}
    for name, entry in tree.items():
        if name.startswith("share/man/"):
            entries[f"usr/{name}.gz"] = Entry(archives.gzipped(entry.data))
        elif name.startswith("share/zsh/"):
            entries[f"usr/share/zsh/vendor-completions/{name.rsplit('/', 1)[1]}"] = entry
        else:
            entries[f"usr/{name}" if name.startswith("share/") else f"{home}/{name}"] = entry
    for name, file in {PLUGIN: plugin, **libraries}.items():
        entries[f"{home}/lib/{name}"] = Entry(bytes(file.data), 0o755)
    for name, text in licences.items():
        entries[f"usr/{LICENCES}/{name}"] = Entry(text)
    entries["usr/share/doc/needletail/copyright"] = Entry(
        b"Needletail is under the Apache License 2.0 (/usr/share/common-licenses/Apache-2.0).\n"
        b"What is linked into it has the licences in the folder licenses.\n")
    needs = newest_versions([*files.values(), plugin, *libraries.values()])
    compiler = COMPILERS.get(needs["GLIBCXX"][-1]) or fail(
        f"which GCC has GLIBCXX_{dotted(needs['GLIBCXX'])}? Add it to COMPILERS")
    size = sum(len(entry.data) for entry in entries.values()) // 1024
    control = f"""\
Package: needletail
Version: {version}
Architecture: amd64
Maintainer: The Needletail authors <needletail@localhost>
Installed-Size: {size}
Depends: libc6 (>= {dotted(needs["GLIBC"])}), libgcc-s1, libstdc++6 (>= {compiler}), zlib1g
Recommends: libzstd1, liblz4-1, libturbojpeg0 | libturbojpeg, libpng16-16 | libpng16-16t64
Suggests: python3-venv, default-jre-headless
Section: science
Priority: optional
Description: {SUMMARY}
 {DESCRIPTION}
"""
    sums = "".join(
        f"{hashlib.md5(entry.data).hexdigest()}  {name}\n"
        for name, entry in sorted(entries.items()) if not entry.link)
    about = {"control": Entry(control.encode()), "md5sums": Entry(sums.encode())}
    members = [
        ("debian-binary", b"2.0\n"), ("control.tar.xz", archives.xz(archives.tar(about, "./"))),
        ("data.tar.xz", archives.xz(archives.tar(entries, "./"))),
    ]
    return f"needletail_{version}_amd64.deb", archives.ar(members)
