// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace cluster::test {

/// The workbench with its control socket in a folder of this test's own.
struct controlled {
  explicit controlled(std::vector<std::string> flags = {"--workers", "2"}, std::string program_path = built())
      : cluster({std::move(program_path), with_socket(std::move(flags)), {}, {}}) {}

  static std::string built() { return CLUSTER_TEST_BINARY_DIR "/examples/90_workbench"; }

  std::vector<std::string> with_socket(std::vector<std::string> flags) const {
    std::vector<std::string> all{"--listen", "127.0.0.1:0", "--control", socket()};
    all.insert(all.end(), flags.begin(), flags.end());
    return all;
  }
  std::string socket() const { return folder / "c.sock"; }

  answer ask(const std::string& method, const std::string& target, const std::string& body = {}) const {
    connection client(socket());
    INFO(client.problem());
    REQUIRE(client.open());
    REQUIRE(client.send(request(method, target, body)));
    return client.receive();
  }
  boost::json::value status() const { return boost::json::parse(ask("GET", "/v1/status").body); }

  static std::string request(const std::string& method, const std::string& target,
                             const std::string& body = {}) {
    return method + " " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  /// Ends it and checks that it ended well.
  void stop() {
    cluster.signal(15);
    CHECK(cluster.wait_exit().code == 0);
  }

  scratch_folder folder;
  program cluster;
};

inline std::string error_code_of(const answer& got) {
  boost::system::error_code ec;
  const auto json = boost::json::parse(got.body, ec);
  if (ec || !json.is_object() || !json.as_object().contains("error")) return "(no error: " + got.body + ")";
  return std::string(json.at("error").at("code").as_string());
}

}  // namespace cluster::test
