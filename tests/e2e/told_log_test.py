"""`daybook generate --recorded-as-told`: a log that could have been there all along, and says what it is."""
import time

from harness import Case, main

STORY = ("generate", "--customers", 40, "--orders", 1500, "--from", "2024-01-01", "--to", "2024-06-30")


class ToldLog(Case):
    def tell(self, name="data", **more):
        return self.run_daybook(*STORY, "--data", self.dir / name, "--recorded-as-told", **more)

    def test_the_past_can_be_asked_what_was_known(self):
        said = self.tell().stdout
        self.assertRegex(said, r"published \d+ events\nrecorded 2024-01-01T00:0\d.* to 2024-06-30T")
        server = self.daybook().start().wait_ready()
        server.wait_folded()
        status = server.status()
        self.assertIs(status["recorded_as_told"], True)
        self.assertIn(f"published {status['accepted']} events", said)
        self.assertEqual((status["parked"], status["duplicates"], status["conflicts"]), (0, 0, 0))
        self.assertTrue(status["newest_recorded_at"].startswith("2024-06-30T"), status["newest_recorded_at"])
        self.assertEqual(server.said().count("a log for demonstration"), 1, server.said())

        def balances(**parameters):
            totals = server.ask("/v1/receivables/ageing", as_of="2024-05-31", **parameters)["totals"]
            return {row["currency"]: row["balance"] for row in totals}
        before, after = {"known_at": "2024-06-02"}, {"known_at": "2024-06-30"}
        self.assertNotEqual(balances(**before), balances(**after))
        restated = server.ask("/v1/receivables/restatement", as_of="2024-05-31", known_from="2024-06-02",
                              known_to="2024-06-30", page_size=1000)
        self.assertGreater(len(restated["rows"]), 0)
        for total in restated["totals"]:
            self.assertEqual(total["balance_from"], balances(**before)[total["currency"]])
            self.assertEqual(total["balance_to"], balances(**after)[total["currency"]])
        for row in restated["rows"]:
            self.assertLessEqual(row["effective_date"], "2024-05-31")
            self.assertGreater(row["event"]["recorded_at"], "2024-06-02T23:59:59.999Z")
            self.assertGreater(row["event"]["recorded_at"], row["event"]["occurred_at"])

    def test_what_is_published_later_is_recorded_when_it_is(self):
        self.tell()
        server = self.daybook().start().wait_ready()
        before = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        server.publish([{"event_id": "e", "customer_id": "new", "source": "erp", "occurred_at": "2024-05-01T08:00:00Z",
                         "invoice_issued": {"invoice_id": "I", "currency": "CNY", "net_minor": "100",
                                            "issue_date": "2024-05-01"}}])
        server.wait_folded()
        self.assertGreaterEqual(server.status()["newest_recorded_at"], before)
        server.stop()
        server.start().wait_ready()
        self.assertIs(server.status()["recorded_as_told"], True)

    def test_it_takes_an_empty_log_alone(self):
        self.tell("told")
        self.run_daybook(*STORY, "--data", self.dir / "published")
        for name in ("told", "published"):
            again = self.tell(name, code=1, says="has records already")
            self.assertEqual(again.stdout, "")
            self.assertEqual(len(again.stderr.splitlines()), 1, again.stderr)
        server = self.daybook("published").start().wait_ready()
        self.assertIs(server.status()["recorded_as_told"], False)
        self.assertNotIn("demonstration", server.said())
        # One that is served, even without a record.
        self.daybook("served").start()
        self.tell("served", code=1, says="open in another process")

    def test_where_it_cannot_be(self):
        told = "--recorded-as-told"
        for flags in ((told,), (told, "--to", "http://127.0.0.1:1"), (told, "--brokers", "127.0.0.1:1"),
                      (told, "--data", self.dir / "data", "--to", "http://127.0.0.1:1")):
            self.run_daybook(*STORY, *flags, code=2, says="give --data DIR alone")
        self.run_daybook("generate", "--to", "2198-12-31", "--data", self.dir / "data", told, code=2,
                         says="must be before today")
        self.assertFalse((self.dir / "data").exists())


if __name__ == "__main__":
    main()
