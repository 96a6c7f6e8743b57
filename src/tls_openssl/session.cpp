// SPDX-License-Identifier: BSL-1.0
#include "tls_openssl/session.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace cluster::tls {

/// Where octets go during one call.
struct openssl_session::call {
  call(openssl_session& on, std::string_view octets, wire::byte_buffer& out) : on_(on) {
    on.in_ = octets;
    on.out_ = &out;
    ERR_clear_error();
  }
  ~call() {
    on_.in_ = {};
    on_.out_ = nullptr;
  }
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  openssl_session& on_;
};

int openssl_session::read(BIO* from, char* to, int room) {
  BIO_clear_retry_flags(from);
  auto& self = *static_cast<openssl_session*>(BIO_get_data(from));
  if (self.in_.empty()) {
    BIO_set_retry_read(from);
    return -1;
  }
  const std::size_t n = std::min(self.in_.size(), static_cast<std::size_t>(room));
  std::memcpy(to, self.in_.data(), n);
  self.in_.remove_prefix(n);
  return static_cast<int>(n);
}

int openssl_session::write(BIO* to, const char* octets, int size) {
  BIO_clear_retry_flags(to);
  auto& self = *static_cast<openssl_session*>(BIO_get_data(to));
  try {
    if (self.out_ != nullptr) self.out_->append({octets, static_cast<std::size_t>(size)});
    return size;
  } catch (...) {  // no memory; nothing may be thrown through OpenSSL
    return -1;
  }
}

BIO_METHOD* openssl_session::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* const all = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cluster");
    BIO_meth_set_read(all, read);
    BIO_meth_set_write(all, write);
    BIO_meth_set_ctrl(all,
                      [](BIO*, int what, long, void*) -> long { return what == BIO_CTRL_FLUSH ? 1 : 0; });
    return all;
  }();
  return made;
}

openssl_session::openssl_session(std::shared_ptr<const context> keep, SSL_CTX& on)
    : context_(std::move(keep)), connection_(SSL_new(&on)) {
  BIO* const pipe = BIO_new(method());
  if (!connection_ || pipe == nullptr) {
    BIO_free(pipe);
    throw std::bad_alloc();
  }
  BIO_set_data(pipe, this);
  BIO_set_init(pipe, 1);
  SSL_set_bio(connection_.get(), pipe, pipe);
  SSL_set_accept_state(connection_.get());
}

session::state openssl_session::receive(std::string_view octets, wire::byte_buffer& plain,
                                        wire::byte_buffer& out) {
  if (at_ == state::failed || at_ == state::ended) return at_;
  const call now(*this, octets, out);
  if (at_ == state::handshake) {
    if (const int result = SSL_do_handshake(connection_.get()); result != 1) return fail(result);
    at_ = state::open;
  }
  for (;;) {
    constexpr std::size_t record = 16 * 1024;
    std::size_t n = 0;
    const int result = SSL_read_ex(connection_.get(), plain.prepare(record), record, &n);
    if (result != 1) return fail(result);
    plain.commit(n);
  }
}

// What ends a loop need be no failure.
session::state openssl_session::fail(int result) {
  switch (SSL_get_error(connection_.get(), result)) {
    case SSL_ERROR_WANT_READ: return at_;
    case SSL_ERROR_ZERO_RETURN: return at_ = state::ended;
    default: why_ = last_problem(); return at_ = state::failed;  // of a library, not a state of ours
  }
}

bool openssl_session::send(std::string_view plain, wire::byte_buffer& out) {
  if (at_ == state::handshake || at_ == state::failed || end_said_) return plain.empty();
  const call now(*this, {}, out);
  while (!plain.empty()) {
    std::size_t n = 0;
    if (SSL_write_ex(connection_.get(), plain.data(), plain.size(), &n) != 1) {
      why_ = last_problem();
      at_ = state::failed;
      return false;
    }
    plain.remove_prefix(n);
  }
  return true;
}

void openssl_session::end(wire::byte_buffer& out) {
  if (end_said_ || at_ == state::handshake || at_ == state::failed) return;
  end_said_ = true;
  const call now(*this, {}, out);
  SSL_shutdown(connection_.get());
  ERR_clear_error();
}

std::string openssl_session::client_subject() const {
  X509* const shown = SSL_get0_peer_certificate(connection_.get());
  if (shown == nullptr) return {};
  const bio_ptr text(BIO_new(BIO_s_mem()));
  if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(shown), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* start = nullptr;
  const long size = BIO_get_mem_data(text.get(), &start);
  return size > 0 ? std::string(start, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace cluster::tls
