"""Proofs of the Debian package, in systems that have nothing more than it needs."""

import shutil
import subprocess

from bare_systems import common, systems, wheels
from bare_systems.tarball import runtime


def brought(system, place, program, scratch):
    """The package, in a folder of the system."""
    [package] = wheels.build(program, scratch / "debian", "debian")
    shutil.copy(package, system.inside(place))
    common.bring(system, place)
    return f"{place}/{package.name}"


def proofs(rows, release, program, scratch):
    with systems.copy(systems.make(release)) as system, system.place() as place:
        print(f"\n{system.name}, nothing added", flush=True)
        package = brought(system, place, program, scratch)
        before = files(system)
        done = system.run("dpkg", "-i", package, user=0)
        rows("dpkg -i", done.status and done.output + done.errors)
        shutil.copy(runtime(), system.inside(place))
        given = {"settings": {"NEEDLETAIL_RUNTIMES": place}}
        common.predicts(rows, system, place, "needletail", **given)
        common.serves(rows, system, place, "needletail", **given)
        common.completes(
            rows, system, place, "/usr/share/bash-completion/completions/needletail", **given)
        done = system.run("dpkg", "--purge", "needletail", user=0)
        left = "\n".join(sorted(files(system) - before))
        rows("dpkg --purge leaves nothing", left if done.status == 0 else done.output + done.errors)


def files(system):
    """What is installed in the system, without dpkg's own records of it."""
    found = subprocess.run(
        systems.rooted("find", system.inside("/usr"), system.inside("/etc"), "-not", "-type", "d"),
        capture_output=True, text=True, check=True)
    return set(found.stdout.splitlines())


def refusals(rows, system, program, scratch):
    """On a system whose glibc is too old."""
    with systems.copy(system) as system, system.place() as place:
        package = brought(system, place, program, scratch)
        common.refuses(
            rows, system, "dpkg -i refuses the package", ["dpkg", "-i", package],
            "needletail depends on libc6 (>=", user=0)
