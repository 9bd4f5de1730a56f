#include "mqtt/probe.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "mqtt/handshake.hpp"

namespace jidian::mqtt {
namespace {

constexpr std::size_t addresses_max = 2;

}  // namespace

std::string find_obstacle(std::stop_token stop, const Endpoint& endpoint, const std::vector<Address>& addresses,
                          const uplink::BrokerOptions& options) {
  std::string why = "it has no address";
  for (std::size_t index = 0; index < std::min(addresses.size(), addresses_max); ++index) {
    const Descriptor socket = connect_tcp(stop, addresses[index], why);
    if (why.empty()) return endpoint.tls ? shake_hands(stop, socket.get(), endpoint, options).why : std::string();
  }
  return "cannot reach the broker at " + endpoint.name() + ": " + why;
}

Status check_identity(const uplink::BrokerOptions& options) {
  if (options.certificate_file.empty()) return {};
  const TlsContext context(SSL_CTX_new(TLS_client_method()));
  const auto& key = options.key_file.empty() ? options.certificate_file : options.key_file;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1)
    return Error{ErrorKind::invalid, "'" + options.certificate_file + "' is not a certificate: " + openssl_reason()};
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    return Error{ErrorKind::invalid, "the key '" + key + "' does not go with the certificate '" +
                                         options.certificate_file + "': " + openssl_reason()};
  return {};
}

}  // namespace jidian::mqtt
