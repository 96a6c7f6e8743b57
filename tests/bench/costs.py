#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""costs.py - what a cluster costs beside its requests, how bad its tail is, and how all that grows.

  costs.py --examples DIR --load PROGRAM costs | tail | growth

Each line: what, the figure, and the target it is held against (no target: for the record). Servers listen on
ports of their own on 127.0.0.1 and are ended by pid.
"""
import argparse, glob, os, re, resource, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

TICK = os.sysconf('SC_CLK_TCK')

def show(what, figure, target=''):
    print('%-58s %16s  %s' % (what, figure, target), flush=True)

def descendants(pid):
    found = [pid]
    for each in found:
        try:
            for task in os.listdir('/proc/%d/task' % each):
                with open('/proc/%d/task/%s/children' % (each, task)) as f:
                    found += [int(x) for x in f.read().split()]
        except OSError: pass
    return found

# With the children it has waited for.
def cpu_ticks(pid):
    with open('/proc/%d/stat' % pid) as f: fields = f.read().rsplit(')', 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14))

# More exact than ticks: a tick of 10 ms shows as soon as the sum of all time passes a multiple of it.
def cpu_ms(pid):
    total = 0
    for path in glob.glob('/proc/%d/task/*/schedstat' % pid):
        with open(path) as f: total += int(f.read().split()[0])
    return total / 1e6

def smaps(pid, *names):
    total = 0
    with open('/proc/%d/smaps_rollup' % pid) as f:
        for line in f:
            if line.split(':')[0] in names: total += int(line.split()[1])
    return total

def libraries(pid):
    total, counts = 0, False
    with open('/proc/%d/smaps' % pid) as f:
        for line in f:
            if re.match(r'^[0-9a-f]+-', line): counts = '.so' in line
            elif counts and line.startswith('Pss:'): total += int(line.split()[1])
    return total

class server:
    """A program built on the library. Its log goes into a file, as a service's does: a reader of a pipe would be
    woken for each line, and be part of what is measured."""
    def __init__(self, path, workers, *more):
        self.begin = time.perf_counter()
        self.log = tempfile.NamedTemporaryFile()
        self.process = subprocess.Popen([path, '--listen', '127.0.0.1:0', '--workers', str(workers), '--control', 'off', *more],
                                        stdout=subprocess.DEVNULL, stderr=self.log)
        self.pid = self.process.pid
        self.lines = open(self.log.name)
        self.port = int(re.search(r'127\.0\.0\.1:(\d+)', self.wait('listening on')).group(1))
        self.workers = [int(re.search(r'pid (\d+)', self.wait(') is ready')).group(1)) for _ in range(workers)]
    def wait(self, text):
        deadline, begun = time.monotonic() + 30, ''
        while True:
            ended = self.process.poll() is not None
            begun += self.lines.readline()
            if begun.endswith('\n'):
                if text in begun: return begun
                begun = ''
            elif ended: sys.exit('the server ended before "%s"' % text)
            elif time.monotonic() > deadline: sys.exit('no "%s" in 30 s' % text)
            else: time.sleep(0.0002)
    def answer(self):
        with socket.create_connection(('127.0.0.1', self.port), 5) as s:
            s.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
            return s.recv(4096)
    def reload(self, workers):
        self.process.send_signal(signal.SIGHUP)
        line = self.wait('reload completed: %d of %d' % (workers, workers))
        return int(re.search(r'(\d+) ms', line).group(1))
    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.lines.close()
        self.log.close()

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

def load(o, port, *more):
    out = subprocess.run([o.load, '-p', str(port), *map(str, more)], capture_output=True, text=True).stdout
    return {k: float(v) for k, v in (x.split('=', 1) for x in out.split() if '=' in x) if re.match(r'^-?[\d.]+$', v)}

def idle_connections(port, count):
    held = []
    for _ in range(count):
        s = socket.create_connection(('127.0.0.1', port), 5)
        s.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        s.recv(4096)
        held.append(s)
    return held

def cold_start(path, workers, rounds=15):
    times = []
    for _ in range(rounds):
        s = server(path, workers)
        s.answer()
        times.append((time.perf_counter() - s.begin) * 1000)
        s.stop()
    return statistics.median(times)

def costs(o):
    hello = o.examples + '/01_hello_cluster'
    with tempfile.TemporaryDirectory() as folder:
        small = shutil.copy(hello, folder)
        subprocess.run(['strip', small], check=True)
        show('hello program, stripped', '%.2f MiB' % (os.path.getsize(small) / 2**20), '<= 2 MiB')
    show('cold start of 1 worker, to the first answer', '%.1f ms' % cold_start(hello, 1))
    show('cold start of 4 workers, all ready and one answer', '%.1f ms' % cold_start(hello, 4), '<= 20 ms')
    took = {0: [], 1024: []}
    for _ in range(5):
        for mib in took:
            took[mib].append(float(subprocess.check_output([o.examples + '/../tests/bench/cluster_bench_starts', str(mib)])))
    for mib, who in ((0, ''), (1024, ' by a program of 1 GiB')):
        show('start of a worker%s, until ready' % who, '%.1f ms' % statistics.median(took[mib]), '<= 3 ms')
    s = server(hello, 4)
    show('private memory of an idle worker', '%d KiB' % statistics.median(smaps(w, 'Private_Dirty') for w in s.workers), '<= 512 KiB')
    show('supervisor and 4 idle workers, PSS', '%.1f MiB' % (sum(smaps(p, 'Pss') for p in descendants(s.pid)) / 1024), '<= 5 MiB')
    show('of which shared libraries, less where others use them', '%.1f MiB' % (sum(libraries(p) for p in descendants(s.pid)) / 1024))
    before = cpu_ms(s.pid); time.sleep(o.idle)
    show('CPU of the supervisor, %g s without load' % o.idle, '%.2f ms' % (cpu_ms(s.pid) - before), '< 1 tick')
    before = cpu_ms(s.pid)
    got = load(o, s.port, '-c', 64, '-t', 3)
    show('CPU of the supervisor, over %d requests' % got['reqs'], '%.2f ms' % (cpu_ms(s.pid) - before), '< 1 tick')
    show('rolling replacement of 4 idle workers', '%.0f ms' % statistics.median(s.reload(4) for _ in range(9)), '<= 40 ms')
    s.stop()
    s = server(o.examples + '/90_workbench', 2)
    held = idle_connections(s.port, o.connections)
    before = sum(cpu_ticks(p) for p in descendants(s.pid))
    took = s.reload(2)
    spent = (sum(cpu_ticks(p) for p in descendants(s.pid)) - before) / TICK
    show('hand-off of %d idle connections' % len(held), '%d ms' % took, '<= 1000 ms')
    show('CPU of the reload for each of them', '%.1f us' % (spent * 1e6 / len(held)), '<= 10 us')
    for each in held: each.close()
    s.stop()

def beside(script):
    return subprocess.Popen([sys.executable, '-c', script])

# Blocks one worker for 200 ms, again and again, each time over a fresh connection.
BLOCKER = """
import socket, time
while True:
    with socket.create_connection(('127.0.0.1', %d), 5) as s:
        s.sendall(b'GET /%s/200 HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n')
        s.recv(4096)
    time.sleep(0.05)
"""
RELOADER = """
import os, signal, time
while True:
    os.kill(%d, signal.SIGHUP)
    time.sleep(0.3)
"""

def disturbed(o, s, ask, script, pairs=7):
    """Medians of p99: undisturbed, and its ratio with the script beside it, in pairs."""
    quiet, ratios = [], []
    for _ in range(pairs):
        quiet.append(load(o, s.port, *ask)['p99_us'])
        other = beside(script)
        ratios.append(load(o, s.port, *ask)['p99_us'] / quiet[-1])
        other.kill()
        other.wait()
        time.sleep(0.3)
    return statistics.median(quiet), statistics.median(ratios)

def tail(o):
    s = server(o.examples + '/90_workbench', 4)
    for how, route in ('asleep', 'block'), ('computing', 'spin'):
        quiet, ratio = disturbed(o, s, ('-m', 'close', '-c', 16, '-r', 1000, '-t', 2), BLOCKER % (s.port, route))
        show('p99 of fresh connections at 1,000 a second', '%.0f us' % quiet)
        show('one of four workers blocked 200 ms at a time, ' + how, '%.2f x' % ratio, '<= 2')
    quiet, ratio = disturbed(o, s, ('-c', 64, '-r', 5000, '-t', 2), RELOADER % s.pid, 21)
    show('p99 of kept connections at 5,000 requests a second', '%.0f us' % quiet)
    show('the same, during continuous reloads', '%.2f x' % ratio, '<= 2')
    s.stop()

def growth(o):
    s = server(o.examples + '/01_hello_cluster', 1)
    port = free_port()
    floor = subprocess.Popen([o.floor, '-w', '1', '-p', str(port)])
    base = None
    for count in (10, 100, 1000, o.connections):
        # The floor beside it says how much of the growth is the kernel's and the caches'.
        pairs = [[load(o, at, '-c', count, '-t', 1, '-P', pid)['cpu_us_per_req']
                  for at, pid in ((s.port, s.pid), (port, floor.pid))] for _ in range(5)]
        figure, ratio = statistics.median(p[0] for p in pairs), statistics.median(p[1] / p[0] for p in pairs)
        base = base or figure
        show('CPU of a request, %d connections' % count,
             '%.2f us, %+.0f %%, ratio to the floor %.2f' % (figure, (figure / base - 1) * 100, ratio),
             'within 15 %' if count != 10 else '')
    floor.terminate()
    floor.wait()
    s.stop()
    s = server(o.examples + '/01_hello_cluster', 1)  # one that has kept no memory of connections that went
    idle_connections(s.port, 1)[0].close()
    worker = s.workers[0]
    before = smaps(worker, 'Private_Dirty')
    held = idle_connections(s.port, o.connections)
    show('memory of an idle connection, user space', '%.2f KiB' % ((smaps(worker, 'Private_Dirty') - before) / len(held)), '<= 4 KiB')
    for each in held: each.close()
    s.stop()
    for workers in (1, 4, 16, 64):
        times, memory = [], []
        for _ in range(3):
            s = server(o.examples + '/01_hello_cluster', workers)
            times.append((time.perf_counter() - s.begin) * 1000)
            memory.append(smaps(s.pid, 'Private_Dirty'))
            s.stop()
        show('%d workers: all ready; supervisor\'s own memory' % workers,
             '%.1f ms, %d KiB' % (statistics.median(times), statistics.median(memory)), 'linear')

def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument('--examples', required=True); a.add_argument('--load', required=True); a.add_argument('--floor', required=True)
    a.add_argument('--idle', type=float, default=20); a.add_argument('--connections', type=int, default=10000)
    a.add_argument('part', choices=['costs', 'tail', 'growth'])
    o = a.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    o.connections = min(o.connections, hard - 200)
    {'costs': costs, 'tail': tail, 'growth': growth}[o.part](o)

main()
