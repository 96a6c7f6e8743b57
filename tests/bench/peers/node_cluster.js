// SPDX-License-Identifier: BSL-1.0
// node node_cluster.js PORT WORKERS: Node's own cluster, in its default way (round-robin).
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');
const [port, workers] = process.argv.slice(2).map(Number);
if (cluster.isPrimary) {
  for (let i = 0; i < workers; ++i) cluster.fork();
} else {
  http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/plain');
    response.end('Hello from process ' + process.pid + '\n');
  }).listen(port, '127.0.0.1');
}
