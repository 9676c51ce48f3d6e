"""deploy/proxy/daybook.conf, as Debian's nginx runs it, asked from another network namespace.

Servers and proxy have a namespace of their own, with a loopback of their own: whoever asks is on the other side of a
cable. Needs root; where namespaces are not allowed it is skipped.
"""
import os
import re
import signal
import subprocess
from pathlib import Path

from harness import DAYBOOK, ROOT, Case, clean_environment, main, run, wait_until

NAME = "books.example"
SERVER, ASKER = "10.213.77.1", "10.213.77.2"
PROGRAMS = Path(DAYBOOK).parent
# What nginx says of the connection or for itself.
PROXYS_OWN = {"server", "date", "connection", "keep-alive", "transfer-encoding", "content-length", "strict-transport-security"}


def checked(done):
    if done.returncode != 0:
        raise AssertionError(f"{done.args}: {done.stdout} {done.stderr}")
    return done


class Proxy(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.servers, cls.askers = (f"daybook-{os.getpid()}-{side}" for side in ("servers", "askers"))
        made = subprocess.run(["ip", "netns", "add", cls.servers], capture_output=True, text=True)
        if made.returncode != 0:
            cls.skipTest(cls, f"network namespaces are not allowed here: {made.stderr.strip()}")
        cls.addClassCleanup(subprocess.run, ["ip", "netns", "delete", cls.servers], check=True)
        subprocess.run(["ip", "netns", "add", cls.askers], check=True)
        cls.addClassCleanup(subprocess.run, ["ip", "netns", "delete", cls.askers], check=True)
        subprocess.run(["ip", "link", "add", "cable", "netns", cls.servers, "type", "veth", "peer", "name", "cable",
                        "netns", cls.askers], check=True)
        for side, address in ((cls.servers, SERVER), (cls.askers, ASKER)):
            subprocess.run(["ip", "-n", side, "address", "add", f"{address}/24", "dev", "cable"], check=True)
            for link in ("lo", "cable"):
                subprocess.run(["ip", "-n", side, "link", "set", link, "up"], check=True)

    def setUp(self):
        super().setUp()
        self.variables = {"DAYBOOK_SERVICES_DATA": str(self.dir / "services"), "DAYBOOK_PROGRAMS": str(PROGRAMS),
                          "DAYBOOK_SERVED_NAMES": NAME}
        if "DAYBOOK_KAFKA_LIBS" in os.environ:
            self.variables["DAYBOOK_KAFKA_LIBS"] = os.environ["DAYBOOK_KAFKA_LIBS"]

    def inside(self, side, *command, **more):
        return subprocess.run(["ip", "netns", "exec", side, *map(str, command)], capture_output=True, text=True, timeout=300,
                              env=clean_environment(**self.variables), **more)

    def start_services(self):
        self.addCleanup(lambda: checked(self.inside(self.servers, ROOT / "deploy/services/stop.sh")))
        checked(self.inside(self.servers, ROOT / "deploy/services/run.sh"))

    def start_proxy(self):
        """Debian's nginx with the file as it is, but for the folder of secrets."""
        secrets = self.dir / "daybook"
        (secrets / "tls").mkdir(parents=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
                        "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", secrets / "tls/key.pem",
                        "-out", secrets / "tls/certificate.pem"], check=True, capture_output=True)
        self.certificate = secrets / "tls/certificate.pem"
        for file, user in (("readers", "finance:ledger"), ("publishers", "shop:orders")):
            name, password = user.split(":")
            subprocess.run(["htpasswd", "-B", "-i", "-c", secrets / file, name], input=password, text=True, check=True,
                           capture_output=True)
        site = (ROOT / "deploy/proxy/daybook.conf").read_text().replace("/etc/daybook/", f"{secrets}/")
        (self.dir / "site.conf").write_text(site)
        paths = "".join(f"{kind}_temp_path {self.dir}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.dir / "nginx.conf").write_text(
            f"user root;\ndaemon off;\npid {self.dir}/nginx.pid;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}include {self.dir}/site.conf;\n}}\n")
        with open(self.dir / "nginx.log", "wb") as words:
            proxy = subprocess.Popen(["ip", "netns", "exec", self.servers, "nginx", "-e", self.dir / "nginx.error",
                                      "-c", self.dir / "nginx.conf"], stdout=words, stderr=words)

        def end():
            proxy.send_signal(signal.SIGTERM)
            self.assertEqual(proxy.wait(20), 0)
        self.addCleanup(end)
        wait_until(lambda: self.ask("https", "/")[0] == 401, 20, "the proxy")
        self.assertNotIn("[warn]", (self.dir / "nginx.error").read_text())

    def ask(self, scheme, path, *flags, user=None, name=NAME, port=None, side=None, at=SERVER, body=None):
        """(status, headers, body), status 0 where no connection comes about; over the cable but for side."""
        port = port or (443 if scheme == "https" else 80)
        login = ["--user", user] if user else []
        default = port == (443 if scheme == "https" else 80)
        done = subprocess.run(
            ["ip", "netns", "exec", side or self.askers, "curl", "--silent", "--include", "--max-time", "20", "--http1.1",
             "--cacert", str(getattr(self, "certificate", "/dev/null")), "--resolve", f"{name}:{port}:{at}", *login, *flags,
             *(["--data-binary", "@-"] if body is not None else []),
             f"{scheme}://{name}{'' if default else f':{port}'}{path}"],
            input=b"" if body is None else body, capture_output=True, timeout=60, env=clean_environment())
        head, _, text = done.stdout.partition(b"\r\n\r\n")
        while re.match(rb"HTTP/1.1 1\d\d", head):
            head, _, text = text.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        if not lines[0].startswith("HTTP/"):
            return 0, {}, done.returncode
        headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
        return int(lines[0].split()[1]), headers, text

    def test_over_tls_with_a_password_and_not_otherwise(self):
        self.start_services()
        self.start_proxy()
        finance, shop = "finance:ledger", "shop:orders"
        sales = "/v1/sales?from=1997-01-01&to=1997-12-31&as_of=1998-06-30"
        # Reading.
        status, headers, text = self.ask("https", sales, user=finance)
        self.assertEqual(status, 200, text)
        self.assertIn(b"617085.35", text)
        self.assertIn("max-age", headers["strict-transport-security"])
        for user in (None, "finance:wrong", "nobody:ledger", shop):
            status, headers, text = self.ask("https", sales, user=user)
            self.assertEqual(status, 401, user)
            self.assertNotIn(b"617085.35", text)
        for path in ("/", "/v1/status", "/readyz", "/openapi.json", "/v1/changes"):
            self.assertEqual(self.ask("https", path)[0], 401, path)
        self.assertEqual(self.ask("https", "/metrics", user=finance)[0], 404)

        # Headers are those of the program, both ways.
        for path in (sales, f"{sales}&format=csv", "/v1/nothing", "/v1/sales?from=x&to=y"):
            through, direct = self.ask("https", path, user=finance), self.ask("http", path, side=self.servers, at="127.0.0.1", port=8080)
            self.assertEqual(through[0], direct[0], path)
            own = [{k: v for k, v in headers.items() if k not in PROXYS_OWN} for _, headers, _ in (through, direct)]
            self.assertEqual(*own, path)
            self.assertGreater(len(own[0]), 0)
            self.assertEqual(through[2], direct[2], path)
        self.assertIn(b"period,", self.ask("https", sales, "--header", "Accept: text/csv", user=finance)[2])

        # Publishing.
        event = run("generate", "--orders", 1).stdout.splitlines()[0].encode()
        sent = ("--header", "Content-Type: application/json")
        for user in (None, finance):
            self.assertEqual(self.ask("https", "/v1/events", *sent, user=user, body=event)[0], 401, user)
        status, _, text = self.ask("https", "/v1/events", *sent, user=shop, body=event)
        self.assertEqual(status, 200, text)
        self.assertIn(b'"accepted":1', text.replace(b" ", b""))
        big = b" " * (16 << 20)
        self.assertEqual(self.ask("https", "/v1/events", *sent, user=shop, body=big + b" ")[0], 413)
        self.assertEqual(self.ask("https", "/v1/events", *sent, user=shop, body=big)[0], 400, "the gateway's own word")

        # From a page of another site, or of this one.
        ledger = b"customer_id,currency,amount\n"
        reconcile, csv = "/v1/receivables/reconciliation?date=2024-01-01", ("--header", "Content-Type: text/csv")
        for origin, expected in ((f"https://{NAME}", 200), ("https://evil.example", 403), (f"https://{NAME}:8443", 403)):
            status, _, text = self.ask("https", reconcile, *csv, "--header", f"Origin: {origin}", user=finance, body=ledger)
            self.assertEqual(status, expected, f"{origin}: {text}")

        # Under another name, in any way.
        self.assertEqual(self.ask("https", sales, user=finance, name="other.example")[0], 0)
        self.assertEqual(self.ask("https", sales, "--header", "Host: other.example", user=finance)[0], 421)
        self.assertEqual(self.ask("http", sales, name="other.example")[0], 0)

        # Without TLS nothing is said.
        status, headers, text = self.ask("http", sales, user=finance)
        self.assertEqual((status, headers["location"]), (308, f"https://{NAME}{sales}"))
        self.assertNotIn(b"617085.35", text)

        # Past the proxy there is nothing: what listens on the loopback is not reached from here.
        for port in (8080, 8081, 8090, 8091, 8092, 8093):
            self.assertEqual(self.ask("http", "/healthz", port=port)[2], 7, f"port {port}: a connection is refused")

    def test_beyond_the_loopback_only_when_it_is_said(self):
        query = PROGRAMS / "daybook-query"
        for program, flags in ((query, ("--projectors", "127.0.0.1:1")),
                               (PROGRAMS / "daybook-gateway", ("--brokers", "127.0.0.1:1")),
                               (PROGRAMS / "daybook-projector", ("--brokers", "127.0.0.1:1", "--data", self.dir / "data"))):
            for address in (f"{SERVER}:8085", "0.0.0.0:8085", "[::]:8085"):
                refused = self.inside(self.servers, program, *flags, "--listen", address)
                self.assertEqual(refused.returncode, 2, refused.stderr)
                self.assertIn(f"listen = '{address}': allowed is a loopback address", refused.stderr)
                self.assertIn("--unprotected", refused.stderr)
        refused = self.inside(self.servers, PROGRAMS / "daybook-projector", "--brokers", "127.0.0.1:1", "--data", self.dir / "data",
                              "--metrics-listen", f"{SERVER}:8085")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn(f"metrics_listen = '{SERVER}:8085'", refused.stderr)

        with open(self.dir / "words", "wb") as words:
            server = subprocess.Popen(["ip", "netns", "exec", self.servers, str(query), "--projectors", "127.0.0.1:1", "--listen",
                                       f"{SERVER}:8085", "--unprotected", "--served-names", NAME], stdout=words, stderr=words,
                                      env=clean_environment())

        def end():
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(20), 0)
        self.addCleanup(end)
        wait_until(lambda: self.ask("http", "/healthz", port=8085)[0] == 200, 20, "the query service")
        self.assertIn("unprotected: listen is", (self.dir / "words").read_text())
        self.assertIn(b'"unprotected":true', self.ask("http", "/v1/status", port=8085)[2].replace(b" ", b""))
        self.assertEqual(self.ask("http", "/v1/status", name="other.example", port=8085)[0], 421)


if __name__ == "__main__":
    main()
