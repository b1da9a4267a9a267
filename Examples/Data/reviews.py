"""Made-up reviews of films in the folders of the IMDB data set (aclImdb).

    python reviews.py FOLDER

writes 4000 reviews for training and 2000 for test to FOLDER/aclImdb/{train,test}/{pos,neg}. As in real
ones, some sentences say the opposite of the whole, and there are line breaks in HTML, quotes, numbers,
emoji, and reviews in capitals.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import sentences

PRAISE = [
    "I would watch it again any day", "A must see for the whole family",
    "It kept me glued to the screen", "I laughed until I cried", "Ten out of ten", "Don't miss it",
    "Highly recommended!", "What a gem", "The cast has real chemistry", "I left the cinema smiling",
    "Worth every penny", "It deserves an award",
]
BLAME = [
    "I want my two hours back", "Save your money", "I fell asleep halfway", "Nobody in it can act",
    "One out of ten", "Avoid it at all costs", "What a waste of talent",
    "I walked out after 30 minutes", "It makes no sense at all", "The jokes fall flat",
    "My popcorn was the best part", "Even the trailer was better",
]
NEUTRAL = [
    "I saw it on a Sunday afternoon", "It runs for about 95 minutes",
    "My friends talked about it for weeks", "It was shot in Québec in 1987",
    "There is a sequel coming", "The DVD has three extras", 'Some say it\'s like "Jaws"',
    "I read the reviews first", "It is set in the year 2046",
]
TRAINING = (4000, 31)
TEST = (2000, 32)


def opinion(random, positive):
    """A sentence of the grammar, with the sentiment of the review five times of six."""
    sign = 1 if positive else -1
    for _ in range(40):
        found = sentences.random_sentence(random, int(random.choice(sentences.OPINIONS)))
        if random.random() <= 0.17 or found.sentiment * sign > 0.4:
            break
    return found.english


def review(random, positive):
    parts = []
    for i in range(int(random.integers(3, 11))):
        chance = random.random()
        if chance < 0.62 or i == 0:
            parts.append(opinion(random, positive))
        elif chance < 0.84:
            agrees = random.random() < 0.9
            parts.append(str(random.choice(PRAISE if agrees == positive else BLAME)))
        else:
            parts.append(str(random.choice(NEUTRAL)))
    text = parts[0]
    for part in parts[1:]:
        ends = [". ", "! ", ".<br /><br />", "... "]
        text += str(random.choice(ends, p=[0.72, 0.08, 0.15, 0.05])) + part
    text += "."
    if random.random() < 0.05:
        text += " 😀" if positive else " 👎"
    return text.upper() if random.random() < 0.03 else text


def make(count, seed):
    """Reviews and labels, 1 for positive; as many of each."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % 2)
    return [review(random, bool(label)) for label in labels], labels


def write(folder):
    """Writes the four folders; a file's name is its number and a rating, as in the real data."""
    for part, (count, seed) in (("train", TRAINING), ("test", TEST)):
        for name in ("pos", "neg"):
            (Path(folder) / "aclImdb" / part / name).mkdir(parents=True, exist_ok=True)
        for number, (text, label) in enumerate(zip(*make(count, seed))):
            name = f"pos/{number}_10.txt" if label else f"neg/{number}_1.txt"
            (Path(folder) / "aclImdb" / part / name).write_text(text, encoding="utf-8")


def read(folder, part):
    """Texts and labels of one part ("train" or "test"), in the order of the numbers of the files."""
    paths = [
        (int(path.stem.split("_")[0]), label, path)
        for label, name in enumerate(("neg", "pos"))
        for path in (Path(folder) / "aclImdb" / part / name).glob("*.txt")
    ]
    if not paths:
        raise SystemExit(f"there are no reviews in {folder}/aclImdb/{part}")
    paths.sort()
    return [path.read_text(encoding="utf-8") for *_, path in paths], [label for _, label, _ in paths]


if __name__ == "__main__":
    write(sys.argv[1])
