# SPDX-License-Identifier: BSL-1.0
# For gunicorn, which finds its sockets in LISTEN_FDS by itself: gunicorn --workers 1 wsgi:app
import os


def app(environ, start_response):
    body = environ["PATH_INFO"].rsplit("/")[-1] or "hello from slot %s\n" % os.environ["CLUSTER_WORKER_SLOT"]
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body.encode()]
