#pragma once

#include <cstddef>
#include <future>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "domain/event.hpp"
#include "domain/mark.hpp"
#include "domain/note.hpp"
#include "domain/replacement.hpp"

namespace jidian::recorder {

/// What a person states.
struct Statement {
  domain::Event event;
  std::optional<domain::Replacement> replacement = {};  ///< For EventKind::replaced.
  std::vector<domain::Note> notes = {};                 ///< Remembered with it, in the same transaction.
  std::optional<domain::MarkRequest> mark = {};         ///< For EventKind::mark: the event is made from it.
};

/// Where people's statements are handed in, and answered once they are durable. `hand_in` from any thread, the rest by
/// the recorder's.
class Desk {
 public:
  using Answer = Result<domain::Event>;

  /// The answer is the event as it was recorded. Errors: full, cancelled (closed), and what the recorder says.
  std::future<Answer> hand_in(Statement statement);

  struct Paper {
    Statement statement;
    std::promise<Answer> answer;
  };
  /// What was handed in since the last time: refuse it by its promise, or let it `wait` for the next commit.
  std::vector<Paper> take();
  void wait(domain::Event recorded, std::promise<Answer> answer) {
    taken_.push_back({std::move(recorded), std::move(answer)});
  }

  bool is_waiting() const { return !taken_.empty(); }

  /// Answers all that waits.
  void answer(const Status& outcome);

  /// Nothing is taken any more; what waits is answered with `cancelled`.
  void close();

 private:
  struct Recorded {
    domain::Event event;
    std::promise<Answer> answer;
  };

  std::mutex mutex_;  // guards the next two
  std::vector<Paper> handed_in_;
  bool closed_ = false;
  std::vector<Recorded> taken_;
};

}  // namespace jidian::recorder
