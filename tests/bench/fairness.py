#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""fairness.py - how evenly connections come to workers, under each schedule, beside Node's cluster if it is here.

  fairness.py --workbench PROGRAM [--repeat N]

Four workers. For each kind of load the smallest, median and largest share of the busiest and of the idlest
worker in percent; 25 is even. Servers listen on ports of their own on 127.0.0.1 and are ended by pid.
"""
import argparse, collections, os, re, shutil, socket, statistics, subprocess, tempfile, threading, time

WORKERS = 4
NODE = '''
const cluster = require('cluster'), http = require('http');
if (cluster.isPrimary) {
  let ready = 0;
  cluster.on('listening', (worker, at) => { if (++ready == %d) console.log('listening on tcp://127.0.0.1:' + at.port); });
  for (let i = 0; i < %d; ++i) cluster.fork();
} else {
  http.createServer((request, answer) => { answer.setHeader('X-Worker', cluster.worker.id); answer.end('ok'); })
    .listen(0, '127.0.0.1');
}
''' % (WORKERS, WORKERS)

def ask(connection):
    connection.sendall(b'GET /whoami HTTP/1.1\r\nHost: bench\r\n\r\n')
    answer = b''
    while b'\r\n\r\n' not in answer:
        piece = connection.recv(4096)
        if not piece: raise OSError('closed')
        answer += piece
    return re.search(rb'X-Worker: (\d+)', answer).group(1)

def short(port, at_once, count=2000):
    seen, lock, left = collections.Counter(), threading.Lock(), [count]
    def client():
        while True:
            with lock:
                if left[0] == 0: return
                left[0] -= 1
            with socket.create_connection(('127.0.0.1', port), 20) as connection: worker = ask(connection)
            with lock: seen[worker] += 1
    threads = [threading.Thread(target=client) for _ in range(at_once)]
    for each in threads: each.start()
    for each in threads: each.join()
    return seen

def paced(port, a_second=1000, count=1000):
    seen, due = collections.Counter(), time.perf_counter()
    for _ in range(count):
        with socket.create_connection(('127.0.0.1', port), 20) as connection: seen[ask(connection)] += 1
        due += 1 / a_second
        time.sleep(max(0, due - time.perf_counter()))
    return seen

def held(port, count=200):
    connections = [socket.create_connection(('127.0.0.1', port), 20) for _ in range(count)]
    seen = collections.Counter(ask(each) for each in connections)
    for each in connections: each.close()
    return seen

LOADS = [('1000 short, 1000 a second', paced), ('2000 short, 1 at a time', lambda port: short(port, 1)), ('2000 short, 16 at a time', lambda port: short(port, 16)),
         ('2000 short, 64 at a time', lambda port: short(port, 64)), ('200 held, opened in a burst', held)]

def start(command, environment):
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, **environment))
    port, ready = None, 0
    for line in server.stdout:
        found = re.search(r'listening on tcp://127\.0\.0\.1:(\d+)', line)
        if found: port = int(found.group(1))
        ready += ' is ready' in line
        if port and (ready == WORKERS or 'node' in command[0]): break
    threading.Thread(target=server.stdout.read, daemon=True).start()
    return server, port

def words(shares): return '%3.0f /%3.0f /%3.0f' % (min(shares), statistics.median(shares), max(shares))

def measure(name, command, environment, repeat):
    for title, load in LOADS:
        busiest, idlest = [], []
        for _ in range(repeat):
            server, port = start(command, environment)
            try:
                seen = load(port)
                total = sum(seen.values())
                busiest.append(100.0 * max(seen.values()) / total)
                idlest.append(100.0 * (min(seen.values()) if len(seen) == WORKERS else 0) / total)
            finally:
                server.terminate()
                server.wait()
        print('%-16s %-28s busiest %s   idlest %s' % (name, title, words(busiest), words(idlest)), flush=True)

def main():
    options = argparse.ArgumentParser()
    options.add_argument('--workbench', required=True)
    options.add_argument('--repeat', type=int, default=10)
    given = options.parse_args()
    for schedule in 'shared', 'round-robin', 'reuse-port':
        command = [given.workbench, '--listen', '127.0.0.1:0', '--control', 'off', '--workers', str(WORKERS),
                   '--schedule', schedule]
        measure(schedule, command, {}, given.repeat)
    node = shutil.which('node')
    if not node: return print('node: not installed here, nothing to compare with')
    with tempfile.NamedTemporaryFile('w', suffix='.js') as script:
        script.write(NODE)
        script.flush()
        for policy in 'rr', 'none':
            measure('node ' + policy, [node, script.name], {'NODE_CLUSTER_SCHED_POLICY': policy}, given.repeat)

main()
