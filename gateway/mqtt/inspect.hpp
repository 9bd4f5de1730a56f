#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "uplink/broker.hpp"

namespace jidian::mqtt {

/// What a certificate says of itself.
struct CertificateFacts {
  std::string names;   ///< "broker.example, 10.0.0.5".
  std::string issuer;  ///< Common name of who signed it.
  UtcTime from;
  UtcTime until;
};

/// How far the way to a broker is open.
enum class Stage : std::uint8_t { files, name, port, tls, open };

/// The way to a broker, step by step, up to the point where the first packet would be sent.
struct Route {
  Stage reached = Stage::files;  ///< The step that failed; `open` if none did.
  std::string why;               ///< Its cause, in one sentence; empty if all is well.
  std::string broker;            ///< "host:8883".
  bool tls = false;
  std::vector<std::string> addresses;
  std::string address;  ///< The one that accepted the connection.
  Millis took{0};       ///< What the connect took.
  std::string tls_version;
  std::vector<CertificateFacts> chain;  ///< The broker's first; also where it was not trusted.
  std::vector<CertificateFacts> own;    ///< Of this box.
};

/// Goes that way: reads the files, looks the name up (at most 10 s), connects to the addresses in turn (3 s each, at
/// most four), shakes hands. Sends nothing but the handshake.
Route inspect(std::stop_token stop, const uplink::BrokerOptions& options);

}  // namespace jidian::mqtt
