#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""pairs.py - servers side by side in one run, as ratios to the first.

  pairs.py [options] NAME=COMMAND NAME=COMMAND ...

COMMAND holds {port}; each server gets a port of its own and stays up for the whole
run; the load goes to one at a time. Each window of a server has a window of the first
server right beside it (before it and after it in turn), and the ratio is taken within
that pair, so a machine whose load drifts moves both. Printed for each server: the
median of its rate, of its CPU time a request, and of both as ratios to the first
server (1 = as good, below 1 = slower, dearer), with the quartiles of the ratios.
Many short windows beat few long ones.

  -n ROUNDS   pairs a server (15)  -t SECS    a window (0.4)
  -c CONNS    connections (64)     -d DEPTH   requests sent at once (1)
  -m MODE     keep | close         -r RATE    open loop
  -u PATH     the path (/)         -x ARGS    more arguments for load
  --scpu L    the servers' CPUs    --lcpu L   the load's CPUs   (none: unpinned)
  --hot       own sessions with a raised autogroup weight (a busy machine; root)
  --pause S   rest between windows, for whoever shares the machine (0.05)
  --load P    the load program (load beside this file)
  --json F    the raw rows
"""
import argparse, json, os, re, signal, socket, statistics, subprocess, sys, time

def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument('-n', type=int, default=15); a.add_argument('-t', type=float, default=0.4)
    a.add_argument('-c', type=int, default=64); a.add_argument('-d', type=int, default=1)
    a.add_argument('-m', default='keep'); a.add_argument('-r', type=float, default=0)
    a.add_argument('-u', default='/'); a.add_argument('-x', default='')
    a.add_argument('--scpu', default=''); a.add_argument('--lcpu', default='')
    a.add_argument('--hot', action='store_true'); a.add_argument('--pause', type=float, default=0.05)
    a.add_argument('--load', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'load'))
    a.add_argument('--json'); a.add_argument('--port', type=int, default=9300)
    a.add_argument('server', nargs='+')
    o = a.parse_args()

    def run(cmd, cpus):
        pre = ''
        if o.hot: pre = 'echo -15 > /proc/self/autogroup; '
        if cpus: cmd = 'taskset -c %s %s' % (cpus, cmd)
        return subprocess.Popen(['bash', '-c', pre + 'exec ' + cmd], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, start_new_session=True)
    servers = []
    try:
        for i, s in enumerate(o.server):
            name, cmd = s.split('=', 1)
            port = o.port + i
            p = run(cmd.replace('{port}', str(port)), o.scpu)
            for _ in range(200):
                try:
                    socket.create_connection(('127.0.0.1', port), 1).close(); break
                except OSError: time.sleep(0.05)
            else: print('%s: not up' % name, file=sys.stderr); continue
            servers.append((name, port, p))
        rows = []
        def window(r, name, port, p):
            cmd = [o.load, '-p', str(port), '-c', str(o.c), '-d', str(o.d), '-t', str(o.t), '-w', '0.08', '-m', o.m,
                   '-u', o.u, '-P', str(p.pid)] + (['-r', str(o.r)] if o.r else []) + o.x.split()
            out = run(' '.join(cmd), o.lcpu).communicate()[0].decode()
            d = dict(x.split('=', 1) for x in out.split() if '=' in x)
            time.sleep(o.pause)
            return dict(round=r, name=name, **d) if float(d.get('reqs', 0)) > 0 else None
        pairs = {}
        for r in range(o.n):
            for s in servers[1:] or servers:
                two = [servers[0], s] if (r % 2) else [s, servers[0]]
                got = [window(r, *x) for x in two]
                rows += [x for x in got if x]
                if all(got): pairs.setdefault(s[0], []).append(got if (r % 2) else got[::-1])
        if o.json:
            with open(o.json, 'a') as f: f.write(json.dumps(dict(args=sys.argv[1:], rows=rows)) + '\n')
        med = statistics.median
        def q(v):
            v = sorted(v); n = len(v)
            return v[n // 4], v[(3 * n) // 4]
        print('%-14s %9s %8s  %-21s %-21s %5s %5s %8s %s' % ('server', 'req/s', 'cpu us', 'rate ratio (quartiles)',
              'cpu ratio (quartiles)', 'scpu', 'lcpu', 'p99 us', 'errors'))
        for name, _, _ in servers:
            mine = [x for x in rows if x['name'] == name]
            both = pairs.get(name, [(x, x) for x in mine])
            if not mine: print('%-14s nothing' % name); continue
            f = lambda k: [float(x[k]) for x in mine]
            rr = [float(x['rps']) / float(b['rps']) for b, x in both]
            cr = [float(b['cpu_us_per_req']) / max(1e-9, float(x['cpu_us_per_req'])) for b, x in both]
            print('%-14s %9.0f %8.3f  %5.3f (%5.3f-%5.3f)   %5.3f (%5.3f-%5.3f)   %5.2f %5.2f %8.1f %d' % (
                name, med(f('rps')), med(f('cpu_us_per_req')), med(rr), *q(rr), med(cr), *q(cr),
                med(f('server_cpu')), med(f('client_cpu')), med(f('p99_us')), sum(f('errs')) + sum(f('bad'))))
    finally:
        for _, _, p in servers:
            try: os.killpg(p.pid, signal.SIGTERM)
            except ProcessLookupError: pass
        time.sleep(0.3)
        for _, _, p in servers:
            try: os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError: pass
main()
