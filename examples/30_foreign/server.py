# SPDX-License-Identifier: BSL-1.0
# A server that knows nothing of cluster: descriptor 3 is its socket, TERM means "finish and leave".
import contextlib, os, select, signal, socket

listener = socket.socket(fileno=3)
listener.setblocking(False)  # all workers wait for the same connection, and one of them gets it
wake, poke = os.pipe()
os.set_blocking(poke, False)
signal.set_wakeup_fd(poke)  # between two connections, never in the middle of one
signal.signal(signal.SIGTERM, lambda *_: None)
if address := os.environ.get("NOTIFY_SOCKET"):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(b"READY=1", address.replace("@", "\0", 1))
while wake not in select.select([listener, wake], [], [])[0]:
    with contextlib.suppress(OSError):  # somebody else was faster, or the client is gone
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            path = connection.recv(65536).split(b" ")[1]
            body = path.rsplit(b"/")[-1] or b"hello from slot %s\n" % os.environb[b"CLUSTER_WORKER_SLOT"]
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
            connection.sendall(head + body)
