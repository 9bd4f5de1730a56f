#pragma once

#include <string>
#include <string_view>

#include "meter/profile.hpp"

namespace jidian::config {

/// The words that profiles use: "u16", "holding", "low-first", "even", "high".
std::string_view word_for(meter::RawType type);
std::string_view word_for(meter::Table table);
std::string_view word_for(meter::WordOrder order);
std::string_view word_for(meter::ByteOrder order);
std::string_view word_for(meter::Parity parity);
std::string_view word_for(meter::Confidence confidence);
std::string_view word_for(meter::Connection connection);

/// The number a manual prints for an address: the table's digit and the address counted from 1, "40001".
std::string print_address(meter::Registers place);

}  // namespace jidian::config
