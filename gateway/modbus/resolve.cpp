#include "modbus/resolve.hpp"

#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace jidian::modbus {
namespace {

Result<std::vector<Address>> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list); failed != 0)
    return Error{ErrorKind::unreachable, "host '" + host + "' is not known: " + gai_strerror(failed)};

  std::vector<Address> addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.bytes, info->ai_addr, info->ai_addrlen);
    address.length = info->ai_addrlen;
  }
  freeaddrinfo(list);
  return addresses;
}

}  // namespace

struct Resolver::Lookup {
  std::mutex mutex;
  std::condition_variable_any done;
  std::optional<Result<std::vector<Address>>> result;
};

Resolver::Resolver(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
Resolver::~Resolver() = default;

Result<std::vector<Address>> Resolver::resolve(std::stop_token stop, Millis timeout) {
  if (auto numeric = look_up(host_, port_, AI_NUMERICHOST)) return numeric;

  if (!lookup_) {
    lookup_ = std::make_shared<Lookup>();
    std::thread([lookup = lookup_, host = host_, port = port_] {
      auto result = look_up(host, port, AI_ADDRCONFIG);
      const std::scoped_lock lock(lookup->mutex);
      lookup->result = std::move(result);
      lookup->done.notify_all();
    }).detach();
  }
  std::unique_lock lock(lookup_->mutex);
  const bool ended = lookup_->done.wait_for(lock, stop, timeout, [this] { return lookup_->result.has_value(); });
  if (!ended && stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
  if (!ended) return Error{ErrorKind::unreachable, "host '" + host_ + "' is not known: the name server is silent"};

  auto result = std::move(*lookup_->result);
  lock.unlock();
  lookup_.reset();
  return result;
}

}  // namespace jidian::modbus
