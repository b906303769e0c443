# The report: measures, or takes what was measured, and writes the page. Called by bench/report.sh, which says more.
import argparse
import json
import os
import sys

import machine
import measure
import page
import plan
import verdict
from results import Results

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FORMAT = 1  # of the raw data


def arguments():
    parser = argparse.ArgumentParser(
        prog="report.sh", description="Which cipher on this machine? Measures and writes one HTML page."
    )
    parser.add_argument("--programs", help="folder of link_bench and group_bench")
    parser.add_argument("--out", default=os.path.join(SOURCE, "build", "report.html"), help="the page (%(default)s)")
    parser.add_argument("--json", help="keep the raw data in this file")
    parser.add_argument("--from", dest="source", help="take raw data from this file instead of measuring")
    parser.add_argument("--quick", action="store_true", help="short runs, to see whether it works")
    return parser.parse_args()


def check_writable(path):
    """Better now than after five minutes."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    if os.path.isdir(path) or not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise OSError(f"{path}: cannot be written")


def read(path):
    with open(path, encoding="utf-8") as file:
        try:
            raw = json.load(file)
        except ValueError as problem:
            raise ValueError(f"{path}: expected what --json kept, got no JSON: {problem}") from None
    if raw.get("format") != FORMAT:
        raise ValueError(f"{path}: expected data of format {FORMAT}, got {raw.get('format')}; measure anew")
    return raw


def taken(what):
    """The raw data of a new measurement."""
    effort = plan.QUICK if what.quick else plan.FULL
    commands = plan.commands(effort)
    print(
        f"report: measuring, {effort.rounds} rounds of {len(commands)} runs; better leave the machine alone meanwhile",
        file=sys.stderr,
    )
    about = {"format": FORMAT, "quick": what.quick, "machine": machine.facts(SOURCE)}
    return about | measure.measure(what.programs, commands, effort.rounds)


def make(what):
    for path in (what.out, what.json):
        if path:
            check_writable(path)
    raw = read(what.source) if what.source else taken(what)
    if what.json:
        with open(what.json, "w", encoding="utf-8") as file:
            json.dump(raw, file, indent=1)
    results = Results(raw)
    if missing := results.missing():
        words = next(one["words"] for one in raw["failures"] if one["run"] == missing[0])
        raise RuntimeError(f"{len(missing)} runs failed in every round, so there is no page. {missing[0]}: {words}")
    made = page.page(raw)
    with open(what.out, "w", encoding="utf-8") as file:
        file.write(made)
    print(f"\n{verdict.sentence(results)}\n\nreport: the page is {what.out}")


def main():
    what = arguments()
    if not what.programs and not what.source:
        print("report: --programs or --from is needed (bench/report.sh builds the programs)", file=sys.stderr)
        return 2
    try:
        make(what)
    except KeyboardInterrupt:
        print("\nreport: interrupted", file=sys.stderr)
        return 130
    except (OSError, ValueError, RuntimeError) as problem:
        print(f"report: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
