#include "domain/update_watch.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace jidian::domain {
namespace {

constexpr std::string_view update_note_name = "update";
constexpr std::chrono::hours update_hour{1};

std::string sentence_of(const UpdateReport& report, const UpdateStep& step) {
  const std::string version = report.to.empty() ? "An update" : "Version " + report.to;
  switch (step.state) {
    case UpdateState::installing:
      return version + " is being installed.";
    case UpdateState::installed:
      return version + " is installed and waits for the next start.";
    case UpdateState::trying:
      return version + " was started and is on trial.";
    case UpdateState::good:
      return version + " was found good and stays.";
    case UpdateState::rolled_back:
      return version + " was taken back: the version before it runs.";
    case UpdateState::failed:
      return version + " could not be taken as it should.";
    case UpdateState::refused:
      break;
  }
  return version + " was refused.";
}

Event event_of(const UpdateReport& report, const UpdateStep& step, UtcTime now) {
  Event event;
  event.time = now;
  event.kind = EventKind::update;
  event.text = sentence_of(report, step);
  event.facts = {{"id", report.id},      {"state", std::string(name_of(step.state))},
                 {"from", report.from},  {"to", report.to},
                 {"slot", report.slot},  {"at", format_utc(step.at)},
                 {"reason", step.reason}};
  std::erase_if(event.facts, [](const auto& fact) { return fact.second.empty(); });
  return event;
}

}  // namespace

std::string_view name_of(UpdateState state) {
  switch (state) {
    case UpdateState::installing:
      return "installing";
    case UpdateState::installed:
      return "installed";
    case UpdateState::trying:
      return "trying";
    case UpdateState::good:
      return "good";
    case UpdateState::rolled_back:
      return "rolled_back";
    case UpdateState::failed:
      return "failed";
    case UpdateState::refused:
      return "refused";
  }
  return "unknown";
}

bool UpdateWatch::restore(const Note& note) {
  if (note.name != update_note_name) return false;
  const auto lines = lines_of<3>(note);
  if (!lines) return true;
  const auto& [id, number, state] = *lines;
  std::size_t told = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), told);
  if (read.ec != std::errc{} || read.ptr != number.data() + number.size()) return true;
  told_id_ = id;
  told_number_ = told;
  told_state_ = state;
  is_restored_ = true;
  return true;
}

void UpdateWatch::begin(const Start& start) {
  if (is_restored_ && start.epoch_goes_on) return;
  unknown_from_ = std::min(start.alive.value_or(start.now), start.now);
  pass_over_old(start.now);
}

/// Steps come in their order: with one that is old, all before it are.
void UpdateWatch::pass_over_old(UtcTime now) {
  if (!unknown_from_ || !report_) return;
  for (const UpdateStep& step : report_->steps)
    if ((step.at < *unknown_from_ || step.at > now) && !is_told(step)) count_as_told(step);
  unknown_from_.reset();
}

void UpdateWatch::count_as_told(const UpdateStep& step) {
  told_id_ = report_->id;
  told_number_ = step.number;
  told_state_ = name_of(step.state);
  is_unnoted_ = true;
}

/// A step that stands where the last told one stood, and is another one, took its place: then the box keeps no list.
bool UpdateWatch::is_told(const UpdateStep& step) const {
  if (report_->id != told_id_ || step.number > told_number_) return false;
  return step.number < told_number_ || name_of(step.state) == told_state_;
}

bool UpdateWatch::started_another_system() const {
  if (!report_) return false;
  bool tried = false;
  bool was_good = false;
  for (const UpdateStep& step : report_->steps) {
    const bool is_first_try = step.state == UpdateState::trying && !tried;
    const bool is_way_back = step.state == UpdateState::rolled_back && !was_good;
    if ((is_first_try || is_way_back) && !is_told(step)) return true;
    tried = tried || step.state == UpdateState::trying;
    was_good = was_good || step.state == UpdateState::good;
  }
  return false;
}

UpdateWatch::News UpdateWatch::take(UtcTime now) {
  News news;
  if (!report_) return news;
  pass_over_old(now);
  if (!since_ || now < *since_ || now - *since_ >= update_hour) {
    since_ = now;
    told_ = 0;
  }
  for (const UpdateStep& step : report_->steps) {
    if (is_told(step)) continue;
    if (told_ >= an_hour) break;
    ++told_;
    news.events.push_back(event_of(*report_, step, now));
    count_as_told(step);
  }
  if (std::exchange(is_unnoted_, false))
    news.note =
        Note{std::string(update_note_name), told_id_ + "\n" + std::to_string(told_number_) + "\n" + told_state_ + "\n"};
  return news;
}

}  // namespace jidian::domain
