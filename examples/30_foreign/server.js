// SPDX-License-Identifier: BSL-1.0
// A server that knows nothing of cluster: descriptor 3 is its socket, TERM means "finish and leave".
const http = require("http");
const net = require("net");

let leaving = false;
const server = http.createServer((request, response) => {
  if (leaving) response.setHeader("Connection", "close");
  response.end(request.url.split("/").pop() || `hello from slot ${process.env.CLUSTER_WORKER_SLOT}\n`);
});
// Who waits for it hears when it serves.
server.listen({ fd: 3 }, () => process.send?.("ready"));

process.on("SIGTERM", () => {
  leaving = true;
  // Not server.close(): that cuts idle keep-alive connections, and with them requests that are on their way.
  net.Server.prototype.close.call(server, () => process.exit());
});
