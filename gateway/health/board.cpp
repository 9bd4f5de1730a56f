#include "health/board.hpp"

namespace jidian::health {
namespace {

// Heartbeats and the clock's state are read and written without a lock, on 32-bit ARM (armv7) too.
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

template <typename T>
std::vector<T> values_of(const std::map<std::string, T>& map) {
  std::vector<T> values;
  values.reserve(map.size());
  for (const auto& [id, value] : map) values.push_back(value);
  return values;
}

}  // namespace

bool Heartbeat::alive(SteadyTime now) const {
  const std::int64_t last_ms = last_ms_.load(std::memory_order_relaxed);
  return last_ms == 0 || now.time_since_epoch().count() - last_ms <= longest_round_.count();
}

Heartbeat& Board::add_heartbeat(std::string name, Millis longest_round) {
  const std::scoped_lock lock(mutex_);
  for (const auto& heartbeat : heartbeats_)
    if (heartbeat->name() == name && heartbeat->longest_round() == longest_round && heartbeat->wake())
      return *heartbeat;
  return *heartbeats_.emplace_back(std::make_unique<Heartbeat>(std::move(name), longest_round));
}

std::optional<std::string> Board::stuck(SteadyTime now) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& heartbeat : heartbeats_)
    if (!heartbeat->alive(now)) return heartbeat->name();
  return std::nullopt;
}

void Board::post(MeterHealth meter) {
  const std::scoped_lock lock(mutex_);
  meters_[meter.id] = std::move(meter);
}

void Board::post(MeterRecord meter) {
  const std::scoped_lock lock(mutex_);
  records_[meter.id] = std::move(meter);
}

void Board::post(BusHealth bus) {
  const std::scoped_lock lock(mutex_);
  buses_[bus.id] = std::move(bus);
}

void Board::post(UplinkHealth uplink) {
  const std::scoped_lock lock(mutex_);
  uplinks_[uplink.id] = std::move(uplink);
}

void Board::post(StoreHealth store) {
  const std::scoped_lock lock(mutex_);
  store_ = std::move(store);
}

void Board::post(std::vector<InterfaceTrouble> interface) {
  const std::scoped_lock lock(mutex_);
  interface_ = std::move(interface);
}

void Board::post(UpdateHealth update) {
  const std::scoped_lock lock(mutex_);
  update_ = std::move(update);
}

void Board::forget_meter(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  meters_.erase(id);
  records_.erase(id);
}

void Board::forget_bus(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  buses_.erase(id);
}

std::vector<MeterHealth> Board::meters() const {
  const std::scoped_lock lock(mutex_);
  return values_of(meters_);
}

std::vector<MeterRecord> Board::records() const {
  const std::scoped_lock lock(mutex_);
  return values_of(records_);
}

std::vector<BusHealth> Board::buses() const {
  const std::scoped_lock lock(mutex_);
  return values_of(buses_);
}

std::vector<UplinkHealth> Board::uplinks() const {
  const std::scoped_lock lock(mutex_);
  return values_of(uplinks_);
}

StoreHealth Board::store() const {
  const std::scoped_lock lock(mutex_);
  return store_;
}

std::vector<InterfaceTrouble> Board::interface_troubles() const {
  const std::scoped_lock lock(mutex_);
  return interface_;
}

std::optional<UpdateHealth> Board::update() const {
  const std::scoped_lock lock(mutex_);
  return update_;
}

}  // namespace jidian::health
