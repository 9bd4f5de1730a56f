#pragma once

#include <map>
#include <string>

namespace jidian::contract {

/// What docs/contract/days.md prints of its days, by the names of its blocks; lines end in '\n'.
std::map<std::string, std::string> foundry_blocks();
std::map<std::string, std::string> gas_blocks();

}  // namespace jidian::contract
