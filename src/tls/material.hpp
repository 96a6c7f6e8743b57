// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/tls.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::tls {

/// Seals session tickets. The name is what a ticket carries to find its key again.
struct ticket_key {
  static constexpr std::size_t size = 80;

  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> mac{};
  std::array<unsigned char, 32> cipher{};

  friend bool operator==(const ticket_key&, const ticket_key&) = default;
};

/// The next one, the one that seals now, and the one before. The next one is known beforehand, so that a
/// worker that hears of a change late can read what the others have sealed.
struct ticket_keys {
  ticket_key next;
  ticket_key current;
  ticket_key previous;

  friend bool operator==(const ticket_keys&, const ticket_keys&) = default;
};

/// `fresh` becomes the next one, and each other one grows a step older.
ticket_keys rotated(const ticket_keys& keys, const ticket_key& fresh);

/// All that a worker needs to speak TLS: contents of files, not their names (those are for complaints).
struct material {
  struct certificate {
    std::string name;  ///< of the file
    std::string chain;
    std::string key_name;
    std::string key;

    friend bool operator==(const certificate&, const certificate&) = default;
  };

  std::vector<certificate> certificates;
  tls_options::client_certificates clients = tls_options::client_certificates::off;
  std::string client_ca_name;
  std::string client_ca;
  tls_options::version minimum = tls_options::version::tls_1_2;
  std::chrono::seconds ticket_lifetime{0};  ///< zero: no tickets
  std::optional<ticket_keys> tickets;       ///< none: keys of its own, if there are tickets at all

  friend bool operator==(const material&, const material&) = default;
};

inline constexpr std::size_t most_certificates = 64;
inline constexpr std::size_t largest_file = 256 * 1024;
/// More than any encoded material can be.
inline constexpr std::size_t largest_material = 2 * (most_certificates + 1) * (largest_file + 8 * 1024);

/// As one text, for a memory file; it holds private keys.
std::string encode(const material& what);
/// Nothing for a text that encode() has not made.
std::optional<material> decode(std::string_view text);

}  // namespace cluster::tls
