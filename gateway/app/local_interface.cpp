#include "app/local_interface.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace jidian::app {

LocalInterface::LocalInterface(api::Options options, command::Commands& commands, health::Board& board, SteadyTime now)
    : options_(std::move(options)), commands_(commands), board_(board), next_try_(now + distance_least) {
  open();
  if (server_ == nullptr)
    spdlog::error("no local interface, recording goes on and it is tried again socket={} why=\"{}\"",
                  options_.socket.string(), board_.interface_troubles().front().what);
}

void LocalInterface::look_after(SteadyTime now) {
  if (now < next_try_ || (server_ != nullptr && server_->troubles().empty())) return;
  if (server_ == nullptr) {
    open();
    if (server_ != nullptr) say();
  } else if (server_->try_again()) {
    board_.post(server_->troubles());
    say();
  }
  distance_ = std::min(2 * distance_, distance_most);
  next_try_ = now + distance_;
}

/// Whatever is wrong with it, readings are recorded.
void LocalInterface::open() {
  auto server = api::Server::start(options_, commands_);
  if (!server) {
    board_.post(std::vector<health::InterfaceTrouble>{
        {server.error().message(), "settle that: it is tried again within five minutes"}});
    return;
  }
  server_ = std::move(*server);
  board_.post(server_->troubles());
}

/// What came of trying again.
void LocalInterface::say() {
  if (server_->troubles().empty())
    spdlog::info("local interface is open as configured socket={}", options_.socket.string());
  else
    spdlog::warn("local interface is open, not all of it is as configured socket={} why=\"{}\"",
                 options_.socket.string(), server_->troubles().front().what);
}

}  // namespace jidian::app
