"""What `cmake --install` puts where, and that it works from there: `install_test.py BUILD`."""
import os
import re
import subprocess
import sys

from harness import Case, clean_environment, main

BUILD = sys.argv.pop(1)
PROGRAMS = ("daybook", "daybook-gateway", "daybook-projector", "daybook-query")


class Install(Case):
    def setUp(self):
        super().setUp()
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr", "--strip"], capture_output=True, text=True,
                              timeout=300, env=clean_environment(DESTDIR=str(self.dir)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.usr = self.dir / "usr"

    def test_programs_run_from_where_they_are(self):
        self.assertEqual(sorted(os.listdir(self.usr / "bin")), sorted(PROGRAMS))
        said = {}
        for name in PROGRAMS:
            program = self.usr / "bin" / name
            version, usage = (subprocess.run([program, flag], capture_output=True, text=True, timeout=60, cwd="/",
                                             env=clean_environment()) for flag in ("--version", "--help"))
            self.assertEqual((version.returncode, usage.returncode), (0, 0), version.stderr + usage.stderr)
            said[name] = version.stdout
            self.assertRegex(usage.stdout, rf"(?m)^Usage: {name} ")
            # Libraries are found where the system has them, and nowhere else.
            dynamic = subprocess.run(["readelf", "--dynamic", program], capture_output=True, text=True, check=True).stdout
            self.assertIn("NEEDED", dynamic)
            self.assertNotRegex(dynamic, "RPATH|RUNPATH")
        self.assertEqual(len(set(said.values())), 1, said)
        self.assertRegex(said["daybook"], r"\d+\.\d+\.\d+")

    def test_events_files_are_whole(self):
        proto = self.usr / "share/daybook/proto"
        files = sorted(str(path.relative_to(proto)) for path in proto.rglob("*") if path.is_file())
        self.assertIn("daybook/events/v1/event.proto", files)
        self.assertIn("daybook/query/v1/shards.proto", files)
        self.assertTrue(all(name.endswith(".proto") for name in files), files)
        done = subprocess.run(["protoc", f"--proto_path={proto}", "--descriptor_set_out=/dev/null", *files], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_pages_rules_and_licence(self):
        for name in ("share/daybook/prometheus/daybook.rules.yml", "share/daybook/proxy/daybook.conf", "share/doc/daybook/LICENSE",
                     "share/doc/daybook/README.md", "share/doc/daybook/docs/services.md"):
            self.assertTrue((self.usr / name).is_file(), name)
        pages = self.usr / "share/doc/daybook/docs"
        self.assertEqual(list(pages.rglob("__pycache__")), [])
        # Of the links between the pages none leads nowhere.
        for page in pages.glob("*.md"):
            for link in re.findall(r"\]\(([a-z][\w/.-]*\.md)", page.read_text()):
                self.assertTrue((page.parent / link).is_file(), f"{page.name}: {link}")


if __name__ == "__main__":
    main()
