// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cluster::http {

/// The server's own record of what an answer is beside fields and text; not for users.
struct response_extra;

/// What a handler answers: a status, fields and content.
///
/// The server adds Date, Content-Length and Connection and leaves out what the status or the request
/// method forbids (content with 204, 304 or to HEAD). Everything else is checked when it is set, so a
/// response cannot be split by what a client smuggled into a value.
class response {
 public:
  response() = default;
  /// Throws std::invalid_argument if the status is not in 200..599.
  CLUSTER_API explicit response(unsigned status);

  unsigned status() const noexcept { return status_; }
  /// As the constructor.
  CLUSTER_API response& status(unsigned code) &;
  response&& status(unsigned code) && { return std::move(status(code)); }

  /// Sets a field, replacing all of that name. The name is a token and the value holds no CR, LF, NUL or
  /// other control (RFC 9110 5.1, 5.5), else std::invalid_argument is thrown. Content-Length and
  /// Transfer-Encoding are made by the server and refused in the same way; `Connection: close` is
  /// the same as close(), other values of Connection are refused.
  CLUSTER_API response& set(std::string_view name, std::string_view value) &;
  response&& set(std::string_view name, std::string_view value) && { return std::move(set(name, value)); }

  /// As set(), but keeps fields of the same name that are there already (Set-Cookie).
  CLUSTER_API response& add(std::string_view name, std::string_view value) &;
  response&& add(std::string_view name, std::string_view value) && { return std::move(add(name, value)); }

  /// Says which protocol the client has to switch to (426, RFC 9110 15.5.22): Upgrade and what belongs to it.
  CLUSTER_API response& upgrade_to(std::string_view protocol) &;

  /// Takes all fields of that name away.
  CLUSTER_API response& erase(std::string_view name);
  /// The value of the first field of that name, or empty.
  CLUSTER_API std::string_view field(std::string_view name) const noexcept;

  const std::string& body() const noexcept { return shared_ ? *shared_ : body_; }
  response& body(std::string content) & {
    body_ = std::move(content);
    shared_.reset();
    return *this;
  }
  response&& body(std::string content) && { return std::move(body(std::move(content))); }

  /// Content that many responses have in common: it is not copied for each. Nobody may change it any more; it
  /// is kept until it has been sent. A null pointer is empty content.
  response& body(std::shared_ptr<const std::string> content) & {
    body_.clear();
    shared_ = std::move(content);
    return *this;
  }
  response&& body(std::shared_ptr<const std::string> content) && {
    return std::move(body(std::move(content)));
  }

  /// Ends the connection after this response.
  response& close() & noexcept {
    close_ = true;
    return *this;
  }
  response&& close() && noexcept { return std::move(close()); }
  bool wants_close() const noexcept { return close_; }

  /// The fields as they go out, line by line, but for those that the server adds.
  std::string_view field_lines() const noexcept { return lines_; }
  /// The content type a helper below has set; empty if it is among field_lines() or not set.
  std::string_view content_type() const noexcept { return content_type_; }
  /// Whether field_lines() has a Date, so that the server adds none.
  bool has_date() const noexcept { return has_date_; }
  /// For the library's own use: a file as content, or a session that begins.
  const response_extra* extra() const noexcept { return extra_.get(); }
  void extra(std::shared_ptr<const response_extra> what) noexcept { extra_ = std::move(what); }

 private:
  friend CLUSTER_API response text(std::string content, unsigned status);
  friend CLUSTER_API response html(std::string content, unsigned status);
  friend CLUSTER_API response json(std::string content, unsigned status);

  friend CLUSTER_API response text(std::shared_ptr<const std::string> content, unsigned status);
  friend CLUSTER_API response html(std::shared_ptr<const std::string> content, unsigned status);
  friend CLUSTER_API response json(std::shared_ptr<const std::string> content, unsigned status);

  response(unsigned status, std::string_view content_type, std::string&& content);
  response(unsigned status, std::string_view content_type, std::shared_ptr<const std::string>&& content);
  bool check(std::string_view name, std::string_view value);

  unsigned status_ = 200;
  bool close_ = false;
  bool has_date_ = false;
  std::string_view content_type_;  // a constant
  std::string lines_;
  std::string body_;
  std::shared_ptr<const std::string> shared_;  // content instead of body_
  std::shared_ptr<const response_extra> extra_;
};

/// Content with the type `text/plain; charset=utf-8`.
CLUSTER_API response text(std::string content, unsigned status = 200);
/// Content with the type `text/html; charset=utf-8`.
CLUSTER_API response html(std::string content, unsigned status = 200);
/// Content that is JSON text already, with the type `application/json`.
CLUSTER_API response json(std::string content, unsigned status = 200);
/// As these three, for content that many responses have in common; see response::body().
CLUSTER_API response text(std::shared_ptr<const std::string> content, unsigned status = 200);
CLUSTER_API response html(std::shared_ptr<const std::string> content, unsigned status = 200);
CLUSTER_API response json(std::shared_ptr<const std::string> content, unsigned status = 200);
/// A status alone; from 400 on with its phrase as text, so that people see something.
CLUSTER_API response status(unsigned code);
/// Sends the client elsewhere: status with a Location field. 303 after a POST, 301 or 308 for good.
CLUSTER_API response redirect(std::string_view location, unsigned status = 302);

}  // namespace cluster::http
