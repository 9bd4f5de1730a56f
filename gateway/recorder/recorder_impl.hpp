#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "recorder/clock_watch.hpp"
#include "recorder/copies.hpp"
#include "recorder/core.hpp"
#include "recorder/desk.hpp"
#include "recorder/epoch_requests.hpp"
#include "recorder/listings.hpp"
#include "recorder/live_pace.hpp"
#include "recorder/live_view.hpp"
#include "recorder/lost_manifests.hpp"
#include "recorder/recorder.hpp"
#include "recorder/shown.hpp"

namespace jidian::recorder {

/// The loop around `Core`: owns the thread, reads the clocks, and commits.
class RecorderImpl final : public Recorder {
 public:
  /// A commit on slow flash, and room.
  static constexpr Millis longest_round{60'000};
  /// Commits of one round or of the end: what more waits is lost to the next start, which declares it.
  static constexpr int commits_max = 16;

  RecorderImpl(Options options, store::Store& store, Clock& clock, health::Board& board, Listeners listeners)
      : options_(std::make_shared<const Options>(std::move(options))),
        store_(store),
        clock_(clock),
        board_(board),
        listeners_(std::move(listeners)),
        heartbeat_(board.add_heartbeat("recorder", longest_round)),
        core_(std::make_unique<Core>(*options_)),
        copies_(store),
        lost_manifests_(store),
        live_(manifest_of(options_)),
        live_pace_(options_->live_interval) {}

  ~RecorderImpl() override {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  /// Writes the first batches and starts the thread.
  void begin();
  Inbox& inbox() override { return inbox_; }
  std::shared_ptr<const domain::Manifest> manifest() const override { return live_.manifest(); }
  std::future<Changed> change(Change change, std::vector<Renumbering> doors) override {
    std::promise<Changed> promise;
    auto answer = promise.get_future();
    inbox_.change({std::move(change), std::move(promise)}, std::move(doors));
    return answer;
  }
  std::string live() const override { return live_.json(); }
  domain::PlantNow plant_now() const override { return live_.plant_now(); }
  void request_epoch(std::uint64_t epoch, std::string reason) override {
    epoch_requests_.ask({epoch, std::move(reason)});
    inbox_.wake();
  }
  bool request_copy(const record::BatchKey& rejected, const std::string& destination) override {
    const bool taken = copies_.request(rejected, destination);
    inbox_.wake();
    return taken;
  }
  void request_manifest(const Hash& manifest) override {
    lost_manifests_.request(manifest);
    inbox_.wake();
  }
  std::future<Result<domain::Event>> attest(Statement statement) override {
    auto answer = desk_.hand_in(std::move(statement));
    inbox_.wake();
    return answer;
  }
  std::vector<domain::Mark> marks() const override {
    auto marks = marks_.get();
    const UtcTime now = clock_.utc_now();
    std::erase_if(marks, [now](const domain::Mark& mark) { return mark.until && *mark.until <= now; });
    return marks;
  }
  void hear(domain::DirectiveListing listing) override {
    listings_.put(std::move(listing));
    inbox_.wake();
  }
  std::string directives() const override { return live_.directives(); }

 private:
  void recall(Core& core, const Options& options);
  void run(std::stop_token stop);
  void take(std::vector<Inbox::Item> items);
  void take(Inbox::Item item, const Instant& instant);
  void take_change(ChangeOrder order);
  void flush_due();
  Status flush(Flush flush);
  void note_failure(const Error& error, const Instant& now);
  void note_success();
  void tell_start_stored();
  void serve_epoch_request();
  void serve_copies();
  void take_statements();
  void answer_statements();
  void take_orders();
  void say_alive(const Instant& now);
  void look_at_links(const Instant& now);
  void look_at_updates(const Instant& now);
  void maintain(const Instant& now);
  void publish_live(const Instant& now);
  void post_health(const Instant& now);
  void finish();

  Instant now() { return {clock_.utc_now(), clock_.steady_now(), clock_.quality()}; }

  /// The manifest of the options, which live as long as it is used.
  static std::shared_ptr<const domain::Manifest> manifest_of(const std::shared_ptr<const Options>& options) {
    return {options, &options->manifest};
  }

  std::shared_ptr<const Options> options_;
  store::Store& store_;
  Clock& clock_;
  health::Board& board_;
  const Listeners listeners_;
  health::Heartbeat& heartbeat_;
  Inbox inbox_;
  std::unique_ptr<Core> core_;  ///< Another one for each manifest.
  Copies copies_;
  LostManifests lost_manifests_;
  Desk desk_;
  Listings listings_;
  LiveView live_;
  LivePace live_pace_;

  EpochRequests epoch_requests_;
  Shown<std::vector<domain::Mark>> marks_;
  std::string trouble_;  ///< Why the last commit failed; empty while all is well.
  bool news_ = true;     ///< The board does not know the newest yet.
  bool committed_ = false;
  bool is_start_stored_ = false;
  bool unmaintained_ = false;
  std::uint64_t lost_told_ = 0;
  SteadyTime said_at_{};  ///< When the store last heard that this run lives.
  std::optional<SteadyTime> links_at_;
  std::optional<SteadyTime> updates_at_;
  std::optional<SteadyTime> posted_at_;
  std::optional<SteadyTime> maintained_at_;
  std::optional<SteadyTime> plant_at_;
  DamageRest damage_rest_;
  AgeWatch age_watch_;
  std::optional<SteadyTime> copy_not_before_;  ///< Set while the store does not take copies.
  std::jthread thread_;
};

}  // namespace jidian::recorder
