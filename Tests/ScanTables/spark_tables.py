"""Tables that Spark writes itself, as its users' are."""

from table import ZONES, Table

# SQL of columns over `id`; those of one list go together.
COLUMNS = [
    "cast(id % 120 as tinyint)", "cast(id * 100 as smallint)", "cast(id as int)", "id * 12345678901",
    "cast(id / 3 as float)", "id / 3", "id % 2 = 0", "if(id % 3 = 0, null, concat('grün', id))",
    "cast(concat('b', id) as binary)", "date_add(date'1500-01-01', cast(id * 1000 as int))",
    "timestamp_seconds(id * 86400 * 1000 - 20000000000)", "timestamp_micros(id * 123456789)",
    "cast(timestamp_seconds(id * 86400 * 1000 - 20000000000) as timestamp_ntz)",
    "cast(id as decimal(9, 2))", "cast(id * 1.25 as decimal(18, 3))",
    "cast(id as decimal(38, 10)) * -3.5", "array(id, null, id + 1)", "array(array(id), null, array())",
    "named_struct('a', id, 'b.c', cast(id as string))", "map('k', id, 'l', null)",
    "map(id, array(named_struct('x', id / 2)))", "make_ym_interval(cast(id as int), 3)",
    "make_dt_interval(cast(id as int), 5, 6, 7.5)", "cast(concat('c', id) as varchar(20))",
    "cast(null as string)", "if(id % 2 = 0, named_struct('n', array(id)), null)",
]


def parquet(random, folder, spark):
    rows = random.choice([0, 1, 30, 200])
    frame = columns(random, spark, rows)
    path = folder / "table"
    settings = {
        "spark.sql.parquet.writeLegacyFormat": str(random.chance(0.3)).lower(),
        "spark.sql.parquet.outputTimestampType": random.choice(
            ["INT96", "TIMESTAMP_MICROS", "TIMESTAMP_MILLIS"]),
        "spark.sql.parquet.datetimeRebaseModeInWrite": random.choice(
            ["CORRECTED", "CORRECTED", "LEGACY"]),
        "spark.sql.parquet.int96RebaseModeInWrite": random.choice(
            ["CORRECTED", "CORRECTED", "LEGACY"]),
    }
    for name, value in settings.items():
        spark.conf.set(name, value)
    zone = random.choice(ZONES)
    spark.conf.set("spark.sql.session.timeZone", zone)
    writer = frame.repartition(random.choice([1, 1, 3])).write.option(
        "compression", random.choice(["snappy", "zstd", "gzip", "lz4_raw", "none"]))
    if random.chance(0.4):
        writer = writer.option("parquet.writer.version", "v2")
    if random.chance(0.4):
        writer = writer.option("parquet.page.size", "200").option("parquet.block.size", "2000")
    if random.chance(0.25):
        writer = writer.partitionBy("p")
    writer.parquet(str(path))
    is_legacy = "LEGACY" in settings.values()
    twin = None
    # Without rows, partitions have no file.
    if any(path.rglob("*.parquet")):
        twin = folder / "twin"
        # In pages as they mostly are, and with days of one calendar.
        for name, value in settings.items():
            spark.conf.set(name, value.replace("LEGACY", "CORRECTED"))
        frame.coalesce(1).write.parquet(str(twin))
    for name in settings:
        spark.conf.unset(name)
    return Table("spark", path, zone=zone, twin=twin, is_left_to_spark=is_legacy)


def text(random, folder, spark):
    zone = random.choice(ZONES)
    spark.conf.set("spark.sql.session.timeZone", zone)
    kind = random.choice(["csv", "json"])
    simple = [column for column in COLUMNS if "interval" not in column]
    if kind == "csv":
        simple = [
            column for column in simple
            if not any(word in column for word in ("array", "map", "struct", "binary"))
        ]
    frame = columns(random, spark, random.choice([1, 30, 100]), simple)
    writer = frame.repartition(random.choice([1, 2])).write
    if random.chance(0.3):
        writer = writer.option("compression", random.choice(["gzip", "bzip2"]))
    if kind == "csv":
        writer = writer.option("header", "true")
    if random.chance(0.2):
        writer = writer.partitionBy("p")
    path = folder / "table"
    writer.format(kind).save(str(path))
    return Table(f"spark-{kind}", path, kind, zone=zone)


def columns(random, spark, rows, pool=COLUMNS):
    words = random.sample(pool, random.randint(2, 8))
    names = ["größe", "b", "c d", "e.f", "g", "h", "i", "j"]
    named = [f"{sql} as `{name}`" for sql, name in zip(words, names)]
    frame = spark.range(rows).selectExpr("id / 8 as x", *named, "cast(id % 3 as int) as p")
    # What a field says beside its type.
    return frame.withMetadata("x", {"comment": "grün"}) if random.chance(0.5) else frame
