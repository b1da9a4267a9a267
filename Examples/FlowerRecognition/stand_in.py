"""Drawn flowers in the folders of flower_photos: JPEG files of five classes, in many sizes.

    python stand_in.py FOLDER

writes 400 files to FOLDER/flower_photos/<class>/<number>.jpg.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
DAISY, DANDELION, ROSE, SUNFLOWER, TULIP = range(5)
ROSE_COLORS = [(200, 20, 50), (230, 120, 150), (240, 225, 215), (180, 10, 20)]
TULIP_COLORS = [
    (220, 30, 60), (240, 160, 40), (200, 80, 190), (250, 220, 60), (235, 235, 225),
]


class Picture:
    """A meadow or sky, to which flowers are added. All randomness comes from `random`."""

    def __init__(self, random, width, height):
        self.random, self.width, self.height = random, width, height
        self.image = Image.fromarray(self.background())
        self.canvas = ImageDraw.Draw(self.image)

    def background(self):
        random = self.random
        low, high = ((20, 70, 10), (90, 170, 80)) if random.random() < 0.7 else (
            (90, 140, 180), (200, 220, 255))
        color = np.array([random.integers(a, b) for a, b in zip(low, high)], np.float32)
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        wave = np.sin(x / self.width * random.uniform(1, 6) + random.uniform(0, 6))
        light = 1 + 0.35 * wave * np.cos(y / self.height * random.uniform(1, 6))
        return np.clip(color * light[..., None], 0, 255).astype(np.uint8)

    def grass(self):
        random = self.random
        for _ in range(int(random.integers(6, 16))):
            x = random.uniform(0, self.width)
            tip = (x + random.normal(0, 25), self.height * random.uniform(0.3, 0.9))
            color = tuple(int(random.integers(a, b)) for a, b in ((10, 80), (90, 190), (10, 70)))
            self.canvas.line([(x, self.height), tip], color, int(random.integers(2, 6)))

    def shaken(self, color):
        return tuple(int(np.clip(v + self.random.normal(0, 14), 0, 255)) for v in color)

    def flower(self, kind):
        random = self.random
        radius = min(self.width, self.height) * random.uniform(0.16, 0.34)
        x = random.uniform(0.25, 0.75) * self.width
        y = random.uniform(0.25, 0.65) * self.height
        turn = random.uniform(0, 6.28)
        foot = (x + random.normal(0, 15), self.height)
        (green,) = self.shaken([120])
        self.canvas.line([(x, y), foot], (30, green, 30), max(3, int(radius * 0.1)))
        if kind == DAISY:
            self.petals(x, y, turn, int(random.integers(14, 24)), radius, 0.10, (245, 245, 240))
            self.disc(x, y, radius * 0.28, (235, 190, 30))
        elif kind == DANDELION:
            for _ in range(3):
                turn = random.uniform(0, 6.28)
                count, length = int(random.integers(22, 34)), radius * random.uniform(0.6, 0.9)
                self.petals(x, y, turn, count, length, 0.045 * radius / length, (250, 215, 20))
        elif kind == ROSE:
            self.rose(x, y, radius)
        elif kind == SUNFLOWER:
            count = int(random.integers(18, 28))
            self.petals(x, y, turn, count, radius * 1.15, 0.13 / 1.15, (250, 190, 10))
            self.disc(x, y, radius * 0.55, (70, 40, 15))
            self.disc(x, y, radius * 0.35, (45, 25, 10))
        else:
            self.tulip(x, y, radius)

    def petals(self, x, y, turn, count, length, breadth, color):
        """`count` petals around a centre; `breadth` is that of half a petal in lengths."""
        along = np.linspace(0, np.pi, 9)
        for k in range(count):
            angle = turn + 2 * np.pi * k / count + self.random.normal(0, 0.03)
            out = np.array([np.cos(angle), np.sin(angle)])
            side = np.array([-np.sin(angle), np.cos(angle)])
            middle = np.array([x, y]) + np.outer(length * (0.15 + 0.85 * along / np.pi), out)
            bulge = np.outer(length * breadth * np.sin(along), side)
            outline = [*(middle + bulge), *(middle - bulge)[::-1]]
            dark = tuple(int(v * 0.75) for v in color)
            self.canvas.polygon([tuple(p) for p in outline], self.shaken(color), dark)

    def disc(self, x, y, radius, color):
        box = [x - radius, y - radius, x + radius, y + radius]
        self.canvas.ellipse(box, self.shaken(color))

    def rose(self, x, y, radius):
        base = ROSE_COLORS[int(self.random.integers(4))]
        for ring in np.linspace(1, 0.15, 7):
            shade = 0.55 + 0.45 * (int(ring * 7) % 2)
            self.disc(x, y, radius * 0.85 * ring, [v * shade for v in base])
            x += self.random.normal(0, radius * 0.03)
            y += self.random.normal(0, radius * 0.03)

    def tulip(self, x, y, radius):
        base = TULIP_COLORS[int(self.random.integers(5))]
        for dx, size in ((-0.32, 0.8), (0.32, 0.8), (0, 1.0)):
            corners = [
                (dx - 0.34, 0.1), (dx, -size), (dx + 0.34, 0.1), (0.25, 0.75), (-0.25, 0.75),
            ]
            color = self.shaken([v * (0.8 + 0.2 * size) for v in base])
            self.canvas.polygon([(x + a * radius, y + b * radius) for a, b in corners], color)


def draw(kind, random):
    width, height = int(random.integers(240, 420)), int(random.integers(200, 340))
    picture = Picture(random, width, height)
    picture.grass()
    for _ in range(int(random.integers(1, 4))):
        picture.flower(kind)
    return picture.image.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.4)))


def write(folder, count=400, seed=51):
    random = np.random.default_rng(seed)
    for number, kind in enumerate(random.integers(0, 5, count)):
        path = Path(folder) / "flower_photos" / CLASSES[kind] / f"{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(int(kind), random).save(path, quality=88)


if __name__ == "__main__":
    write(sys.argv[1])
