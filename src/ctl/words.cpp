// SPDX-License-Identifier: BSL-1.0
#include "ctl/words.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace cluster::ctl {
namespace {

template <class... Values>
std::string format(const char* form, Values... values) {
  std::array<char, 64> text{};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int length = std::snprintf(text.data(), text.size(), form, values...);
#pragma GCC diagnostic pop
  return {text.data(), static_cast<std::size_t>(length)};
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string short_time(double seconds) {
  const auto all = static_cast<long long>(seconds < 0 ? 0 : seconds);
  if (all < 60) return format("%llds", all);
  if (all < 3600) return format("%lldm%02llds", all / 60, all % 60);
  if (all < 86400) return format("%lldh%02lldm", all / 3600, all / 60 % 60);
  if (all < 100 * 86400LL) return format("%lldd%lldh", all / 86400, all / 3600 % 24);
  return format("%lldd", all / 86400);
}

std::string short_size(std::uint64_t bytes) {
  static constexpr std::array units{"B", "K", "M", "G", "T", "P"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < units.size(); ++unit) size /= 1024;
  return format(unit == 0 || size >= 99.95 ? "%.0f%s" : "%.1f%s", size, units[unit]);
}

std::string short_percent(double percent) {
  return format(percent > 0 && percent < 9.95 ? "%.1f%%" : "%.0f%%", percent);
}

std::string short_count(double number) {
  static constexpr std::array units{"", "k", "M", "G"};
  std::size_t unit = 0;
  for (; number >= 999.5 && unit + 1 < units.size(); ++unit) number /= 1000;
  const bool fraction = number > 0 && number < 99.95 && (unit > 0 || number < 9.95);
  return format(fraction ? "%.1f%s" : "%.0f%s", number, units[unit]);
}

std::string short_latency(double microseconds) {
  if (microseconds < 999.5) return format("%.0fus", microseconds);
  const bool millis = microseconds < 999'500;
  const double shown = microseconds / (millis ? 1000 : 1'000'000);
  return format(shown < 9.95 ? "%.1f%s" : "%.0f%s", shown, millis ? "ms" : "s");
}

double seconds_since(std::string_view timestamp, double now) {
  std::tm utc{};
  double fraction = 0;
  const std::string text(timestamp);
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%lf", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &fraction) != 7)
    return -1;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return now - (static_cast<double>(::timegm(&utc)) + fraction);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::size_t columns_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text)
    if (!continues(c)) ++count;
  return count;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t at = 0;
  for (std::size_t kept = 0; at < text.size(); ++at)
    if (!continues(text[at]) && kept++ == columns - 1) break;
  return std::string(text.substr(0, at)) + "\u2026";
}

std::string harmless(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) clean += c;
    else clean += c == '\t' ? ' ' : '?';
  }
  return clean;
}

}  // namespace cluster::ctl
