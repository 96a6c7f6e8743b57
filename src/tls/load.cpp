// SPDX-License-Identifier: BSL-1.0
#include "tls/load.hpp"

#include "tls/context.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cluster::tls {
namespace {

bool refuse(std::string& why, const std::string& file, const std::string& reason) {
  why = "tls: " + file + ": " + reason;
  return false;
}

bool read_file(const std::string& path, std::string& out, std::string& why) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refuse(why, path, std::strerror(errno));
  struct stat info {};
  std::string problem;
  if (::fstat(fd, &info) != 0) problem = std::strerror(errno);
  else if (!S_ISREG(info.st_mode)) problem = "not a file";
  else if (info.st_size > static_cast<off_t>(largest_file)) problem = "larger than any certificate";
  out.clear();
  while (problem.empty() && out.size() <= largest_file) {
    char buffer[16 * 1024];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) problem = std::strerror(errno);
    if (n <= 0) break;
    out.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  if (problem.empty() && out.size() > largest_file) problem = "larger than any certificate";
  return problem.empty() || refuse(why, path, problem);
}

template <std::size_t Size>
bool fill(std::array<unsigned char, Size>& out) {
  return ::getrandom(out.data(), out.size(), 0) == static_cast<ssize_t>(out.size());
}

}  // namespace

bool load(const tls_options& from, material& out, std::string& why) {
  if (from.certificates.size() > most_certificates) {
    why = "tls: more than " + std::to_string(most_certificates) + " certificates";
    return false;
  }
  material fresh;
  for (const tls_certificate& each : from.certificates) {
    if (each.certificate.empty()) {
      why = "tls: there are more keys than certificates";
      return false;
    }
    material::certificate& one = fresh.certificates.emplace_back();
    one.name = each.certificate;
    one.key_name = each.key.empty() ? each.certificate : each.key;
    if (!read_file(one.name, one.chain, why) || !read_file(one.key_name, one.key, why)) return false;
  }
  fresh.clients = from.clients;
  fresh.client_ca_name = from.client_ca;
  if (!from.client_ca.empty() && !read_file(from.client_ca, fresh.client_ca, why)) return false;
  fresh.minimum = from.minimum;
  fresh.ticket_lifetime = from.ticket_rotation;
  if (!context::make(fresh, why)) return false;
  fresh.tickets = out.tickets;
  out = std::move(fresh);
  return true;
}

bool make_ticket_key(ticket_key& out) { return fill(out.name) && fill(out.mac) && fill(out.cipher); }

}  // namespace cluster::tls
