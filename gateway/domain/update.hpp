#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace jidian::domain {

/// How far an update of the box has come.
enum class UpdateState : std::uint8_t { installing, installed, trying, good, rolled_back, failed, refused };

inline constexpr std::array all_update_states{UpdateState::installing, UpdateState::installed,   UpdateState::trying,
                                              UpdateState::good,       UpdateState::rolled_back, UpdateState::failed,
                                              UpdateState::refused};

/// The contract's word: "installing", …
std::string_view name_of(UpdateState state);

struct UpdateStep {
  std::size_t number = 0;  ///< Its place among the update's steps; those that are not understood have theirs.
  UpdateState state = UpdateState::installing;
  UtcTime at;          ///< By the box's clock of then.
  std::string reason;  ///< Of printable characters; may be empty.
  friend bool operator==(const UpdateStep&, const UpdateStep&) = default;
};

/// What the box says of its newest update. Texts are printable and short.
struct UpdateReport {
  std::string id;  ///< Another one for each try to install.
  std::string from;
  std::string to;    ///< Empty if it is not known.
  std::string slot;  ///< Where it was put: "a" or "b".
  std::vector<UpdateStep> steps;
  friend bool operator==(const UpdateReport&, const UpdateReport&) = default;
};

}  // namespace jidian::domain
