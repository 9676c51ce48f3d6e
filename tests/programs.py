#!/usr/bin/env python3
"""Every program that a script calls comes with the Debian packages that this script installs.

Shell scripts are taken apart by shfmt, Python ones by Python. A program belongs to the package that dpkg
says it is of; this package must be among those of the script's command (ensure_packages in it), be needed
by one of them, or be in every Debian. A program that this machine does not have is a fault too: a command
that installs its packages has it.
"""
import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Commands, and the scripts and programs that they run beside themselves. A script that is in none of them
# is a fault.
COMMANDS = {
    "deploy/dev/run.sh": ["deploy/dev/common.sh", "deploy/dev/servers.sh", "deploy/dev/stop.sh", "deploy/dev/answers.sh",
                          "deploy/dev/columns.py"],
    "deploy/services/run.sh": ["deploy/dev/common.sh", "deploy/dev/servers.sh", "deploy/services/*", "deploy/kafka/*"],
    "deploy/dev/rocksdb.sh": ["deploy/dev/common.sh"],
    "deploy/dev/office.sh": ["deploy/dev/common.sh"],
    # Of common.sh, these call what tells the time and installs packages.
    "deploy/dev/format.sh": [],
    "deploy/dev/bare.sh": ["deploy/dev/system.sh"],
    "deploy/container/chroot.sh": ["deploy/dev/system.sh"],
    "deploy/dev/test.sh": [".ci/run", "deploy/dev/common.sh", "deploy/dev/answers.sh", "deploy/dev/columns.py", "deploy/kafka/*",
                           "deploy/dev/servers.sh", "deploy/services/*", "tests/*", "tests/support/*",
                           "tests/e2e/**/*", "tests/dashboard/*", "tests/campaign/*", "tests/oracle/**/*", "tests/planted/*", "tests/integration/*",
                           "tests/scenarios/**/*",
                           "tests/benchmarks/budget", "tests/benchmarks/shapes", "docs/examples/**/*"],
    "tests/fuzz/run": ["deploy/dev/common.sh"],
    "tests/benchmarks/run": ["deploy/dev/common.sh", "deploy/kafka/*", "tests/benchmarks/*.py", "tests/benchmarks/lines/*",
                             "tests/benchmarks/peers/**/*"],
}

BUILTINS = set("""
    . : [ alias bg break builtin cd command compgen continue declare disown echo eval exec exit export false fg
    getopts hash help jobs kill let local mapfile popd printf pushd pwd read readarray readonly return set
    shift shopt source test times trap true type typeset ulimit umask unalias unset wait [[
    """.split())

# Programs that run another one: their options that take a value, and how many words come before it.
WRAPPERS = {
    "env": ({"-u", "-C"}, 0), "exec": ({"-a"}, 0), "command": (set(), 0), "sudo": ({"-u"}, 0),
    "timeout": ({"-k", "-s"}, 1), "nice": ({"-n"}, 0), "setsid": (set(), 0), "nohup": (set(), 0),
    "xargs": ({"-n", "-P", "-I", "-L", "-d"}, 0), "time": (set(), 0), "chrt": (set(), 1),
    "unshare": ({"--propagation"}, 0),
}

# Names that stand for programs of ours, or for the interpreter that runs the script.
OURS = {"DAYBOOK", "PEER", "KAFKA_SH", "executable", "program", "daybook", "binary", "command"}


def sources():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", ".ci", "deploy", "tests",
                             "docs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        path = ROOT / name
        if not path.is_file():
            continue
        with path.open("rb") as file:
            first = file.readline(200)
        if name.endswith(".sh") or re.match(rb"#!.*\b(ba)?sh\b", first):
            yield name, "shell"
        elif name.endswith(".py") or re.match(rb"#!.*\bpython", first):
            yield name, "python"


def literal(word):
    """What a word of a shell script says where it holds no variable, else None."""
    text = ""
    for part in word.get("Parts", []):
        if part["Type"] in ("Lit", "SglQuoted"):
            text += part.get("Value", "")
        elif part["Type"] == "DblQuoted":
            inner = literal(part)
            if inner is None:
                return None
            text += inner
        else:
            return None
    return text


def called_by(words):
    """The programs that a simple command runs: (name, None) or, for text that a shell is given, (None, text)."""
    names = [literal(word) for word in words]
    at = 0
    while at < len(names):
        name = names[at]
        if name is None:
            return
        yield name, None
        base = os.path.basename(name)
        if base in ("sh", "bash") and "-c" in names[at:]:
            text = names[names.index("-c", at) + 1]
            if text is not None:
                yield None, text
            return
        if name == "command" and names[at + 1:at + 2] in (["-v"], ["-V"]):
            return
        if name not in WRAPPERS:
            return
        valued, before = WRAPPERS[name]
        at += 1
        while at < len(names):
            word = names[at]
            if word in valued:
                at += 2
            elif word is not None and (word.startswith("-") or re.match(r"\w+=", word)):
                at += 1
            elif word is None and "=" in json.dumps(words[at]):
                at += 1
            elif before > 0:
                before -= 1
                at += 1
            else:
                break


def shell_programs(text, origin):
    done = subprocess.run(["shfmt", "-ln", "bash", "--to-json"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{origin}: shfmt does not understand it: {done.stderr}")
    called, functions = set(), set()

    def walk(node):
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if node.get("Type") == "FuncDecl":
                functions.add(node["Name"]["Value"])
            if node.get("Type") == "CallExpr" and node.get("Args"):
                for name, inner in called_by(node["Args"]):
                    if inner is None:
                        called.add(name)
                    else:
                        more, _ = shell_programs(inner, origin)
                        called.update(more)
            for each in node.values():
                walk(each)

    walk(json.loads(done.stdout))
    return called, functions


def python_programs(text, origin, faults):
    called = set()
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        module = node.func.value.id if isinstance(node.func.value, ast.Name) else None
        if (module, node.func.attr) in (("os", "system"), ("os", "popen")):
            faults.append(f"{origin}:{node.lineno}: {module}.{node.func.attr} hides which programs it calls")
        if module != "subprocess" or node.func.attr not in ("run", "Popen", "call", "check_call", "check_output"):
            continue
        first = node.args[0]
        if isinstance(first, ast.List) and first.elts:
            first = first.elts[0]
        if isinstance(first, ast.Starred):
            first = first.value
        if isinstance(first, ast.Call):
            first = first.args[0] if first.args else first.func  # str(program), self.command()
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            called.add(first.value)
        else:
            name = getattr(first, "id", getattr(first, "attr", None))
            if name not in OURS:
                faults.append(f"{origin}:{node.lineno}: which program this calls cannot be told from here")
    return called


def packages_here():
    """Of each installed package: its alternatives of needed ones; and which packages provide a name."""
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat",
         "${Package}\t${db:Status-Status}\t${Essential}\t${Priority}\t${Pre-Depends}, ${Depends}\t${Provides}\n"],
        capture_output=True, text=True, check=True).stdout
    needs, providers, everywhere = {}, {}, {"apt"}
    names_of = lambda field: [[re.split(r"[ (:\[]", one.strip())[0] for one in either.split("|")]
                              for either in field.split(",") if either.strip()]
    for line in listed.splitlines():
        package, status, essential, priority, depends, provides = line.split("\t")
        if status != "installed":
            continue
        needs[package] = names_of(depends)
        for (name, *_) in names_of(provides):
            providers.setdefault(name, set()).add(package)
        if essential == "yes" or priority == "required":
            everywhere.add(package)
    return needs, providers, everywhere


def with_needed(packages, needs, providers):
    reached, left = set(), list(packages)
    while left:
        name = left.pop()
        for package in {name} & needs.keys() or providers.get(name, set()):
            if package in reached:
                continue
            reached.add(package)
            for either in needs[package]:
                # The first that is here is the one that apt takes where nothing else is wanted.
                left.extend(next(([one] for one in either if one in needs or one in providers), []))
    return reached


def packages_asked(script):
    """What its ensure_packages names, with the lists of common.sh filled in."""
    text = (ROOT / script).read_text(encoding="utf-8")
    words = " ".join(re.findall(r"^ *ensure_packages (.*)$", text, re.MULTILINE))
    done = subprocess.run(["bash", "-c", f'source deploy/dev/common.sh; printf "%s\\n" {words}'], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def package_of(program):
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        return None
    # Followed to its end, as through /etc/alternatives; before /usr was one, files were listed without it.
    for one in dict.fromkeys([path, os.path.realpath(path)]):
        for listed in (one, one.removeprefix("/usr"), "/usr" + one):
            done = subprocess.run(["dpkg", "-S", listed], capture_output=True, text=True, check=False)
            for line in done.stdout.splitlines():
                if not line.startswith("diversion"):
                    return re.split(r"[:,]", line)[0]
    return None


def main():
    if shutil.which("shfmt") is None:
        sys.exit("needs Debian's package shfmt")
    faults = []
    scripts = dict(sources())
    needs, providers, everywhere = packages_here()
    called, functions = {}, set()
    for name, language in scripts.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        if language == "shell":
            called[name], defined = shell_programs(text, name)
            functions |= defined
        else:
            called[name] = python_programs(text, name, faults)
            if text.startswith("#!/usr/bin/env "):
                called[name].add(text.split("\n", 1)[0].split()[1])
    covered, owners = set(), {}
    for command, patterns in COMMANDS.items():
        found = {str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)}
        members = ({command} | found) & scripts.keys()
        covered |= members
        asked = packages_asked(command)
        if "shfmt" in asked:
            faults.extend(f"{command}: its package {package} is not installed here" for package in sorted(asked - needs.keys()))
        allowed = with_needed(asked | everywhere | {"git"}, needs, providers)
        for name in sorted(members):
            for program in sorted(called[name]):
                if program in BUILTINS or program in functions or "/" in program or not program:
                    continue
                if program not in owners:
                    owners[program] = package_of(program)
                package = owners[program]
                if package is None and program in asked:
                    continue
                if package is None:
                    faults.append(f"{name}: {program} is not on this machine, or of no package")
                elif package not in allowed:
                    faults.append(f"{name}: {program} is of {package}, which {command} does not install")
    for name in sorted(scripts.keys() - covered):
        faults.append(f"{name}: tests/programs.py does not know which command runs it")
    for fault in dict.fromkeys(faults):
        print(fault, file=sys.stderr)
    print(f"{len(scripts)} scripts call {len(owners)} programs")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
