// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/session.hpp"
#include "wire/frame_fence.hpp"

#include <cluster/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/role.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace cluster::http {

/// What lies between a socket and Beast's WebSocket stream so that the latter can be left and begun in the
/// middle of a session: inbound a fence that lets out one frame at a time, outbound a switch that swallows
/// what is sent (the answer to a handshake that was answered elsewhere). Over TLS it seals and opens as well.
class ws_layer {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using socket_type = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, executor_type>;

  ws_layer(boost::asio::io_context& context, std::uint64_t most_fragments)
      : socket_(context), linger_(context), fence_(most_fragments) {}

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  socket_type& socket() noexcept { return socket_; }
  wire::frame_fence& fence() noexcept { return fence_; }
  void swallow(bool on) noexcept { swallow_ = on; }
  /// Has to outlive this object. Such a session cannot be left.
  void use_tls(tls::session& with) noexcept { tls_ = &with; }
  /// The end of what is sent, if there is room for the word.
  void say_end() {
    if (tls_ == nullptr || writing_) return;
    tls_->end(owed_);
    if (!owed_.empty())
      ::send(socket_.native_handle(), owed_.view().data(), owed_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    owed_.clear();
  }

  /// Sets what is asked between two messages, when leaving was asked for: true means that the session is gone
  /// from here, and the read that asked ends with operation_aborted.
  void on_leave(std::function<bool()> leave) { leave_ = std::move(leave); }
  /// Asks at the next opportunity, which may be now.
  void ask_to_leave() {
    asked_ = true;
    if (reading_ && !writing_) wake();
  }
  void stay() noexcept { asked_ = false; }
  bool writing() const noexcept { return writing_; }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& to, Handler&& handler) {
    return boost::asio::async_compose<Handler, void(error_code, std::size_t)>(read_op{*this, first_of(to)},
                                                                              handler, socket_);
  }
  /// Reads and drops until the client ends its side, two seconds at most.
  template <class Handler>
  auto async_linger(Handler&& handler) {
    linger_.expires_after(std::chrono::seconds(2));
    linger_.async_wait([this](error_code ec) {
      error_code ignored;
      if (!ec) socket_.close(ignored);
    });
    return boost::asio::async_compose<Handler, void(error_code)>(linger_op{*this}, handler, socket_);
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& from, Handler&& handler) {
    return boost::asio::async_compose<Handler, void(error_code, std::size_t)>(write_op<Buffers>{*this, from},
                                                                              handler, socket_);
  }

 private:
  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& to) {
    for (auto each = boost::asio::buffer_sequence_begin(to); each != boost::asio::buffer_sequence_end(to);
         ++each)
      if (boost::asio::mutable_buffer(*each).size() != 0) return *each;
    return {};
  }

  struct read_op {
    ws_layer& layer;
    boost::asio::mutable_buffer to;
    std::size_t given = 0;
    enum { starting, posted, received } at = starting;

    template <class Self>
    void operator()(Self& self, error_code ec = {}, std::size_t n = 0) {
      if (at == posted) {
        if (given == 0) ec = boost::asio::error::message_size;
        return self.complete(ec, given);
      }
      if (at == received) {
        layer.reading_ = false;
        if (!layer.arrived({layer.in_.data(), n})) ec = boost::asio::error::connection_aborted;
        const bool woken = ec == boost::asio::error::operation_aborted && layer.asked_;
        if (ec && !woken) return self.complete(ec, 0);
        if (layer.left()) return self.complete(boost::asio::error::operation_aborted, 0);
        given = layer.give(to);
        if (given != 0) return self.complete({}, given);
        if (layer.fence_.too_many()) return self.complete(boost::asio::error::message_size, 0);
        return read(self);
      }
      given = layer.asked_ ? 0 : layer.give(to);
      if (given != 0 || layer.fence_.too_many()) {
        at = posted;
        return boost::asio::post(layer.socket_.get_executor(), std::move(self));
      }
      ws_layer& all = layer;  // this object moves
      read(self);
      if (all.asked_ && !all.writing_) all.wake();
    }
    template <class Self>
    void read(Self& self) {
      at = received;
      ws_layer& all = layer;  // this object moves
      all.reading_ = true;
      all.socket_.async_read_some(boost::asio::buffer(all.in_), std::move(self));
    }
  };

  struct linger_op {
    ws_layer& layer;

    bool begun = false;

    template <class Self>
    void operator()(Self& self, error_code ec = {}, std::size_t = 0) {
      if (ec || (begun && layer.all_said())) {
        layer.linger_.cancel();
        return self.complete({});
      }
      if (!std::exchange(begun, true) && layer.all_said())
        return boost::asio::post(layer.socket_.get_executor(), std::move(self));
      layer.socket_.async_read_some(boost::asio::buffer(layer.in_), std::move(self));
    }
  };

  template <class Buffers>
  struct write_op {
    ws_layer& layer;
    Buffers from;
    enum { starting, swallowed, sent, sent_sealed } at = starting;

    template <class Self>
    void operator()(Self& self, error_code ec = {}, std::size_t n = 0) {
      switch (at) {
        case starting: {
          if (layer.swallow_) {
            at = swallowed;
            return boost::asio::post(layer.socket_.get_executor(), std::move(self));
          }
          at = sent;
          layer.writing_ = true;
          if (layer.tls_ != nullptr) {
            at = sent_sealed;
            layer.seal(from);
            const boost::asio::const_buffer all(layer.sealed_.view().data(), layer.sealed_.size());
            return boost::asio::async_write(layer.socket_, all, std::move(self));
          }
          const Buffers octets = from;  // this object moves
          return layer.socket_.async_write_some(octets, std::move(self));
        }
        case swallowed: return self.complete({}, boost::asio::buffer_size(from));
        case sent:
          layer.writing_ = false;
          if (layer.asked_ && layer.reading_) layer.wake();
          return self.complete(ec, n);
        case sent_sealed:
          layer.writing_ = false;
          layer.sealed_.clear();
          return self.complete(ec, ec ? 0 : boost::asio::buffer_size(from));
      }
    }
  };

  std::size_t give(boost::asio::mutable_buffer to) {
    return fence_.take(static_cast<char*>(to.data()), to.size());
  }
  bool arrived(std::string_view octets) {
    if (tls_ == nullptr) {
      fence_.append(octets);
      return true;
    }
    opened_.clear();
    const bool good = tls_->receive(octets, opened_, owed_) != tls::session::state::failed;
    fence_.append(opened_.view());
    return good;
  }
  // What OpenSSL owes the client comes first, as it was sealed first. Something that cannot be sealed is not
  // sent, and the read that failed for the same reason ends the session.
  template <class Buffers>
  void seal(const Buffers& from) {
    sealed_.append(owed_.view());
    owed_.clear();
    for (auto each = boost::asio::buffer_sequence_begin(from); each != boost::asio::buffer_sequence_end(from);
         ++each) {
      const boost::asio::const_buffer piece(*each);
      tls_->send({static_cast<const char*>(piece.data()), piece.size()}, sealed_);
    }
  }
  // Ends the pending read; only while nothing is written, since that would end as well.
  void wake() {
    error_code ignored;
    socket_.cancel(ignored);
  }
  // The client has sent its close frame, and nothing lies behind it that closing would answer with a reset.
  bool all_said() {
    error_code ec;
    return fence_.close_seen() && socket_.available(ec) == 0;
  }
  bool left() { return asked_ && !writing_ && fence_.at_boundary() && leave_ && leave_(); }

  socket_type socket_;
  boost::asio::steady_timer linger_;
  wire::frame_fence fence_;
  std::function<bool()> leave_;
  std::array<char, 4096> in_{};
  tls::session* tls_ = nullptr;
  wire::byte_buffer opened_;
  wire::byte_buffer owed_;    // by TLS itself, sent with whatever goes out next
  wire::byte_buffer sealed_;  // on its way
  bool swallow_ = false;
  bool asked_ = false;
  bool reading_ = false;
  bool writing_ = false;
};

// What Beast asks of a stream besides reading and writing.
inline void beast_close_socket(ws_layer& layer) {
  error_code ignored;
  layer.socket().close(ignored);
}

inline void teardown(boost::beast::role_type, ws_layer& layer, error_code& ec) {
  layer.say_end();
  layer.socket().shutdown(boost::asio::socket_base::shutdown_send, ec);
}

// The client's last octets are read away, for a moment, so that the close frame reaches it: closing with
// octets unread would reset the connection.
template <class Handler>
void async_teardown(boost::beast::role_type role, ws_layer& layer, Handler&& handler) {
  error_code ignored;
  teardown(role, layer, ignored);
  layer.async_linger(std::forward<Handler>(handler));
}

}  // namespace cluster::http
