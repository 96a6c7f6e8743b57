// SPDX-License-Identifier: BSL-1.0
#include "support/tls.hpp"

#include "tls_openssl/openssl.hpp"

#include <openssl/x509v3.h>

#include <fstream>
#include <stdexcept>

#include <signal.h>

namespace cluster::test {
namespace {

using namespace cluster::tls;
using name_ptr = std::unique_ptr<X509_EXTENSION, free_with<X509_EXTENSION_free>>;

void need(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + last_problem());
}

key_ptr make_key() {
  key_ptr key(EVP_EC_gen("P-256"));
  need(key != nullptr, "key");
  return key;
}

template <class Write>
std::string pem(Write write) {
  const bio_ptr out(BIO_new(BIO_s_mem()));
  need(write(out.get()) == 1, "PEM");
  char* start = nullptr;
  const long size = BIO_get_mem_data(out.get(), &start);
  return {start, static_cast<std::size_t>(size)};
}

std::string text_of(const X509* what) {
  return pem([what](BIO* out) { return PEM_write_bio_X509(out, what); });
}
std::string text_of(const EVP_PKEY* what) {
  return pem([what](BIO* out) {
    return PEM_write_bio_PrivateKey(out, what, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void extend(X509* what, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, what, nullptr, nullptr, 0);
  const name_ptr made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  need(made && X509_add_ext(what, made.get(), -1) == 1, "extension");
}

x509_ptr certify(const std::string& subject, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                 const std::vector<std::pair<int, std::string>>& extensions) {
  static long serial = 1000;
  x509_ptr made(X509_new());
  need(made != nullptr, "certificate");
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 24L * 3600);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509* const signer = issuer != nullptr ? issuer : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
  for (const auto& [kind, value] : extensions) extend(made.get(), signer, kind, value);
  need(X509_sign(made.get(), issuer_key, EVP_sha256()) != 0, "signature");
  return made;
}

}  // namespace

struct authority::impl {
  key_ptr key = make_key();
  x509_ptr own;
  std::string text;
};

authority::authority(const std::string& name) : impl_(std::make_unique<impl>()) {
  impl_->own =
      certify(name, impl_->key.get(), nullptr, impl_->key.get(),
              {{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign"}});
  impl_->text = text_of(impl_->own.get());
}
authority::~authority() = default;

const std::string& authority::certificate() const { return impl_->text; }

identity authority::issue(const std::vector<std::string>& names) const {
  const key_ptr key = make_key();
  std::string all;
  for (const std::string& each : names) all += (all.empty() ? "DNS:" : ",DNS:") + each;
  const x509_ptr made = certify(names.front(), key.get(), impl_->own.get(), impl_->key.get(),
                                {{NID_basic_constraints, "CA:FALSE"}, {NID_subject_alt_name, all}});
  return {text_of(made.get()), text_of(key.get())};
}

std::string write_identity(const std::string& folder, const std::string& name, const identity& what) {
  const std::string path = folder + "/" + name;
  std::ofstream(path + ".pem") << what.certificate;
  std::ofstream(path + ".key") << what.key;
  return path;
}

struct tls_client::impl {
  ssl_ctx_ptr context{SSL_CTX_new(TLS_client_method())};
  ssl_ptr connection;
  std::string problem;
  bool in_order = false;
};

namespace {

void trust(SSL_CTX* context, const tls_settings& settings) {
  if (settings.authority.empty()) return;
  const bio_ptr text(BIO_new_mem_buf(settings.authority.data(), -1));
  const x509_ptr whom(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  need(whom && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), whom.get()) == 1, "authority");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

void show(SSL_CTX* context, const identity& own) {
  if (own.certificate.empty()) return;
  const bio_ptr text(BIO_new_mem_buf(own.certificate.data(), -1));
  const x509_ptr shown(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  const bio_ptr key_text(BIO_new_mem_buf(own.key.data(), -1));
  const key_ptr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  need(shown && key && SSL_CTX_use_certificate(context, shown.get()) == 1 &&
           SSL_CTX_use_PrivateKey(context, key.get()) == 1,
       "own certificate");
}

}  // namespace

tls_client::tls_client(int fd, const tls_settings& settings, const tls_ticket& ticket)
    : impl_(std::make_unique<impl>()) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without asking for silence
  SSL_CTX* const context = impl_->context.get();
  trust(context, settings);
  show(context, settings.own);
  // With a cache OpenSSL would mark sessions as spent; tests use one as often as they like.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (settings.newest == 12) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  impl_->connection.reset(SSL_new(context));
  SSL* const connection = impl_->connection.get();
  std::string offered;
  for (const std::string& each : settings.protocols) offered += static_cast<char>(each.size()) + each;
  if (!offered.empty())
    SSL_set_alpn_protos(connection, reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  if (!settings.server_name.empty()) {
    SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(settings.server_name.c_str()));
    SSL_set1_host(connection, settings.server_name.c_str());
  }
  if (ticket) SSL_set_session(connection, static_cast<SSL_SESSION*>(ticket.get()));
  SSL_set_fd(connection, fd);
}

tls_client::~tls_client() {
  // The end of a connection without a word would spoil its session for those that come after it.
  SSL_set_shutdown(impl_->connection.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

bool tls_client::handshake() {
  ERR_clear_error();
  if (SSL_connect(impl_->connection.get()) == 1) return true;
  impl_->problem = last_problem();
  return false;
}

bool tls_client::send(const std::string& octets) {
  ERR_clear_error();
  std::size_t n = 0;
  if (SSL_write_ex(impl_->connection.get(), octets.data(), octets.size(), &n) == 1) return n == octets.size();
  impl_->problem = last_problem();
  return false;
}

bool tls_client::receive(std::string& to) {
  ERR_clear_error();
  char buffer[16 * 1024];
  const int n = SSL_read(impl_->connection.get(), buffer, sizeof buffer);
  if (n > 0) {
    to.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  impl_->in_order = SSL_get_error(impl_->connection.get(), n) == SSL_ERROR_ZERO_RETURN;
  impl_->problem = impl_->in_order ? "closed" : last_problem();
  return false;
}

bool tls_client::ended_in_order() const { return impl_->in_order; }
void tls_client::end() { SSL_shutdown(impl_->connection.get()); }
const std::string& tls_client::problem() const { return impl_->problem; }

std::string tls_client::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->connection.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}
std::string tls_client::version() const { return SSL_get_version(impl_->connection.get()); }
bool tls_client::resumed() const { return SSL_session_reused(impl_->connection.get()) == 1; }
tls_ticket tls_client::ticket() const {
  SSL_SESSION* const now = SSL_get1_session(impl_->connection.get());
  if (now == nullptr) return nullptr;
  tls_ticket kept(now, [](void* what) { SSL_SESSION_free(static_cast<SSL_SESSION*>(what)); });
  return SSL_SESSION_has_ticket(now) == 1 ? kept : nullptr;
}

std::string tls_client::server_subject() const {
  X509* const shown = SSL_get0_peer_certificate(impl_->connection.get());
  if (shown == nullptr) return {};
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, text, sizeof text);
  return text;
}

}  // namespace cluster::test
