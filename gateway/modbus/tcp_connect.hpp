#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "modbus/descriptor.hpp"
#include "modbus/resolve.hpp"

namespace jidian::modbus {

/// A connected socket: non-blocking, without delay, watched by the kernel (keepalive, TCP_USER_TIMEOUT). Tries the
/// addresses of the host in turn for `timeout` altogether; gives up at once when asked to stop.
/// Errors: unreachable, full (too many files are open), cancelled.
Result<Descriptor> connect_tcp(Resolver& resolver, Millis timeout, std::stop_token stop);

/// For people: "10.0.0.5:502", "[fd00::5]:502".
std::string endpoint_text(const std::string& host, std::uint16_t port);

}  // namespace jidian::modbus
