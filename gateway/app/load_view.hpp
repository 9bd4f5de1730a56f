#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace jidian::app {

/// A table for people, its cells as they came from the gateway: not safe to print yet.
struct LoadTable {
  std::string title;
  std::vector<std::vector<std::string>> rows;
};

/// What decides in a shortage, of a gateway's status JSON: what the accounts and the site take, and what the enterprise
/// declares that it could do without. A table that would be empty is left out; what is missing is left out.
std::vector<LoadTable> load_tables(const nlohmann::json& status);

}  // namespace jidian::app
