#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::command {

/// Long work for people at a keyboard: each piece runs on a thread of its own and tells what it finds as lines of JSON,
/// which are fetched piecemeal. A job is forgotten some minutes after its end. Any thread.
class Jobs {
 public:
  /// Takes one JSON document. Any thread of the job.
  using Emit = std::function<void(std::string line)>;
  /// The work. Returns soon after `stop` is requested, with error `cancelled`.
  using Work = std::function<Status(std::stop_token stop, const Emit& emit)>;

  explicit Jobs(Clock& clock) : clock_(clock) {}
  /// Cancels what runs and waits for it.
  ~Jobs() { stop_all(); }

  /// Starts `work` and gives the job's id. Errors: full (too much runs already), cancelled (stopping).
  Result<std::string> start(Work work);

  /// What a job has told since line number `after`.
  struct News {
    std::vector<std::string> lines;
    std::uint64_t next = 0;      ///< What to give as `after` the next time.
    bool done = false;           ///< It has ended, and `lines` are its last ones.
    std::optional<Error> error;  ///< Why it ended before its time.
  };
  /// Errors: not_found.
  Result<News> news(const std::string& id, std::uint64_t after);

  /// Asks a job to end; what it has told stays. Errors: not_found.
  Status cancel(const std::string& id);

  /// Cancels all and waits for them; no job can be started any more.
  void stop_all();

 private:
  struct Job {
    std::string id;
    std::deque<std::string> lines;
    std::uint64_t first = 0;  ///< Number of the first of `lines`.
    std::optional<SteadyTime> ended;
    std::optional<Error> error;
    std::jthread thread;
  };

  void run(Job& job, const Work& work, std::stop_token stop);
  void forget_old();
  Job* find(const std::string& id);

  Clock& clock_;
  std::mutex mutex_;  // guards what follows and the jobs' contents
  std::list<Job> jobs_;
  std::uint64_t started_ = 0;
  bool stopping_ = false;
};

}  // namespace jidian::command
