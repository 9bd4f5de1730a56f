#include "rtu_line.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <termios.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>

#include "hash.hpp"

namespace jidian::plant {
namespace {

constexpr std::int64_t peer_check_us = 20'000;  // how often a line without a peer looks for one
constexpr std::int64_t idle_check_us = 200'000;
constexpr std::int64_t punctual_check_us = 20'000;  // how far a line with a worst latency may err about an arrival
constexpr std::int64_t chunk_us_max = 2'000;  // bytes go out in pieces of about this length, like from a UART's FIFO
constexpr std::size_t frame_start = 5;        // bytes of a frame that nobody takes for noise
// A terminal may hand over a request in pieces without the wire having been silent.
constexpr std::int64_t gap_slack_us = 10'000;

speed_t speed_of(int baud) {
  constexpr std::array<std::pair<int, speed_t>, 12> speeds{{{300, B300},
                                                            {600, B600},
                                                            {1200, B1200},
                                                            {2400, B2400},
                                                            {4800, B4800},
                                                            {9600, B9600},
                                                            {19200, B19200},
                                                            {38400, B38400},
                                                            {57600, B57600},
                                                            {115200, B115200},
                                                            {230400, B230400},
                                                            {921600, B921600}}};
  for (const auto& [number, speed] : speeds)
    if (number == baud) return speed;
  throw ScenarioError("no terminal has a speed of " + std::to_string(baud) + " baud");
}

Descriptor open_terminal(const std::string& path) {
  Descriptor terminal(checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), "posix_openpt"));
  checked(::grantpt(terminal.get()), "grantpt");
  checked(::unlockpt(terminal.get()), "unlockpt");
  termios settings{};
  checked(::tcgetattr(terminal.get(), &settings), "tcgetattr");
  ::cfmakeraw(&settings);
  checked(::tcsetattr(terminal.get(), TCSANOW, &settings), "tcsetattr");
  std::array<char, 64> name{};
  if (::ptsname_r(terminal.get(), name.data(), name.size()) != 0) throw SystemError("ptsname_r failed");
  std::error_code error;
  if (std::filesystem::is_symlink(path, error)) std::filesystem::remove(path, error);
  std::filesystem::create_symlink(name.data(), path, error);
  if (error) throw SystemError("link " + path + ": " + error.message());
  return terminal;
}

// Pieces shorter than the silence between two frames: a frame has none inside.
std::int64_t chunk_us(const WireTimes& wire) {
  return std::min(chunk_us_max, wire.silence_us * 3 / 4);
}

}  // namespace

std::size_t piece_end(const std::vector<std::size_t>& joints, std::size_t size, std::size_t due) {
  for (const std::size_t joint : joints)
    if (due >= joint && due < std::min(size, joint + frame_start)) return joint - 1;
  return due;
}

WireTimes::WireTimes(const Line& line) {
  const int bits = 1 + 8 + (line.parity == 'N' ? 0 : 1) + line.stop_bits;
  character_us = 1e6 * bits / line.baud;
  silence_us = line.baud > 19'200 ? 1'750 : static_cast<std::int64_t>(3.5 * character_us);
}

RtuLine::RtuLine(const Line& line, const std::string& path, const Responder& responder, const FaultBoard& faults)
    : line_(line),
      wire_(line),
      path_(path),
      responder_(&responder),
      faults_(&faults),
      terminal_(open_terminal(path)),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  bus_.id = line.id;
  (void)speed_of(line.baud);
}

RtuLine::~RtuLine() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void RtuLine::stop() {
  stopping_.store(true);
  const std::uint64_t one_more = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one_more, sizeof one_more);
}

void RtuLine::run() {
  while (!stopping_.load()) {
    wait(steady_us());
    const std::int64_t now = steady_us();
    const bool is_silent = now - in_last_us_ > wire_.silence_us + gap_slack_us;
    if (!in_.empty() && is_silent) {
      count(bus_.stats.bad_frames);
      in_.clear();
      in_is_garbage_ = false;
    }
    speak_as_foreign_master(now);
    transmit(now);
  }
}

std::int64_t RtuLine::next_wake_us(std::int64_t now_us) const {
  std::int64_t next = now_us + (line_.worst_latency_ms > 0 ? punctual_check_us : idle_check_us);
  if (!in_.empty()) next = std::min(next, in_last_us_ + wire_.silence_us + gap_slack_us + 1);
  if (next_foreign_us_ != 0) next = std::min(next, next_foreign_us_);
  if (is_sending_) {
    const auto chunk =
        static_cast<std::size_t>(std::max(1.0, static_cast<double>(chunk_us(wire_)) / wire_.character_us));
    const Sending& sending = sendings_.front();
    std::size_t upto = std::min(sending.bytes.size(), sent_ + chunk);
    while (piece_end(sending.joints, sending.bytes.size(), upto) <= sent_) ++upto;
    next = std::min(next, send_start_us_ + wire_.of(upto) + 1);
  } else if (!sendings_.empty()) {
    next = std::min(next, sendings_.front().due_us);
  }
  return next;
}

void RtuLine::wait(std::int64_t now_us) {
  // A terminal that nobody holds open reports a hang-up at once and for ever: look for a peer now and then instead.
  const std::int64_t next = peer_is_there_ ? next_wake_us(now_us) : now_us + peer_check_us;
  const std::int64_t left = std::max<std::int64_t>(next - now_us, 0);
  const timespec timeout{static_cast<std::time_t>(left / 1'000'000), static_cast<long>(left % 1'000'000 * 1000)};
  std::array<pollfd, 2> watched{pollfd{wake_.get(), POLLIN, 0}, pollfd{terminal_.get(), POLLIN, 0}};
  listened_us_ = now_us;
  ::ppoll(watched.data(), peer_is_there_ ? 2 : 1, &timeout, nullptr);
  if (stopping_.load()) return;
  if (!peer_is_there_) {
    ::poll(&watched[1], 1, 0);
    if ((watched[1].revents & (POLLHUP | POLLERR)) != 0) return;
    peer_is_there_ = true;
  }
  if ((watched[1].revents & POLLIN) != 0) receive();
  if ((watched[1].revents & (POLLHUP | POLLERR)) != 0) leave();
}

void RtuLine::leave() {
  peer_is_there_ = false;
  is_sending_ = false;
  in_.clear();
  sendings_.clear();
  bus_.held.clear();
  blocked_until_us_ = 0;
  count(bus_.stats.left);
}

bool RtuLine::hears() const {
  if (!line_.strict) return true;
  termios settings{};
  if (::tcgetattr(terminal_.get(), &settings) != 0) return false;
  // The kernel strips PARENB from pseudo terminals; INPCK tells whether the peer wants parity.
  const bool parity = (settings.c_iflag & INPCK) != 0;
  const bool odd = (settings.c_cflag & PARODD) != 0;
  const bool two_stop_bits = (settings.c_cflag & CSTOPB) != 0;
  return ::cfgetospeed(&settings) == speed_of(line_.baud) && two_stop_bits == (line_.stop_bits == 2) &&
         parity == (line_.parity != 'N') && (!parity || odd == (line_.parity == 'O'));
}

void RtuLine::receive() {
  std::array<std::uint8_t, 1024> buffer{};
  const ssize_t got = ::read(terminal_.get(), buffer.data(), buffer.size());
  if (got <= 0) return;
  const std::int64_t now = steady_us();
  const auto size = static_cast<std::size_t>(got);
  count(bus_.stats.bytes_in, size);
  count(bus_.stats.wire_busy_us, static_cast<std::uint64_t>(wire_.of(size)));
  if (in_.empty()) {
    in_first_us_ = now;
    in_earliest_us_ = listened_us_;
    if (is_sending_)
      count(bus_.stats.collisions);
    else if (wire_free_us_ != 0 && now < wire_free_us_ + wire_.silence_us)
      count(bus_.stats.silence_violations);
    if (!hears()) {
      count(bus_.stats.deaf_requests);
      wire_free_us_ = std::max(wire_free_us_, now + wire_.of(size));
      return;
    }
  }
  in_.insert(in_.end(), buffer.begin(), buffer.begin() + got);
  in_last_us_ = now;
  wire_free_us_ = std::max(wire_free_us_, in_first_us_ + wire_.of(in_.size()));
  take_requests(now);
}

void RtuLine::take_requests(std::int64_t now_us) {
  while (!in_.empty() && !in_is_garbage_) {
    Message request;
    std::size_t used = 0;
    const Scan scan = scan_rtu(in_, request, used);
    if (scan == Scan::incomplete) return;
    if (scan == Scan::garbage) {
      in_is_garbage_ = true;  // until the line falls silent
      return;
    }
    Reply reply = responder_->answer(bus_, request, ByteView(in_).first(used), utc_ms());
    // The terminal hands over at once what would still be on the wire.
    const std::int64_t end = std::max(now_us, in_first_us_ + wire_.of(used));
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used));
    in_first_us_ = end;
    if (!in_.empty()) count(bus_.stats.silence_violations);
    if (reply.bytes.empty() || request.unit == 0) continue;  // a broadcast is not answered
    std::int64_t due = end + std::max(wire_.silence_us, reply.delay_ms * 1000);
    if (reply.blocks) {
      due = std::max(due, blocked_until_us_ + wire_.silence_us);
      blocked_until_us_ = due + wire_.of(reply.bytes.size());
    }
    Sending sending{due, std::move(reply.bytes), std::move(reply.joints)};
    if (line_.worst_latency_ms > 0) sending.deadline_us = in_earliest_us_ + line_.worst_latency_ms * 1'000;
    queue(std::move(sending));
  }
}

void RtuLine::queue(Sending sending) {
  const auto begin = sendings_.begin() + (is_sending_ ? 1 : 0);
  const auto place =
      std::find_if(begin, sendings_.end(), [&](const Sending& other) { return other.due_us > sending.due_us; });
  sendings_.insert(place, std::move(sending));
}

void RtuLine::transmit(std::int64_t now_us) {
  while (!sendings_.empty()) {
    Sending& sending = sendings_.front();
    if (!is_sending_) {
      if (now_us < sending.due_us) return;
      is_sending_ = true;
      sent_ = 0;
      // On time unless the wire was still busy: being scheduled late must not shift the frame.
      send_start_us_ = std::max(sending.due_us, wire_free_us_);
    }
    if (now_us - wire_.of(sent_) > sending.deadline_us) {
      count(bus_.stats.overdue);
      is_sending_ = false;
      sendings_.erase(sendings_.begin());
      continue;
    }
    const auto passed = static_cast<double>(now_us - send_start_us_) / wire_.character_us;
    const std::size_t due = piece_end(sending.joints, sending.bytes.size(),
                                      std::min(sending.bytes.size(), static_cast<std::size_t>(std::max(0.0, passed))));
    if (due > sent_) {
      // What the peer does not fetch is lost, as in a UART that overruns.
      [[maybe_unused]] const auto written = ::write(terminal_.get(), sending.bytes.data() + sent_, due - sent_);
      sent_ = due;
    }
    if (sent_ < sending.bytes.size()) return;
    count(bus_.stats.bytes_out, sent_);
    count(bus_.stats.wire_busy_us, static_cast<std::uint64_t>(wire_.of(sent_)));
    wire_free_us_ = now_us;  // taken before the last byte left: a quick peer must not look early
    is_sending_ = false;
    sendings_.erase(sendings_.begin());
  }
}

// A request and its reply that nobody here asked for, as on a line that already has a master.
void RtuLine::speak_as_foreign_master(std::int64_t now_us) {
  const auto fault = faults_->standing(bus_.id, FaultKind::foreign_master);
  if (!fault || !peer_is_there_) {
    next_foreign_us_ = 0;
    return;
  }
  const std::int64_t period_us = std::max<std::int64_t>(fault->argument, 100) * 1000;
  if (next_foreign_us_ == 0) next_foreign_us_ = now_us + period_us;
  if (now_us < next_foreign_us_ || is_sending_) return;
  next_foreign_us_ = now_us + period_us;
  std::vector<Device*> devices;
  std::copy_if(bus_.units.begin(), bus_.units.end(), std::back_inserter(devices),
               [](const Device* device) { return device != nullptr; });
  if (devices.empty()) return;
  Device& device = *devices[static_cast<std::size_t>(foreign_turns_ % devices.size())];
  const Table table = device.model->description().tables.back();
  const int first = device.model->other_block(table, 0xFFFF, 2, mix(foreign_turns_++, device.unit->meter));
  if (first < 0) return;
  Message message{Transport::rtu, 0, static_cast<std::uint8_t>(device.unit->unit), {}};
  message.pdu = {static_cast<std::uint8_t>(table), static_cast<std::uint8_t>(first >> 8),
                 static_cast<std::uint8_t>(first), 0, 2};
  Bytes request = to_frame(message);
  message.pdu = responder_->respond(device, message.pdu, utc_ms());
  const std::int64_t reply_at = now_us + wire_.of(request.size()) + 2 * wire_.silence_us;
  queue({now_us, std::move(request)});
  queue({reply_at, to_frame(message)});
}

}  // namespace jidian::plant
