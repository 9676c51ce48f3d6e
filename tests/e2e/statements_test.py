"""`daybook statements`: a statement of account for each customer, as files of a folder."""
import csv
import io
import os
import re
import resource
import signal
import subprocess
import threading
from html import unescape

from harness import DAYBOOK, ToldOnce, clean_environment, main

# Ids that would lead out of a folder, are one to a system without case, or no name at all.
OVERDUE = ("C-1", "c-1", "../../up", "/etc/passwd", "..", ".", "-rf", "CON", "INDEX", "index", "a\\b:c*?\"<>|", "客户/3 ä%",
           "=cmd|' /C calc'!A0", "x" * 128, "X" * 128, "ä" * 64)
LATER, SETTLED, TOLD = "later", "settled", "told"
SENDER = """[sender]
name = "Acme & Sons"
address = ["1 High Street", "Leeds"]
bank = ["IBAN GB00 ACME"]
contact = "ar@acme.example"
"""
MAY = ("--from", "2024-05", "--to", "2024-05")


def event(event_id, customer, **payload):
    return {"event_id": event_id, "customer_id": customer, "source": "erp", "occurred_at": "2024-04-01T08:00:00Z", **payload}


def invoice(customer, invoice_id, minor, due, issued="2024-04-01", currency="CNY"):
    return event(f"i-{invoice_id}", customer, invoice_issued={
        "invoice_id": invoice_id, "currency": currency, "net_minor": str(minor), "issue_date": issued, "due_date": due})


def payment(customer, payment_id, minor, to=None, day="2024-05-10"):
    paid = {"payment_id": payment_id, "currency": "CNY", "amount_minor": str(minor), "value_date": day}
    if to:
        paid["allocations"] = [{"invoice_id": to, "amount_minor": str(minor)}]
    return event(f"p-{payment_id}", customer, payment_received=paid)


def history():
    events = []
    for i, customer in enumerate((*OVERDUE, LATER, SETTLED, TOLD)):
        events.append(event(f"f{i}", customer, customer_profile_set={"name": f"Customer <{i}>"}))
    for i, customer in enumerate(OVERDUE):
        events.append(invoice(customer, f"I{i}", 10000 + i, "2024-05-01"))
        events.append(invoice(customer, f"J{i}", 700, "2024-12-01"))
    events += [invoice("C-1", "K", 1234, "2024-05-03", currency="JPY"), invoice(LATER, "L", 500, "2024-06-30"),
               invoice(SETTLED, "S", 900, "2024-05-01"), payment(SETTLED, "P", 900, "S")]
    return events


class Statements(ToldOnce):
    # None of them changes anything but the one that has its own.
    history = staticmethod(history)

    def index(self, folder):
        text = (folder / "index.csv").read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def write(self, *more, to="out", **how):
        folder = self.dir / to
        self.run_daybook("statements", *MAY, "--into", folder, "--url", self.server.url, *more, **how)
        return folder, self.index(folder)

    @staticmethod
    def id_of(row):
        """As a spreadsheet's guard leaves it."""
        said = row["customer_id"]
        return said[1:] if said.startswith("'") else said

    def test_each_has_a_file_of_its_own_in_the_folder(self):
        folder, rows = self.write("--state", "overdue")
        self.assertEqual({self.id_of(row) for row in rows}, set(OVERDUE))
        files = {self.id_of(row): row["file"] for row in rows}
        self.assertEqual(sorted([*files.values(), "index.csv"]), sorted(os.listdir(folder)))
        self.assertEqual(len({name.lower() for name in files.values()}), len(OVERDUE))
        self.assertEqual(files["C-1"], "statement-C-1.html")
        for customer, name in files.items():
            with self.subTest(customer=customer):
                page = (folder / name).read_text(encoding="utf-8")
                heading = re.search(r"<p>Customer <bdi>(.*?)</bdi> · <bdi>(.*?)</bdi><br>2024-05-01 to 2024-05-31</p>", page)
                self.assertEqual(unescape(heading[1]), customer)
                self.assertEqual(unescape(heading[2]), f"Customer <{OVERDUE.index(customer)}>")
        self.assertEqual(list(self.dir.rglob("*.new")), [])

    def test_the_index_says_what_stands_in_the_files(self):
        folder, rows = self.write("--format", "csv")
        self.assertEqual({self.id_of(row) for row in rows}, {*OVERDUE, LATER})
        self.assertEqual([(row["currency"], row["balance"], row["overdue"]) for row in rows if row["customer_id"] == "C-1"],
                         [("CNY", "107.00", "100.00"), ("JPY", "1234", "1234")])
        self.assertEqual([(row["balance"], row["overdue"]) for row in rows if row["customer_id"] == LATER], [("5.00", "0.00")])
        for row in rows:
            lines = list(csv.DictReader(io.StringIO((folder / row["file"]).read_text(encoding="utf-8"), newline="")))
            own = [line for line in lines if line["currency"] == row["currency"]]
            with self.subTest(row=row):
                self.assertEqual([own[0]["type"], own[0]["running_balance"]], ["brought_forward", row["balance"]])
                carried = [line["running_balance"] for line in own if line["type"] == "carried_forward"]
                self.assertEqual(carried, [row["balance"]])
                due = [line for line in own if line["type"] == "open_item"]
                self.assertAlmostEqual(sum(float(line["open"]) for line in due), float(row["balance"]))
                self.assertAlmostEqual(sum(float(line["open"]) for line in due if int(line["days_overdue"]) > 0),
                                       float(row["overdue"]))

    def test_of_all_customers(self):
        _, rows = self.write("--state", "all")
        self.assertEqual({self.id_of(row) for row in rows}, {*OVERDUE, LATER, SETTLED, TOLD})
        for customer in (SETTLED, TOLD):
            row, = (row for row in rows if row["customer_id"] == customer)
            self.assertEqual((row["currency"], row["balance"], row["overdue"]), ("", "", ""))

    def test_a_data_folder_gives_the_same_files(self):
        for form in ("html", "csv"):
            folder, _ = self.write("--format", form, to=f"served-{form}")
            self.run_daybook("statements", *MAY, "--format", form, "--into", self.dir / f"read-{form}", "--data", self.server.data)
            for name in os.listdir(folder):
                self.assertEqual((self.dir / f"read-{form}" / name).read_bytes(), (folder / name).read_bytes(), name)

    def test_who_sends_them_stands_on_each(self):
        settings = self.dir / "sender.toml"
        settings.write_text(SENDER, encoding="utf-8")
        folder, rows = self.write("--settings", settings, "--lang", "zh", "--state", "overdue")
        for row in rows:
            page = (folder / row["file"]).read_text(encoding="utf-8")
            self.assertIn("<header class=sender><b><bdi>Acme &amp; Sons</bdi></b>\n<bdi>1 High Street</bdi>", page)
            self.assertIn("<b>开户银行</b>\n<bdi>IBAN GB00 ACME</bdi>", page)
        settings.write_text("[sender]\nfax = \"1\"\n", encoding="utf-8")
        self.run_daybook("statements", *MAY, "--into", self.dir / "none", "--settings", settings, "--url", self.server.url,
                         code=2, says=r"sender\.toml:2: sender\.fax is none of name, address, bank, contact")
        self.assertFalse((self.dir / "none").exists())

    def test_what_cannot_be_is_named(self):
        into = ("--into", self.dir / "none", "--url", self.server.url)
        for arguments, code, says in (
                ((*MAY, *into, "--state", "late"), 2, "--state.*late.*overdue,open,all"),
                ((*MAY, *into, "--format", "pdf"), 2, "--format.*pdf"),
                (("--from", "2024-06", "--to", "2024-05", *into), 2, "--from 2024-06-01 is after --to 2024-05-31"),
                (("--from", "2024-02-30", "--to", "2024-05", *into), 2, "--from: '2024-02-30' is no date"),
                (("--to", "2024-05", *into), 2, "--from is required"),
                ((*MAY, "--url", self.server.url), 2, "--into is required"),
                ((*MAY, *into, "--known-at", "soon"), 2, "known_at"),
                ((*MAY, "--into", self.dir / "none", "--data", self.dir / "nothing"), 1, "nothing"),
                ((*MAY, "--into", self.dir / "none", "--url", "http://127.0.0.1:1"), 1, "127.0.0.1:1")):
            with self.subTest(arguments=arguments):
                done = self.run_daybook("statements", *arguments, code=code, says=says)
                self.assertEqual(done.stdout, "")
        self.assertFalse((self.dir / "none").exists())

    def test_a_folder_that_cannot_be_written(self):
        (self.dir / "file").write_text("")
        for into in (self.dir / "file", self.dir / "file" / "below", "/proc/statements"):
            done = self.run_daybook("statements", *MAY, "--into", into, "--url", self.server.url, code=1, says=str(into))
            self.assertEqual(done.stdout, "")

    def test_a_full_disk_leaves_no_half_files_and_no_index(self):
        folder, _ = self.write()
        kept = {name: (folder / name).read_bytes() for name in os.listdir(folder) if name != "index.csv"}

        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        done = subprocess.run([DAYBOOK, "statements", *MAY, "--into", folder, "--url", self.server.url], capture_output=True,
                              text=True, timeout=120, env=clean_environment(), preexec_fn=no_room)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"daybook: cannot write .*statement-.*\.html\.new: File too large")
        self.assertEqual({name: (folder / name).read_bytes() for name in os.listdir(folder)}, kept)

    def test_all_are_of_one_moment_whatever_is_published_meanwhile(self):
        server = self.daybook("busy", "--partitions", 4).start()
        customers = [f"M{i}" for i in range(40)]
        server.publish([invoice(c, f"I-{c}", 1_000_000, "2024-05-01") for c in customers])
        server.wait_ready().wait_folded()
        over = threading.Event()

        def publish():
            n = 0
            while not over.is_set():
                server.publish([payment(c, f"P-{c}-{n}", 1 + n % 7, f"I-{c}") for c in customers])
                n += 1
        publishing = threading.Thread(target=publish)
        publishing.start()
        try:
            for run in range(3):
                folder = self.dir / f"moment-{run}"
                done = self.run_daybook("statements", *MAY, "--format", "csv", "--into", folder, "--url", server.url)
                moment = re.search(r"40 statements and index\.csv in .*, as known at (\S+)\n", done.stdout)[1]
                balances = {}
                for row in self.index(folder):
                    lines = list(csv.DictReader(io.StringIO((folder / row["file"]).read_text(encoding="utf-8"), newline="")))
                    carried, = (line["running_balance"] for line in lines if line["type"] == "carried_forward")
                    self.assertEqual(carried, row["balance"], row)
                    balances[row["customer_id"]] = carried
                server_says = server.ask("/v1/receivables/ageing", as_of="2024-05-31", known_at=moment, page_size=1000)["rows"]
                self.assertEqual(balances, {row["group"]: row["balance"] for row in server_says})
        finally:
            over.set()
            publishing.join()
        server.stop()

    def test_of_an_earlier_moment_and_of_none(self):
        _, rows = self.write("--known-at", "2000-01-01", to="earlier")
        self.assertEqual(rows, [])
        empty = self.daybook("empty").start().wait_ready()
        done = self.run_daybook("statements", *MAY, "--into", self.dir / "empty-out", "--url", empty.url)
        self.assertIn("0 statements and index.csv", done.stdout)
        self.assertEqual(self.index(self.dir / "empty-out"), [])
        empty.stop()


if __name__ == "__main__":
    main()
