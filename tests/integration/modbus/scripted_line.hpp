#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/modbus/slave_frames.hpp"

namespace jidian::test {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A raw pseudo terminal: the gateway opens `path`, the test holds the other end.
class Pty {
 public:
  Pty();
  ~Pty();
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  int master() const { return master_; }
  const std::string& path() const { return path_; }
  /// Puts the bytes on the line, from any thread. A line nobody listens to loses them, as a wire would.
  void say(const Frame& bytes);
  /// The cable is pulled: whoever has `path` open sees it hung up.
  void unplug();

 private:
  int master_ = -1;
  int slave_ = -1;
  std::string path_;
  std::mutex speaking_;  // of two that write at once, the kernel turns the second one away
};

/// Bytes the slave puts on the line, that long after the request came.
struct Utterance {
  std::chrono::microseconds after{0};
  Frame bytes;
};

/// A slave on a pty that answers as its script says, on a thread of its own.
class ScriptedLine {
 public:
  using Script = std::function<std::vector<Utterance>(const ReadRequest&)>;
  explicit ScriptedLine(Script script);
  ~ScriptedLine();

  const std::string& path() const { return pty_.path(); }
  Pty& pty() { return pty_; }
  /// The shortest time between the slave's last byte and the next request.
  std::chrono::microseconds shortest_silence() const { return std::chrono::microseconds{shortest_silence_us_.load()}; }
  int requests() const { return requests_.load(); }
  /// Bytes that were no read request with a good CRC.
  int strange() const { return strange_.load(); }

 private:
  void run(const std::stop_token& stop);
  void take(Frame& heard);

  Pty pty_;
  Script script_;
  struct Planned {
    std::chrono::steady_clock::time_point at;
    Frame bytes;
  };
  std::vector<Planned> planned_;
  std::chrono::steady_clock::time_point spoke_;
  std::atomic<std::int64_t> shortest_silence_us_{1'000'000'000};
  std::atomic<int> requests_{0};
  std::atomic<int> strange_{0};
  std::jthread thread_;
};

/// Two terminals joined by a cable: a real slave opens one, the gateway the other.
class Cable {
 public:
  Cable();
  ~Cable();
  const std::string& here() const { return here_.path(); }
  const std::string& there() const { return there_.path(); }

 private:
  Pty here_;
  Pty there_;
  std::jthread thread_;
};

}  // namespace jidian::test
