// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/handler.hpp>

#include <string>

namespace cluster::http {

/// How files are answered with. An aggregate for designated initialisers.
struct file_options {
  std::string content_type;   ///< empty: by the name's ending, application/octet-stream if unknown
  std::string cache_control;  ///< empty: no such field
};

/// Answers GET and HEAD with a regular file: ETag, Last-Modified, the If-* fields, one byte range (RFC 9110
/// 13, 14). 404 if it is not there or may not be read. The content goes from the file to the socket
/// without passing through the process.
///
/// A file that is replaced by rename is answered with either as a whole; one that is overwritten in place
/// may be torn, and one that shrinks meanwhile ends the connection. Opening and reading block, as long as the
/// file system does.
CLUSTER_API response file(const request& asked, const std::string& path, const file_options& options = {});

struct files_options {
  std::string index = "index.html";  ///< for paths that end in a slash; empty: 404 for them
  std::string cache_control;         ///< empty: no such field
  bool hidden = false;               ///< whether names that begin with a dot are served
};

/// A handler that serves the files below a folder, for a pattern that ends in `{path*}`, GET only:
///
///     app.get("/static/{path*}", http::files("public"));
///
/// The folder is opened once; nothing outside it is reached, whatever the path, and symbolic links that
/// lead out of it are not followed. A folder without the slash is redirected to itself with one. Throws
/// boost::system::system_error if the folder cannot be opened.
CLUSTER_API handler files(const std::string& folder, files_options options = {});

}  // namespace cluster::http
