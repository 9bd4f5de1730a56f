#pragma once

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "acquire/poller.hpp"
#include "api/server.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "command/command.hpp"
#include "config/site.hpp"
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

/// The pollers' way into the recorder's inbox.
class InboxSink : public acquire::Sink {
 public:
  explicit InboxSink(recorder::Inbox& inbox) : inbox_(inbox) {}
  bool offer(domain::Poll poll) override { return inbox_.offer(std::move(poll)); }
  bool offer(domain::Event event) override { return inbox_.offer(std::move(event)); }
  bool offer(domain::Note note) override { return inbox_.offer(std::move(note)); }

 private:
  recorder::Inbox& inbox_;
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
  /// Starts recording. Returns once every part runs. `site` and `clock` must live as long as the gateway; `profiles` is
  /// the folder that scans name meters from. Errors: io, conflict (another gateway runs on this store), invalid.
  static Result<std::unique_ptr<Gateway>> start(const config::Site& site, std::filesystem::path profiles, Clock& clock);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  const health::Board& board() const { return board_; }

  /// One line for `systemctl status`.
  std::string summary() const;

 private:
  Gateway(const config::Site& site, std::filesystem::path profiles, Clock& clock, std::unique_ptr<store::Store> store);
  Result<command::Jobs::Work> make_work(const std::string& what, const std::string& args);
  Status start_parts(const config::Site& site, Clock& clock);
  void make_commands(const config::Site& site, Clock& clock);
  void start_uplinks(const config::Site& site, Clock& clock);
  void start_pollers(const config::Site& site, Clock& clock, const std::map<std::string, std::string>& notes);

  /// The reply to a command that came from above; an error while the gateway starts or stops.
  std::string run_from_above(const std::string& destination, const std::string& json);

  const config::Site& site_;
  std::filesystem::path profiles_;
  Clock& clock_;
  health::Board board_;
  domain::Manifest manifest_;
  std::mutex commands_mutex_;  // guards ready_, and the lists below against commands from above
  bool ready_ = false;
  OpenStore store_;  // 5. checkpoint, close
  Relay relay_;
  std::unique_ptr<command::Commands> commands_;
  std::unique_ptr<recorder::Recorder> recorder_;  // 4. drain the inbox, last commit
  std::unique_ptr<uplink::BrokerFactory> brokers_;
  std::list<std::pair<std::string, std::unique_ptr<uplink::Uplink>>>
      uplinks_;  // 3. settle what is in flight, say goodbye
  std::unique_ptr<InboxSink> sink_;
  std::list<acquire::Poller> pollers_;   // 2. finish the current transaction, and the jobs with theirs
  std::unique_ptr<api::Server> server_;  // 1. no more requests
};

}  // namespace jidian::app
