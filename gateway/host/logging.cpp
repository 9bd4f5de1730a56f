#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "host/host.hpp"

namespace jidian::host {
namespace {

struct LevelWords {
  std::string_view name;    ///< Padded to one width, so that the words line up.
  std::string_view prefix;  ///< The same for journald: sd-daemon(3).
};

LevelWords words_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return {"debug", "<7>"};
    case spdlog::level::info:
      return {"info ", "<6>"};
    case spdlog::level::warn:
      return {"warn ", "<4>"};
    default:
      return {"error", "<3>"};
  }
}

/// One event, one line: text that came from outside may not forge another.
void append_escaped(spdlog::string_view_t text, spdlog::memory_buf_t& line) {
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7F) {
      line.push_back(letter);
    } else if (letter == '\n') {
      line.append(std::string_view("\\n"));
    } else {
      line.push_back('?');
    }
  }
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(bool for_journal) : for_journal_(for_journal) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const LevelWords words = words_of(message.level);
    if (for_journal_) {
      line.append(words.prefix);
    } else {
      line.append(format_utc(std::chrono::floor<Millis>(message.time)));
      line.push_back(' ');
      line.append(words.name);
      line.push_back(' ');
    }
    append_escaped(message.payload, line);
    line.push_back('\n');
  }

  std::unique_ptr<formatter> clone() const override { return std::make_unique<LineFormatter>(for_journal_); }

 private:
  bool for_journal_;
};

/// Whether stderr is the journal's stream: $JOURNAL_STREAM is inherited by children that write elsewhere, so its
/// device and inode are compared with those of stderr.
bool stderr_is_journal() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): called once, before there are threads; nothing of ours sets variables
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (stream == nullptr || fstat(STDERR_FILENO, &file) != 0) return false;
  return stream == std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
}

spdlog::level::level_enum level_of(std::string_view name) {
  if (name == "debug") return spdlog::level::debug;
  if (name == "warn") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return spdlog::level::info;
}

}  // namespace

void start_logging(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<LineFormatter>(stderr_is_journal()));
  logger->set_level(level_of(level));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace jidian::host
