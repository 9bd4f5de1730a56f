// The judge's line to the broker.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "asker.hpp"
#include "receiver.hpp"

namespace jidian::judge {

struct LinkOptions {
  std::string uri = "mqtt://127.0.0.1:1883";
  std::string topic = "jidian/v1/+/+/+";
  std::string client_id = "judge";
  std::string ca;
  std::string certificate;
  std::string key;
  bool asks = false;  ///< Whether `status` and `reply` are taken too.
};

/// A connection that is made again whenever it is lost, with a fresh client each time.
class Link {
 public:
  explicit Link(LinkOptions options);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// What has arrived, at most `most`; waits up to `patience_ms` for the first. Connects if need be.
  std::vector<Message> take(std::size_t most, int patience_ms);

  /// Hands a receipt over; it is lost with the connection (the gateway sends again, and gets another).
  void send(const Receipt& receipt);

  /// The same for a command.
  void send(const Command& command);

  bool is_connected() const;

 private:
  class Connection;
  bool connect();

  LinkOptions options_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Message> inbox_;
  std::atomic<bool> lost_{true};
  std::string why_;  // of the last failure to connect, said once
  std::unique_ptr<Connection> connection_;
};

}  // namespace jidian::judge
