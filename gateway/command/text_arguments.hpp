#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace jidian::command {

inline constexpr std::size_t number_length_max = 32;
inline constexpr std::size_t name_length_max = 64;
inline constexpr std::size_t note_length_max = 500;

/// The texts of a request that go on record: each one line of UTF-8, within bounds. The first mistake is kept.
class TextArguments {
 public:
  /// `request` outlives this.
  explicit TextArguments(const nlohmann::json& request) : request_(request) {}

  /// The text under `key`, without blanks around it; empty if there is none.
  std::string line(const char* key, std::size_t bytes_max);

  /// What was wrong with the texts asked for so far. Kind: invalid.
  const std::optional<Error>& mistake() const { return mistake_; }

 private:
  const nlohmann::json& request_;
  std::optional<Error> mistake_;
};

}  // namespace jidian::command
