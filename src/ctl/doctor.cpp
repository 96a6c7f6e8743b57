// SPDX-License-Identifier: BSL-1.0
#include "ctl/doctor.hpp"

#include "ctl/exit_code.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>

namespace cluster::ctl {

std::string doctor_text(const std::vector<finding>& findings) {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  for (const auto& each : findings) {
    name_width = std::max(name_width, each.name.size());
    value_width = std::max(value_width, each.value.size());
  }
  std::string text;
  const auto column = [&](const std::string& what, std::size_t width) {
    text += what;
    text.append(width - what.size() + 2, ' ');
  };
  for (const auto& each : findings) {
    text += each.ok ? "ok    " : "warn  ";
    column(each.name, name_width);
    column(each.value, value_width);
    text += each.advice;
    text += '\n';
  }
  return text;
}

std::string doctor_json(const std::vector<finding>& findings) {
  boost::json::array list;
  bool all = true;
  for (const auto& each : findings) {
    all = all && each.ok;
    list.push_back({{"name", each.name}, {"value", each.value}, {"ok", each.ok}, {"advice", each.advice}});
  }
  return boost::json::serialize(boost::json::object{{"ok", all}, {"findings", std::move(list)}}) + '\n';
}

int doctor(bool json) {
  auto findings = diagnose();
  for (finding& each : socket_rights()) findings.push_back(std::move(each));
  std::fputs((json ? doctor_json(findings) : doctor_text(findings)).c_str(), stdout);
  return exit_clean;
}

}  // namespace cluster::ctl
