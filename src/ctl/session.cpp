// SPDX-License-Identifier: BSL-1.0
#include "ctl/session.hpp"

#include "ctl/exit_code.hpp"
#include "ctl/json_view.hpp"
#include "ctl/words.hpp"

#include <boost/json/parse.hpp>
#include <boost/system/errc.hpp>

#include <cstdio>
#include <cstdlib>

namespace cluster::ctl {
namespace {

bool nobody(const error_code& ec) {
  return ec == boost::system::errc::no_such_file_or_directory ||
         ec == boost::system::errc::connection_refused;
}

bool answers(const std::string& path) {
  control_client client(path);
  control_reply ignored;
  return !nobody(client.request("GET", "/healthz", {}, ignored, std::chrono::seconds(2)));
}

std::string join(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& each : all) text += (text.empty() ? "" : ", ") + each;
  return text;
}

}  // namespace

found_socket find_socket(const where_options& where) {
  found_socket result;
  const char* variable = std::getenv("CLUSTER_CONTROL");
  if (!where.socket.empty()) {
    result.path = where.socket;
  } else if (!where.name.empty()) {
    for (const std::string& folder : control_folders()) {
      const std::string path = folder + "/" + where.name + ".sock";
      if (result.path.empty() && answers(path)) result.path = path;
      result.looked.push_back(path);
    }
  } else if (variable != nullptr && *variable != '\0' && std::string(variable) != "off") {
    result.path = variable;
  } else {
    for (const std::string& path : control_sockets()) {
      if (answers(path)) result.several.push_back(path);
      else result.looked.push_back(path);
    }
    if (result.several.size() == 1) {
      result.path = result.several.front();
      result.several.clear();
    }
    if (result.path.empty() && result.looked.empty()) result.looked = control_folders();
  }
  return result;
}

std::string nothing_there(const where_options& where, const found_socket& found) {
  if (!found.several.empty())
    return "several clusters are running; choose one with -s or --name: " + join(found.several);
  if (!found.path.empty()) return "no cluster is served at " + found.path;
  const std::string who =
      where.name.empty() ? "no cluster is running" : "no cluster '" + where.name + "' is running";
  return who + "; looked at " + join(found.looked);
}

void complain(const std::string& what) { std::fprintf(stderr, "clusterctl: %s\n", harmless(what).c_str()); }

std::string message_of(const control_reply& reply) {
  boost::system::error_code ec;
  const boost::json::value body = boost::json::parse(reply.body, ec);
  const auto* error = ec ? nullptr : member(body, "error");
  const std::string message = error == nullptr ? std::string() : text(*error, "message");
  return message.empty() ? "the cluster answered with status " + std::to_string(reply.status) : message;
}

std::optional<session> session::open(const where_options& where, int& exit_code) {
  const found_socket found = find_socket(where);
  if (!found.path.empty()) return session(found.path);
  complain(nothing_there(where, found));
  exit_code = found.several.empty() ? exit_no_cluster : exit_usage;
  return std::nullopt;
}

bool session::fail(const error_code& ec) {
  gone_ = nobody(ec);
  exit_code_ = gone_ ? exit_no_cluster : exit_failed;
  if (quiet_) return false;
  if (gone_) complain("no cluster is served at " + client_->path());
  else complain(client_->path() + ": " + ec.message());
  return false;
}

bool session::judge() {
  gone_ = false;
  exit_code_ = exit_clean;
  if (reply_.status < 400) return true;
  exit_code_ = exit_failed;
  if (!quiet_) complain(message_of(reply_));
  return false;
}

bool session::ask(std::string_view method, std::string_view target, std::string_view body,
                  std::chrono::milliseconds limit) {
  if (const error_code ec = client_->request(method, target, body, reply_, limit)) return fail(ec);
  return judge();
}

bool session::stream(std::string_view target) {
  if (const error_code ec = client_->open_stream(target, reply_)) return fail(ec);
  return judge();
}

boost::json::value session::json() const {
  boost::system::error_code ec;
  boost::json::value result = boost::json::parse(reply_.body, ec);
  return ec ? boost::json::value() : result;
}

}  // namespace cluster::ctl
