# The best cipher on this machine, by rule, and what the rest of the figures say in a sentence each.
#
# The choice: of the TLS 1.3 ciphers those stay that none of the others clearly beats (results.py says what is
# clear), first in CPU time per GiB of a group, then of a link, which has less noise, then in a group's throughput,
# then in its p99 latency. If more than one is left they are equal here, and the first in Hauberk's default order,
# which all machines know, is named.
from dataclasses import dataclass

import plan
from results import CLEAR_ROUNDS_MIN


@dataclass(frozen=True)
class Measure:
    words: str  # "… more" of this
    run: callable  # the name of the run of a cipher
    figure: str
    is_less_better: bool


BLANK = "\u00a0"  # a blank at which no line ends

MEASURES = [
    Measure("CPU time per GiB in a group", lambda c: plan.group(c.name), "cpu_seconds_per_gib", True),
    Measure("CPU time per GiB on a link", lambda c: plan.link(f"ours/{c.name}", "64KiB"), "cpu_seconds_per_gib", True),
    Measure("throughput of a group", lambda c: plan.group(c.name), "mib_per_second", False),
    Measure("p99 latency in a group", lambda c: plan.group(c.name), "p99_us", True),
]


def compare(results, measure, one, other):
    return results.compare(measure.run(one), measure.run(other), measure.figure)


def beats(results, measure, one, other):
    found = compare(results, measure, one, other)
    return found.is_clear and (found.ratio < 1) == measure.is_less_better


@dataclass(frozen=True)
class Choice:
    best: plan.Cipher
    equals: list  # others that cannot be told from it
    lost: list  # (cipher, by which measure, against which cipher)


def choose(results):
    left, lost = list(plan.CIPHERS), []
    for measure in MEASURES:
        for cipher in list(left):
            winner = next((c for c in left if beats(results, measure, c, cipher)), None)
            if winner:
                lost.append((cipher, measure, winner))
        left = [cipher for cipher in left if cipher not in [loser for loser, _, _ in lost]]
    return Choice(left[0], left[1:], lost)


def figure(value):
    """Three digits or so."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percent(ratio):
    return f"{abs(ratio - 1) * 100:.0f}{BLANK}%"


def listed(words):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def sentence(results):
    """The one that names the best choice."""
    choice = choose(results)
    best, run = choice.best, plan.group(choice.best.name)
    rate, cpu, p99 = (results.values(run, f).median for f in ("mib_per_second", "cpu_seconds_per_gib", "p99_us"))
    figures = (
        f"with it a group of three replicates {figure(rate)}{BLANK}MiB/s at {figure(cpu)} CPU seconds per GiB and "
        f"a p99 commit latency of {figure(p99)}{BLANK}µs"
    )
    reasons = []
    for cipher, measure, winner in choice.lost:
        other = best if beats(results, measure, best, cipher) else winner
        ratio = compare(results, measure, cipher, other).ratio
        against = "" if other == best else f" than {other.words}"
        reasons.append(
            f"{cipher.words} has {percent(ratio)} {'more' if ratio > 1 else 'less'} {measure.words}{against}"
        )
    if choice.equals:
        others = listed([cipher.words for cipher in choice.equals])
        noise = "within the noise" if results.rounds >= CLEAR_ROUNDS_MIN else f"by {results.rounds} rounds"
        reasons.append(f"it cannot be told from {others} {noise}, so the default order decides")
    for measure in MEASURES:
        for cipher in plan.CIPHERS:
            if cipher != best and beats(results, measure, cipher, best):
                ratio = compare(results, measure, cipher, best).ratio
                reasons.append(
                    f"but {cipher.words} has {percent(ratio)} {'more' if ratio > 1 else 'less'} {measure.words}"
                )
    return f"On this machine choose {best.words} ({best.suite}): {figures}; {'; '.join(reasons)}."


def change(results, run, other, figure_name, words):
    """How the first differs from the other: "12 % more CPU time"."""
    found = results.compare(run, other, figure_name)
    if not found.is_clear:
        sign = "+" if found.ratio >= 1 else "−"
        return f"{words} not clearly different ({sign}{percent(found.ratio)})"
    if found.ratio >= 2:
        return f"{found.ratio:.1f} times the {words}"
    return f"{percent(found.ratio)} {'more' if found.ratio > 1 else 'less'} {words}"


def both(results, run, other):
    return (
        change(results, run, other, "mib_per_second", "throughput")
        + ", "
        + change(results, run, other, "cpu_seconds_per_gib", "CPU time per GiB")
    )


def remarks(results):
    """What the other comparisons say: (of what, the finding)."""
    best = choose(results).best
    first = plan.FIRST.name
    ours = plan.link(f"ours/{best.name}", "64KiB")
    plain_text = plan.group(f"{first}+none-text")
    return [
        (
            "TLS instead of plaintext",
            "in a group of three, 1 KiB: " + both(results, plan.group(best.name), plan.group("none")),
        ),
        (
            "TLS 1.2 instead of 1.3",
            f"{best.words}, on a link: "
            + both(results, plan.link(f"ours/{plan.old(best)}", "64KiB"), ours)
            + "; "
            + change(
                results,
                plan.handshake(f"ours/{plan.old(best)}"),
                plan.handshake(f"ours/{best.name}"),
                "per_second",
                "handshakes a second",
            ),
        ),
        ("lz4 on text", "in a group of three, 1 KiB: " + both(results, plan.group(f"{first}+lz4-text"), plain_text)),
        ("zstd on text", "in a group of three, 1 KiB: " + both(results, plan.group(f"{first}+zstd-text"), plain_text)),
        (
            "Hauberk's link instead of a bare OpenSSL loop",
            "64 KiB: " + both(results, ours, plan.link(f"openssl/{best.name}", "64KiB")),
        ),
        (
            "Hauberk's link instead of asio::ssl::stream",
            "64 KiB: " + both(results, ours, plan.link(f"asio/{best.name}", "64KiB")),
        ),
    ]
