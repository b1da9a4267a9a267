"""Drawn clothes in the files of FashionMNIST: 28x28 grey images of ten classes.

    python stand_in.py FOLDER

writes 6000 training and 1000 test images to FOLDER/FashionMNIST/raw.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from Data import idx

CLASSES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]
T_SHIRT, TROUSER, PULLOVER, DRESS, COAT, SANDAL, SHIRT, SNEAKER, BAG, BOOT = range(10)
# Drawn at four times the size, then shrunk: edges come out soft as in photographs.
SCALE = 4


class Drawing:
    """One garment on black, in coordinates 0 to 28. All randomness comes from `random`."""

    def __init__(self, random):
        self.random = random
        self.image = Image.new("L", (28 * SCALE, 28 * SCALE), 0)
        self.canvas = ImageDraw.Draw(self.image)
        self.shade = int(random.integers(90, 256))
        self.trim = int(np.clip(self.shade + random.integers(-60, 61), 40, 255))
        self.width = 0.0

    def polygon(self, points, fill=None):
        def shaken(value):
            return (value + self.random.normal(0, 0.6)) * SCALE

        corners = [(shaken(x), shaken(y)) for x, y in points]
        self.canvas.polygon(corners, fill=self.shade if fill is None else fill)

    def rectangle(self, *box):
        self.canvas.rectangle([v * SCALE for v in box], fill=self.trim)

    def ellipse(self, *box, fill):
        self.canvas.ellipse([v * SCALE for v in box], fill=fill)

    def line(self, x0, y0, x1, y1, fill, width):
        self.canvas.line([(x0 * SCALE, y0 * SCALE), (x1 * SCALE, y1 * SCALE)], fill, width)

    def top(self, kind):
        """Torso and sleeves; then what tells the four kinds apart."""
        uniform, w = self.random.uniform, self.width
        sleeve = {
            T_SHIRT: uniform(9, 13), PULLOVER: uniform(20, 25),
            COAT: uniform(22, 26), SHIRT: uniform(14, 24),
        }[kind]
        hem = {T_SHIRT: 24, PULLOVER: 25, COAT: 27, SHIRT: 26}[kind]
        self.polygon([(9 - w, 3), (19 + w, 3), (20 + w, hem), (8 - w, hem)])
        self.polygon([(9 - w, 3), (3 - w, sleeve), (6 - w, sleeve + 1), (10 - w, 9)])
        self.polygon([(19 + w, 3), (25 + w, sleeve), (22 + w, sleeve + 1), (18 + w, 9)])
        if kind == T_SHIRT:
            self.ellipse(11, 1, 17, 5, fill=0)
        elif kind == PULLOVER:
            self.rectangle(10, 2, 18, 4)
            for y in range(8, 24, 4):
                self.line(9, y, 19, y, self.trim, SCALE)
        elif kind == COAT:
            self.line(14, 3, 14, 27, 0, SCALE + 1)
            self.polygon([(10, 2), (14, 8), (9, 8)], self.trim)
            self.polygon([(18, 2), (14, 8), (19, 8)], self.trim)
        else:
            self.line(14, 4, 14, 25, self.trim, 2)
            for y in range(7, 25, 4):
                self.ellipse(13.4, y, 14.8, y + 1.4, fill=20)
            self.polygon([(11, 2), (14, 6), (17, 2)], 0)

    def trouser(self):
        w = self.width
        self.polygon([(9 - w / 2, 2), (19 + w / 2, 2), (20 + w / 2, 8), (8 - w / 2, 8)])
        self.polygon([(8 - w / 2, 7), (13.4, 7), (12.5, 27), (8.5 - w, 27)])
        self.polygon([(14.6, 7), (20 + w / 2, 7), (19.5 + w, 27), (15.5, 27)])

    def dress(self):
        w = self.width
        self.polygon([(11, 2), (17, 2), (17, 12), (21 + w, 27), (7 - w, 27), (11, 12)])
        if self.random.random() < 0.5:
            self.rectangle(10.5, 11, 17.5, 12.5)

    def shoe(self, kind):
        top = {SANDAL: 17, SNEAKER: 14, BOOT: 6}[kind] + self.random.uniform(-1, 1)
        heel = 21 if kind == BOOT else 20
        self.polygon([(2, 22), (26, heel), (26, 24), (2, 24)], self.trim)
        if kind == SANDAL:
            for x in np.linspace(5, 22, int(self.random.integers(3, 6))):
                self.polygon([(x, 21), (x + 1.5, top), (x + 3, top), (x + 2, 21)])
            return
        tongue = 15 if kind == SNEAKER else 14
        self.polygon([(2.5, 21), (8, 18), (tongue, top), (25, top), (26, 21), (3, 22)])
        if kind == SNEAKER:
            for x in (12, 14, 16):
                self.line(x, 16, x + 2, 18, 20, 2)

    def bag(self):
        w = self.width
        self.polygon([(4 - w, 11), (24 + w, 11), (25 + w, 25), (3 - w, 25)])
        handle = [8 * SCALE, (3 + w) * SCALE, 20 * SCALE, 18 * SCALE]
        self.canvas.arc(handle, 180, 360, fill=self.trim, width=2 * SCALE)
        if self.random.random() < 0.6:
            self.rectangle(12, 14, 16, 17)

    def pixels(self, mirrored):
        """The photograph: turned and moved a little, blurred, shrunk, with a texture."""
        random, image = self.random, self.image
        if mirrored:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        angle = random.normal(0, 4)
        moved = (random.normal(0, 0.8) * SCALE, random.normal(0, 0.8) * SCALE)
        image = image.rotate(angle, Image.Resampling.BILINEAR, translate=moved)
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.6, 2.2)))
        grey = np.asarray(image.resize((28, 28), Image.Resampling.LANCZOS), np.float32)
        texture = random.normal(0, random.uniform(4, 22), grey.shape)
        return np.clip(np.where(grey > 12, grey + texture, 0), 0, 255).astype(np.uint8)


def draw(kind, random):
    """One image of class `kind`, as 28x28 bytes."""
    drawing = Drawing(random)
    drawing.width = random.uniform(-1.5, 1.5)
    shoe = kind in (SANDAL, SNEAKER, BOOT)
    if kind in (T_SHIRT, PULLOVER, COAT, SHIRT):
        drawing.top(kind)
    elif kind == TROUSER:
        drawing.trouser()
    elif kind == DRESS:
        drawing.dress()
    elif shoe:
        drawing.shoe(kind)
    else:
        drawing.bag()
    return drawing.pixels(mirrored=shoe and random.random() < 0.15)


def write(folder):
    """Writes the four files to FashionMNIST/raw in `folder`."""
    raw = Path(folder) / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for part, count, seed in (("train", 6000, 11), ("t10k", 1000, 12)):
        random = np.random.default_rng(seed)
        labels = random.integers(0, 10, count).astype(np.uint8)
        idx.write_part(raw, part, np.stack([draw(int(c), random) for c in labels]), labels)


if __name__ == "__main__":
    write(sys.argv[1])
