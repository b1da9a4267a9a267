"""Runs examples and compares what they print with the output saved in their README.md.

    python Examples/run.py --programs FOLDER [--save] [NAME...]

Each predicts in its workers, and with --served through servers beside them too.

The saved output stands between the lines `<!-- output -->` and `<!-- end of output -->`. Times are not
compared, and fractions to three digits. --save writes it anew, and the example's picture.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
PICTURES = {
    "FashionMNIST": "fashion",
    "HousingRegression": "housing",
    "DigitRecognition": "digits",
    "FlowerRecognition": "flowers",
    "SentenceEmbeddings": "similarity",
}
NAMES = [
    "FashionMNIST",
    "HousingRegression",
    "DigitRecognition",
    "PetAdoption",
    "FlowerRecognition",
    "TextClassification",
    "TranslationTorch",
    "TranslationTensorFlow",
    "SentimentTorch",
    "SentimentTensorFlow",
    "SentenceEmbeddings",
]
BEGIN, END = "<!-- output -->\n```\n", "```\n<!-- end of output -->"
TIME_LIMIT = 600


NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def lasting(text):
    """The lines without their times, and without the padding of tables, which follows the digits."""
    lines = [re.sub(r"\d+\.\d+ s$", "", line) for line in text.strip().splitlines()]
    return [re.sub(r"-{2,}", "-", re.sub(r"\s+", " ", line)).strip() for line in lines]


def same(wanted, found):
    """Whether two lines are alike but for the last digits of fractions, which processors differ in."""
    if NUMBER.sub("#", wanted) != NUMBER.sub("#", found):
        return False
    for a, b in zip(NUMBER.findall(wanted), NUMBER.findall(found)):
        fraction = "." in a or "." in b
        if a != b and not (fraction and abs(float(a) - float(b)) <= 1e-3 * max(1, abs(float(a)))):
            return False
    return True


def saved(readme):
    text = readme.read_text()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{readme} has no place for the output ({BEGIN.split()[0]} ...)")
    before, rest = text.split(BEGIN, 1)
    output, after = rest.split(END, 1)
    return before, output, after


def draw(name):
    kind = PICTURES.get(name)
    if not kind:
        return
    folder = EXAMPLES / name
    words = [sys.executable, EXAMPLES / "plots.py", kind, folder / "made" / "predictions.parquet"]
    subprocess.run([*words, folder / "predictions.svg"], check=True)


def perform(name, program, save):
    """Runs one example; returns what is wrong, None if nothing is."""
    readme = EXAMPLES / name / "README.md"
    before, old, after = saved(readme)
    try:
        done = subprocess.run(
            [program, "--served"],
            cwd=EXAMPLES / name,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {TIME_LIMIT} s"
    if done.returncode != 0:
        return f"it ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-1500:]}"
    if save:
        readme.write_text(f"{before}{BEGIN}{done.stdout.strip()}\n{END}{after}")
        draw(name)
        return None
    new, wanted = lasting(done.stdout), lasting(old)
    if len(new) == len(wanted) and all(map(same, wanted, new)):
        return None
    lines = [f"-{a}\n+{b}" for a, b in zip(wanted, new) if not same(a, b)]
    return "\n".join([f"{len(wanted)} lines were saved, {len(new)} printed", *lines[:10]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=Path, required=True, help="where they are built")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    failed = 0
    for name in options.names:
        wrong = perform(name, options.programs.resolve() / name, options.save)
        print(f"{'FAILED' if wrong else 'saved' if options.save else 'ok'}  {name}", flush=True)
        if wrong:
            print(wrong, flush=True)
            failed += 1
    print(f"examples: {len(options.names) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
