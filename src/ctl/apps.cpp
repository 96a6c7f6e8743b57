// SPDX-License-Identifier: BSL-1.0
// Which apps there are: records of those that were started, and what answers.
#include "ctl/apps.hpp"

#include "ctl/exit_code.hpp"
#include "ctl/json_view.hpp"
#include "ctl/terminal.hpp"
#include "ctl/words.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

namespace cluster::ctl {
namespace {

namespace fs = std::filesystem;

std::string folder() { return control_folders().front(); }

bool is_private(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() &&
         (found.st_mode & 022) == 0;
}

boost::json::value ask_status(const std::string& socket) {
  control_client client(socket);
  control_reply reply;
  if (client.request("GET", "/v1/status", {}, reply, std::chrono::seconds(2)) || reply.status != 200)
    return nullptr;
  boost::system::error_code ec;
  boost::json::value status = boost::json::parse(reply.body, ec);
  return ec ? boost::json::value(nullptr) : status;
}

template <class Number>
Number sum(const boost::json::value& status, std::string_view name) {
  Number total{};
  for (const auto& each : elements(status, "workers"))
    total += static_cast<Number>(number(each, name).value_or(0));
  return total;
}

std::vector<cell> row(const seen_app& one) {
  const auto ready = count(one.status, "ready").value_or(0);
  const auto target = count(one.status, "target").value_or(0);
  const bool alive = !one.status.is_null();
  const colour paint = !alive ? (one.state == "stopped" ? colour::faint : colour::bad)
                       : one.state == "running" && ready >= target ? colour::good
                                                                   : colour::warn;
  if (!alive) return {{one.name, colour::strong}, {}, {}, {one.state, paint}, {}, {}, {}, {}, {}, {}, {}};
  std::string listen;
  for (const auto& each : elements(one.status, "listeners"))
    listen += (listen.empty() ? "" : " ") + harmless(text(each, "uri"));
  return {{one.name, colour::strong},
          {std::to_string(count(one.status, "pid").value_or(0))},
          {std::to_string(ready) + "/" + std::to_string(target)},
          {harmless(one.state), paint},
          {short_time(number(one.status, "uptime_s").value_or(0))},
          {std::to_string(sum<std::uint64_t>(one.status, "restarts"))},
          {short_count(sum<double>(one.status, "requests_per_s"))},
          {std::to_string(sum<std::uint64_t>(one.status, "connections"))},
          {short_percent(sum<double>(one.status, "cpu_percent"))},
          {short_size(sum<std::uint64_t>(one.status, "rss_bytes"))},
          {listen}};
}

const std::vector<column>& columns() {
  static const std::vector<column> all{
      {"name", "NAME", 0, false, false},
      {"pid", "PID", 60, true, false},
      {"ready", "READY", 0, true, false},
      {"state", "STATE", 0, false, false},
      {"up", "UP", 0, true, false},
      {"restarts", "RESTARTS", 100, true, false},
      {"rps", "REQ/S", 70, true, false},
      {"conns", "CONNS", 110, true, false},
      {"cpu", "CPU", 0, true, false},
      {"mem", "MEM", 50, true, false},
      {"listen", "LISTENS ON", 80, false, true},
  };
  return all;
}

}  // namespace

app_place::app_place(const std::string& name)
    : socket(default_control_path(name)),
      record(folder() + "/" + name + ".app"),
      rendezvous(folder() + "/" + name + ".home"),
      notes(rendezvous + ".state") {}

std::vector<app_record> app_records() {
  std::vector<app_record> all;
  std::error_code ec;
  if (!is_private(folder())) return all;
  for (const auto& each : fs::directory_iterator(folder(), ec)) {
    if (each.path().extension() != ".app") continue;
    std::ifstream file(each.path(), std::ios::binary);
    boost::system::error_code bad;
    const auto found = boost::json::parse(std::string(std::istreambuf_iterator<char>(file), {}), bad);
    if (!bad && !text(found, "file").empty())
      all.push_back({each.path().stem().string(), text(found, "file")});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

bool make_app_folder() {
  if (::mkdir(folder().c_str(), 0700) != 0 && errno != EEXIST) {
    complain("cannot make the folder " + folder() + ": " + std::strerror(errno));
    return false;
  }
  if (!is_private(folder())) {
    complain("the folder " + folder() + " belongs to another user, or others may write there");
    return false;
  }
  return true;
}

bool write_record(const app_record& one) {
  if (!make_app_folder()) return false;
  const app_place place(one.name);
  {
    std::ofstream file(place.record + ".new", std::ios::binary | std::ios::trunc);
    file << boost::json::serialize(boost::json::object{{"file", one.file}}) << '\n';
  }
  if (::rename((place.record + ".new").c_str(), place.record.c_str()) == 0) return true;
  complain(place.record + ": " + std::strerror(errno));
  return false;
}

bool no_choice(const where_options& where) {
  const char* variable = std::getenv("CLUSTER_CONTROL");
  const bool from_environment = variable != nullptr && *variable != '\0' && std::string(variable) != "off";
  return where.socket.empty() && where.name.empty() && !from_environment;
}

std::vector<seen_app> look_at_apps() {
  std::map<std::string, seen_app> all;
  for (const app_record& each : app_records()) {
    seen_app& one = all[each.name];
    one.file = each.file;
    one.status = ask_status(app_place(each.name).socket);
  }
  for (const std::string& socket : control_sockets()) {
    const std::string name = fs::path(socket).stem().string();
    if (all.contains(name)) continue;
    auto status = ask_status(socket);
    if (!status.is_null()) all[name].status = std::move(status);
  }
  std::vector<seen_app> result;
  for (auto& [name, one] : all) {
    one.name = name;
    one.state = !one.status.is_null()               ? text(one.status, "state")
                : fs::exists(app_place(name).notes) ? "killed"
                                                    : "stopped";
    result.push_back(std::move(one));
  }
  return result;
}

std::vector<screen_line> app_lines(const std::vector<seen_app>& apps, std::size_t width) {
  std::vector<std::vector<cell>> rows;
  for (const seen_app& each : apps) rows.push_back(row(each));
  return lay_out(columns(), rows, width);
}

int list_apps(const verb_options& options) {
  const auto apps = look_at_apps();
  if (options.json) {
    boost::json::array list;
    for (const seen_app& each : apps)
      list.push_back(
          {{"name", each.name}, {"state", each.state}, {"file", each.file}, {"status", each.status}});
    std::printf("%s\n", boost::json::serialize(boost::json::object{{"apps", std::move(list)}}).c_str());
    return exit_clean;
  }
  std::fputs(printed(app_lines(apps, output_width()), output_has_colours()).c_str(), stdout);
  return exit_clean;
}

std::vector<std::string> chosen_names(const std::vector<std::string>& given) {
  if (given != std::vector<std::string>{"all"}) return given;
  std::vector<std::string> names;
  for (const seen_app& each : look_at_apps()) names.push_back(each.name);
  return names;
}

}  // namespace cluster::ctl
