// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/material.hpp"

#include <string>

namespace cluster::tls {

/// Reads the files and tries whether a server can be made of them. On failure `why` is one line that names
/// the file and what is wrong with it, and `out` is as it was. Leaves the ticket keys alone.
bool load(const tls_options& from, material& out, std::string& why);

/// Unpredictable, from the system. False if it has none to give.
bool make_ticket_key(ticket_key& out);

}  // namespace cluster::tls
