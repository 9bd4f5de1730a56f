#pragma once

#include <stop_token>

#include "base/result.hpp"
#include "modbus/bus.hpp"
#include "modbus/descriptor.hpp"
#include "modbus/resolve.hpp"

namespace jidian::modbus {

/// A connected socket: non-blocking, without delay, watched by the kernel (keepalive, TCP_USER_TIMEOUT). Tries the
/// addresses of the host in turn for `options.connect_timeout` altogether; gives up at once when asked to stop.
/// Errors: unreachable, full (too many files are open), cancelled.
Result<Descriptor> connect_tcp(const TcpOptions& options, Resolver& resolver, std::stop_token stop);

}  // namespace jidian::modbus
