#include "responder.hpp"

#include <algorithm>

#include "hash.hpp"

namespace jidian::plant {
namespace {

Bytes exception(std::uint8_t function, Exception code) {
  return {static_cast<std::uint8_t>(function | 0x80U), static_cast<std::uint8_t>(code)};
}

bool is_exception(const Bytes& pdu) {
  return !pdu.empty() && (pdu[0] & 0x80U) != 0;
}

void push_words(const std::vector<std::uint16_t>& words, Bytes& pdu) {
  pdu.push_back(static_cast<std::uint8_t>(words.size() * 2));
  for (const std::uint16_t word : words) {
    pdu.push_back(static_cast<std::uint8_t>(word >> 8U));
    pdu.push_back(static_cast<std::uint8_t>(word));
  }
}

void push_bits(const std::vector<std::uint16_t>& bits, Bytes& pdu) {
  pdu.push_back(static_cast<std::uint8_t>((bits.size() + 7) / 8));
  const std::size_t first = pdu.size();
  pdu.resize(first + (bits.size() + 7) / 8);
  for (std::size_t i = 0; i < bits.size(); ++i)
    if (bits[i] != 0) pdu[first + i / 8] = static_cast<std::uint8_t>(pdu[first + i / 8] | 1U << (i % 8));
}

Bytes report_server_id(const std::string& name) {
  Bytes pdu{17, static_cast<std::uint8_t>(name.size() + 1)};
  pdu.insert(pdu.end(), name.begin(), name.end());
  pdu.push_back(0xFF);  // running
  return pdu;
}

// Function 43/14: basic objects as a stream, or one of them.
Bytes read_identity(const Identity& identity, ByteView request) {
  if (request.size() != 4 || request[1] != 14) return exception(43, Exception::function);
  const std::array<const std::string*, 3> objects{&identity.vendor, &identity.product, &identity.revision};
  const std::uint8_t code = request[2];
  const std::uint8_t first = request[3];
  if (code == 0 || code > 4) return exception(43, Exception::value);
  if (code == 4 && first >= objects.size()) return exception(43, Exception::address);
  const std::size_t from = first >= objects.size() ? 0 : first;
  const std::size_t to = code == 4 ? from + 1 : objects.size();
  Bytes pdu{43, 14, code, 0x81, 0, 0, static_cast<std::uint8_t>(to - from)};
  for (std::size_t i = from; i < to; ++i) {
    pdu.push_back(static_cast<std::uint8_t>(i));
    pdu.push_back(static_cast<std::uint8_t>(objects[i]->size()));
    pdu.insert(pdu.end(), objects[i]->begin(), objects[i]->end());
  }
  return pdu;
}

// Inverts `number` different bits.
void flip_bits(Bytes& bytes, std::uint64_t number, std::uint64_t pick) {
  const std::uint64_t bits = bytes.size() * 8;
  const std::uint64_t flips = std::min(number, bits);
  const std::uint64_t stride = 1 + mix(pick, 1U) % (bits / std::max<std::uint64_t>(flips, 1));
  for (std::uint64_t flip = 0; flip < flips; ++flip) {
    const auto at = static_cast<std::size_t>((pick + flip * stride) % bits);
    bytes[at / 8] = static_cast<std::uint8_t>(bytes[at / 8] ^ 1U << (at % 8));
  }
}

bool is_read_only(std::uint8_t function) {
  return (function >= 1 && function <= 4) || function == 17 || function == 43;
}

}  // namespace

Bytes Responder::respond(const Device& device, ByteView pdu, std::int64_t now_ms, const Fault& fault) const {
  const std::uint8_t function = pdu[0];
  const Model::Description& about = device.model->description();
  if (function == 17 && !about.server_id.empty() && pdu.size() == 1) return report_server_id(about.server_id);
  if (function == 43 && !about.identity.vendor.empty()) return read_identity(about.identity, pdu);
  if (function < 1 || function > 4) return exception(function, Exception::function);
  if (pdu.size() != 5) return exception(function, Exception::value);
  const auto first = static_cast<std::uint16_t>(pdu[1] << 8U | pdu[2]);
  const auto count = static_cast<std::uint16_t>(pdu[3] << 8U | pdu[4]);
  const Table table{function};
  std::vector<std::uint16_t> words;
  Snapshot now(*world_, device.feed, step_at(fault.kind == FaultKind::frozen ? fault.argument : now_ms));
  if (fault.kind == FaultKind::ct_reversed)
    now.reverse(static_cast<std::size_t>(std::clamp<std::int64_t>(fault.argument, 1, 3) - 1));
  if (fault.kind == FaultKind::counters_lost) now.lose_counters();
  const Exception refused = device.model->read(*device.unit, now, table, first, count, words);
  if (refused != Exception::none) return exception(function, refused);
  Bytes out{function};
  if (function <= 2)
    push_bits(words, out);
  else
    push_words(words, out);
  return out;
}

Bytes Responder::foreign(const Device& device, ByteView pdu, std::int64_t now_ms, std::uint64_t pick) const {
  Bytes other(pdu.begin(), pdu.end());
  if (pdu.size() == 5 && pdu[0] >= 1 && pdu[0] <= 4) {
    const auto first = static_cast<std::uint16_t>(pdu[1] << 8U | pdu[2]);
    const auto count = static_cast<std::uint16_t>(pdu[3] << 8U | pdu[4]);
    const int start = device.model->other_block(Table{pdu[0]}, first, count, pick);
    if (start >= 0) {
      other[1] = static_cast<std::uint8_t>(start >> 8);
      other[2] = static_cast<std::uint8_t>(start);
      return respond(device, other, now_ms);
    }
  }
  // No other block is that long: what the meter showed at another time is foreign as well.
  return respond(device, pdu, now_ms - 60'000);
}

Reply Responder::answer(Bus& bus, const Message& request, ByteView raw, std::int64_t now_ms) const {
  Reply reply;
  Message message{request.transport, request.transaction, request.unit, {}};
  Device* const device = bus.units[request.unit];
  if (device == nullptr) {
    count(bus.stats.absent_requests);
    if (bus.absent_answers) {
      message.pdu = exception(request.pdu[0], Exception::no_target);
      reply.bytes = to_frame(message);
    }
    return reply;
  }
  if (device->powered_by >= 0 && world_->is_cut(device->powered_by, step_at(now_ms))) return reply;
  const std::uint64_t number = device->stats.requests.fetch_add(1, std::memory_order_relaxed);
  if (!is_read_only(request.pdu[0])) count(device->stats.forbidden_functions);
  reply.delay_ms = device->unit->latency_ms;
  message.pdu = respond(*device, request.pdu, now_ms);
  const std::optional<Fault> fault = faults_->choose(device->unit->meter, bus.id, number);
  if (!fault) {
    count(device->stats.replies);
    if (is_exception(message.pdu))
      count(device->stats.exceptions);
    else if (request.pdu.size() == 5)
      count(device->stats.registers, static_cast<std::uint64_t>(request.pdu[3] << 8U | request.pdu[4]));
    reply.bytes = to_frame(message);
  } else {
    count(device->stats.faults[static_cast<std::size_t>(fault->kind)]);
    spoil(bus, *device, *fault, request, raw, now_ms, message, reply);
    if (fault->kind == FaultKind::stale) return reply;
  }
  if (!bus.held.empty() && !reply.bytes.empty()) {
    for (std::size_t& joint : reply.joints) joint += bus.held.size();
    reply.joints.insert(reply.joints.begin(), bus.held.size());
    reply.bytes.insert(reply.bytes.begin(), bus.held.begin(), bus.held.end());
    bus.held.clear();
  }
  return reply;
}

void Responder::spoil(Bus& bus, Device& device, const Fault& fault, const Message& request, ByteView raw,
                      std::int64_t now_ms, Message& message, Reply& reply) const {
  const std::uint64_t pick = mix(seed_ ^ device.stats.requests.load(std::memory_order_relaxed), device.unit->meter);
  const std::int64_t argument = fault.argument;
  switch (fault.kind) {
    case FaultKind::silence:
      return;
    case FaultKind::exception:
      message.pdu = exception(request.pdu[0], Exception{static_cast<std::uint8_t>(argument == 0 ? 4 : argument)});
      break;
    case FaultKind::wrong_unit:
      message.unit = static_cast<std::uint8_t>(message.unit % 247 + 1);
      break;
    case FaultKind::wrong_transaction:
      ++message.transaction;
      break;
    case FaultKind::ct_reversed:
    case FaultKind::counters_lost:
    case FaultKind::frozen:
      message.pdu = respond(device, request.pdu, now_ms, fault);
      break;
    case FaultKind::foreign_block:
      message.pdu = foreign(device, request.pdu, now_ms, pick);
      break;
    default:
      break;
  }
  reply.bytes = to_frame(message);
  Bytes& bytes = reply.bytes;
  switch (fault.kind) {
    case FaultKind::delay:
      reply.delay_ms += argument;
      break;
    case FaultKind::late_reply:
      reply.delay_ms += argument;
      reply.blocks = false;
      break;
    case FaultKind::stale:
      bus.held = std::move(bytes);
      bytes.clear();
      break;
    case FaultKind::bad_crc:
      if (message.transport == Transport::rtu) bytes.back() = static_cast<std::uint8_t>(bytes.back() ^ 0x5AU);
      break;
    case FaultKind::truncated: {
      const std::size_t missing = argument == 0 ? bytes.size() / 2 : static_cast<std::size_t>(argument);
      bytes.resize(missing < bytes.size() ? bytes.size() - missing : 1);
      break;
    }
    case FaultKind::glued: {
      message.pdu = foreign(device, request.pdu, now_ms, pick);
      const Bytes second = to_frame(message);
      reply.joints = {bytes.size()};
      bytes.insert(bytes.end(), second.begin(), second.end());
      break;
    }
    case FaultKind::echo:
      bytes.insert(bytes.begin(), raw.begin(), raw.end());
      reply.joints = {raw.size()};
      break;
    case FaultKind::flip:
      flip_bits(bytes, static_cast<std::uint64_t>(argument == 0 ? 1 : argument), pick);
      break;
    default:
      break;
  }
}

}  // namespace jidian::plant
