# The rules of the report, with made-up values: which output counts, what is called clear, which cipher is chosen,
# and in which words; and the page of such values, which has to pass the check that broken pages do not pass.
import json
import re
import unittest

import check
import measure
import page
import plan
import verdict
from results import Comparison, Results, Values


def made(rounds=5, **changes):
    """Results in which all is equal but for `changes`: {key of a measure: {cipher's name: values or a factor}}."""
    runs = {}
    wobble = [1.0, 1.01, 0.99, 1.02, 0.98][:rounds]
    for name in plan.commands(plan.FULL):
        figures = ("mib_per_second", "cpu_seconds_per_gib", "p50_us", "p99_us", "per_second", "messages_per_second")
        runs[name] = {"command": ["program", name], "values": {figure: [100 * w for w in wobble] for figure in figures}}
    for measure, key in zip(verdict.MEASURES, ("group_cpu", "link_cpu", "rate", "p99")):
        for cipher in plan.CIPHERS:
            change = changes.get(key, {}).get(cipher.name, 1)
            values = change if isinstance(change, list) else [100 * w * change for w in wobble]
            runs[measure.run(cipher)]["values"][measure.figure] = values
    load = {"average_before": 1, "average_after": 2, "others": [0.1, 0.2], "stolen": [0, 0]}
    about = {"quick": False, "seconds": 1, "machine": {"Processor": "one of ours"}, "load": load, "failures": []}
    return Results(about | {"rounds": rounds, "runs": runs})


class OutputTest(unittest.TestCase):
    def link(self, **said):
        return measure.values_of(["link_bench"], json.dumps({"benchmarks": [said]}))

    def group(self, latency_seconds="1", **changes):
        said = {
            "mib_per_second": 300.5,
            "cpu_seconds_per_gib": 4.5,
            "messages_per_second": 1,
            "latency_of": "one in flight, after the load",
            "latency_us": {"p50": 200, "p99": 400},
        }
        return measure.values_of(["group_bench", "--latency-seconds", latency_seconds], json.dumps(said | changes))

    def test_figures(self):
        link = self.link(bytes_per_second=2**21, cpu_s_per_GiB=0.8, items_per_second=5)
        self.assertEqual((link["mib_per_second"], link["cpu_seconds_per_gib"]), (2, 0.8))
        self.assertEqual(self.link(items_per_second=300), {"per_second": 300})
        self.assertEqual((self.group()["mib_per_second"], self.group()["p99_us"]), (300.5, 400))
        self.assertNotIn("p99_us", self.group(latency_seconds="0"))

    def test_nothing_measured(self):
        self.assertRaises(measure.Nothing, self.group, mib_per_second=0)
        self.assertRaises(measure.Nothing, self.group, latency_of="the load")
        self.assertRaises(
            measure.Nothing, self.link, bytes_per_second=1, cpu_s_per_GiB=float("nan"), items_per_second=1
        )

    def test_a_benchmark_that_failed(self):
        with self.assertRaisesRegex(measure.Failure, "handshake failed"):
            self.link(error_occurred=True, error_message="handshake failed")


class ClearTest(unittest.TestCase):
    def is_clear(self, one, other):
        return Comparison(Values(one), Values(other)).is_clear

    def test_the_same_direction_in_every_round(self):
        self.assertTrue(self.is_clear([11, 21, 31, 41, 51], [10, 20, 30, 40, 50]))

    def test_one_round_against_it_is_noise(self):
        self.assertFalse(self.is_clear([13, 23, 33, 43, 49], [10, 20, 30, 40, 50]))

    def test_less_than_two_percent_is_noise(self):
        self.assertFalse(self.is_clear([101] * 5, [100] * 5))
        self.assertTrue(self.is_clear([103] * 5, [100] * 5))
        self.assertTrue(self.is_clear([97] * 5, [100] * 5))

    def test_three_rounds_say_nothing(self):
        self.assertFalse(self.is_clear([200] * 3, [100] * 3))
        self.assertFalse(self.is_clear([200, 200, 200, None, None], [100] * 5))

    def test_rounds_are_compared_with_themselves(self):
        self.assertTrue(self.is_clear([None, 11, 110, 1100, 11000], [5, 10, 100, 1000, 10000]))


class ChoiceTest(unittest.TestCase):
    def test_least_cpu_time_in_the_group(self):
        results = made(group_cpu={"AES-128-GCM": 1.2, "CHACHA20": 1.1}, link_cpu={"AES-256-GCM": 2})
        self.assertEqual(verdict.choose(results).best.name, "AES-256-GCM")

    def test_the_link_decides_what_the_group_cannot(self):
        noisy = [90, 120, 100, 95, 130]
        results = made(group_cpu={"AES-128-GCM": noisy, "CHACHA20": 1.5}, link_cpu={"AES-128-GCM": 1.1})
        self.assertEqual(verdict.choose(results).best.name, "AES-256-GCM")
        said = verdict.sentence(results)
        self.assertIn("ChaCha20 has 50\u00a0% more CPU time per GiB in a group", said)
        self.assertIn("AES-128-GCM has 10\u00a0% more CPU time per GiB on a link", said)

    def test_throughput_and_latency_come_last(self):
        self.assertEqual(verdict.choose(made(rate={"AES-128-GCM": 0.9})).best.name, "AES-256-GCM")
        self.assertEqual(verdict.choose(made(p99={"AES-128-GCM": 1.1, "AES-256-GCM": 1.1})).best.name, "CHACHA20")

    def test_equals_are_named_and_the_default_order_decides(self):
        results = made(group_cpu={"CHACHA20": 1.5})
        choice = verdict.choose(results)
        self.assertEqual((choice.best.name, [c.name for c in choice.equals]), ("AES-128-GCM", ["AES-256-GCM"]))
        self.assertIn("cannot be told from AES-256-GCM within the noise", verdict.sentence(results))

    def test_two_rounds_choose_nothing(self):
        results = made(rounds=2, group_cpu={"AES-128-GCM": 3})
        self.assertEqual(verdict.choose(results).best.name, "AES-128-GCM")
        self.assertIn("cannot be told from AES-256-GCM and ChaCha20 by 2 rounds", verdict.sentence(results))

    def test_what_speaks_against_the_choice_is_said(self):
        results = made(
            group_cpu={"AES-256-GCM": 1.5, "CHACHA20": 1.5}, rate={"CHACHA20": 1.25}, p99={"AES-256-GCM": 0.5}
        )
        said = verdict.sentence(results)
        self.assertTrue(said.startswith("On this machine choose AES-128-GCM"))
        self.assertIn("but ChaCha20 has 25\u00a0% more throughput of a group", said)
        self.assertIn("but AES-256-GCM has 50\u00a0% less p99 latency in a group", said)


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.raw = made(group_cpu={"CHACHA20": 1.5}, rate={"AES-256-GCM": 0.5}, p99={"AES-128-GCM": 7}).raw
        cls.page = page.page(cls.raw)

    def problems(self, pattern, by):
        broken, count = re.subn(pattern, by, self.page, count=1, flags=re.S)
        self.assertEqual(count, 1)
        return list(check.check_page(broken, self.raw))

    def test_is_whole(self):
        self.assertEqual(list(check.check_page(self.page, self.raw)), [])

    def test_a_broken_page_is_noticed(self):
        self.assertTrue(self.problems("<figure id='cipher-p99'.*?</figure>", ""))
        self.assertTrue(self.problems(r"(<polygon [^>]*points = ')\d", r"\g<1>9"))
        self.assertTrue(self.problems(r"(transform='translate\([\d.]+,)\d", r"\g<1>9"))
        self.assertTrue(self.problems("<td>100</td>", "<td>101</td>"))
        self.assertTrue(self.problems("<td>100</td>", "<td>nan</td>"))
        self.assertTrue(self.problems("<main>", "<main><img src='picture.png'>"))
        self.assertTrue(self.problems("</style>", "p { background: url(https://x) }</style>"))
        self.assertTrue(self.problems("On this machine choose", "Choose"))
        self.assertTrue(self.problems("<td>one of ours", "<td>another"))

    def test_warns(self):
        self.assertIn("was not at rest: other programs took 15 %", self.page)
        quick = page.page(self.raw | {"quick": True})
        self.assertIn("quick run", quick)
        self.assertNotIn("quick run", self.page)


if __name__ == "__main__":
    unittest.main()
