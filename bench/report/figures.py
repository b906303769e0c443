# The plots of the page: what each shows, of which runs, and in which words.
from dataclasses import dataclass, field

import plan
from plan import BYTES, CIPHERS, FIRST, GROUP_SIZES, LINK_SIZES, group, handshake, link, old

GREY = 4  # what is not encrypted


@dataclass(frozen=True)
class Figure:
    key: str
    title: str
    unit: str
    figure: str  # the key of the values
    rows: list = field(default_factory=list)  # bars: (label, colour, run)
    series: list = field(default_factory=list)  # lines: (label, colour, [a run for each place])
    places: list = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    title: str
    words: str
    figures: list


RATE = ("throughput", "Throughput", "MiB/s of payload, more is better", "mib_per_second")
NODES_CPU = ("cpu", "CPU time", "seconds per GiB, all three nodes, less is better", "cpu_seconds_per_gib")
ENDS_CPU = ("cpu", "CPU time", "seconds per GiB, both ends, less is better", "cpu_seconds_per_gib")
P50 = ("p50", "Commit latency, p50", "µs, less is better", "p50_us")
P99 = ("p99", "Commit latency, p99", "µs, less is better", "p99_us")


def bars(begin, kinds, rows, suffix=""):
    return [Figure(f"{begin}-{key}", title + suffix, unit, figure, rows=rows) for key, title, unit, figure in kinds]


def lines(begin, kinds, series, places, suffix=""):
    places = [f"{size[:-3]} {size[-3:]}" if size.endswith("iB") else f"{size[:-1]} B" for size in places]
    return [
        Figure(f"{begin}-{key}", title + suffix, unit, figure, series=series, places=places)
        for key, title, unit, figure in kinds
    ]


def versions(run):
    """A row for each cipher in each version; `run` makes the name of the run."""
    return [(c.words, i, run(c.name)) for i, c in enumerate(CIPHERS, 1)] + [
        (f"TLS 1.2 {c.words}", i, run(old(c))) for i, c in enumerate(CIPHERS, 1)
    ]


def contenders():
    rows = [("plain TCP", GREY, link("tcp/none", "64KiB")), ("Hauberk, no TLS", GREY, link("ours/none", "64KiB"))]
    for cipher in CIPHERS:
        for label, colour, who in (("Hauberk", 1, "ours"), ("OpenSSL", 2, "openssl"), ("asio", 3, "asio")):
            rows.append((f"{label} {cipher.words}", colour, link(f"{who}/{cipher.name}", "64KiB")))
    return rows


def by_size(names, sizes, run):
    return [(label, colour, [run(name, size) for size in sizes]) for label, colour, name in names]


def compressed_links():
    rows = [("as it is", GREY, link(f"ours/{FIRST.name}", "64KiB"))]
    for how in ("lz4", "zstd"):
        for content in ("text", "random"):
            rows.append(
                (
                    f"{how}, {content}",
                    1 if content == "text" else 2,
                    link(f"ours+{how}-{content}/{FIRST.name}", "64KiB"),
                )
            )
    return rows


SECTIONS = [
    Section(
        "Ciphers in a group of three",
        "Three processes on the loopback interface, all links encrypted; one broadcasts 1 KiB messages as fast as the "
        "group takes them, and for the latency one at a time. TLS 1.3 where nothing else is said.",
        bars("cipher", (RATE, NODES_CPU, P50, P99), versions(group) + [("no TLS", GREY, group("none"))]),
    ),
    Section(
        "TLS on and off",
        f"The same group with {FIRST.words} and in plaintext (socket.ssl=no), by message size.",
        lines(
            "onoff",
            (RATE, NODES_CPU),
            by_size([("TLS", 1, FIRST.name), ("no TLS", GREY, "none")], GROUP_SIZES, group),
            GROUP_SIZES,
        ),
    ),
    Section(
        "One link, and what a program would use instead",
        "One direction of one connection, writes of 64 KiB, a thread at each end. OpenSSL is a bare SSL_write and "
        "SSL_read loop on the socket, asio is asio::ssl::stream; neither frames anything, Hauberk's figures include "
        "its frames.",
        bars("link", (RATE, ENDS_CPU), contenders()),
    ),
    Section(
        "Message size",
        "One link; messages below 64 KiB are gathered into writes of 64 KiB, as a busy node has them. First beside "
        f"the others, with {FIRST.words}, then Hauberk with each cipher.",
        lines(
            "size",
            (RATE, ENDS_CPU),
            by_size(
                [
                    ("Hauberk", 1, f"ours/{FIRST.name}"),
                    ("OpenSSL loop", 2, f"openssl/{FIRST.name}"),
                    ("asio::ssl::stream", 3, f"asio/{FIRST.name}"),
                    ("plain TCP", GREY, "tcp/none"),
                ],
                LINK_SIZES,
                link,
            ),
            LINK_SIZES,
            ", beside others",
        )
        + lines(
            "size-cipher",
            (RATE, ENDS_CPU),
            by_size(
                [(c.words, i, f"ours/{c.name}") for i, c in enumerate(CIPHERS, 1)] + [("no TLS", GREY, "ours/none")],
                LINK_SIZES,
                link,
            ),
            LINK_SIZES,
            ", by cipher",
        ),
    ),
    Section(
        "TLS version",
        "One link of Hauberk with TLS 1.3 and 1.2, writes of 64 KiB; and full handshakes with certificates of both "
        "ends (EC P-256), on one thread, TCP connect included.",
        bars("version", (RATE, ENDS_CPU), versions(lambda name: link(f"ours/{name}", "64KiB")))
        + bars(
            "handshake",
            [("ours", "Handshakes, Hauberk", "a second, more is better", "per_second")],
            versions(lambda name: handshake(f"ours/{name}")),
        )
        + bars(
            "handshake",
            [("openssl", "Handshakes, OpenSSL", "a second, more is better", "per_second")],
            versions(lambda name: handshake(f"openssl/{name}")),
        ),
    ),
    Section(
        "Compression",
        f"Before encryption with {FIRST.words}. Text is made-up SQL, random bytes cannot be compressed. The loopback "
        "interface is faster than any network: on a slow one compression pays where it does not here.",
        bars(
            "compressed-group",
            (RATE, NODES_CPU),
            [
                (label, colour, group(f"{FIRST.name}+{how}-text"))
                for label, colour, how in (("as it is", GREY, "none"), ("lz4", 1, "lz4"), ("zstd", 2, "zstd"))
            ],
            ", group, text of 1 KiB",
        )
        + bars("compressed-link", (RATE, ENDS_CPU), compressed_links(), ", link, 64 KiB"),
    ),
]


def every():
    return [figure for section in SECTIONS for figure in section.figures]


def table(results, figure):
    """(label, Values) of everything that a figure shows, in its order."""
    rows = [(label, run) for label, _, run in figure.rows]
    for label, _, runs in figure.series:
        rows += [(f"{label}, {place}", run) for place, run in zip(figure.places, runs)]
    return [(label, results.values(run, figure.figure)) for label, run in rows]
