// From a request to what goes onto the wire, faults included. No sockets, no clock: `now` is a parameter.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "faults.hpp"
#include "frame.hpp"
#include "model.hpp"
#include "stats.hpp"
#include "world.hpp"

namespace jidian::plant {

/// A meter that answers.
struct Device {
  const Unit* unit;
  const Model* model;
  int feed;
  MeterStats stats;
  int powered_by = -1;  ///< the feed without whose supply it is dead; negative: none
};

/// What shares a line or an endpoint, and how it behaves. Requests of one bus come from one thread.
struct Bus {
  std::string id;
  bool absent_answers = false;
  std::array<Device*, 256> units{};
  BusStats stats;
  Bytes held;  ///< by the fault `stale`
};

struct Reply {
  Bytes bytes;                ///< empty: silence
  std::int64_t delay_ms = 0;  ///< from the end of the request
  bool blocks = true;         ///< later replies wait for this one
  /// Where in `bytes` another frame begins, with no pause before it.
  std::vector<std::size_t> joints = {};
};

class Responder {
 public:
  /// Both must outlive this.
  Responder(const World& world, const FaultBoard& faults, std::uint64_t seed)
      : world_(&world), faults_(&faults), seed_(seed) {}

  /// @param raw  the request as it came, for the fault `echo`.
  Reply answer(Bus& bus, const Message& request, ByteView raw, std::int64_t now_ms) const;

  /// A correct answer without faults and statistics.
  Bytes respond(const Device& device, ByteView pdu, std::int64_t now_ms) const {
    return respond(device, pdu, now_ms, Fault{});
  }

 private:
  /// `fault`: one of those of the meter itself (ct_reversed, counters_lost, frozen); any other is none.
  Bytes respond(const Device& device, ByteView pdu, std::int64_t now_ms, const Fault& fault) const;
  void spoil(Bus& bus, Device& device, const Fault& fault, const Message& request, ByteView raw, std::int64_t now_ms,
             Message& message, Reply& reply) const;
  Bytes foreign(const Device& device, ByteView pdu, std::int64_t now_ms, std::uint64_t pick) const;

  const World* world_;
  const FaultBoard* faults_;
  std::uint64_t seed_;
};

}  // namespace jidian::plant
