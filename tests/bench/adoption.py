#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""How long it takes until a new supervisor has taken over the workers of one that was killed, and until an
upgraded one has taken over its own: from the start of the process (or the signal) to its word that it has. On
a machine with nothing else to do; ends with 1 if the median is beyond 100 ms, or if a worker was lost."""
import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT_MS = 100


class Supervisor:
    def __init__(self, program, home, workers):
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--workers", str(workers), "--rendezvous", home, "--control", "off"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def wait_for(self, words):
        for line in self.process.stdout:
            if words in line:
                return line
        sys.exit(f"the program ended before it said '{words}'")

    def kill(self):
        self.process.kill()
        self.process.wait()


def show(what, took, workers):
    took.sort()
    print(f"  {what:24} {workers:3} workers: {statistics.median(took):6.1f} ms in the median, "
          f"{took[0]:.1f} to {took[-1]:.1f} ms, {len(took)} times", flush=True)
    return statistics.median(took) <= LIMIT_MS


def measure(program, workers, rounds):
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        home = os.path.join(folder, "home")
        now = Supervisor(program, home, workers)
        pids = [re.search(r"pid (\d+)\) is ready", now.wait_for(") is ready")).group(1) for _ in range(workers)]
        kills, upgrades = [], []
        try:
            for _ in range(rounds):
                now.kill()
                now = Supervisor(program, home, workers)
                now.wait_for(f"took over {workers} of {workers} workers")
                kills.append(1000 * (time.monotonic() - now.begun))
                now.wait_for("listening on ")
            for _ in range(rounds):
                begun = time.monotonic()
                now.process.send_signal(signal.SIGUSR2)
                now.wait_for(f"took over {workers} of {workers} workers")
                upgrades.append(1000 * (time.monotonic() - begun))
                now.wait_for("listening on ")
            fine = all(os.path.exists(f"/proc/{pid}") for pid in pids)
            if not fine:
                print("  a worker was lost")
        finally:
            now.process.terminate()
            now.process.communicate(timeout=30)
    fine = show("supervisor killed", kills, workers) and fine
    return show("upgrade, with its check", upgrades, workers) and fine


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workbench", required=True)
    options.add_argument("--rounds", type=int, default=20)
    chosen = options.parse_args()
    results = [measure(chosen.workbench, workers, chosen.rounds) for workers in (2, 16)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
