"""Pets that look like those of PetFinder-mini: the same 15 columns in a CSV file.

    python stand_in.py FOLDER

writes 11537 rows to FOLDER/petfinder-mini/petfinder-mini.csv, with quotes, line breaks and other
alphabets in the descriptions, as the real file has them.
"""

import csv
import sys
from pathlib import Path

import numpy as np

COLUMNS = [
    "Type", "Age", "Breed1", "Gender", "Color1", "Color2", "MaturitySize", "FurLength", "Vaccinated",
    "Sterilized", "Health", "Fee", "Description", "PhotoAmt", "AdoptionSpeed",
]
CATS = [
    "Domestic Short Hair", "Domestic Medium Hair", "Tabby", "Domestic Long Hair", "Siamese",
    "Persian", "Calico", "Tuxedo", "American Shorthair", "Oriental Short Hair", "Bengal", "Ragdoll",
    "Turkish Van",
]
DOGS = [
    "Mixed Breed", "Shih Tzu", "Labrador Retriever", "Poodle", "Terrier", "Golden Retriever",
    "Schnauzer", "Beagle", "German Shepherd Dog", "Rottweiler", "Doberman Pinscher", "Spitz",
    "Jack Russell Terrier", "Chow Chow",
]
SOUGHT_AFTER = {
    "Shih Tzu", "Poodle", "Golden Retriever", "Persian", "Siamese", "Labrador Retriever",
}
COLORS = ["Black", "Brown", "White", "Cream", "Gray", "Golden", "Yellow"]
NAMES = [
    "Nibble", "Brisco", "Miko", "Hunter", "Kitty", "Bulu", "Siu Pak", "Coco", "Lucky", "Muffin",
    "O'Malley", "Zoë",
]
PLACES = ["market", "school", "car park", "temple"]
OPENINGS = [
    "{name} was found near the {place} and needs a home.", "Meet {name}, {age} months old.",
    'Hi, my name is "{name}"!', "{name} is a rescued stray; friendly, playful.",
    "Loving home wanted for {name} (♥).", "{name}很可爱, looking for adoption.",
]
REMARKS = [
    "Vaccinated at the clinic, toilet trained.", "Good with children, other pets, and visitors.",
    'Call 012-345 6789, "serious" adopters only.', "Please neuter her when old enough.\nThank you!",
    "Loves fish; hates baths.",
]
FEES = [20, 30, 50, 50, 80, 100, 100, 150, 200, 250, 300, 500, 750]


def pet(random):
    """One row. Whether a pet is adopted follows from its properties, with some chance."""

    def one_of(items, weights):
        return str(random.choice(items, p=weights))

    def breed_of(breeds, steepness):
        weights = 1 / np.arange(1, len(breeds) + 1) ** steepness
        return breeds[random.choice(len(breeds), p=weights / weights.sum())]

    kind = "Dog" if random.random() < 0.54 else "Cat"
    if random.random() < 0.55:
        age = int(min(255, np.floor(random.gamma(0.75, 12))))
    else:
        age = int(random.integers(1, 4))
    breed = breed_of(DOGS, 1.9) if kind == "Dog" else breed_of(CATS, 1.3)
    gender = "Female" if random.random() < 0.52 else "Male"
    color1 = COLORS[random.choice(7, p=[0.45, 0.25, 0.06, 0.08, 0.06, 0.06, 0.04])]
    color2 = "No Color" if random.random() < 0.30 else one_of(
        ["White", "Brown", "Cream", "Gray", "Yellow", "Golden"], [0.47, 0.24, 0.10, 0.08, 0.06, 0.05])
    size = one_of(["Small", "Medium", "Large"], [0.24, 0.67, 0.09])
    fur = one_of(["Short", "Medium", "Long"], [0.57, 0.36, 0.07])
    vaccinated = one_of(["Yes", "No", "Not Sure"], [0.40, 0.46, 0.14])
    sterilized = one_of(["No", "Yes", "Not Sure"], [0.66, 0.21, 0.13])
    health = one_of(["Healthy", "Minor Injury", "Serious Injury"], [0.964, 0.032, 0.004])
    fee = 0 if random.random() < 0.84 else int(random.choice(FEES))
    photos = int(min(30, random.poisson(1 + 2.6 * random.random() ** 0.5 * 1.6)))

    appeal = (
        0.28
        + (0.75 if age <= 3 else -0.15 - 0.012 * min(age, 60))
        + 0.11 * min(photos, 8)
        - 0.0030 * fee
        + (0.55 if breed in SOUGHT_AFTER else 0)
        - (0.30 if breed == "Mixed Breed" else 0)
        + (0.30 if size == "Small" else -0.1)
        - (0.75 if sterilized == "Yes" else 0)
        - (0.30 if vaccinated == "Yes" else 0)
        - {"Serious Injury": 1.4, "Minor Injury": 0.5, "Healthy": 0}[health]
        + (0.40 if fur == "Long" else 0)
        + (0.15 if gender == "Male" else -0.1)
        + (0.20 if kind == "Cat" else 0)
    )
    adopted = random.random() < 1 / (1 + np.exp(-2.4 * appeal))
    speed = int(random.choice([0, 1, 2, 3], p=[0.04, 0.28, 0.38, 0.30])) if adopted else 4

    name = str(random.choice(NAMES))
    opening = str(random.choice(OPENINGS))
    description = opening.format(name=name, age=age, place=str(random.choice(PLACES)))
    if random.random() < 0.001:
        description = ""
    else:
        remarks = random.choice(REMARKS, random.integers(0, 3), replace=False)
        description = " ".join([description, *map(str, remarks)])
    return [
        kind, age, breed, gender, color1, color2, size, fur, vaccinated, sterilized, health, fee,
        description, photos, speed,
    ]


def write(folder, count=11537, seed=21):
    path = Path(folder) / "petfinder-mini" / "petfinder-mini.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(pet(random) for _ in range(count))


if __name__ == "__main__":
    write(sys.argv[1])
