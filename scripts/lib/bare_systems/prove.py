"""Runs the proofs; scripts/bare-system starts it when all that they need is there."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bare_systems import debian, tarball, wheel  # noqa: E402
from bare_systems.rows import Rows  # noqa: E402
from bare_systems.systems import RELEASES, Failure, end_in_order, make  # noqa: E402

KINDS = {"tarball": tarball, "wheel": wheel, "deb": debian}
# Its glibc is older than what any of the packages needs.
TOO_OLD = "11"


def main():
    parser = argparse.ArgumentParser(prog="scripts/bare-system")
    parser.add_argument("program", type=Path)
    parser.add_argument("what", nargs="*", help="of the packages, and of Debian's releases")
    given = parser.parse_args()
    kinds = [word for word in given.what if word in KINDS] or list(KINDS)
    releases = [word for word in given.what if word in RELEASES] or ["12"]
    end_in_order()
    rows = Rows()
    with tempfile.TemporaryDirectory(prefix="needletail-bare-") as scratch:
        for release in releases:
            for kind in kinds:
                module = KINDS[kind]
                try:
                    if release == TOO_OLD:
                        system = make(release, wheel.PYTHON)
                        print(f"\n{system.name}, which is too old for {kind}", flush=True)
                        module.refusals(rows, system, given.program, Path(scratch))
                    else:
                        module.proofs(rows, release, given.program, Path(scratch))
                except Failure as error:
                    rows(f"{kind} on Debian {release}", error)
    if rows.failed:
        raise SystemExit(f"bare-system: {rows.failed} failed")


main()
