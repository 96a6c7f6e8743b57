// SPDX-License-Identifier: BSL-1.0
// HTTPS, and plain HTTP that sends everybody there. It needs a certificate and its key; for a try:
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost
//       -addext subjectAltName=DNS:localhost -keyout /tmp/key.pem -out /tmp/cert.pem    (all on one line)
//   07_tls --tls-certificate /tmp/cert.pem --tls-key /tmp/key.pem
//   curl --cacert /tmp/cert.pem https://localhost:8443/
// New files take effect with a reload (HUP). Clients' certificates: CLUSTER_TLS_CLIENTS=optional and
// CLUSTER_TLS_CLIENT_CA=FILE.
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <optional>
#include <string>

namespace {

namespace http = cluster::http;

// What has no way to be read on its way is not answered otherwise.
std::optional<http::response> to_https(const http::request& request) {
  if (request.is_secure()) return std::nullopt;
  const std::string_view host = request.host().substr(0, request.host().find(':'));
  return http::redirect("https://" + std::string(host) + ":8443" + std::string(request.target()), 308);
}

http::response greet(const http::request& request) {
  const std::string subject = request.client_subject();
  return http::text("Hello, " + (subject.empty() ? "stranger" : subject) + "! This came over " +
                    std::string(request.scheme()) + ".\n");
}

}  // namespace

int main(int argc, char** argv) {
  const cluster::options defaults{.name = "tls", .listen = {"127.0.0.1:8080", "127.0.0.1:8443+tls"}};
  return cluster::run(argc, argv, defaults, [](cluster::worker& self) {
    http::router app;
    app.before(to_https);
    app.after([](const http::request& request, http::response& answer) {
      if (request.is_secure()) answer.set("Strict-Transport-Security", "max-age=31536000");
    });
    app.get("/", greet);
    return http::serve(self, app);
  });
}
