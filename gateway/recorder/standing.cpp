#include "recorder/standing.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace jidian::recorder {
namespace {

using domain::EventKind;

constexpr std::string_view signoff_prefix = "signoff/";

std::string said_in(const domain::Event& event, std::string_view name) {
  for (const auto& [key, value] : event.facts)
    if (key == name) return value;
  return {};
}

}  // namespace

void Standing::restore(const domain::Note& note) {
  if (!note.name.starts_with(signoff_prefix) || note.text.empty()) return;
  const auto blank = note.text.find(' ');
  const auto when = parse_time(note.text.substr(0, blank));
  if (!when || blank == std::string::npos) return;
  auto& meter = note_news(note.name.substr(signoff_prefix.size()));
  meter.signed_off = *when;
  meter.signed_by = note.text.substr(blank + 1);
}

std::optional<domain::Note> Standing::note_of(const domain::Event& event) {
  const std::string name = std::string(signoff_prefix) + event.subject;
  if (event.kind == EventKind::replaced) return domain::Note{name, {}};
  if (event.kind == EventKind::signoff) return domain::Note{name, format_utc(event.time) + " " + said_in(event, "by")};
  return std::nullopt;
}

void Standing::see(const domain::Event& event) {
  if (event.kind == EventKind::implausible) return see_contradiction(event);
  if (event.kind == EventKind::signoff) {
    auto& meter = note_news(event.subject);
    meter.signed_off = event.time;
    meter.signed_by = said_in(event, "by");
  } else if (event.kind == EventKind::replaced) {  // another meter: nobody compared it, and it began anew
    auto& meter = note_news(event.subject);
    meter.signed_off.reset();
    meter.signed_by.clear();
  }
}

void Standing::see_contradiction(const domain::Event& event) {
  const std::string check = said_in(event, "check");
  const std::string state = said_in(event, "state");
  if (state != "begun" && state != "ended") return;  // a counter that was taken at another level: it is over
  auto& doubts = note_news(event.subject).doubts;
  std::erase_if(doubts, [&](const auto& doubt) { return doubt.check == check; });
  if (state == "begun")
    doubts.push_back(
        {check, said_in(event, "point"), event.text, parse_time(said_in(event, "since")).value_or(event.time)});
}

void Standing::change(const std::function<bool(const std::string& meter)>& is_there,
                      const std::function<bool(const std::string& meter, const std::string& check)>& goes_on) {
  std::erase_if(news_, [&](const std::string& meter) { return !is_there(meter); });
  std::erase_if(meters_, [&](const auto& entry) { return !is_there(entry.first); });
  for (auto& entry : meters_) {
    const auto is_over = [&](const auto& doubt) { return !goes_on(entry.first, doubt.check); };
    if (std::erase_if(entry.second.doubts, is_over) > 0) note_news(entry.first);
  }
}

std::vector<health::MeterRecord> Standing::take_news() {
  std::vector<health::MeterRecord> news;
  for (const auto& id : std::exchange(news_, {})) news.push_back(meters_[id]);
  return news;
}

health::MeterRecord& Standing::note_news(const std::string& meter) {
  if (std::ranges::find(news_, meter) == news_.end()) news_.push_back(meter);
  auto& record = meters_[meter];
  record.id = meter;
  return record;
}

}  // namespace jidian::recorder
