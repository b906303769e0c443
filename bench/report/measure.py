# Runs everything, round after round, each round in an order of its own, so that whatever changes on the machine
# meanwhile hits all of them alike. A run that fails is noted and does not end the others.
import json
import os
import random
import resource
import subprocess
import sys
import time

RUN_SECONDS_MAX = 120
TRIES_MAX = 6  # of a run that measures nothing


class Failure(Exception):
    """A run that gave no figures, in words."""


class Nothing(Failure):
    """Nothing was delivered in the measured time, as happens on a machine that is busy with other things."""


def values_of(argv, text):
    """The figures in what a bench printed."""
    said = json.loads(text)
    if argv[0] == "group_bench":
        values = {key: said[key] for key in ("mib_per_second", "cpu_seconds_per_gib", "messages_per_second")}
        if argv[argv.index("--latency-seconds") + 1] != "0":
            if said["latency_of"] == "the load":  # there is none with one in flight
                raise Nothing("no message came back in the time for latency")
            values |= {"p50_us": said["latency_us"]["p50"], "p99_us": said["latency_us"]["p99"]}
    else:
        only = said["benchmarks"][0]
        if only.get("error_occurred"):
            raise Failure(only["error_message"])
        if "bytes_per_second" in only:
            values = {
                "mib_per_second": only["bytes_per_second"] / 2**20,
                "cpu_seconds_per_gib": only["cpu_s_per_GiB"],
                "messages_per_second": only["items_per_second"],
            }
        else:
            values = {"per_second": only["items_per_second"]}
    for figure, value in values.items():
        if not value > 0:
            raise Nothing(f"{figure} is {value}")
    return values


def run(programs, argv):
    try:
        done = subprocess.run(
            [os.path.join(programs, argv[0]), *argv[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
        )
        if done.returncode != 0:
            raise Failure(f"exit {done.returncode}: {done.stderr.strip()[-600:]}")
        return values_of(argv, done.stdout)
    except subprocess.TimeoutExpired:
        raise Failure(f"no answer within {RUN_SECONDS_MAX} s") from None
    except (ValueError, KeyError, IndexError, TypeError) as problem:
        raise Failure(f"its output cannot be read: {problem!r}") from None


def run_patiently(programs, argv):
    """As `run`, but one that measured nothing is repeated."""
    for _ in range(TRIES_MAX - 1):
        try:
            return run(programs, argv)
        except Nothing:
            continue
    return run(programs, argv)


class Load:
    """What others took of the machine's CPU time while we measured. Interrupts are left out: ours are among them."""

    def __init__(self):
        self.average_before = os.getloadavg()[0]
        self.others, self.stolen = [], []
        self.mark = self.read()

    @staticmethod
    def read():
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, idle, waiting, _, _, steal = (int(word) for word in file.readline().split()[1:9])
        ticks = os.sysconf("SC_CLK_TCK")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = user + nice + system + idle + waiting + steal
        return total / ticks, (user + nice + system) / ticks - used.ru_utime - used.ru_stime, steal / ticks

    def note(self):
        """Ends a span that began with the note before this one."""
        now = self.read()
        total, others, stolen = (b - a for a, b in zip(self.mark, now))
        self.mark = now
        if total > 0:
            self.others.append(max(0, others) / total)
            self.stolen.append(stolen / total)

    def told(self):
        return {
            "average_before": self.average_before,
            "average_after": os.getloadavg()[0],
            "others": self.others,
            "stolen": self.stolen,
        }


class Progress:
    """One line that is rewritten on a terminal, one line for every tenth elsewhere."""

    def __init__(self, steps):
        self.steps, self.done, self.began = steps, 0, time.monotonic()
        self.is_live = sys.stderr.isatty()
        self.told = -1

    def show(self, words):
        spent = time.monotonic() - self.began
        left = f", {spent / self.done * (self.steps - self.done):.0f} s left" if self.done >= 10 else ""
        line = f"{100 * self.done // self.steps:3d} %{left}  {words}"
        if self.is_live:
            print(f"\r\033[K  {line[:100]}", end="", file=sys.stderr, flush=True)
        elif 10 * self.done // self.steps != self.told:
            self.told = 10 * self.done // self.steps
            print(f"  {line}", file=sys.stderr, flush=True)
        self.done += 1

    def end(self):
        if self.is_live:
            print("\r\033[K", end="", file=sys.stderr)


def measure(programs, commands, rounds):
    """{"rounds", "seconds", "load", "failures", "runs": {name: {"command", "values": {figure: [a value a round]}}}}"""
    runs = {name: {"command": argv, "values": {}} for name, argv in commands.items()}
    failures = []
    load = Load()
    progress = Progress(rounds * len(runs))
    for number in range(rounds):
        order = list(runs)
        random.Random(number).shuffle(order)
        for name in order:
            progress.show(f"round {number + 1} of {rounds}  {name}")
            try:
                for figure, value in run_patiently(programs, runs[name]["command"]).items():
                    kept = runs[name]["values"].setdefault(figure, [None] * rounds)
                    kept[number] = value
            except Failure as problem:
                failures.append({"run": name, "round": number, "words": str(problem)})
            load.note()
    progress.end()
    return {
        "rounds": rounds,
        "seconds": time.monotonic() - progress.began,
        "load": load.told(),
        "failures": failures,
        "runs": runs,
    }
