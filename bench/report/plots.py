# From figures to SVG: gnuplot draws, and what it wrote is fitted into the page: colours become those of the page
# (so they follow light and dark), identifiers become its own.
import math
import os
import re
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GLYPH = 7.3  # how wide a letter is at most, in the mean, in any of the page's fonts at 12 px


def axis(values, ticks_max=4):
    """(most, step): an axis from 0 on that holds the medians, and whiskers up to twice the largest median."""
    largest = max(value.median for value in values)
    most = 1.04 * min(max(value.most for value in values), 2 * largest)
    rough = most / ticks_max
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return most, step


def is_cut(values):
    """True when some whisker does not fit."""
    most, _ = axis(values)
    return any(value.most > most for value in values)


def gnuplot(script, lines, *arguments):
    with tempfile.TemporaryDirectory(prefix="hauberk-report-") as folder:
        data, picture = os.path.join(folder, "data"), os.path.join(folder, "svg")
        with open(data, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        words = [
            "gnuplot",
            "-c",
            os.path.join(HERE, script),
            data,
            picture,
            *(one if isinstance(one, str) else f"{one:.6g}" for one in arguments),
        ]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0 or "warning" in done.stderr.lower():
            raise RuntimeError(f"gnuplot {script}: {done.stderr.strip()}")
        with open(picture, encoding="utf-8") as file:
            return file.read()


def colour(match):
    red, green, blue = (int(number) for number in match.groups())
    return f"var(--c{red})" if red == green == blue and 1 <= red <= 9 else "currentColor"


def fit(svg, name, alternative):
    """gnuplot's file as a part of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(title|desc)>.*?</\1>|<filter.*?</filter>|<rect [^>]*fill=\"none\"/>", "", svg, flags=re.S)
    svg = re.sub(r"\sxmlns(:xlink)?=\"[^\"]*\"", "", svg)
    svg = re.sub(r"rgb\(\s*(\d+),\s*(\d+),\s*(\d+)\)", colour, svg)
    svg = re.sub(r"\scolor=[\"'](black|white)[\"']", "", svg)
    svg = re.sub(r"(stroke|fill)=[\"']black[\"']", r"\1='currentColor'", svg)
    svg = re.sub(r"\sfont-(family|size)=\"[^\"]*\"", "", svg)
    svg = re.sub(r"\sid=(['\"])(\w+)\1", rf" id='{name}-\2'", svg)
    svg = re.sub(r"xlink:href='#(\w+)'", rf"href='#{name}-\1'", svg)
    svg = re.sub(r"<path [^>]*d='[M\d., ]*'/>", "", svg)  # ticks without length
    before = None
    while before != svg:
        before, svg = svg, re.sub(r"<g [^>]*>\s*</g>", "", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace("<svg", f"<svg role='img' aria-label='{alternative}'", 1)


def bars(name, rows, words, alternative):
    """`rows` are (label, colour, Values); `words` says a value on the right."""
    values = [value for _, _, value in rows]
    most, step = axis(values)
    lines = [
        f"{place}\t{value.median:.6g}\t{value.least:.6g}\t{min(value.most, most):.6g}\t{paint}\t{label}\t{words(value)}"
        for place, (label, paint, value) in enumerate(rows)
    ]
    left = 14 + GLYPH * max(len(label) for label, _, _ in rows)
    return fit(gnuplot("bars.gp", lines, len(rows), most, step, left), name, alternative)


def lines(name, places, series, colours, alternative):
    """`series` are lists of Values, one for each of `places`; `colours` one number for each of them."""
    values = [value for one in series for value in one]
    most, step = axis(values, ticks_max=5)
    text = []
    for one in series:
        text += [
            f"{place}\t{value.median:.6g}\t{value.least:.6g}\t{min(value.most, most):.6g}\t{places[place]}"
            for place, value in enumerate(one)
        ] + ["", ""]
    return fit(
        gnuplot("lines.gp", text, len(series), most, step, len(places), " ".join(map(str, colours))), name, alternative
    )
