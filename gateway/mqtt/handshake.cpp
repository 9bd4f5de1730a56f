#include "mqtt/handshake.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "base/system_time.hpp"

namespace jidian::mqtt {
namespace {

using Steady = std::chrono::steady_clock;

constexpr auto connect_patience = std::chrono::seconds(3);
constexpr auto handshake_patience = std::chrono::seconds(3);
/// In TLS 1.3 a server refuses our certificate only after the handshake looks finished to us.
constexpr auto alert_patience = std::chrono::seconds(1);
constexpr auto stop_poll = std::chrono::milliseconds(100);

using Session = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;

/// Waits for `events` on the socket; false after `deadline` or a stop.
bool wait_for(const std::stop_token& stop, int socket, short events, Steady::time_point deadline) {
  while (!stop.stop_requested() && Steady::now() < deadline) {
    pollfd waiting{socket, events, 0};
    if (::poll(&waiting, 1, static_cast<int>(stop_poll.count())) > 0) return true;
  }
  return false;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::string time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return {text.data(), size};
}

UtcTime instant_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return jidian::instant_of(parts);
}

/// The names a certificate is for: "broker.example, 10.0.0.5".
std::string names_of(X509* certificate) {
  std::string names;
  const auto add = [&names](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int index = 0; alternatives != nullptr && index < sk_GENERAL_NAME_num(alternatives) && names.size() < 200;
       ++index) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, index);
    if (name->type == GEN_DNS) {
      const auto* text = ASN1_STRING_get0_data(name->d.dNSName);
      add({text, text + ASN1_STRING_length(name->d.dNSName)});
    } else if (name->type == GEN_IPADD) {
      std::array<char, INET6_ADDRSTRLEN> text{};
      const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      if (::inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text.data(), text.size()) != nullptr)
        add(text.data());
    }
  }
  GENERAL_NAMES_free(alternatives);
  if (names.empty()) {
    std::array<char, 128> common{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common.data(), common.size());
    names = common.data();
  }
  return names.empty() ? "nobody" : names;
}

CertificateFacts facts_of(X509* certificate) {
  std::array<char, 128> issuer{};
  X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, issuer.data(), issuer.size());
  return {names_of(certificate), issuer.data(), instant_of(X509_get0_notBefore(certificate)),
          instant_of(X509_get0_notAfter(certificate))};
}

/// What is wrong with the certificate that did not pass the check.
std::string why_not_trusted(int error, X509* certificate, const std::string& host, const std::string& ca_file) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the broker's certificate has expired (valid until " + time_of(X509_get0_notAfter(certificate)) +
             "): it must be renewed, or this box's clock is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the broker's certificate is not valid yet (from " + time_of(X509_get0_notBefore(certificate)) +
             "): is this box's clock right?";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the broker's certificate is not for '" + host + "' but for " + names_of(certificate);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the broker's certificate was not issued by " +
             (ca_file.empty() ? std::string("any authority this box trusts") : "the authority in '" + ca_file + "'");
    default:
      return std::string("the broker's certificate is not trusted: ") + X509_verify_cert_error_string(error);
  }
}

/// Whom the certificate is checked for, and what the check found; empty if all is well.
struct Check {
  const Endpoint& endpoint;
  const uplink::BrokerOptions& options;
  std::string finding;
  std::vector<CertificateFacts> chain;
};

/// OpenSSL's check of the broker's certificate, with the finding kept while the certificate is at hand.
int verify(X509_STORE_CTX* chain, void* context) {
  auto& check = *static_cast<Check*>(context);
  const int trusted = X509_verify_cert(chain);
  const auto* certificates = X509_STORE_CTX_get0_chain(chain);
  for (int index = 0; certificates != nullptr && index < sk_X509_num(certificates); ++index)
    check.chain.push_back(facts_of(sk_X509_value(certificates, index)));
  if (trusted == 1) return 1;
  X509* certificate = X509_STORE_CTX_get_current_cert(chain);
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(chain);
  check.finding =
      why_not_trusted(X509_STORE_CTX_get_error(chain), certificate, check.endpoint.host, check.options.ca_file);
  return 0;
}

TlsContext make_context(const uplink::BrokerOptions& options) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty())
    SSL_CTX_set_default_verify_paths(context.get());
  else
    SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr);
  if (!options.certificate_file.empty()) {
    SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str());
    const auto& key = options.key_file.empty() ? options.certificate_file : options.key_file;
    SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM);
  }
  ERR_clear_error();
  return context;
}

/// Runs `action` (a handshake or a read) until it is done, fails, or `deadline`. The SSL error; SSL_ERROR_WANT_READ
/// stands for "no answer in time".
template <typename Action>
int run(const std::stop_token& stop, SSL* session, int socket, Steady::time_point deadline, Action action) {
  while (true) {
    ERR_clear_error();
    const int result = action(session);
    if (result > 0) return SSL_ERROR_NONE;
    const int error = SSL_get_error(session, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return error;
    const short events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (!wait_for(stop, socket, events, deadline)) return SSL_ERROR_WANT_READ;
  }
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "no reason given" : text;
}

Descriptor connect_tcp(const std::stop_token& stop, const Address& address, std::string& why) {
  const int socket = ::socket(address.socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    why = std::generic_category().message(errno);
    return Descriptor(-1);
  }
  int failed = 0;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0) {
    if (errno != EINPROGRESS) {
      failed = errno;
    } else if (!wait_for(stop, socket, POLLOUT, Steady::now() + connect_patience)) {
      failed = ETIMEDOUT;
    } else {
      socklen_t size = sizeof failed;
      ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failed, &size);
    }
  }
  why = failed == 0 ? "" : std::generic_category().message(failed);
  return Descriptor(socket);
}

Handshake shake_hands(const std::stop_token& stop, int socket, const Endpoint& endpoint,
                      const uplink::BrokerOptions& options) {
  const TlsContext context = make_context(options);
  Check check{endpoint, options, {}, {}};
  SSL_CTX_set_cert_verify_callback(context.get(), verify, &check);
  const Session session(SSL_new(context.get()));
  X509_VERIFY_PARAM* rules = SSL_get0_param(session.get());
  if (is_address(endpoint.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, endpoint.host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(rules, endpoint.host.c_str(), endpoint.host.size());
    auto host = endpoint.host;
    SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
  }
  SSL_set_fd(session.get(), socket);

  const int shaken = run(stop, session.get(), socket, Steady::now() + handshake_patience, SSL_connect);
  Handshake handshake{check.finding, SSL_get_version(session.get()), check.chain};
  if (!check.finding.empty()) return handshake;
  if (shaken == SSL_ERROR_WANT_READ)
    handshake.why = "the broker does not answer the TLS handshake";
  else if (shaken == SSL_ERROR_SSL)
    handshake.why = "the TLS handshake fails: " + openssl_reason();
  else if (shaken != SSL_ERROR_NONE)
    handshake.why = "the broker closes the connection during the TLS handshake";
  if (!handshake.why.empty()) return handshake;

  const int heard = run(stop, session.get(), socket, Steady::now() + alert_patience, [](SSL* opened) {
    char byte = 0;
    return SSL_read(opened, &byte, 1);
  });
  if (heard == SSL_ERROR_SSL)
    handshake.why = options.certificate_file.empty() ? "the broker wants a certificate of this box: " + openssl_reason()
                                                     : "the broker refuses this box's certificate '" +
                                                           options.certificate_file + "': " + openssl_reason();
  return handshake;
}

Result<std::vector<CertificateFacts>> read_certificates(const std::string& path) {
  const std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>> file(BIO_new_file(path.c_str(), "r"));
  std::vector<CertificateFacts> found;
  while (file) {
    const std::unique_ptr<X509, OpensslDeleter<X509_free>> certificate(
        PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    found.push_back(facts_of(certificate.get()));
  }
  const auto why = openssl_reason();
  if (found.empty()) return Error{ErrorKind::invalid, "'" + path + "' holds no certificate: " + why};
  return found;
}

}  // namespace jidian::mqtt
