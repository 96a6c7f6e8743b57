#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""counts.py - user instructions and system calls a request, which no noise can move.

  counts.py [--load PROGRAM] [--check] [-n REQUESTS] HELLO

HELLO is run under callgrind and under strace, one worker, and asked for REQUESTS/10 and for REQUESTS (6000);
the slope between the two is what a request costs. At last four workers wait for connections that come one by
one: how often one of them is woken for nothing. Beside each figure stands what it is held to. --check:
exit status 1 if one is above that. A tool that is not installed is said, and its figures are left out.
"""
import argparse, glob, os, re, shutil, signal, socket, subprocess, sys, tempfile, time

# mode: what the load is told, instructions held to, system calls held to
MODES = {'keep': (['-m', 'keep'], 2600, 2.2), 'browser': (['-m', 'keep', '-B'], 8500, 2.2),
         'pipe': (['-m', 'keep', '-d', '16'], 1700, 0.15), 'close': (['-m', 'close'], None, 5.0)}

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

def served(o, wrap, how, requests, workers=1):
    """Runs the server under `wrap` until it has answered `requests`; says how many it was."""
    port = free_port()
    p = subprocess.Popen(wrap + [o.hello, '--log-level', 'error', '--listen', '127.0.0.1:%d' % port, '--workers', str(workers)],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            try: socket.create_connection(('127.0.0.1', port), 1).close(); break
            except OSError:
                if time.monotonic() > deadline or p.poll() is not None: sys.exit('counts: the server does not come up')
                time.sleep(0.02)
        out = subprocess.run([o.load, '-p', str(port), '-c', '64', '-n', str(requests), '-t', '120', '-w', '0'] + how,
                             capture_output=True, text=True).stdout
    finally:
        os.killpg(p.pid, signal.SIGTERM)
        try: p.wait(30)
        except subprocess.TimeoutExpired: os.killpg(p.pid, signal.SIGKILL); p.wait()
    got = dict(x.split('=', 1) for x in out.split() if '=' in x)
    if int(got.get('bad', 1)) or not int(got.get('reqs', 0)): sys.exit('counts: the load failed: ' + out)
    return int(got['reqs'])

def instructions(o, how, requests):
    with tempfile.TemporaryDirectory() as there:
        n = served(o, ['valgrind', '--tool=callgrind', '--trace-children=yes', '--callgrind-out-file=%s/%%p' % there], how, requests)
        total = 0
        for path in glob.glob(there + '/*'):
            found = re.search(r'^(?:summary|totals): (\d+)', open(path).read(), re.M)
            total += int(found.group(1)) if found else 0
        return n, total

def system_calls(o, how, requests):
    with tempfile.TemporaryDirectory() as there:
        n = served(o, ['strace', '-f', '-c', '-o', there + '/calls'], how, requests)
        total = 0
        for line in open(there + '/calls'):
            field = line.split()
            # Being traced looks to the worker as if others waited for its processor, and it lets them run before
            # each further look; alone it does so before one of 32.
            if field and field[-1] in ('total', 'sched_yield'): continue
            if len(field) >= 5 and re.match(r'^[\d.]+$', field[0]): total += int(field[3])
        return n, total

def in_vain(o):
    with tempfile.TemporaryDirectory() as there:
        n = served(o, ['strace', '-f', '-c', '-e', 'trace=accept4', '-o', there + '/calls'],
                   ['-m', 'close', '-c', '8', '-r', '500'], 1000, workers=4)
        # % time, seconds, usecs/call, calls, errors where there are any, name
        for line in open(there + '/calls'):
            field = line.split()
            if field and field[-1] == 'accept4': return (int(field[4]) if len(field) == 6 else 0) / n
    sys.exit('counts: strace has seen no accept4')

def slope(measure, o, how):
    (n1, c1), (n2, c2) = measure(o, how, o.n // 10), measure(o, how, o.n)
    return (c2 - c1) / max(1, n2 - n1)

def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument('--load', required=True); a.add_argument('--check', action='store_true')
    a.add_argument('-n', type=int, default=6000); a.add_argument('hello')
    o = a.parse_args()
    over = 0
    for tool, measure, at, what in (('valgrind', instructions, 1, 'user instructions'), ('strace', system_calls, 2, 'system calls')):
        if not shutil.which(tool):
            print('SKIPPED: %s: %s is not installed' % (what, tool))
            continue
        for name, mode in MODES.items():
            figure = slope(measure, o, mode[0])
            held = mode[at]
            above = held is not None and figure > held
            over += above
            print('%-8s %-18s %10.2f a request%s%s' % (name, what, figure, '' if held is None else '   (<= %g)' % held, '   ABOVE' if above else ''), flush=True)
    if shutil.which('strace'):
        figure = in_vain(o)
        over += figure > 0.1
        print('%-8s %-18s %10.2f a connection   (<= 0.1)%s' % ('paced', 'accepts in vain', figure, '   ABOVE' if figure > 0.1 else ''))
    if o.check and over: sys.exit(1)

main()
