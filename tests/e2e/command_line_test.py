"""The command line with a full disk, with words it does not know, and with files as other programs write them."""
import http.server
import json
import re
import resource
import shutil
import signal
import subprocess
import threading

from harness import BROKERS, DAYBOOK, ROOT, Case, KafkaCase, clean_environment, loopback_ip6, main, ndjson, wait_until


def event(event_id="e1", customer="C1", **payload):
    return {"event_id": event_id, "customer_id": customer, "source": "erp", "occurred_at": "2024-05-01T08:00:00Z",
            **(payload or {"invoice_issued": {"invoice_id": "I1", "currency": "CNY", "net_minor": "100000",
                                              "issue_date": "2024-05-01"}})}


LEDGER = "customer_id,currency,amount\nC1,CNY,1.00\n"
NORTHWIND = ROOT / "docs" / "examples" / "northwind"


class OnFullDisk:
    """What cannot be written is said, and the command has failed."""

    def on_full(self, *arguments, stdin=b""):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DAYBOOK, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, timeout=120,
                                  input=stdin, env=clean_environment(DAYBOOK_TODAY="2024-06-30"))
        words = done.stderr.decode()
        with self.subTest(arguments=arguments):
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("daybook: cannot write to standard output: No space left on device", words)
            self.assertEqual(words.count("cannot write"), 1, words)


class FullDisk(OnFullDisk, Case):
    def setUp(self):
        super().setUp()
        server = self.daybook("data", "--partitions", 2).start()
        server.publish([event()])
        server.wait_ready().wait_folded()
        server.stop()
        self.data = server.data
        self.ledger = self.dir / "ledger.csv"
        self.ledger.write_text(LEDGER)
        self.events = self.dir / "events.ndjson"
        self.events.write_text(ndjson([event("e2")]))

    def test_every_command_that_prints(self):
        data = ("--data", self.data)
        for arguments in (("--help",), ("--version",), ("query", "--help"),
                          ("generate", "--orders", 10), ("generate", "--orders", 3000),
                          ("generate", "--orders", 10, "--data", self.dir / "generated"),
                          ("import", "--mapping", NORTHWIND / "mapping.toml", *sorted(NORTHWIND.glob("*.csv"))),
                          ("publish", self.events, "--data", self.dir / "published"),
                          ("query", "ageing", *data), ("query", "ageing", *data, "--output", "json"),
                          ("query", "ageing", *data, "--output", "csv"), ("query", "anomalies", *data),
                          ("query", "customers/C1", *data),
                          ("reconcile", self.ledger, "--date", "2024-06-30", *data), ("verify", *data),
                          ("up", "--data", self.dir / "new", "--listen", "127.0.0.1:0")):
            self.on_full(*arguments)

    def test_parked_records(self):
        # None is parked here: the list is empty, and nothing is lost.
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DAYBOOK, "parked", "list", "--data", str(self.data)], stdout=full,
                                  stderr=subprocess.PIPE, env=clean_environment())
        self.assertEqual((done.returncode, done.stderr), (0, b"daybook: 0 parked, 0 unresolved\n"))

    def test_words_that_cannot_be_written_end_nothing(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([DAYBOOK, "query", "ageing", "--data", str(self.data), "--output", "json"],
                                  stdout=subprocess.PIPE, stderr=full, env=clean_environment(DAYBOOK_MEMORY="1"))
            self.assertEqual(done.returncode, 0)
            self.assertEqual(json.loads(done.stdout)["rows"][0]["balance"], "1000.00")
            done = subprocess.run([DAYBOOK, "query", "nothing", "--data", str(self.data)], stdout=subprocess.PIPE,
                                  stderr=full, env=clean_environment())
            self.assertEqual(done.returncode, 2)


class FullDiskOnKafka(OnFullDisk, KafkaCase):
    partitions = 2

    def test_topics_and_parked_records(self):
        server = self.on_kafka().start().wait_ready()
        self.peer.send([(self.topic("orders"), "C1", b"nonsense")])
        wait_until(lambda: server.status()["parked"] == 1, what="the parked record")
        server.stop()
        record = server.data, "--topic-prefix", self.prefix
        parked = self.run_daybook("parked", "list", "--data", *record).stdout.split()[0]
        kafka = ("--brokers", BROKERS, "--topic-prefix", self.prefix)
        for arguments in (("topics", "create", *kafka, "--partitions", self.partitions), ("topics", "check", *kafka),
                          ("parked", "list", "--data", *record), ("parked", "show", parked, "--data", *record)):
            self.on_full(*arguments)


class Words(Case):
    """What is unknown is named, with what it may have been meant to be."""

    def test_commands_and_flags(self):
        for arguments, says in ((("serve",), r"'serve' is no command of 'daybook'"),
                                (("verfiy",), r"'verfiy' is no command of 'daybook'; did you mean 'verify'\?"),
                                (("publsh", "x", "--to", "y"), r"'publsh' .*; did you mean 'publish'\?"),
                                (("parked", "lst"), r"'lst' is no command of 'parked'; did you mean 'list'\?"),
                                (("topics", "creat"), r"'creat' is no command of 'topics'; did you mean 'create'\?"),
                                (("up", "--memory", "3"), r"'--memory' is no flag of 'up'; did you mean '--memory-mib'\?"),
                                (("up", "--listne=x"), r"'--listne' is no flag of 'up'; did you mean '--listen'\?"),
                                (("up", "--colour"), r"'--colour' is no flag of 'up'"),
                                (("publish", "--form", "x"), r"'--form' is no flag of 'publish'"),
                                (("publish", "a", "b"), r"'b' is too much for 'publish'"),
                                (("--verson",), r"'--verson' is no flag of 'daybook'; did you mean '--version'\?"),
                                ((), "subcommand is required")):
            done = self.run_daybook(*arguments, code=2, says=says)
            self.assertEqual(done.stdout, "")

    def test_a_history_ends_where_its_dates_do(self):
        self.run_daybook("generate", "--orders", 1, "--to", "2199-12-31", code=2, says="--to is 2198-12-31 at most")
        self.run_daybook("publish", "--data", self.dir / "data", "-", stdin=self.run_daybook(
            "generate", "--orders", 300, "--from", "2198-12-01", "--to", "2198-12-31").stdout, says="published")

    def test_help_says_which_views_there_are_and_what_each_takes(self):
        listed = self.run_daybook("query", "--help").stdout.split("VIEWS:")[1]
        views = re.findall(r"^  (\S+) +\S", listed, re.M)
        self.assertIn("ageing", views)
        self.assertIn("customers/ID/statement", views)
        self.assertNotIn("reconciliation", views)
        self.assertEqual(views, sorted(views))
        for view in views:
            with self.subTest(view):
                said = self.run_daybook("query", view, "--help").stdout
                self.assertIn(f"daybook query {view}: ", said)
                self.assertIn("--as-of", said)
                self.assertNotIn("--format", said)
        self.assertEqual(re.findall(r"^  --(\S+) .*Required\.", self.run_daybook("query", "bridge", "--help").stdout, re.M),
                         ["from", "to"])
        self.run_daybook("query", "agein", "--help", code=2, says="no view 'agein': daybook query --help lists them")

    def test_variables_of_the_environment(self):
        data = self.dir / "none"
        done = self.run_daybook("verify", "--data", data, code=1, DAYBOOK_MEMORY="3", DAYBOOK_LISTNE="x",
                                DAYBOOK_BROKERS="", DAYBOOK_8080="y",
                                says=(r"DAYBOOK_LISTNE in the environment is not a setting and has no effect; "
                                      r"did you mean 'DAYBOOK_LISTEN'\?",
                                      r"DAYBOOK_MEMORY in the environment .*'DAYBOOK_MEMORY_MIB'",
                                      r"DAYBOOK_8080 in the environment is not a setting and has no effect\n"))
        self.assertEqual(done.stderr.count("in the environment"), 3)
        events = self.dir / "events.ndjson"
        events.write_text("")
        server = self.daybook("data").start()
        for arguments in (("publish", events, "--to", server.url), ("generate", "--orders", 0),
                          ("import", "--mapping", NORTHWIND / "mapping.toml", *sorted(NORTHWIND.glob("*.csv")))):
            done = self.run_daybook(*arguments, DAYBOOK_LISTNE="x", says="DAYBOOK_LISTNE in the environment is not a setting")
            self.assertEqual(done.stderr.count("in the environment"), 1)

    def test_what_a_command_calls_otherwise(self):
        data = self.dir / "data"
        server = self.daybook("data").start().wait_ready()
        for where in (("--url", server.url), ("--data", data)):
            self.run_daybook("query", "ageing", "--format", "csv", *where, code=2,
                             says="--format is what HTTP calls it; here it is --output table, json, csv, xlsx or html")
        self.run_daybook("parked", "show", "daybook.orders.v1:0:0", "--url", server.url, code=2,
                         says="'--url' is no flag of 'show'")
        self.run_daybook("parked", "show", "--help", says="Reads a data folder, also beside a running server")
        self.run_daybook("parked", "retry", "all", "--from", self.dir / "none", "--data", data, code=1, says="--from names the folder")

    def test_keys_of_the_file(self):
        config = self.dir / "daybook.toml"
        config.write_text("memory_mb = 3\n")
        self.run_daybook("up", "--config", config, code=2, says=r"'memory_mb' is not a setting; did you mean 'memory_mib'\?")


class WrongServers(Case):
    """Whoever answers at the address given is told of, with what it said, where it is no Daybook."""

    ANSWERS = {
        "nothing there": (404, "text/html", b"<!doctype html>\n<h1>Not Found\x1b[2J</h1>"),
        "a page for every path": (200, "text/html", b"<!doctype html><title>Welcome</title>"),
        "an empty object": (200, "application/json", b"{}"),
        "a list": (200, "application/json", b"[1]"),
        "something cut off": (200, "application/json", b'{"positions":['),
        "a proxy's error": (502, "text/plain", b"Bad Gateway"),
        "an object for an error": (500, "application/json", b'{"error":{"code":7}}'),
        "problem details of another kind": (400, "application/problem+json", b'{"title":"no","status":400,"detail":7}'),
        "no body": (404, "text/plain", b""),
    }
    # Some of the names are right, what stands under them is not.
    ALMOST = (b'{"as_of":1,"positions":[],"rows":[1],"parked":[1],"results":[1]}',
              b'{"positions":[],"buckets":[1],"rows":[{"buckets":2}],"parked":[{"topic":1}],"results":7}',
              b'{"positions":[],"buckets":["a"],"lines":[1],"rows":[{"buckets":[]}],"parked":{},"next_page_token":7,"results":[]}')

    def setUp(self):
        super().setUp()
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, body = case.answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        ledger, events = self.dir / "ledger.csv", self.dir / "events.ndjson"
        ledger.write_text(LEDGER)
        events.write_text(ndjson([event()]))
        self.tables = (("query", "ageing", "--url", url), ("reconcile", ledger, "--date", "2024-06-30", "--url", url),
                       ("parked", "list", "--url", url))
        self.commands = (*self.tables, ("query", "ageing", "--url", url, "--output", "csv"),
                         ("query", "sales", "--url", url, "--output", "json"),
                         ("query", "customers/C1/statement", "--url", url, "--output", "html"),
                         ("publish", events, "--to", url), ("generate", "--orders", 1, "--to", url),
                         ("import", "--mapping", NORTHWIND / "mapping.toml", *sorted(NORTHWIND.glob("*.csv")), "--to", url))

    def check(self, arguments):
        done = self.run_daybook(*arguments, code=1, says=r"daybook: http://\S+ answers \d+ '.*': that is no Daybook; give the address")
        self.assertNotIn("\x1b", done.stderr)
        self.assertNotIn("boost", done.stderr)
        self.assertNotIn("of Daybook's own", done.stderr)

    def test_every_command_that_asks(self):
        for name, self.answer in self.ANSWERS.items():
            for arguments in self.commands:
                with self.subTest(name, arguments=arguments):
                    self.check(arguments)

    def test_what_is_almost_an_answer(self):
        for body in self.ALMOST:
            self.answer = (200, "application/json", body)
            for arguments in (*self.tables, *(one for one in self.commands if one[0] == "publish")):
                with self.subTest(body, arguments=arguments):
                    self.check(arguments)

    def test_an_instance_that_cannot_answer(self):
        """Its words are told, not their JSON."""
        self.answer = (503, "application/problem+json",
                       b'{"type":"about:blank","title":"Too busy","status":503,"detail":"too many requests are waiting; try again"}')
        for arguments in self.tables:
            done = self.run_daybook(*arguments, code=1, says="daybook: too many requests are waiting; try again")
            self.assertNotIn("{", done.stderr)


class OverIp6(Case):
    def test_a_server_is_asked_at_the_address_that_it_says(self):
        server = self.daybook()
        server.arguments = lambda: ["up", "--data", str(server.data), "--listen", f"{loopback_ip6()}:0"]
        server.start().wait_ready()
        self.assertTrue(server.url.startswith(f"http://{loopback_ip6()}:"), server.url)
        self.run_daybook("generate", "--orders", 5, "--to", server.url)
        server.wait_folded()
        answer = self.run_daybook("query", "customers", "--url", server.url, "--output", "json")
        self.assertEqual(json.loads(answer.stdout)["customers"], server.ask("/v1/customers")["customers"])


class DamagedFolders(Case):
    """What is whole of a folder is looked at, and what is not is named."""

    def setUp(self):
        super().setUp()
        self.run_daybook("generate", "--orders", 30, "--data", self.dir / "data", "--partitions", 3)
        server = self.daybook("data").start().wait_ready()
        server.stop()
        self.data = server.data
        self.whole = self.run_daybook("verify", "--data", self.data).stdout

    def facts(self, text):
        return int(re.search(r"facts (\d+)", text)[1])

    def test_verify_goes_on_behind_a_damaged_shard(self):
        shard = self.data / "shards" / "0001"
        manifest = next(shard.glob("MANIFEST-*"))
        manifest.write_bytes(b"\0" * manifest.stat().st_size)
        done = self.run_daybook("verify", "--data", self.data, code=1,
                                says=(r"FAULT shard 1: .*shards/0001", "audit: FAILED"))
        self.assertNotIn("reading-", done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("FAULT"), 1, done.stdout)
        self.assertGreater(self.facts(done.stdout), 0)
        self.assertLess(self.facts(done.stdout), self.facts(self.whole))
        for arguments in (("parked", "list"), ("query", "ageing"), ("query", "ageing", "--output", "csv")):
            self.run_daybook(*arguments, "--data", self.data, code=1, says="shards/0001")

    def test_what_cannot_be_read_is_no_fault(self):
        """As on a full disk, of which no copy can be made."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
        done = subprocess.run([DAYBOOK, "verify", "--data", str(self.data)], capture_output=True, text=True,
                              preexec_fn=limit, env=clean_environment())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(re.findall("^UNREAD shard [012]: cannot ", done.stdout, re.MULTILINE)), 3, done.stdout)
        self.assertIn("audit: not complete", done.stdout)
        self.assertNotIn("FAULT", done.stdout)

    def test_a_store_that_was_set_aside_is_looked_at_in_a_folder_of_its_own(self):
        aside = self.dir / "aside"
        (aside / "shards").mkdir(parents=True)
        shutil.copy(self.data / "manifest.json", aside)
        shutil.copytree(self.data / "shards" / "0001", aside / "shards" / "0001")
        done = self.run_daybook("verify", "--data", aside, code=1, says="FAULT shard 0: there is no store")
        self.assertNotIn("FAULT shard 1", done.stdout)
        self.assertGreater(self.facts(done.stdout), 0)

    def test_folders_of_some_shards_are_verified_each_and_answer_nothing_in_part(self):
        digests = []
        for name, shards, missing in (("some", "0,2", "1"), ("rest", "1", "0,2")):
            folder = self.dir / name
            (folder / "shards").mkdir(parents=True)
            shutil.copy(self.data / "manifest.json", folder)
            for shard in shards.split(","):
                shutil.copytree(self.data / "shards" / f"000{shard}", folder / "shards" / f"000{shard}")
            for arguments in (("parked", "list"), ("query", "ageing"), ("query", "customers"), ("query", "ageing", "--output", "csv")):
                done = self.run_daybook(*arguments, "--data", folder, code=1,
                                        says=f"of the 3 shards {missing} are not in {folder}: nothing is answered without them")
                self.assertEqual(done.stdout, "")
            self.run_daybook("verify", "--data", folder, code=1,
                             says=("digest unknown", "audit: FAILED", f"shards {missing} are not in .*--shards {shards} verifies"))
            done = self.run_daybook("verify", "--data", folder, "--shards", shards, says="every figure follows from the facts")
            digests.append(int(re.search(r"^digest (\w+)", done.stdout, re.MULTILINE)[1], 16))
        whole = int(re.search(r"^digest (\w+)", self.whole, re.MULTILINE)[1], 16)
        self.assertEqual(sum(digests) % 2**128, whole)
        self.run_daybook("verify", "--data", self.data, "--shards", "3", code=2, says="there is no shard 3: the log has partitions 0-2")
        self.run_daybook("verify", "--data", self.data, "--shards", "1,1", code=2, says="shards = '1,1' .*allowed is .*each once")

    def test_a_store_without_its_list_of_files(self):
        """Young ones have a write-ahead log alone."""
        for shard in (self.data / "shards").iterdir():
            (shard / "CURRENT").unlink()
        server = self.daybook("data").start().wait_ready()
        self.assertIn("what CURRENT names, the list of its files, is missing", server.said())
        self.assertNotIn("wal_dir", server.said())
        server.stop()

    def test_a_manifest_that_is_damaged(self):
        (self.data / "manifest.json").write_text('{"fold_version":')
        for arguments in (("verify",), ("query", "ageing"), ("parked", "list")):
            done = self.run_daybook(*arguments, "--data", self.data, code=1, says=r"manifest.json: the manifest is damaged")
            self.assertNotIn("boost", done.stderr)
        words = self.refuses_to_start(self.daybook("data"), 1, "put .*manifest.json back from a backup", "fold anew")
        self.assertNotIn("boost", words)
        # As it says.
        (self.data / "manifest.json").unlink()
        shutil.rmtree(self.data / "shards")
        self.daybook("data").start().wait_ready().stop()
        self.assertEqual(self.run_daybook("verify", "--data", self.data).stdout, self.whole)


class OtherEncodings(Case):
    """Files of spreadsheets and of PowerShell: a byte order mark is taken, UTF-16 is said to be that."""

    def setUp(self):
        super().setUp()
        self.data = self.dir / "data"

    def file(self, name, text, encoding):
        path = self.dir / name
        path.write_bytes(text.encode(encoding))
        return path

    def test_events(self):
        text = ndjson([event("e1", "客户"), event("e2")])
        self.run_daybook("publish", self.file("mark", text, "utf-8-sig"), "--data", self.data, says="published 2 events")
        self.run_daybook("publish", self.file("wrong", ndjson([event(" e")]), "utf-8"), "--data", self.data, code=1,
                         says=("line 1: event_id: ", "1 fault: the batch was refused"))
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            self.run_daybook("publish", self.file(encoding, text, encoding), "--data", self.data, code=1,
                             says=("line 1: the file is UTF-16; save it as UTF-8 first", "published 0 events"))

    def test_imports(self):
        mapping = ('name = "m"\n[inputs.c]\nfiles = "*.csv"\n[[events]]\nfor = "c"\nid = "{Nr}"\nsource = "s"\n'
                   'customer_id = "{Nr}"\noccurred_at = "2024-05-01T08:00:00Z"\n'
                   '[events.customer_profile_set]\nname = "{Name}"\n')
        table = "Nr,Name\nC1,客户\n"
        plain = self.run_daybook("import", "--mapping", self.file("m.toml", mapping, "utf-8"),
                                 self.file("c.csv", table, "utf-8"))
        marked = self.run_daybook("import", "--mapping", self.file("m.toml", mapping, "utf-8-sig"),
                                  self.file("c.csv", table, "utf-8-sig"))
        self.assertEqual(marked.stdout, plain.stdout)
        self.assertEqual(json.loads(plain.stdout)["customer_profile_set"]["name"], "客户")
        for encoding in ("utf-16", "utf-16-le"):
            self.run_daybook("import", "--mapping", self.dir / "m.toml", self.file("c.csv", table, encoding), code=1,
                             says=r"c.csv:1:1: is UTF-16; save it as UTF-8 first")

    def test_ledgers(self):
        server = self.daybook("data", "--partitions", 2).start()
        server.publish([event()])
        server.wait_ready().wait_folded()
        asked = ("--date", "2024-06-30", "--output", "csv")
        for where in (("--url", server.url), ("--data", server.data)):
            if where[0] == "--data":
                server.stop()
            plain = self.run_daybook("reconcile", self.file("l.csv", LEDGER, "utf-8"), *asked, *where)
            marked = self.run_daybook("reconcile", self.file("l.csv", LEDGER, "utf-8-sig"), *asked, *where)
            self.assertEqual(marked.stdout, plain.stdout)
            self.run_daybook("reconcile", self.file("l.csv", LEDGER, "utf-16"), *asked, *where, code=1,
                             says=re.escape("body:1:1: is UTF-16; save it as UTF-8 first"))


if __name__ == "__main__":
    main()
