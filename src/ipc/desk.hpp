// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/mailbox.hpp"
#include "ipc/requests.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::ipc {

/// Where the application's messages arrive in a process: hands them to the handlers, and answers to those who
/// asked.
class desk {
 public:
  /// Sends a reply or a failure back to who has asked.
  using route = std::function<void(note head, cluster::message content)>;
  using complaint_handler = std::function<void(const std::string& where, const std::string& what)>;

  explicit desk(boost::asio::any_io_executor executor) : asked(std::move(executor)) {}

  /// protocol_error: the note is broken.
  error_code deliver(note head, std::vector<os::unique_fd> descriptors, const route& back);

  bool has_handler(note::kind what) const noexcept;

  /// For messages that begin so, the longest topic first; an empty handler takes it away.
  void set_topic(std::string_view topic, message_handler handler);

  message_handler on_message;
  request_handler on_request;
  complaint_handler on_exception;  ///< a handler threw
  requests asked;

 private:
  const message_handler& handler_of(std::string_view data) const noexcept;
  void answer(note& head, cluster::message content, const route& back);
  template <class Call>
  void guarded(const char* where, Call&& call);

  std::map<std::string, message_handler, std::less<>> topics_;
};

}  // namespace cluster::ipc
