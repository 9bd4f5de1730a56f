#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "uplink/broker.hpp"

namespace jidian::mqtt {

/// Why a connection to the broker fails, in one sentence; empty if nothing is wrong up to the TLS handshake.
///
/// Paho tells a refused port from a wrong certificate by nothing, so this goes the same way once more by itself: TCP,
/// then TLS with the same files. Sends nothing after the handshake. Blocks for at most about 6 s; `stop` ends it
/// sooner.
std::string find_obstacle(std::stop_token stop, const Endpoint& endpoint, const std::vector<Address>& addresses,
                          const uplink::BrokerOptions& options);

/// Whether the certificate and the key can be used and belong together. Errors: invalid.
Status check_identity(const uplink::BrokerOptions& options);

}  // namespace jidian::mqtt
