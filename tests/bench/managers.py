#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""managers.py - what managing four workers costs at the terminal: clusterctl, and PM2 beside it if npm can be had.

  managers.py --clusterctl PROGRAM --native PROGRAM --tools DIR

Both start four instances of a Node server from a process file; clusterctl also four of a program built on the
library. Everything runs in folders of its own and is ended at the end.
"""
import argparse, json, os, shutil, socket, statistics, subprocess, sys, tempfile, time

TICK = os.sysconf('SC_CLK_TCK')
PM2_SERVER = "require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT)"
NODE_SERVER = ("const s = require('http').createServer((q, r) => r.end('ok'));"
               "s.listen({fd: 3}, () => process.send('ready'));"
               "process.on('SIGTERM', () => s.close(() => process.exit()))")

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

def answers(port):
    try:
        with socket.create_connection(('127.0.0.1', port), 1) as s:
            s.sendall(b'GET / HTTP/1.0\r\n\r\n')
            return s.recv(100).startswith(b'HTTP/1')
    except OSError:
        return False

def timed(command, env, fine=True):
    """Seconds, and the memory of the command itself."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - begin
    if fine and status: sys.exit('%s failed:\n%s' % (' '.join(command), output.decode()))
    return took, usage.ru_maxrss

def peak(command, env):
    """The most memory of a command that stays when it has done its work: what wait4 says of one that ends is at
    least that of the program that started it, this one here."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.stdout.readline()
    with open('/proc/%d/status' % process.pid) as f:
        found = next(int(line.split()[1]) for line in f if line.startswith('VmHWM:'))
    process.terminate()
    process.communicate()
    return found

def descendants(pid):
    found = [pid]
    for each in found:
        for task in os.listdir('/proc/%d/task' % each):
            with open('/proc/%d/task/%s/children' % (each, task)) as f: found += [int(x) for x in f.read().split()]
    return found

def pss(pid):
    with open('/proc/%d/smaps_rollup' % pid) as f:
        return sum(int(line.split()[1]) for line in f if line.startswith('Pss:'))

def ticks(pid):
    with open('/proc/%d/stat' % pid) as f: fields = f.read().rsplit(')', 1)[1].split()
    return int(fields[11]) + int(fields[12])

def measure(start, reload, listing, stop, manager, port, env, staying=None):
    figures = {}
    try:
        figures['start, ms'] = timed(start, env)[0] * 1000
        while not answers(port): time.sleep(0.005)
        runs = [timed(listing, env) for _ in range(11)]
        figures['list, ms'] = statistics.median(run[0] for run in runs) * 1000
        figures['list, KiB of the command'] = peak(staying, env) if staying else max(run[1] for run in runs)
        pid = manager(env)
        figures['manager, KiB (PSS)'] = pss(pid)
        figures['all, KiB (PSS)'] = sum(pss(each) for each in descendants(pid))
        figures['reload, ms'] = timed(reload, env)[0] * 1000
        time.sleep(1)
        before = ticks(pid)
        time.sleep(5)
        figures['idle manager, ms of CPU in 5 s'] = (ticks(pid) - before) * 1000 / TICK
    finally:
        timed(stop, env, fine=False)
    return figures

def ours(o, home, app):
    port = free_port()
    env = dict(os.environ, XDG_RUNTIME_DIR=home)
    env.pop('CLUSTER_CONTROL', None)
    file = os.path.join(home, 'apps.json')
    app = dict({'name': 'api', 'instances': 4, 'listen': '127.0.0.1:%d' % port}, **app)
    with open(file, 'w') as f: json.dump({'apps': [app]}, f)
    c = o.clusterctl
    pid = lambda env: json.loads(subprocess.check_output([c, 'list', '--name', 'api', '--json'], env=env))['pid']
    return measure([c, 'start', file], [c, 'reload', 'api', '--wait'], [c, 'list'], [c, 'delete', 'api'], pid, port, env,
                   [c, 'list', 'api', '--watch', '0.1'])

def pm2(o, home):
    program = os.path.join(o.tools, 'node_modules', '.bin', 'pm2')
    if not os.path.exists(program):
        os.makedirs(o.tools, exist_ok=True)
        if not shutil.which('npm') or subprocess.call(['npm', 'install', '--silent', '--no-fund', '--no-audit', '--prefix',
                                                       o.tools, 'pm2'], stdout=subprocess.DEVNULL):
            return None
    port = free_port()
    env = dict(os.environ, PM2_HOME=os.path.join(home, 'pm2'), PM2_DISABLE_VERSION_CHECK='true')
    file = os.path.join(home, 'pm2.json')
    with open(os.path.join(home, 'pm2.js'), 'w') as f: f.write(PM2_SERVER)
    with open(file, 'w') as f:
        json.dump({'apps': [{'name': 'api', 'script': './pm2.js', 'cwd': home, 'instances': 4, 'exec_mode': 'cluster',
                             'env': {'PORT': port}}]}, f)
    def pid(env):
        with open(os.path.join(env['PM2_HOME'], 'pm2.pid')) as f: return int(f.read())
    return measure([program, 'start', file], [program, 'reload', 'api'], [program, 'list'], [program, 'kill'], pid, port, env)

def main():
    parser = argparse.ArgumentParser()
    for name in ('clusterctl', 'native', 'tools'): parser.add_argument('--' + name, required=True, type=os.path.abspath)
    o = parser.parse_args()
    home = tempfile.mkdtemp(prefix='cluster-managers-')
    try:
        columns = {'clusterctl, own program': ours(o, home, {'script': o.native})}
        if shutil.which('node'):
            with open(os.path.join(home, 'server.js'), 'w') as f: f.write(NODE_SERVER)
            columns['clusterctl, Node'] = ours(o, home, {'script': 'server.js', 'exec_mode': 'cluster', 'wait_ready': True})
            beside = pm2(o, home)
            if beside: columns['PM2, Node'] = beside
            else: print('SKIPPED: PM2, npm cannot install it here')
        else:
            print('SKIPPED: Node and PM2, node is not installed')
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print('%-32s' % '' + ''.join('%25s' % name for name in columns))
    for what in next(iter(columns.values())):
        print('%-32s' % what + ''.join('%25.1f' % figures[what] for figures in columns.values()))

main()
