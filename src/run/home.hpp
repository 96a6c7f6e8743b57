// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/options.hpp>

#include <string>

namespace cluster::run_detail {

/// Where the workers of a program find their next supervisor if nobody has said so: beside the control socket
/// that was asked for; else in the folder of control sockets, under a name that stands for the cluster's name
/// and its addresses, so that the same program on other ports is another cluster. Empty, none, where that
/// would not be one and the same place for one and the same cluster: with ports that the kernel chooses,
/// inherited sockets, no address, no control interface, workers of another user, or a path too long.
std::string default_rendezvous(const options&);

/// A place that only this process and its children know; empty if there is none.
std::string private_rendezvous(const options&);

/// Puts in its place what holds: `off` is none, and nothing said is the default, if its folder can be had.
void settle_rendezvous(options&);

}  // namespace cluster::run_detail
