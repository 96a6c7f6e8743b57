// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "http/json_text.hpp"

#include <cluster/http/access_log.hpp>

#include <cstdio>
#include <ctime>

namespace cluster::http {
namespace {

// As others do it: quotes, backslashes and everything that is not printable as \xHH.
void append_escaped(std::string& out, std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7f && c != '"' && c != '\\') {
      out.push_back(c);
      continue;
    }
    out.append("\\x").push_back(digits[octet >> 4U]);
    out.push_back(digits[octet & 15U]);
  }
}

std::string_view version_of(const access& what) {
  return what.asked->version() == 10 ? "HTTP/1.0" : "HTTP/1.1";
}

std::string_view remote_host(const access& what) {
  const std::string_view remote = what.remote;
  std::string_view host = remote.substr(0, remote.find(':'));
  if (!host.empty() && host.front() == '[') host = remote.substr(1, remote.find(']') - 1);
  return host.empty() ? "-" : host;
}

}  // namespace

std::string common_log_line(const access& what, std::chrono::system_clock::time_point now) {
  static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm t{};
  ::gmtime_r(&seconds, &t);
  char time[96];
  std::snprintf(time, sizeof time, " - - [%02d/%.3s/%04d:%02d:%02d:%02d +0000] \"", t.tm_mday,
                months.data() + std::ptrdiff_t{3} * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min,
                t.tm_sec);
  std::string out(remote_host(what));
  out += time;
  if (what.asked == nullptr) {
    out += '-';
  } else {
    append_escaped(out, what.asked->method_string());
    out += ' ';
    append_escaped(out, what.asked->target());
    out.append(" ").append(version_of(what));
  }
  return out.append("\" ").append(std::to_string(what.status)).append(" ").append(std::to_string(what.bytes));
}

std::string json_log_line(const access& what, std::chrono::system_clock::time_point now) {
  std::string out = "{\"time\":\"";
  out.append(utc_timestamp(now)).append("\",\"remote\":");
  append_json_string(out, what.remote);
  if (what.asked != nullptr) {
    const request& q = *what.asked;
    out.append(",\"method\":");
    append_json_string(out, q.method_string());
    out.append(",\"target\":");
    append_json_string(out, q.target());
    out.append(",\"version\":\"").append(version_of(what)).append("\",\"host\":");
    append_json_string(out, q.host());
    out.append(",\"referer\":");
    append_json_string(out, q.field("Referer"));
    out.append(",\"user_agent\":");
    append_json_string(out, q.field("User-Agent"));
  }
  out.append(",\"status\":").append(std::to_string(what.status));
  out.append(",\"bytes\":").append(std::to_string(what.bytes));
  return out.append(",\"duration_us\":").append(std::to_string(what.duration.count())).append("}");
}

}  // namespace cluster::http
