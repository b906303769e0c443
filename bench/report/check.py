# Is the page what it should be? Makes a quick report and checks it: every plot is there with every figure of the
# run, drawn where it belongs; nothing is missing, made up or fetched from elsewhere. With --overlap a browser
# (Debian's chromium) lays it out as on a screen and on a telephone, and no text may lie on another.
#   check.py --programs FOLDER [--overlap]        check.py --from RAW [--overlap]
import argparse
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile

import figures
import plan
import verdict
from results import Results

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTHS = [1280, 400]


class Reader(html.parser.HTMLParser):
    """The page's figures, its words, and whatever it would fetch."""

    def __init__(self, page):
        super().__init__()
        self.figures, self.words, self.fetched = {}, [], []
        self.figure, self.cell, self.in_svg, self.in_style = None, None, False, False
        self.feed(page)

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        if tag in ("script", "link", "iframe", "img", "object", "embed", "base"):
            self.fetched.append(tag)
        for name, value in pairs:
            if name in ("src", "srcset", "data", "action", "poster") or (
                name.endswith("href") and not value.startswith("#")
            ):
                self.fetched.append(f"{tag} {name}={value}")
        self.in_style = tag == "style"
        if tag == "figure":
            self.figure = self.figures[attributes["id"]] = {
                "label": "",
                "texts": [],
                "bars": [],
                "points": [],
                "rows": [],
            }
        if not self.figure:
            return
        if tag == "svg":
            self.in_svg = True
            self.figure["label"] = attributes.get("aria-label", "") if attributes.get("role") == "img" else ""
        elif tag == "polygon":
            across = [float(pair.split(",")[0]) for pair in attributes["points"].split()]
            self.figure["bars"].append(max(across) - min(across))
        elif tag == "use" and (place := re.match(r"translate\(([\d.]+),([\d.]+)\)", attributes.get("transform", ""))):
            self.figure["points"].append(float(place.group(2)))
        elif tag == "tr":
            self.figure["rows"].append([])
        elif tag in ("th", "td"):
            self.figure["rows"][-1].append("")

    def handle_endtag(self, tag):
        self.in_style = False
        if tag == "svg":
            self.in_svg = False
        elif tag == "figure":
            self.figure = None

    def handle_data(self, data):
        if self.in_style or not data.strip():
            return
        self.words.append(data.strip())
        if self.figure and self.in_svg:
            self.figure["texts"].append(data.strip())
        elif self.figure and self.figure["rows"] and self.figure["rows"][-1]:
            self.figure["rows"][-1][-1] += data.strip()


def straight(pairs):
    """Whether pixels follow values in a straight line, to a pixel."""
    (low, low_pixel), (high, high_pixel) = min(pairs), max(pairs)
    if high == low:
        return len({round(pixel) for _, pixel in pairs}) == 1
    slope = (high_pixel - low_pixel) / (high - low)
    return slope != 0 and all(abs(low_pixel + (value - low) * slope - pixel) < 1 for value, pixel in pairs)


def check_figure(figure, found, results):
    """What is wrong with one figure; `found` is what the page has of it."""
    table = figures.table(results, figure)
    medians = [value.median for _, value in table]
    told = [
        [label, verdict.figure(value.median), f"{verdict.figure(value.least)}–{verdict.figure(value.most)}"]
        for label, value in table
    ]
    if found["rows"][1:] != told:
        yield f"its table has {found['rows'][1:]}, not {told}"
    if not all(f"{label}: {median}" in found["label"] for label, median, _ in told):
        yield f"its words for who cannot see it leave something out: {found['label']}"
    drawn = found["bars"] if figure.rows else found["points"]
    if len(drawn) != len(table):
        yield f"{len(drawn)} bars or points are drawn, not {len(table)}"
    elif not straight(list(zip(medians, drawn)) + ([(0, 0)] if figure.rows else [])):
        yield f"{drawn} are not drawn where {medians} belong"
    for label in [label for label, _, _ in figure.rows] + figure.places:
        if label not in found["texts"]:
            yield f"'{label}' is not written in it"


def check_page(page, raw):
    """Everything wrong with a page of these raw data."""
    results, reader = Results(raw), Reader(page)
    words = " ".join(reader.words)
    expected = [figure.key for figure in figures.every()]
    if list(reader.figures) != expected:
        yield f"its figures are {list(reader.figures)}, not {expected}"
        return
    for figure in figures.every():
        for problem in check_figure(figure, reader.figures[figure.key], results):
            yield f"{figure.key}: {problem}"
    yield from (f"it fetches something: {what}" for what in reader.fetched)
    for pattern in (r"https?:", r"@import", r"url\((?!['\"]?#)", r"\bnan\b", r"\binf\b", r"\bNone\b", r"\$\w"):
        if match := re.search(pattern, page, re.I if pattern in (r"\bnan\b", r"\binf\b") else 0):
            yield f"it has '{match.group()}' near: {page[max(0, match.start() - 60):match.end() + 20]!r}"
    if verdict.sentence(results) not in words or not any(c.suite in verdict.sentence(results) for c in plan.CIPHERS):
        yield "no sentence names the best choice"
    for run in raw["runs"].values():
        if " ".join(run["command"][:2]) not in words:
            yield f"the command of a run is not there: {run['command']}"
            break
    for what, fact in raw["machine"].items():
        if f"{what} {fact}" not in words:
            yield f"the machine's '{what}' is not there"


def look(page, folder):
    """What a browser finds at each width."""
    with open(os.path.join(HERE, "overlap.js"), encoding="utf-8") as file:
        script = file.read()
    literal = json.dumps(page).replace("</", "<\\/")
    path = os.path.join(folder, "look.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            "<!DOCTYPE html><meta charset=utf-8><body><pre id=answers></pre>"
            f"<script>{script}\nlook({literal}, {WIDTHS});</script>"
        )
    done = subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=20000",
            "--window-size=1400,1000",
            f"--user-data-dir={folder}/profile",
            "--dump-dom",
            f"file://{path}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = re.search(r"<pre id=\"answers\">(.*?)</pre>", done.stdout, re.S)
    return json.loads(html.unescape(answers.group(1)))


def check_layout(page, folder):
    for answer in look(page, folder):
        if answer["texts"] < 500:
            yield f"only {answer['texts']} texts are seen at {answer['width']} px"
        yield from (f"at {answer['width']} px: {finding}" for finding in answer["findings"])
    # Would it be noticed?
    broken = look(
        page.replace("font-size: 12px", "font-size: 40px").replace("font-size: 10px", "font-size: 40px"), folder
    )
    if not all(any("overlap" in finding for finding in answer["findings"]) for answer in broken):
        yield "letters of three times the size overlap nowhere: the browser's check sees nothing"


def main():
    parser = argparse.ArgumentParser(prog="check.py")
    parser.add_argument("--programs")
    parser.add_argument("--from", dest="source")
    parser.add_argument("--overlap", action="store_true")
    what = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hauberk-report-") as folder:
        out, kept = os.path.join(folder, "report.html"), what.source or os.path.join(folder, "raw.json")
        source = ["--from", kept] if what.source else ["--quick", "--programs", what.programs, "--json", kept]
        made = subprocess.run([sys.executable, "-B", os.path.join(HERE, "report.py"), "--out", out, *source])
        if made.returncode != 0:
            return made.returncode
        with open(out, encoding="utf-8") as file:
            page = file.read()
        with open(kept, encoding="utf-8") as file:
            raw = json.load(file)
        problems = [f"{one['run']} failed: {one['words']}" for one in raw["failures"]]
        problems += check_page(page, raw)
        if what.overlap:
            problems += check_layout(page, folder)
    for problem in problems:
        print(f"check: {problem}")
    print(
        f"check: {len(figures.every())} plots of {len(raw['runs'])} runs, {len(page) // 1024} KiB, "
        f"{len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
