"""Damage to the bytes of a file."""


def damaged(random, whole):
    """Other bytes, and what was done to them."""
    data = bytearray(whole)
    if not data:
        return random.randbytes(random.randint(1, 40)), "made up"
    how = random.choice(["bytes", "bytes", "end", "end", "cut", "zeros", "gap", "twice", "length"])
    start = random.randrange(len(data))
    size = random.randint(1, max(1, len(data) // 4))
    if how == "bytes":
        for _ in range(random.randint(1, 5)):
            data[random.randrange(len(data))] = random.randrange(256)
    elif how == "end":
        # Where Parquet says what is where.
        for _ in range(random.randint(1, 3)):
            place = max(0, len(data) - 1 - random.randrange(400))
            data[place] ^= 1 << random.randrange(8)
    elif how == "cut":
        del data[start:]
    elif how == "zeros":
        data[start : start + size] = bytes(len(data[start : start + size]))
    elif how == "gap":
        del data[start : start + size]
    elif how == "twice":
        data[start:start] = data[start : start + size]
    else:
        # The length of Parquet's footer.
        place = max(0, len(data) - 8)
        data[place : place + 4] = random.randbytes(len(data[place : place + 4]))
    return bytes(data), how
