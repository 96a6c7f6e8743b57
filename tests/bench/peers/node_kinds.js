// SPDX-License-Identifier: BSL-1.0
// node node_kinds.js PORT WORKERS [CERTIFICATE KEY]: the kinds of work of kinds.cpp that Node has without packages.
'use strict';
const cluster = require('node:cluster');
const fs = require('node:fs');
const [port, workers] = process.argv.slice(2, 4).map(Number);
const [certificate, key] = process.argv.slice(4);
const large = 'x'.repeat(65536);

function answer(request, response) {
  const say = (text, type = 'text/plain') => {
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  };
  if (request.url === '/large') return say(large);
  if (request.url === '/async') return setTimeout(() => say('Hello, World!\n'), 0.1);
  if (request.method !== 'POST') return say('Hello, World!\n');
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    if (request.url === '/post') return say(String(body.length));
    say(JSON.stringify(JSON.parse(body)), 'application/json');
  });
}

if (cluster.isPrimary) {
  for (let i = 0; i < workers; ++i) cluster.fork();
} else {
  const server = certificate
    ? require('node:https').createServer({cert: fs.readFileSync(certificate), key: fs.readFileSync(key)}, answer)
    : require('node:http').createServer(answer);
  server.listen(port, '127.0.0.1');
}
