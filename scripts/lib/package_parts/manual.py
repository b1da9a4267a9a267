"""The page of the manual, in man's own language, from what the command tells of itself by
`--experimental-dump-help`."""

import json
import subprocess
import sys

# Text that roff would take for something else.
ESCAPES = [("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga")]


def escaped(text):
    for plain, escape in ESCAPES:
        text = text.replace(plain, escape)
    # At the beginning of a line a point begins a request.
    return "\n".join("\\&" + line if line.startswith(".") else line for line in text.splitlines())


def paragraphs(text):
    return [escaped(part) for part in text.split("\n\n") if part.strip()]


def spelled(argument):
    """An argument as one writes it, in bold, with the name of its value in italics."""
    value = "\\fI" + escaped(argument.get("valueName", "")) + "\\fR"
    if argument["kind"] == "positional":
        return value
    names = [
        ("--" if name["kind"] == "long" else "-") + name["name"] for name in argument.get("names", [])
    ]
    text = ", ".join("\\fB" + escaped(name) + "\\fR" for name in names)
    return f"{text} {value}" if argument["kind"] == "option" else text


def synopsis(arguments):
    shown = []
    for argument in arguments:
        if argument["kind"] == "flag" and argument["valueName"] in ("help", "version"):
            continue
        text = spelled(argument) + ("..." if argument.get("isRepeating") else "")
        shown.append(f"[{text}]" if argument.get("isOptional") else text)
    return " ".join(shown)


def options(arguments):
    lines = []
    for argument in arguments:
        lines += [".TP", spelled(argument), escaped(argument.get("abstract", "")) or "\\&"]
        given = argument.get("defaultValue")
        if given and argument["kind"] != "flag":
            lines.append(escaped(f"(default: {given})"))
    return lines


def shown(items):
    return [item for item in items or [] if item.get("shouldDisplay", True)]


def flat(command, above=""):
    """The commands below one, with their names as they are written: spark start."""
    for sub in shown(command.get("subcommands")):
        if sub["commandName"] == "help":
            continue
        name = f"{above}{sub['commandName']}"
        yield from list(flat(sub, name + " ")) or [(name, sub)]


def page(help, version):
    """The page, from the JSON."""
    command = help["command"]
    name, commands = command["commandName"], list(flat(command))
    lines = [
        f'.TH "{name.upper()}" "1" "" "{name} {version}" "User Commands"', ".SH NAME",
        f"{name} \\- {escaped(command['abstract'].rstrip('.'))}", ".SH SYNOPSIS",
    ]
    for index, (words, sub) in enumerate(commands):
        if index:
            lines.append(".PP")
        lines += [f"\\fB{name} {words}\\fR {synopsis(shown(sub['arguments']))}"]
    for words, sub in commands:
        lines += [f".SH {words.upper()}", escaped(sub["abstract"])]
        for paragraph in paragraphs(sub.get("discussion", "")):
            lines += [".PP", paragraph]
        lines += options(shown(sub["arguments"]))
    lines += [
        ".SH FILES", "Inference runtimes and Spark are found in the folders that \\fBNEEDLETAIL_RUNTIMES\\fR",
        "names, beside the command, and in Python environments: an active one, the one that the command was",
        "installed into, or one called \\fI.venv\\fR in the current folder or above it.", ".SH EXIT STATUS",
        "0 if all went well, 64 for a command that cannot be understood, another number for what failed.",
    ]
    return "\n".join(lines) + "\n"


def main():
    """Prints the page of the command whose program is named: `manual.py .build/release/needletail`."""
    if len(sys.argv) != 2:
        sys.exit("usage: manual.py PROGRAM")
    help, version = (
        subprocess.run([sys.argv[1], option], check=True, capture_output=True, text=True).stdout
        for option in ("--experimental-dump-help", "--version"))
    print(page(json.loads(help), version.splitlines()[0]), end="")


if __name__ == "__main__":
    main()
