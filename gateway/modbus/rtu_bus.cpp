#include "modbus/rtu_bus.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <ctime>
#include <utility>

#include "modbus/frame.hpp"
#include "modbus/identity_frame.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/serial_timing.hpp"

namespace jidian::modbus {
namespace {

using acquire::FrameKind;

constexpr std::size_t shortest_frame = 5;  ///< An exception reply.
constexpr std::size_t run_max = 300;
constexpr std::size_t frames_max = 32;
constexpr std::chrono::milliseconds stop_interval{100};

/// A reply whose length nobody knows beforehand ends with this silence: server and network may pause inside it.
constexpr std::chrono::milliseconds end_of_reply{40};

}  // namespace

Status RtuBus::open(std::stop_token stop) {
  if (is_open()) return {};
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
  auto context = connect(std::move(stop));
  if (!context) return context.error();
  context_ = std::move(*context);
  quiet_since_ = SteadyClock::now();
  request_.clear();
  run_.clear();
  return {};
}

void RtuBus::close() {
  context_.reset();
  disconnected();
}

Status RtuBus::reconnect(const std::function<Result<Context>()>& make) {
  context_.reset();
  auto context = make();
  if (!context) {
    close();
    return context.error();
  }
  context_ = std::move(*context);
  modbus_flush(context_.get());
  run_.clear();
  quiet_since_ = SteadyClock::now();
  return {};
}

Status RtuBus::read(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) {
  assert(is_open());
  exception_ = 0;
  if (!catch_up()) return gone();
  sent_ = SteadyClock::now();
  const auto done = exchange(unit, registers, into);
  if (!done) return settle(done.error());
  exception_ = *done;
  if (exception_ == 0) return settle({});
  auto refused = exception_error(exception_);
  note_outcome(&refused);
  return refused;
}

Result<Bytes> RtuBus::server_id(std::uint8_t unit) {
  auto reply = ask(encode_server_id_request(unit));
  if (!reply) return reply.error();
  return decode_server_id(unit, *reply);
}

Result<std::map<std::uint8_t, std::string>> RtuBus::device_identification(std::uint8_t unit) {
  return read_identification([&](std::uint8_t object) { return ask(encode_identification_request(unit, object)); },
                             unit);
}

/// The reply to `request` (neither with a checksum); exceptions are errors.
Result<Bytes> RtuBus::ask(ByteView request) {
  assert(is_open());
  exception_ = 0;
  if (!catch_up()) return gone();
  sent_ = SteadyClock::now();
  auto begun = begin(request);
  if (!begun) {
    begun = settle(std::move(begun));
    return begun.error();
  }
  auto reply = receive();
  if (reply && (*reply)[0] == request[0] && (*reply)[1] == (request[1] | 0x80U) && reply->size() == 3) {
    exception_ = (*reply)[2];
    auto refused = exception_error(exception_);
    note_outcome(&refused);
    return refused;
  }
  if (auto settled = settle(reply ? Status{} : Status{reply.error()}); !settled) return settled.error();
  return reply;
}

/// A reply of unknown length, without its checksum. Errors: timeout, corrupt, unreachable.
Result<Bytes> RtuBus::receive() {
  const auto patience = sent_ + reply_time(timing_, request_.size(), rtu_frame_max);
  run_.clear();
  for (;;) {
    const auto quiet = run_.empty() ? patience : std::min(patience, SteadyClock::now() + end_of_reply);
    const Catch heard = listen_until(quiet);
    if (heard.gone) return gone();
    if (heard.deadline) break;
  }
  if (run_.empty()) return no_answer(timing_.response_timeout);
  const Bytes frame = std::exchange(run_, {});
  if (frame.size() < shortest_frame || frame.size() > rtu_frame_max || !has_good_crc(frame)) {
    show(FrameKind::noise, frame);
    return Error{ErrorKind::corrupt, "the reply's checksum is wrong"};
  }
  if (frame[0] != request_[0] || (frame[1] & 0x7FU) != request_[1]) {
    count(kind_of(frame, request_), frame.size());
    show(kind_of(frame, request_), frame);
    return Error{ErrorKind::corrupt, "the reply is of another unit or function"};
  }
  show(FrameKind::reply, frame);
  return Bytes(frame.begin(), frame.end() - crc_length);
}

/// Waits for silence and sends. Errors: corrupt, unreachable.
Status RtuBus::begin(ByteView request) {
  if (auto silent = wait_for_silence(); !silent) return silent;
  ++counters_.requests;
  request_ = with_crc(request);
  show(FrameKind::request, request_);
  sent_ = SteadyClock::now();
  return transmit(context_.get(), request);
}

/// Counts how a transaction ended; after a failure makes the line trustworthy again, or closes it.
Status RtuBus::settle(Status done) {
  if (done) {
    note_outcome(nullptr);
    return done;
  }
  note_outcome(&done.error());
  if (done.error().kind() != ErrorKind::unreachable && drain()) return done;
  close();
  if (done.error().kind() != ErrorKind::unreachable) return gone();
  return done;
}

void RtuBus::note_outcome(const Error* error) {
  if (error == nullptr)
    ++counters_.replies;
  else if (exception_ != 0)
    ++counters_.exceptions;
  else if (error->kind() == ErrorKind::timeout)
    ++counters_.timeouts;
  else if (error->kind() == ErrorKind::corrupt)
    ++counters_.corrupt;
}

/// The exception code, or 0 and `into` filled.
Result<std::uint8_t> RtuBus::exchange(std::uint8_t unit, meter::Registers registers, std::span<std::uint16_t> into) {
  modbus_set_slave(context_.get(), unit);
  if (auto begun = begin(encode_request(unit, registers)); !begun) return begun.error();

  const std::size_t wanted = reply_length(registers) + crc_length;
  set_reply_timeout(context_.get(), reply_time(timing_, request_.size(), wanted));
  std::array<std::uint8_t, MODBUS_RTU_MAX_ADU_LENGTH> frame{};
  const int length = modbus_receive_confirmation(context_.get(), frame.data());
  const int error = errno;
  quiet_since_ = SteadyClock::now();
  note_confirmation(frame, length, error);
  if (length < 0) return error == ETIMEDOUT ? no_answer(timing_.response_timeout) : library_error(error);
  if (length == 0) return Error{ErrorKind::corrupt, "another unit than " + std::to_string(unit) + " replied"};
  assert(static_cast<std::size_t>(length) > crc_length);
  const auto reply =
      decode_reply(unit, registers, ByteView{frame}.first(static_cast<std::size_t>(length) - crc_length), into);
  if (!reply) return reply;
  if (auto silent = wait_for_silence(); !silent) return silent.error();  // a second frame: which one is the answer?
  return reply;
}

/// Shows and counts what libmodbus took from the line. Of a reply it did not accept it does not tell the length:
/// then what it left in `frame` up to the last byte that is not zero is shown.
void RtuBus::note_confirmation(ByteView frame, int length, int error) {
  if (length > 0) return show(FrameKind::reply, frame.first(static_cast<std::size_t>(length)));
  const auto last = std::find_if(frame.rbegin(), frame.rend(), [](std::uint8_t byte) { return byte != 0; });
  const ByteView left = frame.first(static_cast<std::size_t>(frame.rend() - last));
  if (left.empty()) return;
  if (length == 0) {
    count(FrameKind::foreign, left.size());
    return show(FrameKind::foreign, left);
  }
  const bool echo =
      error == EMBBADCRC && left.size() >= 4 && std::ranges::equal(left.first(4), ByteView{request_}.first(4));
  count(echo ? FrameKind::echo : FrameKind::noise, left.size());
  show(echo ? FrameKind::echo : FrameKind::noise, left);
}

/// Waits until the line has been silent for the time between two frames. Single bytes heard meanwhile are the noise
/// of drivers switching and thrown away; what is long enough to be a frame, or never ends, means that the line is out
/// of step or not ours alone. Errors: corrupt, unreachable.
Status RtuBus::wait_for_silence() {
  const auto patience = SteadyClock::now() + dead_time(timing_, request_.size());
  std::size_t count = 0;
  while (SteadyClock::now() < patience) {
    const Catch heard = listen_until(quiet_since_ + frame_silence(timing_));
    if (heard.gone) return gone();
    count += heard.bytes;
    if (!heard.deadline) continue;
    end_run();
    if (count < shortest_frame) return {};
    return Error{ErrorKind::corrupt, "a frame came that nobody asked for"};
  }
  end_run();
  return Error{ErrorKind::corrupt, "the line is never silent: noise, or another master"};
}

/// Listens until no reply to the last request can arrive any more and the line is silent. False: the port is gone.
bool RtuBus::drain() {
  const auto dead = sent_ + dead_time(timing_, request_.size());
  const auto give_up = dead + dead_time(timing_, request_.size());
  auto until = dead;
  while (SteadyClock::now() < give_up) {
    const Catch heard = listen_until(until);
    if (heard.gone) return false;
    if (heard.deadline) break;
    until = std::max(dead, quiet_since_ + frame_silence(timing_));
  }
  end_run();
  modbus_flush(context_.get());
  is_owed_ = false;
  return true;
}

/// Lets the replies die that probes did not wait for. False: the port is gone, and closed now.
bool RtuBus::catch_up() {
  if (!is_owed_ || drain()) return true;
  close();
  return false;
}

Result<acquire::Probe> RtuBus::probe(std::uint8_t unit, meter::Registers registers, Millis patience) {
  assert(is_open());
  exception_ = 0;
  acquire::Probe probe;
  const auto give_up = SteadyClock::now() + dead_time(timing_, request_.size());
  while (SteadyClock::now() < give_up) {  // what comes between two probes belongs to an earlier one
    const Catch heard = listen_until(quiet_since_ + frame_silence(timing_));
    if (heard.gone) return close(), gone();
    if (heard.deadline) break;
  }
  sort_run(0, probe);

  const auto request = encode_request(unit, registers);
  ++counters_.requests;
  request_ = with_crc(request);
  show(FrameKind::request, request_);
  sent_ = SteadyClock::now();
  modbus_set_slave(context_.get(), unit);
  if (auto done = transmit(context_.get(), request); !done) return close(), done.error();
  const auto until = sent_ + wire_time(timing_, request_.size() + reply_length(registers) + crc_length) + patience;
  while (SteadyClock::now() < until) {
    const auto pause = run_.empty() ? until : std::min(until, quiet_since_ + end_of_reply);
    const Catch heard = listen_until(pause);
    if (heard.gone) return close(), gone();
    if (heard.deadline || (run_.size() >= shortest_frame && has_good_crc(run_) && run_[0] == unit)) break;
  }
  sort_run(unit, probe);
  exception_ = probe.exception;
  is_owed_ = is_owed_ || !probe.answered;
  ++(!probe.answered ? counters_.timeouts : probe.exception != 0 ? counters_.exceptions : counters_.replies);
  return probe;
}

/// Tells what was heard since the last silence, and which of it answers the probe of `unit` (0: nothing does).
void RtuBus::sort_run(std::uint8_t unit, acquire::Probe& probe) {
  for (const Piece& piece : split_run(run_)) {
    const ByteView bytes = piece.bytes;
    const bool echo = piece.valid && std::ranges::equal(bytes, request_);
    if (piece.valid && !echo && unit != 0 && bytes[0] == unit && (bytes[1] & 0x7FU) == request_[1]) {
      probe.answered = true;
      if ((bytes[1] & 0x80U) != 0) probe.exception = bytes[2];
      show(FrameKind::reply, bytes);
      continue;
    }
    const FrameKind kind = piece.valid ? kind_of(bytes, request_) : FrameKind::noise;
    if (piece.valid && !echo) probe.others.push_back(bytes[0]);
    if (!piece.valid) probe.noise_bytes += bytes.size();
    count(kind, bytes.size());
    show(kind, bytes);
  }
  run_.clear();
}

Result<acquire::Heard> RtuBus::listen(Millis duration, std::stop_token stop) {
  assert(is_open());
  acquire::Heard all;
  const auto end = SteadyClock::now() + duration;
  while (SteadyClock::now() < end) {
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
    const auto pause = run_.empty() ? SteadyClock::now() + stop_interval : quiet_since_ + end_of_reply;
    const Catch heard = listen_until(std::min(end, pause));
    if (heard.gone) {
      close();
      return gone();
    }
    all.bytes += heard.bytes;
    if (heard.deadline) end_run(&all);
  }
  end_run(&all);
  return all;
}

/// Waits for bytes and keeps them in the run.
RtuBus::Catch RtuBus::listen_until(SteadyClock::time_point deadline) {
  const auto left = std::max<SteadyClock::duration>(deadline - SteadyClock::now(), SteadyClock::duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
  pollfd watched{fd(), POLLIN, 0};
  const int ready = ::ppoll(&watched, 1, &timeout, nullptr);
  if (ready == 0) return {.deadline = true};
  if (ready < 0) return {.gone = errno != EINTR};

  std::array<std::uint8_t, 256> bytes{};
  const auto count = ::read(fd(), bytes.data(), bytes.size());
  if (count <= 0) return {.gone = count == 0 || (errno != EAGAIN && errno != EINTR)};
  quiet_since_ = SteadyClock::now();
  keep(ByteView{bytes}.first(static_cast<std::size_t>(count)));
  return {.bytes = static_cast<std::size_t>(count)};
}

void RtuBus::keep(ByteView bytes) {
  if (run_.size() + bytes.size() > run_max) end_run();
  run_.insert(run_.end(), bytes.begin(), bytes.end());
}

/// Tells what the bytes heard since the last silence were.
void RtuBus::end_run(acquire::Heard* heard) {
  if (run_.empty()) return;
  for (const Piece& piece : split_run(run_)) {
    FrameKind kind = piece.valid ? kind_of(piece.bytes, request_) : FrameKind::noise;
    if (heard != nullptr && piece.valid) kind = FrameKind::foreign;
    count(kind, piece.bytes.size());
    show(kind, piece.bytes);
    if (heard != nullptr && heard->frames.size() < frames_max)
      heard->frames.push_back({kind,
                               std::chrono::floor<Millis>(std::chrono::system_clock::now()),
                               {},
                               Bytes(piece.bytes.begin(), piece.bytes.end())});
  }
  run_.clear();
}

void RtuBus::count(FrameKind kind, std::size_t bytes) {
  if (kind == FrameKind::late) ++counters_.late;
  if (kind == FrameKind::foreign) ++counters_.foreign;
  if (kind == FrameKind::echo) ++counters_.echoes;
  if (kind == FrameKind::noise) counters_.stray_bytes += bytes;
}

void RtuBus::show(FrameKind kind, ByteView bytes) {
  if (!watcher_) return;
  watcher_({kind, std::chrono::floor<Millis>(std::chrono::system_clock::now()), wire_time(timing_, bytes.size()),
            Bytes(bytes.begin(), bytes.end())});
}

Error RtuBus::gone() const {
  return {ErrorKind::unreachable, "the port is gone: " + place()};
}

}  // namespace jidian::modbus
