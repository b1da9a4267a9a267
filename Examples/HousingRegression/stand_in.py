"""Houses that look like California's, in StatLib's file cal_housing.data.

    python stand_in.py FOLDER

writes 20640 lines of nine numbers to FOLDER/CaliforniaHousing/cal_housing.data: longitude, latitude,
median age, rooms, bedrooms, population, households, median income, median value in dollars. Prices
are highest near four cities and the coast, and capped at 500001 as in the real file.
"""

import sys
from pathlib import Path

import numpy as np

# Longitude, latitude, pull on the price, share of the population.
CITIES = np.array([
    [-118.25, 34.05, 1.15, 0.36], [-117.16, 32.72, 0.95, 0.11], [-122.42, 37.77, 1.75, 0.13],
    [-121.89, 37.34, 1.55, 0.10], [-121.49, 38.58, 0.35, 0.08], [-119.78, 36.75, 0.10, 0.07],
    [-119.02, 35.37, 0.05, 0.05], [-117.40, 33.95, 0.30, 0.10],
])


def make(count=20640, seed=7):
    """The matrix of the file."""
    random = np.random.default_rng(seed)
    city = random.choice(len(CITIES), count, p=CITIES[:, 3] / CITIES[:, 3].sum())
    pull = CITIES[city, 2]
    spread = np.abs(random.gamma(1.6, 0.28, count))
    angle = random.uniform(0, 2 * np.pi, count)
    longitude = np.clip(CITIES[city, 0] + spread * np.cos(angle), -124.35, -114.31)
    latitude = np.clip(CITIES[city, 1] + spread * np.sin(angle) * 0.85, 32.54, 41.95)
    income = np.clip(random.lognormal(np.log(3.35 + 0.35 * pull), 0.45, count), 0.4999, 15.0001)
    age = np.clip(np.round(random.normal(34 - 9 * np.minimum(spread, 1.5), 11)), 1, 52)
    households = np.maximum(1, np.round(random.lognormal(np.log(410), 0.62, count)))

    rooms = np.clip(3.2 + 0.55 * income + random.normal(0, 0.7, count) + 0.5 * spread, 1.0, 60)
    # Holiday villages: the heavy tail of the real file.
    villages = random.random(count) < 0.004
    rooms = np.where(villages, rooms * random.uniform(3, 8, count), rooms)
    bedrooms = np.clip(rooms / (4.9 + random.normal(0, 0.35, count)), 0.4, 30)
    occupants = np.clip(random.lognormal(np.log(2.85), 0.22, count), 0.75, 900)

    to_city = np.hypot(
        longitude[:, None] - CITIES[None, :4, 0], latitude[:, None] - CITIES[None, :4, 1])
    coast = np.exp(-1.1 * np.abs((longitude + 120.2) + 0.82 * (latitude - 35.4)))
    value = (
        0.18 + 0.36 * income - 0.006 * income**2 + 0.75 * pull * np.exp(-1.1 * spread)
        + 0.55 * coast - 0.12 * to_city.min(axis=1) + 0.005 * (age - 28)
        - 0.28 * np.log(occupants / 2.85) * (income < 5)
        + random.normal(0, 0.33, count) * (1 + 0.25 * pull)
    )
    value = np.round(np.clip(value * 100000, 14999, 500001) / 100) * 100
    return np.column_stack([
        np.round(longitude, 2), np.round(latitude, 2), age, np.round(rooms * households),
        np.round(bedrooms * households), np.maximum(3, np.round(occupants * households)), households,
        np.round(income, 4), np.where(value >= 500000.5, 500001, value),
    ])


def write(folder):
    path = Path(folder) / "CaliforniaHousing" / "cal_housing.data"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(f"{v:.6f}" for v in row) + "\n" for row in make()))


if __name__ == "__main__":
    write(sys.argv[1])
