#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "acquire/bus.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

/// Finds, names and diagnoses meters over a borrowed bus, beside a running gateway or without one.
namespace jidian::commission {

/// Where a job gets its bus from: the poller of a running gateway, or a port that the command line opened itself.
class Lender {
 public:
  using Task = std::function<Status(acquire::Bus& bus, std::stop_token stop)>;

  virtual ~Lender() = default;

  /// Runs `task` with the bus, opened before, and waits for its end. Errors: what the task gives, unreachable, full,
  /// cancelled.
  virtual Status lend(Task task) = 0;

  /// How long a task may keep the bus before others want it back.
  virtual Millis turn() const = 0;

  /// Whether meters are polled on this bus meanwhile: then it is known who speaks there.
  virtual bool is_polled() const = 0;
};

/// What a job works with. `emit` takes one JSON document a call.
struct JobIo {
  Lender& lender;
  Clock& clock;
  std::stop_token stop;
  std::function<void(std::string line)> emit;
};

/// Long work: tells what it finds while it finds it. Errors: unreachable, cancelled, conflict (another master).
using Job = std::function<Status(JobIo& io)>;

/// Settings for the time of a job, and those that everybody else needs.
struct Tuning {
  std::optional<acquire::LineSettings> wanted;  ///< Nothing: leave the line as it is.
  acquire::LineSettings home;
};

/// Runs `step` until it gives true, and gives the bus back after every `Lender::turn` for the polls that are due, tuned
/// as they need it. Errors: what a step gives, and then the bus is given back as well; unreachable, cancelled.
Status in_turns(JobIo& io, const Tuning& tuning, const std::function<Result<bool>(acquire::Bus& bus)>& step);

}  // namespace jidian::commission
