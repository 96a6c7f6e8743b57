// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "control/reply.hpp"
#include "wire/body_decoder.hpp"
#include "wire/byte_buffer.hpp"
#include "wire/head_reader.hpp"

#include <cluster/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace cluster::control {

/// How long the other end may take.
struct patience {
  std::chrono::milliseconds request{10000};  ///< from the first octet of a request to its last
  std::chrono::milliseconds idle{60000};     ///< between requests
  std::chrono::milliseconds write{10000};    ///< for taking some of an answer
  std::chrono::milliseconds linger{1000};    ///< for closing after the last answer
};

/// One client: reads a request, has it answered, writes the answer, and again. At most one request and
/// one answer are held; a stream is asked for more only when what it gave before was written. So a
/// client that never reads costs one piece of a stream until its time is up.
class connection : public std::enable_shared_from_this<connection> {
 public:
  using socket =
      boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::any_io_executor>;
  using handler = std::function<void(const call&, answer)>;

  connection(socket peer, bool read_only, patience limits, handler handle,
             std::function<void(connection*)> ended);

  void start();
  /// Answers and closes: for a client that is not let in.
  void turn_away(reply what);
  /// A stream may have more to say.
  void wake();
  void close();

 private:
  void read();
  void parse();
  bool parse_head();
  bool parse_body();
  void dispatch();
  void refuse(const wire::refusal& why);
  void respond(reply what, bool keep_alive);
  void stream();
  void write();
  void written();
  void watch_for_end();
  void linger();
  void discard(std::size_t so_far);
  void give_up_after(std::chrono::milliseconds limit);
  void take_your_time();

  socket socket_;
  boost::asio::steady_timer timer_;
  patience limits_;
  handler handle_;
  std::function<void(connection*)> ended_;
  wire::limits bounds_;
  wire::byte_buffer in_;
  std::size_t scanned_ = 0;
  wire::head_reader head_reader_;
  std::string head_text_;  ///< what the views in head_ point into
  wire::request_head head_;
  wire::body_decoder decoder_;
  std::string body_;
  wire::byte_buffer out_;
  std::function<bool(std::string&)> more_;
  char rest_[64] = {};  ///< what comes during a stream and means nothing
  bool read_only_;
  bool in_body_ = false;
  bool busy_ = false;  ///< a request is being answered
  bool writing_ = false;
  bool keep_alive_ = true;
  bool stream_over_ = false;
  bool closed_ = false;
};

}  // namespace cluster::control
