"""The tables that scripts/benchmark scan prints."""

import statistics

# Above / below, of which measure, and what is wanted of the main table by model: at most, on 2 threads.
RATIOS = (
    ("embedded", "wall_s", "daft", "wall_s", {"trivial": 0.7, "perceptron": 0.85}),
    ("embedded", "cpu_s", "floor", "cpu_s", {"trivial": 1.1, "perceptron": 1.1}),
    ("embedded", "wall_s", "floor", "wall_s", {}),
    ("embedded", "wall_s", "polars", "wall_s", {}),
    ("embedded", "wall_s", "transformers", "wall_s", {}),
    ("embedded", "wall_s", "ray", "wall_s", {}),
    ("embedded", "wall_s", "pyspark-tuned", "wall_s", {}),
    ("embedded", "job_s", "embedded-no-prefetch", "job_s", {}),
    ("embedded", "wall_s", "pyspark-pandas", "wall_s", {}),
    ("scan", "job_s", "pyspark-default", "wall_s", {"trivial": 1 / 4, "perceptron": 1 / 2.2}),
    ("scan", "job_s", "pyspark-tuned", "wall_s", {}),
    ("scan", "job_s", "daft", "wall_s", {"trivial": 1.3, "perceptron": 1.3}),
    ("scan", "wall_s", "pyspark-default", "wall_s", {}),
    ("scan", "job_s", "spark", "job_s", {}),
    ("spark", "job_s", "pyspark-default", "wall_s", {}),
    ("spark", "cpu_s", "pyspark-default", "cpu_s", {}),
    ("spark", "job_s", "pyspark-tuned", "wall_s", {}),
)
WANTED_ON = ("main", 2)
# What is wanted of the embedded engine alone: table, measure, at most.
LIMITS = (("digits", "wall_s", 1.0), ("digits", "rss_mib", 150.0), ("narrow", "rss_mib", 1024.0))
WORDS = {"wall_s": "wall", "job_s": "job", "cpu_s": "CPU"}


def print_table(results):
    print(
        "\n| table | model | threads | variant | wall s | job s | CPU s | rows/s "
        "| peak MiB (PSS / RSS) |\n|---|---|---|---|---|---|---|---|---|"
    )
    for each in results:
        start = "| {table} | {model} | {threads} | {variant} ".format(**each)
        if each["failure"]:
            print(f"{start}| failed | | | | |")
            continue
        print(
            f"{start}| {each['wall_s']:.2f} | {each['job_s']:.2f} | {each['cpu_s']:.2f} "
            f"| {each['rows'] / each['wall_s']:,.0f} "
            f"| {each['pss_mib']:.0f} / {each['rss_mib']:.0f} |"
        )


def print_ratios(results):
    """The medians of the rounds' ratios: both sides of a ratio were measured at one time."""
    found = {
        (each["table"], each["model"], each["threads"], each["variant"]): each
        for each in results
        if not each["failure"]
    }
    lines = []
    for place in dict.fromkeys(key[:3] for key in found):
        for above, measure, below, other, wanted in RATIOS:
            one, two = found.get((*place, above)), found.get((*place, below))
            if one is None or two is None:
                continue
            rounds = [a[measure] / b[other] for a, b in zip(one["rounds"], two["rounds"]) if b[other]]
            if not rounds:
                continue
            table, model, threads = place
            limit = wanted.get(model) if (table, threads) == WANTED_ON else None
            value = statistics.median(rounds)
            verdict = "" if limit is None else f"{'' if value <= limit else 'NOT '}at most {limit:.2f}"
            lines.append(
                f"| {table} | {model} | {threads} | {above} {WORDS[measure]} / {below} {WORDS[other]} "
                f"| {value:.2f} | {min(rounds):.2f} to {max(rounds):.2f} | {verdict} |"
            )
    if lines:
        print("\n| table | model | threads | ratio | median | rounds | wanted |")
        print("|---|---|---|---|---|---|---|")
        print("\n".join(lines))


def print_limits(results):
    for table, measure, limit in LIMITS:
        for each in results:
            if (each["table"], each["variant"]) == (table, "embedded") and not each["failure"]:
                verdict = "within" if each[measure] <= limit else "NOT within"
                name = f"{table}, {each['threads']} threads, embedded"
                print(f"\n{name}: {measure} {each[measure]:.2f}, {verdict} {limit:g}")
