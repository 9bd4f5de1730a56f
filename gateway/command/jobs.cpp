#include "command/jobs.hpp"

#include <algorithm>
#include <utility>

namespace jidian::command {
namespace {

// Each has a thread, and most want a bus for themselves.
constexpr std::size_t running_max = 4;
constexpr std::chrono::minutes kept_after_end{10};
// Ended jobs are few kilobytes each, yet somebody could start thousands within the time they are kept.
constexpr std::size_t kept_max = 16;
// A busy line gives about 50 frames a second to a trace; who asks twice a second misses nothing.
constexpr std::size_t lines_max = 4'096;
constexpr std::size_t lines_at_once_max = 512;

}  // namespace

Result<std::string> Jobs::start(Work work) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return Error{ErrorKind::cancelled, "the gateway is stopping"};
  forget_old();
  const auto running = std::ranges::count_if(jobs_, [](const Job& job) { return !job.ended; });
  if (static_cast<std::size_t>(running) >= running_max)
    return Error{ErrorKind::full, std::to_string(running_max) + " jobs run already; wait for one or cancel it"};
  Job& job = jobs_.emplace_back();
  job.id = std::to_string(++started_);
  job.thread =
      std::jthread([this, &job, work = std::move(work)](std::stop_token stop) { run(job, work, std::move(stop)); });
  return job.id;
}

void Jobs::run(Job& job, const Work& work, std::stop_token stop) {
  const auto emit = [this, &job](std::string line) {
    const std::scoped_lock lock(mutex_);
    job.lines.push_back(std::move(line));
    if (job.lines.size() <= lines_max) return;
    job.lines.pop_front();
    ++job.first;
  };
  const auto done = work(std::move(stop), emit);
  const std::scoped_lock lock(mutex_);
  if (!done) job.error = done.error();
  job.ended = clock_.steady_now();
}

Result<Jobs::News> Jobs::news(const std::string& id, std::uint64_t after) {
  const std::scoped_lock lock(mutex_);
  const Job* job = find(id);
  if (job == nullptr) return Error{ErrorKind::not_found, "there is no job '" + id + "' (any more)"};
  News news;
  const std::uint64_t end = job->first + job->lines.size();
  std::uint64_t at = std::min(std::max(after, job->first), end);
  for (; at < end && news.lines.size() < lines_at_once_max; ++at)
    news.lines.push_back(job->lines[static_cast<std::size_t>(at - job->first)]);
  news.next = at;
  news.done = job->ended && at == end;
  if (news.done) news.error = job->error;
  return news;
}

Status Jobs::cancel(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  Job* job = find(id);
  if (job == nullptr) return Error{ErrorKind::not_found, "there is no job '" + id + "' (any more)"};
  job->thread.request_stop();
  return {};
}

void Jobs::stop_all() {
  std::list<Job> all;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (Job& job : jobs_) job.thread.request_stop();
    all.splice(all.end(), jobs_);  // nodes keep their addresses
  }
  all.clear();  // waits, without the lock that the jobs need for their last lines
}

void Jobs::forget_old() {
  const SteadyTime now = clock_.steady_now();
  const auto is_old = [now](const Job& job) { return job.ended && now - *job.ended >= kept_after_end; };
  std::erase_if(jobs_, is_old);
  while (jobs_.size() >= kept_max) {
    const auto oldest = std::ranges::find_if(jobs_, [](const Job& job) { return job.ended.has_value(); });
    if (oldest == jobs_.end()) return;
    jobs_.erase(oldest);
  }
}

Jobs::Job* Jobs::find(const std::string& id) {
  const auto found = std::ranges::find(jobs_, id, &Job::id);
  return found == jobs_.end() ? nullptr : &*found;
}

}  // namespace jidian::command
