// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>

namespace cluster::http {

class server;

/// Asks the server for a path over a socket pair, the whole way that a client's request takes, and calls
/// `answered` once, on the context: with an empty text for a status of 200..399, else with what was wrong.
/// The server has to answer within its own time limits.
void probe(boost::asio::io_context& context, server& asked, std::string path,
           std::function<void(std::string problem)> answered);

}  // namespace cluster::http
