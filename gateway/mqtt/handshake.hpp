#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "mqtt/inspect.hpp"
#include "uplink/broker.hpp"

/// The way to a broker up to the end of the TLS handshake, gone by ourselves: Paho tells a refused port from a wrong
/// certificate by nothing.
namespace jidian::mqtt {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using TlsContext = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;

/// A file descriptor that is closed at the end, if it is one.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return number_; }

 private:
  int number_;
};

/// Connects within 3 s; on success `why` is empty.
Descriptor connect_tcp(const std::stop_token& stop, const Address& address, std::string& why);

/// What the TLS handshake gave. `why` is empty on success.
struct Handshake {
  std::string why;
  std::string version;                  ///< "TLSv1.3".
  std::vector<CertificateFacts> chain;  ///< As far as it is known, the broker's own first; also if it was not trusted.
};

/// Shakes hands over a connected socket with the files of `options`, and waits a moment for a late refusal. Sends
/// nothing afterwards. Blocks for at most about 4 s.
Handshake shake_hands(const std::stop_token& stop, int socket, const Endpoint& endpoint,
                      const uplink::BrokerOptions& options);

/// The certificates of a PEM file in its order. Errors: invalid (there is none in it, or it cannot be read).
Result<std::vector<CertificateFacts>> read_certificates(const std::string& path);

/// The newest reason that OpenSSL has, for people; clears its queue.
std::string openssl_reason();

}  // namespace jidian::mqtt
