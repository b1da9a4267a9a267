"""Runs commands and tells what each cost. For each line of JSON on standard input, {"words",
"environment", "log", "cores"}, a line with the process's number and, when it has ended, one with
{"status", "wall_s", "cpu_s", "max_rss_mib"}.

A process of its own, and a small one, because Linux hands the size of the process that starts another on
to that one's largest size.
"""

import json
import os
import sys
import time


def run(words, environment, log, cores):
    if cores:
        os.sched_setaffinity(0, cores)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    began = time.perf_counter()
    child = os.posix_spawn(
        words[0], words, environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    print(child, flush=True)
    _, status, used = os.wait4(child, 0)
    return {
        "wall_s": time.perf_counter() - began,
        "status": os.waitstatus_to_exitcode(status),
        "cpu_s": used.ru_utime + used.ru_stime,
        "max_rss_mib": used.ru_maxrss / 1024,
    }


for line in sys.stdin:
    print(json.dumps(run(**json.loads(line))), flush=True)
