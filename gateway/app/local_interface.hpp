#pragma once

#include <memory>

#include "api/server.hpp"
#include "base/time.hpp"
#include "command/command.hpp"
#include "health/board.hpp"

namespace jidian::app {

/// The local interface of a gateway, which records without it as long as it must: what cannot be had of it is tried
/// again, after 5 s and at distances that double up to 5 minutes. Its troubles stand on the board while they last. From
/// one thread.
class LocalInterface {
 public:
  static constexpr Millis distance_least{5'000};
  static constexpr Millis distance_most{300'000};

  /// Opens it, as far as that works at `now`. `commands` and `board` outlive this.
  LocalInterface(api::Options options, command::Commands& commands, health::Board& board, SteadyTime now);

  /// Tries again if something is missing and it is time for that. Blocks no longer than the first try.
  void look_after(SteadyTime now);

  bool is_open() const { return server_ != nullptr; }

 private:
  void open();
  void say();

  const api::Options options_;
  command::Commands& commands_;
  health::Board& board_;
  SteadyTime next_try_;
  Millis distance_ = distance_least;
  std::unique_ptr<api::Server> server_;
};

}  // namespace jidian::app
