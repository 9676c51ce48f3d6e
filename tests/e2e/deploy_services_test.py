"""deploy/services/run.sh and stop.sh: what they start says what one process says, is small, and ends without a rest."""
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from harness import DAYBOOK, ROOT, Case, Daybook, clean_environment, main, run, wait_until

NORTHWIND = ROOT / "docs/examples/northwind"
RESIDENT_MAX = 2 << 30


class Running(Daybook):
    """A server that somebody else started."""

    def __init__(self, url):
        self.url = url


def processes_of(folder):
    """{number: command} of all that name the folder, or have it as their output."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            output = os.readlink(entry / "fd/1")
        except OSError:
            continue
        if str(folder) in command or output.startswith(str(folder)):
            found[int(entry.name)] = command
    return found


def resident(process):
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


class Deployed(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.dir / "services"
        self.variables = {"DAYBOOK_SERVICES_DATA": str(self.folder), "DAYBOOK_PROGRAMS": str(Path(DAYBOOK).parent)}
        if "DAYBOOK_KAFKA_LIBS" in os.environ:
            self.variables["DAYBOOK_KAFKA_LIBS"] = os.environ["DAYBOOK_KAFKA_LIBS"]
        self.addCleanup(self.script, "stop.sh", code=None)

    def script(self, name, code=0, **variables):
        program = ROOT / "deploy/services" / name
        done = subprocess.run([program], capture_output=True, text=True, timeout=300,
                              env=clean_environment(**{**self.variables, **variables}))
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def started(self, **variables):
        done = self.script("run.sh", **variables)
        self.assertNotIn("is not a setting", done.stderr)
        return done.stdout

    def server_pid(self, name):
        return int((self.folder / name / "server.pid").read_text())

    @staticmethod
    def address(output, what):
        return re.search(rf"^{what}: +(http://[\d.:]+)", output, re.MULTILINE)[1]

    def test_run_ask_lose_a_part_run_again_and_stop(self):
        # Taken by somebody else: another one is found.
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            refused = self.script("run.sh", code=1, DAYBOOK_SERVICES_GATEWAY=f"127.0.0.1:{taken.getsockname()[1]}")
            self.assertIn("an address of daybook-gateway is taken; choose another one", refused.stderr)
        output = self.started(DAYBOOK_SERVICES_GATEWAY="127.0.0.1:0")
        query = Running(self.address(output, "Questions"))
        names = ("gateway", "projector-1", "projector-2", "query")
        pids = {name: self.server_pid(name) for name in names}

        # The answers that it shows, and those to other questions, are a single process's.
        alone = self.daybook("alone", "--config", NORTHWIND / "daybook.toml")
        alone.variables.pop("DAYBOOK_TODAY")
        alone.start()
        loaded = run("import", "--mapping", NORTHWIND / "mapping.toml", *sorted(NORTHWIND.glob("*.csv")), "--to", alone.url)
        self.assertEqual(loaded.returncode, 0, loaded.stderr)
        alone.wait_folded()
        shown = [block.split("\n", 1) for block in re.split(r"^\$ daybook query ", output.split("\nQuestions:")[0], flags=re.MULTILINE)[1:]]
        self.assertEqual(len(shown), 3, output)
        for question, answer in shown[:2]:
            there = run("query", *question.split(" --url ")[0].split(), "--url", alone.url)
            self.assertEqual(there.returncode, 0, there.stderr)
            self.assertEqual(answer.strip(), there.stdout.strip(), question)
        for path, parameters in (("/v1/sales", {"from": "1996-01-01", "to": "1998-12-31", "grain": "month", "group_by": "region,sku"}),
                                 ("/v1/order-cycle", {"from": "1996-01-01", "to": "1998-12-31", "group_by": "customer"}),
                                 ("/v1/customers", {"page_size": "1000"}), ("/v1/anomalies", {"page_size": "1000"})):
            here, there = (server.get(path, {**parameters, "format": "csv"}) for server in (query, alone))
            self.assertEqual((here.status, self.without_places(here.text)), (200, self.without_places(there.text)), path)
        self.assertEqual(query.status()["accepted"], alone.status()["accepted"])

        # Everything that runs on the folder, with the broker; the most that each has been.
        running = processes_of(self.folder)
        self.assertEqual(len(running), 5, running)
        together = sum(resident(process) for process in running)
        print(f"resident at most: {together >> 20} MiB")
        self.assertLess(together, RESIDENT_MAX)

        # Started again it takes up what runs.
        again = self.started(DAYBOOK_SERVICES_GATEWAY="127.0.0.1:0")
        self.assertEqual(again.count("running already"), 5, again)
        self.assertIn("Northwind is loaded already", again)
        self.assertEqual({name: self.server_pid(name) for name in names}, pids)

        # A projector that is lost is named, and nothing is answered without it.
        os.kill(pids["projector-2"], signal.SIGKILL)
        sales = {"from": "1997-01-01", "to": "1997-12-31"}
        refused = wait_until(lambda: (lambda a: a if a.status != 200 else None)(query.get("/v1/sales", sales)), 20, "a refusal")
        self.assertEqual(refused.status, 503, refused)
        self.assertRegex(refused.json["detail"], "shard [4-7]")
        unready = query.get("/readyz")
        self.assertEqual(unready.status, 503)
        self.assertIn("shard 4-7", unready.json["detail"])
        again = self.started(DAYBOOK_SERVICES_GATEWAY="127.0.0.1:0")
        self.assertEqual(again.count("running already"), 4, again)
        self.assertEqual({name: self.server_pid(name) for name in names if name != "projector-2"},
                         {name: pid for name, pid in pids.items() if name != "projector-2"})
        self.assertEqual(query.get("/v1/sales", sales).status, 200)

        # After the end nobody is left; the folder has it all for the next time.
        self.assertEqual(self.script("stop.sh").stdout, "stopped\n")
        self.assertEqual(processes_of(self.folder), {})
        self.assertEqual(self.script("stop.sh").stdout, "not running\n")
        output = self.started()
        self.assertIn("Northwind is loaded already", output)
        self.assertIn("617,085.35", output)
        self.assertEqual(self.script("stop.sh").stdout, "stopped\n")
        self.assertEqual(processes_of(self.folder), {})
        for name in names:
            self.assertNotIn("ended without waiting", (self.folder / name / "server.log").read_text(), name)

    @staticmethod
    def without_places(text):
        """Each process has its log: positions and recorded times differ."""
        lines = [line.split(",") for line in text.splitlines()]
        own = {i for i, name in enumerate(lines[0]) if name.startswith("event.")}
        return [[cell for i, cell in enumerate(line) if i not in own] for line in lines]


if __name__ == "__main__":
    main()
