#include "tests/integration/modbus/scripted_line.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace jidian::test {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t request_length = 8;

Frame hear(int fd, int wait_ms) {
  pollfd watched{fd, POLLIN, 0};
  if (::poll(&watched, 1, wait_ms) <= 0) return {};
  std::array<std::uint8_t, 512> bytes{};
  const auto count = ::read(fd, bytes.data(), bytes.size());
  return count > 0 ? Frame(bytes.begin(), bytes.begin() + count) : Frame{};
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = std::filesystem::temp_directory_path() / "jidian-bus-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::filesystem::remove_all(path_);
}

Pty::Pty() {
  std::array<char, 128> name{};
  termios raw{};
  ::cfmakeraw(&raw);
  if (::openpty(&master_, &slave_, name.data(), &raw, nullptr) != 0) throw std::runtime_error("no pty");
  path_ = name.data();
  ::fcntl(master_, F_SETFL, O_NONBLOCK);
}

Pty::~Pty() {
  unplug();
}

void Pty::say(const Frame& bytes) {
  const std::scoped_lock alone(speaking_);
  const ssize_t said = ::write(master_, bytes.data(), bytes.size());
  if (said < 0 && errno != EIO && errno != EBADF && errno != EAGAIN) throw std::runtime_error("the pty takes no bytes");
}

void Pty::unplug() {
  if (slave_ >= 0) ::close(slave_);
  if (master_ >= 0) ::close(master_);
  slave_ = master_ = -1;
}

ScriptedLine::ScriptedLine(Script script)
    : script_(std::move(script)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ScriptedLine::~ScriptedLine() {
  thread_.request_stop();
  thread_.join();
}

void ScriptedLine::run(const std::stop_token& stop) {
  Frame heard;
  while (!stop.stop_requested()) {
    int wait_ms = 20;
    if (!planned_.empty()) {
      const auto left = planned_.front().at - Steady::now();
      wait_ms =
          static_cast<int>(std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0, 20));
    }
    const Frame more = hear(pty_.master(), wait_ms);
    if (!more.empty() && heard.empty() && spoke_ != Steady::time_point{}) {
      const auto silence = std::chrono::floor<std::chrono::microseconds>(Steady::now() - spoke_).count();
      shortest_silence_us_ = std::min(shortest_silence_us_.load(), silence);
    }
    heard.insert(heard.end(), more.begin(), more.end());
    if (heard.size() >= request_length) take(heard);

    while (!planned_.empty() && planned_.front().at <= Steady::now() && !stop.stop_requested()) {
      spoke_ = Steady::now();  // before: this thread may be held up once the other end has heard it
      pty_.say(planned_.front().bytes);
      planned_.erase(planned_.begin());
    }
  }
}

void ScriptedLine::take(Frame& heard) {
  const Frame request(heard.begin(), heard.begin() + request_length);
  heard.erase(heard.begin(), heard.begin() + request_length);
  ++requests_;
  if (with_crc(Frame(request.begin(), request.end() - 2)) != request || request[1] < 1 || request[1] > 4) {
    ++strange_;
    return;
  }
  for (auto& utterance : script_(parse_rtu_request(request)))
    planned_.push_back({Steady::now() + utterance.after, std::move(utterance.bytes)});
  std::ranges::stable_sort(planned_, {}, &Planned::at);
}

Cable::Cable()
    : thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          std::array<pollfd, 2> watched{{{here_.master(), POLLIN, 0}, {there_.master(), POLLIN, 0}}};
          if (::poll(watched.data(), watched.size(), 20) <= 0) continue;
          if (watched[0].revents != 0) there_.say(hear(here_.master(), 0));
          if (watched[1].revents != 0) here_.say(hear(there_.master(), 0));
        }
      }) {}

Cable::~Cable() {
  thread_.request_stop();
  thread_.join();
}

}  // namespace jidian::test
