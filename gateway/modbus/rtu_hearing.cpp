#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <ctime>

#include "base/system_time.hpp"
#include "modbus/rtu_bus.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/serial_timing.hpp"

/// What is heard on a line beside the reply that is waited for.
namespace jidian::modbus {
namespace {

constexpr std::size_t run_max = 300;
constexpr std::size_t frames_max = 32;
constexpr int waiting_reads_max = 4'096;  ///< Far more than a system keeps for a line; a peer may send without end.
constexpr std::chrono::milliseconds stop_interval{100};

}  // namespace

using acquire::FrameKind;

Result<acquire::Heard> RtuBus::listen(Millis duration, std::stop_token stop) {
  assert(is_open());
  if (!forget_what_waits()) {
    close();
    return gone();
  }
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

/// Throws away what came before and was not read: nobody reads a line that is left to its master, and what the system
/// kept of it would be heard as if the master were still there. False: the port is gone.
bool RtuBus::forget_what_waits() {
  for (int reads = 0; reads < waiting_reads_max; ++reads) {
    const Catch waiting = listen_until(SteadyClock::now());
    run_.clear();
    if (waiting.gone) return false;
    if (waiting.deadline) break;
  }
  return true;
}

/// Waits for bytes and keeps them in the run.
RtuBus::Catch RtuBus::listen_until(SteadyClock::time_point deadline) {
  const auto left = std::max<SteadyClock::duration>(deadline - SteadyClock::now(), SteadyClock::duration::zero());
  const std::timespec timeout = timespec_of(left);
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
    note_other(piece.bytes, piece.valid);
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

/// A request of another master, or what may have been one, is owed a reply, and that may have the very shape of the one
/// we are going to ask for: nothing is sent before it has come or cannot come any more.
void RtuBus::note_other(ByteView bytes, bool is_frame) {
  constexpr std::size_t owed_max = 16;  // of one master, which waits for a time-out before it asks again
  const auto dead = dead_time(timing_, bytes.size());
  const bool is_of_ours = quiet_since_ <= sent_ + dead;  // garbled, but the answer to our own request
  if (is_frame ? may_be_request(bytes) : bytes.size() >= shortest_frame && !is_of_ours) {
    others_until_ = quiet_since_ + dead;
    others_request_ = is_frame ? std::array{bytes[0], bytes[1]} : std::array<std::uint8_t, 2>{};
    std::erase_if(owed_, [this](const Owed& owed) { return owed.until < quiet_since_; });
    if (owed_.size() == owed_max) owed_.erase(owed_.begin());
    owed_.push_back({others_request_, others_until_});
    return;
  }
  // A frame that may as well be our own late reply settles nothing.
  const bool may_be_ours = is_unanswered_ && is_of_ours;
  if (!is_frame || may_be_ours) return;
  const std::array answered{bytes[0], static_cast<std::uint8_t>(bytes[1] & 0x7FU)};
  if (answered == others_request_) others_until_ = {};
  // Which of several it answers, nobody can say. The newest is struck off: if an older one is answered as well, it is
  // in its own time, and if it was lost, it holds us up no longer than that.
  const auto newest =
      std::find_if(owed_.rbegin(), owed_.rend(), [&](const Owed& owed) { return owed.request == answered; });
  if (newest != owed_.rend()) owed_.erase(std::next(newest).base());
}

/// When no reply to another master can come any more that would hold `request` (from the unit on) up: the one to its
/// last request, and those with the very unit and function of ours. It may have asked twice, after a time-out of its
/// own, before the first reply comes.
RtuBus::SteadyClock::time_point RtuBus::others_are_done(ByteView request) const {
  auto done = others_until_;
  for (const Owed& owed : owed_) {
    const bool is_like_ours = request.size() > 1 && owed.request[0] == request[0] && owed.request[1] == request[1];
    if (is_like_ours || owed.request[0] == 0) done = std::max(done, owed.until);
  }
  return done;
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

}  // namespace jidian::modbus
