#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "recorder/core.hpp"
#include "recorder/read_back.hpp"
#include "tests/unit/recorder/plant.hpp"

namespace jidian::recorder {

inline UtcTime second_of_change(int s) {
  return plant::morning + std::chrono::seconds(s);
}

/// A core, and others that take over from it while polls go on.
class Takeover : public testing::Test {
 protected:
  explicit Takeover(domain::Manifest first = plant::manifest(2)) : record_(first) { begin(std::move(first)); }

  void begin(domain::Manifest manifest) {
    options_ = std::make_unique<Options>(plant::options(std::move(manifest)));
    core_ = std::make_unique<Core>(*options_, limits_);
    record_.know(options_->manifest);
    core_->begin_recall(clock_.now.utc);
    record_.remember(*core_, options_->manifest, [](record::Stream) {});
    store::Opening opening;
    opening.epoch = 7;
    opening.began_epoch = record_.commits == 0;
    auto before = core_->manifest_of_gone();
    if (!before) {
      core_->begin(opening, clock_.now);
    } else {
      const Options of_last = plant::options(*std::move(before));
      Core last(of_last);
      last.begin_recall(clock_.now.utc);
      record_.remember(last, of_last.manifest, [](record::Stream) {});
      core_->begin(opening, clock_.now, &last);
    }
    commit();
  }
  void change(domain::Manifest manifest, std::vector<std::string> paused = {}) {
    core_->settle(clock_.now, manifest);
    commit();
    auto options = std::make_unique<Options>(plant::options(std::move(manifest)));
    record_.know(options->manifest);
    auto core = std::make_unique<Core>(*options);
    core->take_over(*core_);
    core->begin_recall(clock_.now.utc);
    record_.remember(*core, options->manifest, [&](record::Stream stream) { core->remember_waiting(stream); });
    Change change;
    change.event = {clock_.now.utc, domain::EventKind::configuration, {}, "Another one.", std::nullopt, {}, {}};
    change.paused = std::move(paused);
    core->go_on(*core_, std::move(change), clock_.now);
    core_ = std::move(core);
    options_ = std::move(options);
    commit();
  }
  void take(domain::Poll poll) {
    while (clock_.now.utc < poll.end) pass(std::min(poll.end - clock_.now.utc, Millis{1000}));
    core_->observe(clock_.now);
    core_->judge(poll, clock_.now);
    core_->accept(std::move(poll), clock_.now);
    round();
  }
  /// The meters "m-0" and "m-1", under the numbers that they have now.
  void poll_both(int from, int until) {
    for (int s = from; s < until; ++s)
      for (const char* id : {"m-0", "m-1"}) poll(id, s);
  }
  void poll(const std::string& id, int s) {
    const auto& meters = options_->manifest.meters;
    const auto meter = std::ranges::find(meters, id, &domain::MeterEntry::id);
    if (meter == meters.end()) return;
    take(plant::poll(static_cast<std::size_t>(meter - meters.begin()), second_of_change(s),
                     1000u + 10u * static_cast<unsigned>(s)));
  }
  void pass(Millis time) {
    clock_.pass(time);
    core_->observe(clock_.now);
    round();
  }
  void round() {
    core_->advance(clock_.now);
    if (core_->due(clock_.now)) commit();
  }
  void commit() {
    const auto batches = core_->build(Flush::all, 7, record_.heads(), clock_.now);
    if (store_fails_) return core_->failed(clock_.now);
    for (const auto& note : core_->take_notes()) record_.note(note);
    if (!batches.empty()) record_.commit(batches);
    core_->committed(Flush::all, clock_.now);
  }
  /// The rows of each meter, whatever number it had.
  std::map<std::string, std::vector<domain::IntervalRow>> rows() const {
    std::map<std::string, std::vector<domain::IntervalRow>> all;
    for (const auto& batch : record_.decoded(record::Stream::interval))
      for (const auto& row : std::get<record::Rows>(batch.body)) {
        auto it = std::get<domain::IntervalRow>(row);
        const auto id = record_.made_under(batch.header.manifest).meters[it.meter].id;
        it.meter = 0;
        all[id].push_back(std::move(it));
      }
    return all;
  }
  std::map<std::string, domain::Gap> gaps() const {
    std::map<std::string, domain::Gap> all;
    for (const auto& event : record_.events(domain::EventKind::gap)) all.emplace(event.subject, *event.gap);
    return all;
  }
  std::vector<domain::Gap> gaps_of(const std::string& subject) const {
    std::vector<domain::Gap> all;
    for (const auto& event : record_.events(domain::EventKind::gap))
      if (event.subject == subject) all.push_back(*event.gap);
    return all;
  }
  /// Both meters are there for 90 s, and then only "m-0" until 1890 s.
  void lose_second_meter() {
    poll_both(0, 90);
    change(first_alone(), {"bus-0"});
    for (int s = 90; s < 1890; ++s) poll("m-0", s);
  }
  static domain::Manifest first_alone() {
    auto manifest = plant::manifest(2);
    manifest.meters.pop_back();
    return manifest;
  }
  static domain::Manifest with_one_in_front(domain::Manifest manifest) {
    domain::MeterEntry one = manifest.meters.front();
    one.id = "m-new";
    one.bus = "bus-1";
    manifest.meters.insert(manifest.meters.begin(), one);
    return manifest;
  }
  static std::string fact(const domain::Event& event, const std::string& name) {
    for (const auto& [key, value] : event.facts)
      if (key == name) return value;
    return "none";
  }

  std::unique_ptr<Options> options_;
  plant::MemoryRecord record_;
  plant::HandClock clock_;
  std::unique_ptr<Core> core_;
  PendingLimits limits_;
  bool store_fails_ = false;
};

}  // namespace jidian::recorder
