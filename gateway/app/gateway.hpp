#pragma once

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "acquire/poller.hpp"
#include "app/last_good.hpp"
#include "app/local_interface.hpp"
#include "app/reloaded.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "command/command.hpp"
#include "config/site.hpp"
#include "config/site_diff.hpp"
#include "health/board.hpp"
#include "mqtt/broker.hpp"
#include "recorder/recorder.hpp"
#include "store/store.hpp"
#include "uplink/uplink.hpp"

namespace jidian::app {

/// Carries the recorder's news to the uplinks, which are built after it and stopped before it.
class Relay {
 public:
  void set(std::vector<uplink::Uplink*> uplinks);
  void committed();
  void live(const std::string& json);

 private:
  std::mutex mutex_;
  std::vector<uplink::Uplink*> uplinks_;
};

/// A poller's way into the recorder's inbox.
class InboxSink : public acquire::Sink {
 public:
  /// @param meters  What the manifest calls the poller's meters.
  InboxSink(recorder::Inbox& inbox, std::vector<domain::MeterIndex> meters)
      : inbox_(inbox), door_(inbox, std::move(meters)) {}
  bool offer(domain::Poll poll) override { return door_.offer(std::move(poll)); }
  bool offer(domain::Event event) override { return inbox_.offer(std::move(event)); }
  bool offer(domain::Note note) override { return inbox_.offer(std::move(note)); }
  recorder::Door& door() { return door_; }

 private:
  recorder::Inbox& inbox_;
  recorder::Door door_;
};

/// Where a gateway's configuration comes from, and what it is to run by.
struct Configuration {
  std::filesystem::path file;
  std::filesystem::path profiles;
  Startable what;
};

/// A store that is closed when it goes out of scope.
class OpenStore {
 public:
  OpenStore(std::unique_ptr<store::Store> store, Clock& clock) : store_(std::move(store)), clock_(clock) {}
  ~OpenStore();
  OpenStore(const OpenStore&) = delete;
  OpenStore& operator=(const OpenStore&) = delete;
  store::Store& operator*() { return *store_; }
  store::Store* operator->() { return store_.get(); }

 private:
  std::unique_ptr<store::Store> store_;
  Clock& clock_;
};

/// The running gateway: every part, built top to bottom, stopped bottom to top.
class Gateway {
 public:
  /// Starts recording. Returns once every part runs; from then on the site file that it runs by is kept as the last
  /// good one. `clock` must live as long as the gateway. Errors: io, conflict (another gateway runs on this store),
  /// invalid.
  static Result<std::unique_ptr<Gateway>> start(Configuration configuration, Clock& clock);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  const health::Board& board() const { return board_; }

  /// Takes over the site file as it is on the disk, for `by`: buses that are not concerned go on without a pause. With
  /// a mistake, or where a restart is needed, nothing at all is changed. Blocks until the change is on record, seconds
  /// as a rule; one at a time. From any thread.
  Reloaded reload(const std::string& by);

  /// Tries again what the local interface lacks, when it is time for that. Call it now and then, from the thread that
  /// started the gateway; a reload may go on meanwhile.
  void look_after_local_interface() { local_interface_->look_after(clock_.steady_now()); }

  /// What it runs by, for the log: "gateway=… buses=… meters=… uplinks=…".
  std::string described() const;

  /// One line for `systemctl status`.
  std::string summary() const;

 private:
  /// A bus that is being polled. Its sink outlives its poller's thread.
  struct PolledBus {
    std::string id;
    std::vector<std::string> meters;  ///< By the poller's numbers.
    std::unique_ptr<InboxSink> sink;
    std::shared_ptr<acquire::Poller> poller;
  };
  using Notes = std::map<std::string, std::string>;

  Gateway(Configuration configuration, Clock& clock, std::unique_ptr<store::Store> store);
  Result<command::Jobs::Work> make_work(const std::string& what, const std::string& args);
  Status start_parts();
  void make_commands();
  void start_uplinks();
  std::shared_ptr<const config::Site> site() const;
  std::shared_ptr<acquire::Poller> poller_of(const std::string& bus) const;

  /// Starts the pollers of all buses of the site that are not polled yet.
  void start_pollers(const Notes& notes);
  /// Ends the pollers of the buses that are gone or changed, once they have finished their transactions. What they
  /// leave is told, and kept for those that go on.
  std::list<PolledBus> stop_pollers(const config::SiteDiff& diff);
  /// Of a poller that has stopped.
  void take_handover(acquire::Poller& poller);
  /// Of meters and buses that are gone, what is left ends; but no slot is served twice if they come back at once.
  void forget_handovers();
  /// What `site` calls the meters of the buses that are polled.
  std::vector<recorder::Renumbering> renumber(const config::Site& site);

  void take_over(config::Site wanted, const std::string& by, Reloaded& outcome);
  void note_configuration(const Reloaded& outcome);
  void keep_as_last_good(const std::string& text);
  void tell_of_last_good();

  /// The reply to a command that came from above; an error while the gateway starts or stops.
  std::string run_from_above(const std::string& destination, const std::string& json);

  const std::filesystem::path file_;
  const std::filesystem::path profiles_;
  Clock& clock_;
  health::Board board_;
  std::shared_mutex reload_mutex_;  // one reload at a time, and none while an exchange of a meter is stated
  mutable std::mutex state_mutex_;  // guards the next three and buses_; held for moments only
  std::shared_ptr<const config::Site> site_;
  std::string manifest_hash_;
  command::ConfigurationView view_;
  std::string started_text_;                     ///< Of the file that the gateway starts by, until it is kept.
  std::vector<std::string> started_instead_of_;  ///< What is wrong with the site file that it does not start by.
  // What stopped pollers left until others go on: of whoever reloads, and of the end.
  std::map<std::string, acquire::MeterBefore> meters_before_;
  std::map<std::string, UtcTime> buses_down_;
  std::mutex commands_mutex_;  // guards ready_, and the lists below against commands from above
  bool ready_ = false;
  OpenStore store_;  // 5. checkpoint, close
  Relay relay_;
  std::unique_ptr<command::Commands> commands_;
  std::unique_ptr<recorder::Recorder> recorder_;  // 4. drain the inbox, last commit
  std::unique_ptr<uplink::BrokerFactory> brokers_;
  std::list<std::pair<std::string, std::unique_ptr<uplink::Uplink>>>
      uplinks_;                                      // 3. settle what is in flight, say goodbye
  std::list<PolledBus> buses_;                       // 2. finish the current transaction, and the jobs with theirs
  std::unique_ptr<LocalInterface> local_interface_;  // 1. no more requests
};

}  // namespace jidian::app
