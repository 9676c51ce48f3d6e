"""Asks one process and a query service over projectors the same questions in turns; what each takes, as figures for the
table: services_figures.py --alone URL --services URL --runs N --results FILE."""
import argparse
import http.client
import json
import time
from urllib.parse import urlsplit

YEAR = "from=2024-01-01&to=2024-12-31"
QUESTIONS = {
    "ageing-totals": "/v1/receivables/ageing?group_by=none&as_of=2024-06-30",
    "ageing-customers": "/v1/receivables/ageing?group_by=customer&as_of=2024-06-30&page_size=100",
    "items": "/v1/receivables/items?as_of=2024-06-30&page_size=100",
    "bridge": "/v1/receivables/bridge?from=2024-06-01&to=2024-06-30&group_by=region",
    "worklist": "/v1/receivables/worklist?as_of=2024-06-30",
    "sales": f"/v1/sales?{YEAR}&grain=month&group_by=region",
    "cycle": f"/v1/order-cycle?{YEAR}",
    "customer": "/v1/customers?page_size=1",
}
ASKED = 100


class Client:
    def __init__(self, url):
        at = urlsplit(url)
        self.connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)

    def ask(self, target):
        """The answer, and milliseconds."""
        begin = time.perf_counter()
        self.connection.request("GET", target)
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - begin) * 1000
        if answer.status != 200:
            raise SystemExit(f"{target}: {answer.status} {body[:300]}")
        return body, took


def p99(times):
    return sorted(times)[-(-99 * len(times) // 100) - 1]


def main():
    parser = argparse.ArgumentParser()
    for flag in ("--alone", "--services", "--results"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--runs", type=int, required=True)
    options = parser.parse_args()
    alone, services = Client(options.alone), Client(options.services)
    with open(options.results, "a", encoding="utf-8") as results:
        for name, target in QUESTIONS.items():
            reached, reference = [], []
            for _ in range(options.runs):
                here, there = [], []
                for _ in range(ASKED):
                    one, took = alone.ask(target)
                    here.append(took)
                    other, took = services.ask(target)
                    there.append(took)
                    if one != other:
                        raise SystemExit(f"{target}: other answers\n{one[:300]}\n{other[:300]}")
                reached.append(p99(there))
                reference.append(p99(here))
            ratio = [a / b for a, b in zip(reached, reference)]
            print(f"{name:18} {[round(t, 2) for t in reached]} beside {[round(t, 2) for t in reference]} ms", flush=True)
            results.write(json.dumps({"figure": f"services-{name}", "reached": reached, "reference": reference,
                                      "ratio": ratio}) + "\n")


if __name__ == "__main__":
    main()
