"""Proves that each message which docs/Troubleshooting.md quotes is one of the sources' messages.

A quotation is what stands in backticks in the first column of a table; "..." in it stands for anything,
and so does what a message puts in at run time. Messages of Spark and of the system are left out.

    python scripts/checks/quoted_messages.py
"""

import importlib.machinery
import importlib.util
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "Troubleshooting.md"
# What Spark and the system's loader say.
FOREIGN = [
    "AGGREGATE_FUNCTION_WITH_NONDETERMINISTIC_EXPRESSION",
    "INVALID_NON_DETERMINISTIC_EXPRESSIONS",
    "error while loading shared libraries",
    "version 'GLIBC_...' not found",
]
# Shorter parts prove nothing by themselves.
LEAST = 12


def messages():
    """The texts of scripts/list-messages."""
    loader = importlib.machinery.SourceFileLoader("messages", str(ROOT / "scripts/list-messages"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("messages", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return [said for path in module.sources([]) for _, said in module.messages(path)]


def quotations():
    """The quotations with their lines."""
    found = []
    for number, line in enumerate(DOCUMENT.read_text().splitlines(), 1):
        cell = line.split(" | ")[0] if line.startswith("| ") else ""
        found += [(number, said) for said in re.findall(r"`([^`]+)`", cell)]
    return found


def parts(quotation):
    """What stands between the wildcards; a code in brackets is put before the message."""
    plain = re.sub(r"^\[[A-Z0-9_]+\] ?", "", quotation)
    found = [part.strip(" ,:;'") for part in plain.split("...")]
    return [part for part in found if part]


def codes():
    """The codes of errors in the sources: texts in capitals. Those of KServe get their first word when
    they are shown."""
    text = "\n".join(path.read_text() for path in (ROOT / "Sources").rglob("*.swift"))
    found = re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"', text)
    return set(found) | {f"KSERVE_{code}" for code in found}


def is_said(part, known):
    """Whether a part of a quotation stands in a message, or is a whole one with something put in."""
    return any(part in said for said in known) or any(
        re.fullmatch(".{0,60}".join(map(re.escape, said.split("{…}"))), part)
        for said in known
        if "{…}" in said and len(said.replace("{…}", "")) >= max(LEAST, len(part) * 2 // 3))


def matches(quotation, known):
    """Whether a message has all parts of a quotation in their order; or, of a message that is put
    together of several, each part is in one."""
    wanted = parts(quotation)
    pattern = re.compile(".*".join(map(re.escape, wanted)))
    if any(pattern.search(said) for said in known):
        return True
    return any(len(part) >= LEAST for part in wanted) and all(
        is_said(part, known) for part in wanted)


def main():
    known, all_codes, failed = messages(), codes(), 0
    checked = 0
    for line, quotation in quotations():
        if quotation in FOREIGN:
            continue
        checked += 1
        for code in re.findall(r"^\[([A-Z0-9_]+)\]", quotation):
            if code not in all_codes:
                print(f"{DOCUMENT.name}:{line}: no error has the code {code}")
                failed += 1
        if parts(quotation) and not matches(quotation, known):
            print(f"{DOCUMENT.name}:{line}: no message of the sources is '{quotation}'")
            failed += 1
    print(f"{checked} quotations, {len(known)} messages: {failed} are not there")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
