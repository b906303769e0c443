# What is run for the report: each run has a name, by which figures ask for its values, and a command.
from dataclasses import dataclass


@dataclass(frozen=True)
class Cipher:
    name: str  # in names of runs, as link_bench writes it
    words: str  # for people
    suite: str  # TLS 1.3
    old: str  # TLS 1.2


CIPHERS = [  # in the order of Hauberk's default list: the first of equals is the choice
    Cipher("AES-128-GCM", "AES-128-GCM", "TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    Cipher("AES-256-GCM", "AES-256-GCM", "TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    Cipher("CHACHA20", "ChaCha20", "TLS_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
]
FIRST = CIPHERS[0]

# Small messages are gathered into writes of 64 KiB, as a busy node has them.
LINK_SIZES = ["128B", "1KiB", "16KiB", "64KiB", "1MiB"]
GROUP_SIZES = ["128B", "1KiB", "16KiB"]
BYTES = {"128B": 128, "1KiB": 1024, "16KiB": 16384, "64KiB": 65536, "1MiB": 1048576}


@dataclass(frozen=True)
class Effort:
    rounds: int
    link_seconds: float
    warm_up: float
    seconds: float
    latency_seconds: float


FULL = Effort(rounds=5, link_seconds=0.2, warm_up=0.3, seconds=1.2, latency_seconds=0.8)
QUICK = Effort(rounds=2, link_seconds=0.02, warm_up=0.1, seconds=0.4, latency_seconds=0.2)


def link(who, size):
    """The name of a run of link_bench: who = tcp/none, ours/AES-128-GCM, ours+lz4-text/AES-128-GCM, …"""
    return f"link/{who}/{size}" + ("" if BYTES[size] >= 65536 else "/gathered")


def handshake(who):
    return f"handshake/{who}"


def group(what, size="1KiB"):
    """The name of a run of group_bench: what = none, AES-128-GCM, TLS1.2-CHACHA20, AES-128-GCM+lz4-text, …"""
    return f"group/{what}/{size}"


def old(cipher):
    return f"TLS1.2-{cipher.name}"


def link_names():
    names = []
    for size in LINK_SIZES:
        names += [link("tcp/none", size), link("ours/none", size)]
        for cipher in CIPHERS:
            names += [link(f"{who}/{cipher.name}", size) for who in ("openssl", "asio", "ours")]
    for cipher in CIPHERS:
        names.append(link(f"ours/{old(cipher)}", "64KiB"))
        for version in (cipher.name, old(cipher)):
            names += [handshake(f"{who}/{version}") for who in ("openssl", "ours")]
    for how in ("lz4-text", "lz4-random", "zstd-text", "zstd-random"):
        names.append(link(f"ours+{how}/{FIRST.name}", "64KiB"))
    return names


def group_options():
    """Name and options of each run; those with latency measure it in a second pass."""
    runs = {}
    for cipher in CIPHERS:
        runs[group(cipher.name)] = (["--cipher", cipher.suite], True)
        runs[group(old(cipher))] = (["--cipher", cipher.old], True)
    runs[group("none")] = (["--plain"], True)
    for size in GROUP_SIZES:
        length = ["--size", str(BYTES[size])]
        runs.setdefault(group(FIRST.name, size), (["--cipher", FIRST.suite, *length], False))
        runs.setdefault(group("none", size), (["--plain", *length], False))
    for how in ("none", "lz4", "zstd"):
        runs[group(f"{FIRST.name}+{how}-text")] = (["--cipher", FIRST.suite, "--text", "--compression", how], False)
    return runs


def commands(effort):
    """{name: argv} of everything that one round runs; the programs without their folder."""
    runs = {}
    for name in link_names():
        pattern = "^" + name.replace("+", "[+]").replace(".", "[.]") + "/real_time$"
        runs[name] = [
            "link_bench",
            "--json",
            f"--benchmark_min_time={effort.link_seconds}",
            f"--benchmark_filter={pattern}",
        ]
    for name, (options, has_latency) in group_options().items():
        latency = effort.latency_seconds if has_latency else 0
        runs[name] = [
            "group_bench",
            "--json",
            "--nodes",
            "3",
            "--senders",
            "1",
            "--warm-up",
            str(effort.warm_up),
            "--seconds",
            str(effort.seconds),
            "--latency-seconds",
            str(latency),
            *options,
        ]
    return runs
