#include "recorder/desk.hpp"

#include <optional>
#include <utility>

namespace jidian::recorder {
namespace {

/// People sign one meter after the other; more than this is a script gone wild.
constexpr std::size_t papers_max = 16;

Error closed_error() {
  return {ErrorKind::cancelled, "the gateway is stopping"};
}

}  // namespace

std::future<Desk::Answer> Desk::hand_in(Statement statement) {
  std::promise<Answer> promise;
  auto answer = promise.get_future();
  const std::scoped_lock lock(mutex_);
  if (closed_)
    promise.set_value(closed_error());
  else if (handed_in_.size() >= papers_max)
    promise.set_value(Error{ErrorKind::full, "too many statements wait to be recorded; try again"});
  else
    handed_in_.push_back({std::move(statement), std::move(promise)});
  return answer;
}

std::vector<Desk::Paper> Desk::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(handed_in_, {});
}

void Desk::answer(const Status& outcome) {
  for (Recorded& one : std::exchange(taken_, {})) {
    if (outcome)
      one.answer.set_value(std::move(one.event));
    else
      one.answer.set_value(outcome.error());
  }
}

void Desk::close() {
  answer(closed_error());
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  for (Paper& paper : std::exchange(handed_in_, {})) paper.answer.set_value(closed_error());
}

}  // namespace jidian::recorder
