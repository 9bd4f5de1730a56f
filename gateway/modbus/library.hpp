#pragma once

#include <modbus/modbus.h>

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

/// The few things both framings need of libmodbus. Included by source files of this module only.
namespace jidian::modbus {

struct ContextDeleter {
  void operator()(modbus_t* context) const {
    modbus_close(context);
    modbus_free(context);
  }
};
using Context = std::unique_ptr<modbus_t, ContextDeleter>;

/// Makes a confirmation that is not complete within `whole_reply` a time-out; libmodbus' time-out between two bytes is
/// switched off, since it starts anew with every byte and so bounds nothing.
void set_reply_timeout(modbus_t* context, Millis whole_reply);

/// How many bytes libmodbus took from a serial line for the confirmation `frame`, if it then refused its unit or its
/// checksum: it works with the length that the function has in a reply.
std::size_t confirmation_length(ByteView frame);

/// What a failed libmodbus call means. `number` is errno right after it.
Error library_error(int number);

/// "no answer within 500 ms".
Error no_answer(Millis timeout);

}  // namespace jidian::modbus
