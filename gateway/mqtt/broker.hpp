#pragma once

#include <memory>

#include "uplink/broker.hpp"

namespace jidian::mqtt {

/// Brokers over Eclipse Paho, MQTT 5, one client object per connection.
std::unique_ptr<uplink::BrokerFactory> make_broker_factory();

}  // namespace jidian::mqtt
