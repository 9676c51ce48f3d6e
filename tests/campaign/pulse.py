"""Asks /healthz again and again, by itself, and beside it a stand-in that does nothing: when both are slow, the machine is.

    pulse.py HOST PORT SECONDS_BETWEEN

Writes a line each time: the seconds that the server took, and those of the stand-in; -1 where there was no answer.
"""
import os
import socket
import sys
import threading
import time

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


def stand_in():
    """The port of a process that answers at once. It ends with this one."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    parent = os.getpid()
    if os.fork() == 0:
        listener.settimeout(1)
        while os.getppid() == parent:
            try:
                peer, _ = listener.accept()
            except TimeoutError:
                continue
            with peer:
                peer.recv(4096)
                peer.sendall(ANSWER)
        os._exit(0)
    return listener.getsockname()[1]


def ask(host, port):
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=20) as peer:
            peer.sendall(REQUEST)
            answer = peer.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                return -1.0
    except OSError:
        return -1.0
    return time.monotonic() - began


def main(host, port, between):
    other = stand_in()
    while True:
        took = {}
        asking = [threading.Thread(target=lambda name=name, at=at: took.update({name: ask(*at)}))
                  for name, at in (("stand_in", ("127.0.0.1", other)), ("server", (host, port)))]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        print(f"{took['server']:.4f} {took['stand_in']:.4f}", flush=True)
        time.sleep(between)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
