#include "modbus/rtu_bus.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "modbus/frame.hpp"
#include "modbus/identity_frame.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/serial_timing.hpp"

namespace jidian::modbus {

using acquire::FrameKind;

Status RtuBus::open(std::stop_token stop) {
  if (is_open()) return {};
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "asked to stop"};
  auto context = connect(std::move(stop));
  if (!context) return context.error();
  context_ = std::move(*context);
  quiet_since_ = SteadyClock::now();
  others_until_ = {};
  owed_.clear();
  if (!is_owed_) request_.clear();
  run_.clear();
  return {};
}

void RtuBus::close() {
  is_owed_ = is_owed_ || is_unanswered_;  // its reply may come over the next connection
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
Result<Bytes> RtuBus::ask(const Request& request) {
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
  if (reply && (*reply)[0] == request.unit() && (*reply)[1] == (request.function() | 0x80U) && reply->size() == 3) {
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
  is_unanswered_ = false;
  show(FrameKind::reply, frame);
  return Bytes(frame.begin(), frame.end() - crc_length);
}

/// Waits for silence and sends. That somebody else spoke since our last transaction is no failure of the meter that is
/// to be asked: then the line is made trustworthy first. Errors: corrupt, unreachable.
Status RtuBus::begin(const Request& request) {
  auto silence = wait_for_silence(request.bytes());
  if (silence == Silence::broken) silence = drain() ? wait_for_silence(request.bytes()) : Silence::gone;
  if (auto silent = status_of(silence); !silent) return silent;
  ++counters_.requests;
  request_ = with_crc(request.bytes());
  show(FrameKind::request, request_);
  is_unanswered_ = true;
  auto sent = transmit(context_.get(), request);
  sent_ = SteadyClock::now();  // once the kernel has it: what kept us before does not bring its reply earlier
  return sent;
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
  is_unanswered_ = false;
  const auto silent = status_of(wait_for_silence(request_));
  if (!silent) return silent.error();  // a second frame: which one is the answer?
  return reply;
}

/// Shows what libmodbus took from the line. What it did not accept is the beginning of the run that is drained then: so
/// another master's request, of which it takes five bytes for a reply, is known for what it is.
void RtuBus::note_confirmation(ByteView frame, int length, int error) {
  if (length > 0) return show(FrameKind::reply, frame.first(static_cast<std::size_t>(length)));
  const auto last = std::find_if(frame.rbegin(), frame.rend(), [](std::uint8_t byte) { return byte != 0; });
  auto taken = static_cast<std::size_t>(frame.rend() - last);  // it does not tell
  if (length == 0 || error == EMBBADCRC) taken = std::min(frame.size(), confirmation_length(frame));
  keep(frame.first(taken));
}

/// Waits until the line has been silent for the time between two frames, and no request of another master waits for an
/// answer that could pass for one to `request`. Single bytes heard meanwhile are the noise of drivers switching and
/// thrown away; what is long enough to be a frame, or never ends, means that the line is out of step or not ours alone.
RtuBus::Silence RtuBus::wait_for_silence(ByteView request) {
  const auto patience = SteadyClock::now() + dead_time(timing_, request_.size());
  std::size_t count = 0;
  while (SteadyClock::now() < patience) {
    const Catch heard = listen_until(std::max(quiet_since_ + frame_silence(timing_), others_are_done(request)));
    if (heard.gone) return Silence::gone;
    count += heard.bytes;
    if (!heard.deadline) continue;
    end_run();
    return count < shortest_frame ? Silence::kept : Silence::broken;
  }
  end_run();
  return Silence::none;
}

Status RtuBus::status_of(Silence silence) const {
  switch (silence) {
    case Silence::broken:
      return Error{ErrorKind::corrupt, "a frame came that nobody asked for"};
    case Silence::none:
      return Error{ErrorKind::corrupt, "the line is never silent: noise, or another master"};
    case Silence::gone:
      return gone();
    case Silence::kept:
      break;
  }
  return {};
}

/// Listens until no reply to the last request, nor to one of another master, can arrive any more and the line is
/// silent. False: the port is gone.
bool RtuBus::drain() {
  const auto dead = dead_time(timing_, request_.size());
  const auto give_up = std::max(sent_ + dead, SteadyClock::now()) + dead;
  while (SteadyClock::now() < give_up) {
    const auto trusted = std::max({sent_ + dead, others_are_done(request_), quiet_since_ + frame_silence(timing_)});
    const Catch heard = listen_until(run_.empty() ? trusted : quiet_since_ + end_of_reply);
    if (heard.gone) return false;
    if (!heard.deadline) continue;
    if (run_.empty()) break;
    end_run();  // which says whether somebody waits for an answer
  }
  end_run();
  is_owed_ = false;
  return true;
}

/// Lets the replies die that nobody waited for: those to probes, and to a request whose connection broke. False: the
/// port is gone, and closed now.
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
  request_ = with_crc(request.bytes());
  show(FrameKind::request, request_);
  is_unanswered_ = true;
  modbus_set_slave(context_.get(), unit);
  const auto done = transmit(context_.get(), request);
  sent_ = SteadyClock::now();
  if (!done) return close(), done.error();
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
      is_unanswered_ = false;
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

Error RtuBus::gone() const {
  return {ErrorKind::unreachable, "the port is gone: " + place()};
}

}  // namespace jidian::modbus
