// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/doctor.hpp>

#include <string>
#include <vector>

namespace cluster::ctl {

std::string doctor_text(const std::vector<finding>&);
/// `{"ok": bool, "findings": [{"name", "value", "ok", "advice"}]}`
std::string doctor_json(const std::vector<finding>&);

/// Prints what diagnose() finds.
int doctor(bool json);

/// What is to be said of the place of control sockets: who may enter, and what lies there.
std::vector<finding> socket_rights();

}  // namespace cluster::ctl
