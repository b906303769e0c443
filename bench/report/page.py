# From raw data to the page.
import html
import os
import shlex
import string

import figures
import plan
import plots
import verdict
from results import Results
from verdict import figure as number

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = "●■▲◆"
BUSY = 0.05  # of the machine's CPU time taken by others: more spoils the figures


def text(words):
    return html.escape(str(words), quote=True)


def spoken(value):
    return f"{number(value.median)} ({number(value.least)} to {number(value.most)})"


def range_of(value):
    return f"{number(value.least)}–{number(value.most)}"


def drawing(results, figure):
    values = figures.table(results, figure)
    alternative = text(
        f"{figure.title}, {figure.unit}. " + "; ".join(f"{label}: {spoken(value)}" for label, value in values)
    )
    if figure.rows:
        rows = [(label, colour, value) for (label, colour, _), (_, value) in zip(figure.rows, values)]
        return plots.bars(figure.key, rows, lambda value: number(value.median), alternative)
    series = [[results.values(run, figure.figure) for run in runs] for _, _, runs in figure.series]
    return plots.lines(figure.key, figure.places, series, [colour for _, colour, _ in figure.series], alternative)


def legend(figure):
    if not figure.series:
        return ""
    entries = "".join(
        f"<li><span style='color:var(--c{colour})'>{SHAPES[colour - 1]}</span> {text(label)}</li>"
        for label, colour, _ in figure.series
    )
    return f"<ul class='legend' aria-hidden='true'>{entries}</ul>"


def figure_html(results, figure):
    values = figures.table(results, figure)
    rows = "".join(
        f"<tr><th scope='row'>{text(label)}</th><td>{number(value.median)}</td><td>{range_of(value)}</td></tr>"
        for label, value in values
    )
    cut = (
        "<p class='unit'>A whisker at the edge goes on: see the table.</p>"
        if plots.is_cut([v for _, v in values])
        else ""
    )
    return (
        f"<figure id='{figure.key}'><h3>{text(figure.title)}</h3><p class='unit'>{text(figure.unit)}</p>"
        f"{legend(figure)}{drawing(results, figure)}{cut}"
        f"<details><summary>As a table</summary><table><thead><tr><th></th><th scope='col'>median</th>"
        f"<th scope='col'>least–most</th></tr></thead><tbody>{rows}</tbody></table></details></figure>"
    )


def section_html(results, section):
    inner = "\n".join(figure_html(results, figure) for figure in section.figures)
    head = f"<h2>{text(section.title)}</h2><p>{text(section.words)}</p>"
    return f"<section>{head}<div class='figures'>{inner}</div></section>"


def glance(results):
    """The ciphers with their four figures."""
    body = ""
    for label, _, run in figures.every()[0].rows:
        cells = "".join(
            f"<td>{number(value.median)}<small>{range_of(value)}</small></td>"
            for value in (
                results.values(run, key) for key in ("mib_per_second", "cpu_seconds_per_gib", "p50_us", "p99_us")
            )
        )
        body += f"<tr><th scope='row'>{text(label)}</th>{cells}</tr>"
    head = "".join(f"<th scope='col'>{words}</th>" for words in ("MiB/s", "CPU s/GiB", "p50 µs", "p99 µs"))
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def part_of(values, part):
    """What `part` of the sorted values do not exceed."""
    return values[min(len(values) - 1, int(part * len(values)))]


def warnings(results):
    load, found = results.raw["load"], []
    if results.raw["quick"]:
        found.append(
            "This was a quick run, made to see whether everything works. Its figures are no basis for a choice."
        )
    for key, who in (("others", "other programs"), ("stolen", "the hypervisor")):
        share = sum(load[key]) / len(load[key])
        if share > BUSY:
            found.append(
                f"The machine was not at rest: {who} took {100 * share:.0f} % of its CPU time. "
                "Compare, but do not quote."
            )
    if results.raw["failures"]:
        found.append(
            f"{len(results.raw['failures'])} runs failed and are missing from the ranges: see the end of the page."
        )
    return "".join(f"<p class='warning'>{text(words)}</p>" for words in found)


def noise(results):
    """What the rounds and the load say; the rules themselves stand in page.html."""
    spreads, load, rounds = results.spreads(), results.raw["load"], results.rounds
    others, stolen = load["others"], load["stolen"]
    lines = [
        f"{rounds} rounds in {results.raw['seconds']:.0f} s. Between them half of all {len(spreads)} figures varied by "
        f"less than {100 * part_of(spreads, 0.5):.0f} % of their median, nine in ten by less than "
        f"{100 * part_of(spreads, 0.9):.0f} %, the worst by {100 * spreads[-1]:.0f} %.",
        f"While we measured, other programs took {100 * sum(others) / len(others):.1f} % of the machine's CPU time "
        f"({100 * max(others):.0f} % in the worst run), the hypervisor {100 * sum(stolen) / len(stolen):.1f} %; load "
        f"average {load['average_before']:.1f} before, {load['average_after']:.1f} after (with ours).",
    ]
    return "".join(f"<li>{text(line)}</li>" for line in lines)


def command_lines(results):
    """As they were run, from the top of the working copy."""
    return "\n".join("build/release/bench/" + shlex.join(run["command"]) for run in results.raw["runs"].values())


def failures(results):
    found = results.raw["failures"]
    if not found:
        return ""
    items = "".join(
        f"<li><code>{text(one['run'])}</code>, round {one['round'] + 1}: {text(one['words'])}</li>" for one in found
    )
    return f"<section><h2>Runs that failed</h2><ul>{items}</ul></section>"


def page(raw):
    """The whole page as text."""
    results = Results(raw)
    with open(os.path.join(HERE, "page.html"), encoding="utf-8") as file:
        template = string.Template(file.read())
    facts = "".join(
        f"<tr><th scope='row'>{text(what)}</th><td>{text(words)}</td></tr>" for what, words in raw["machine"].items()
    )
    remarks = "".join(f"<li><b>{text(of)}:</b> {text(words)}.</li>" for of, words in verdict.remarks(results))
    return template.substitute(
        sentence=text(verdict.sentence(results)),
        option=text(f"socket.ssl_cipher={verdict.choose(results).best.suite}"),
        warnings=warnings(results),
        processor=text(raw["machine"].get("Processor", "this machine")),
        when=text(raw["machine"].get("Measured", "")),
        glance=glance(results),
        remarks=remarks,
        sections="\n".join(section_html(results, section) for section in figures.SECTIONS),
        noise=noise(results),
        facts=facts,
        failures=failures(results),
        count=len(raw["runs"]),
        rounds=raw["rounds"],
        commands=text(command_lines(results)),
    )
