"""Every command that README.md and docs/ show, run as it is written.

The blocks marked `sh` of each page, in order, in a folder of their own that has the repository's `docs`. What a
page takes for granted (a server on 127.0.0.1:8080, a file of the reader's) stands in STAND_INS; what cannot be
run here is listed in SKIPPED with the reason. Ports are changed to free ones, and nothing else.
"""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from harness import DAYBOOK, ROOT, Case, clean_environment, main

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Commands by how they begin, with the reason why they are not run. The rest of the block is.
SKIPPED = {
    "deploy/dev/run.sh": "installs packages and builds; what it leaves is a stand-in",
    "deploy/services/": "installs packages and builds; deploy_services_test.py runs it",
    "deploy/dev/test.sh": "installs packages and runs this test among others",
    "PATH=$PWD/build/release/bin:$PATH": "the test has a build of its own in PATH",
    "npm --prefix services/dashboard": "fetches packages; the tests named dashboard and dashboard_unit run what these do",
    "cmake --preset": "builds for minutes; deploy/dev/test.sh runs the core of these",
    "tests/fuzz/run": "installs packages and runs for minutes",
    "tests/benchmarks/run": "installs packages and measures for minutes",
}

# Two orders for the mapping that importing.md shows.
SHOP_ORDERS = "OrderNo,Customer,Date,Status\n1,C1,01.05.2024,open\n2,C2,02.05.2024,draft\n"
SHOP_LINES = "OrderNo;Article;Quantity;Price;Discount\n1;A;2;12.50;0\n1;B;1;3.99;0.1\n2;A;1;12.50;0\n"

IBM = """countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,\
PaperlessBill,DaysToSettle,DaysLate
391,C-1,4/6/2013,101,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0
406,C-2,3/3/2012,102,5/26/2013,6/25/2013,61.74,Yes,7/3/2013,Electronic,38,8
"""

CLASSICMODELS = {
    "customers.csv": "customerNumber,customerName,country,salesRepEmployeeNumber,creditLimit\n103,Atelier,France,1370,21000.00\n",
    "employees.csv": "employeeNumber,officeCode\n1370,4\n",
    "offices.csv": "officeCode,territory\n4,EMEA\n",
    "orders.csv": "orderNumber,orderDate,requiredDate,shippedDate,status,customerNumber\n"
                  "10123,2003-05-20,2003-05-29,2003-05-22,Shipped,103\n",
    "orderdetails.csv": "orderNumber,productCode,quantityOrdered,priceEach,orderLineNumber\n10123,S18_1589,26,120.71,2\n",
    "payments.csv": "customerNumber,checkNumber,paymentDate,amount\n103,HQ336336,2004-10-19,6066.78\n",
}


def northwind(page):
    """What deploy/dev/run.sh leaves: a server with Northwind."""
    page.serve("--config", "docs/examples/northwind/daybook.toml")
    page.bash("daybook import --mapping docs/examples/northwind/mapping.toml docs/examples/northwind/*.csv "
              "--to http://127.0.0.1:8080 > positions")
    page.bash("daybook query parked --min-position $(tail -n +2 positions | paste -sd,) --url http://127.0.0.1:8080")


def shop(page):
    """The mapping that the page shows, and files that it is for."""
    text = (ROOT / "docs/importing.md").read_text()
    mapping = re.search(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE).group(1)
    (page.folder / "mapping.toml").write_text(mapping)
    (page.folder / "orders.csv").write_text(SHOP_ORDERS)
    (page.folder / "lines.csv").write_text(SHOP_LINES)
    page.serve()


def ibm(page):
    """The data states no licence: made-up rows with its columns."""
    (page.folder / "WA_Fn-UseC_-Accounts-Receivable.csv").write_text(IBM)


def classicmodels(page):
    """Likewise."""
    (page.folder / "classicmodels").mkdir()
    for name, text in CLASSICMODELS.items():
        (page.folder / "classicmodels" / name).write_text(text)


def operations(page):
    """A server on its default folder."""
    page.bash("daybook generate --orders 50 --to 2024-06-30 --data daybook-data")
    page.start("daybook up --data daybook-data")
    page.wait_ready()


def damaged(page):
    """A store that was set aside."""
    shards = page.folder / "daybook-data" / "shards"
    shutil.copytree(shards / "0003", shards / "0003.damaged")


STAND_INS = {
    "docs/operations.md": operations,
    "README.md": northwind,
    "docs/importing.md": shop,
    "docs/publishing.md": lambda page: page.serve(),
    "docs/examples/ibm-late-payments/README.md": ibm,
    "docs/examples/classicmodels/README.md": classicmodels,
}


# What the page says of a command in words, by how that begins.
BEFORE = {
    "rm -r daybook-data/shards": lambda page: page.stop_all(),
    "mkdir new-data": lambda page: page.stop_all(),
    "mkdir -p aside/shards": damaged,
}


def blocks(text):
    """The blocks marked `sh`."""
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(block):
    """Commands as a shell would take them: lines, joined until they are whole; comments left out."""
    pending = ""
    for line in block.splitlines():
        pending += line + "\n"
        whole = subprocess.run(["bash", "-n"], input=pending, capture_output=True, text=True)
        if line.endswith("\\") or whole.returncode != 0:
            continue
        if shlex.split(pending, comments=True):
            yield pending.strip()
        pending = ""
    if pending:
        raise AssertionError(f"not a whole command: {pending}")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Page:
    """A folder in which the commands of one page are run."""

    def __init__(self, case, folder):
        self.case = case
        self.folder = folder
        folder.mkdir()
        (folder / "docs").symlink_to(ROOT / "docs")
        binaries = folder.parent / "bin"
        binaries.mkdir(exist_ok=True)
        if not (binaries / "daybook").exists():
            (binaries / "daybook").symlink_to(Path(DAYBOOK).resolve())
        self.ports = dict(zip(("8080", "8081"), free_ports(2)))
        self.environment = clean_environment(
            PATH=f"{binaries}:{os.environ['PATH']}", DAYBOOK_MEMORY_MIB="128",
            # What `daybook up` listens on unless it is told.
            DAYBOOK_LISTEN=f"127.0.0.1:{self.ports['8080']}")
        self.servers = []

    def rewritten(self, command):
        return re.sub(r"127\.0\.0\.1:(8080|8081)", lambda found: f"127.0.0.1:{self.ports[found[1]]}", command)

    def start(self, command):
        words = open(self.folder / f"server-{len(self.servers)}.log", "wb")
        self.case.addCleanup(words.close)
        server = subprocess.Popen(["bash", "-c", "exec env " + command], cwd=self.folder, env=self.environment,
                                  stdout=words, stderr=words, start_new_session=True)
        self.servers.append(server)
        self.case.addCleanup(self.stop, server)

    def stop_all(self):
        for server in self.servers:
            self.stop(server)

    @staticmethod
    def stop(server):
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        server.wait(60)

    def serve(self, *flags):
        """A server on what the page calls 127.0.0.1:8080."""
        self.start(shlex.join(["daybook", "up", "--data", "stand-in", *flags]))
        self.wait_ready()

    def wait_ready(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.ports['8080']}/readyz", timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        self.case.fail("no server: " + self.said())

    def said(self):
        return "".join(one.read_text(errors="replace") for one in sorted(self.folder.glob("server-*.log")))

    def bash(self, command):
        """Runs one; gives what it wrote."""
        if command.endswith("&"):
            self.start(self.rewritten(command.removesuffix("&").strip()))
            return ""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.rewritten(command)], cwd=self.folder,
                              env=self.environment, capture_output=True, text=True, timeout=180)
        self.case.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}{self.said()}")
        return done.stdout


class Docs(Case):
    def run_page(self, path):
        name = str(path.relative_to(ROOT))
        shown = [command for block in blocks(path.read_text()) for command in commands(block)]
        if not shown:
            return {}
        page = Page(self, self.dir / name.replace("/", "-"))
        said = {}
        if any(not is_skipped(command) for command in shown):
            STAND_INS.get(name, lambda _: None)(page)
        for command in shown:
            for beginning, prepare in BEFORE.items():
                if command.startswith(beginning):
                    prepare(page)
            if not is_skipped(command):
                said[command] = page.bash(command)
        self.folder = page.folder
        return said

    def answer_to(self, said, beginning):
        found = [text for command, text in said.items() if command.startswith(beginning)]
        self.assertEqual(len(found), 1, f"{beginning}: {list(said)}")
        return found[0]

    def test_every_page_is_run(self):
        """Those that have tests of their own below are run there."""
        for path in PAGES:
            if str(path.relative_to(ROOT)) in TESTED_BELOW:
                continue
            with self.subTest(page=path.relative_to(ROOT)):
                self.run_page(path)

    def test_what_is_skipped_is_there(self):
        """A reason outlives no command."""
        shown = [command for path in PAGES for block in blocks(path.read_text()) for command in commands(block)]
        for beginning in SKIPPED:
            self.assertTrue(any(command.startswith(beginning) for command in shown), beginning)

    def test_every_alert_has_a_row(self):
        rules = (ROOT / "deploy/prometheus/daybook.rules.yml").read_text()
        page = (ROOT / "docs/operations.md").read_text()
        severities = re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.DOTALL)
        self.assertEqual(re.findall(r"^\| `(Daybook\w+)` \| (\w+) \|", page, re.MULTILINE), severities)

    def test_every_setting_has_a_row(self):
        page = (ROOT / "docs/operations.md").read_text()
        shown = subprocess.run([DAYBOOK, "up", "--help"], capture_output=True, text=True, check=True).stdout
        variables = re.findall(r"\[DAYBOOK_(\w+)\]", "".join(shown.split()))
        self.assertGreater(len(variables), 10)
        for variable in variables:
            rows = re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE)
            self.assertIn(variable, [row.replace(".", "_").upper() for row in rows])

    def test_links_lead_somewhere(self):
        for path in PAGES:
            for target, anchor in re.findall(r"\]\((?!\w+://)([^)#\s]*)(?:#([^)\s]*))?\)", path.read_text()):
                with self.subTest(page=path.relative_to(ROOT), link=f"{target}#{anchor}"):
                    to = (path.parent / target).resolve() if target else path
                    self.assertTrue(to.exists())
                    if anchor:
                        headings = re.findall(r"^#+ (.*)", to.read_text(), re.MULTILINE)
                        self.assertIn(anchor, [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings])

    def test_the_readme(self):
        said = self.run_page(ROOT / "README.md")
        sales = self.answer_to(said, "daybook query sales")
        self.assertIn("Eastern", sales)
        ageing = self.answer_to(said, "daybook query ageing --group-by region --level 1")
        self.assertIn("totals", ageing)
        restated = self.answer_to(said, "daybook query restatement")
        self.assertNotIn("nothing in", restated)
        self.assertIn("differs", self.answer_to(said, "daybook reconcile"))
        # Known a few days after its end November was another one.
        bridges = [text for command, text in said.items() if command.startswith("daybook query bridge")]
        self.assertEqual(len(bridges), 2)
        self.assertNotEqual(*bridges)
        self.assertIn("Statement of account", (self.folder / "statement.html").read_text())
        written = (self.folder / "statements" / "index.csv").read_text().splitlines()
        self.assertGreater(len(written), 1)

    def test_the_northwind_example(self):
        said = self.run_page(ROOT / "docs/examples/northwind/README.md")
        self.assertIn("660,328.63", self.answer_to(said, "daybook query sales"))

    def test_the_ibm_example(self):
        said = self.run_page(ROOT / "docs/examples/ibm-late-payments/README.md")
        self.assertIn("61.74", self.answer_to(said, "daybook query ageing"))

    def test_operations(self):
        said = self.run_page(ROOT / "docs/operations.md")
        digests = {re.search("digest .*", self.answer_to(said, "daybook verify --data " + name))[0]
                   for name in ("new-data", "backup")}
        self.assertEqual(len(digests), 1, digests)
        aside = self.answer_to(said, "daybook verify --data aside")
        self.assertEqual(aside.count("FAULT"), aside.count("there is no store"), aside)

    def test_importing(self):
        self.run_page(ROOT / "docs/importing.md")
        events = (self.folder / "events.ndjson").read_text().splitlines()
        self.assertEqual(len(events), 1)
        self.assertIn('"net_minor":"2500"', events[0])


TESTED_BELOW = ("README.md", "docs/examples/northwind/README.md", "docs/examples/ibm-late-payments/README.md",
                "docs/importing.md", "docs/operations.md")


def is_skipped(command):
    return any(command.startswith(beginning) for beginning in SKIPPED)


if __name__ == "__main__":
    main()
