#pragma once

#include <random>
#include <vector>

#include "tests/fault/store/cut_run.hpp"

namespace jidian::store {

/// Starts the store in the folder that a power cut left and fails the test where it breaks a promise:
///
/// - it opens, and goes on with the present epoch, or with the one that was being begun; none begins without need;
/// - what was committed is there, byte by byte, each batch linked to the one before it; a commit in flight is there as
/// a
///   whole or not at all; what is not there was confirmed by everybody or is told to be lost, once;
/// - confirmations are those that were given, and those that were to be on disk are;
/// - what is left is drained once, recording goes on from the chain's end, and old epochs go without any loss;
/// - the file of a newer release is not touched.
class CutCheck {
 public:
  CutCheck(Options options, const Known& known, const Given& given, std::mt19937_64& chance)
      : options_(std::move(options)), known_(known), given_(given), chance_(chance) {}

  void run();

 private:
  void opens();
  void holds_rows();
  void holds_log(const LogKey& key, const KnownLog& log);
  void holds_commit_in_flight();
  void holds_confirmations();
  void tells_losses();
  Ranges told_before(const KnownLog& log) const;
  void misses_nothing_else(const LogKey& key, const KnownLog& log, const DepartedLogs& departed);
  void drains_once();
  void drain(const std::string& taker, std::uint64_t epoch, record::Stream stream);
  void goes_on();

  bool is_there(std::uint64_t epoch) const;

  Options options_;
  const Known& known_;
  const Given& given_;
  std::mt19937_64& chance_;
  UtcTime now_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;
  std::vector<std::uint64_t> epochs_;                ///< Those that are there.
  std::map<LogKey, std::vector<StoredBatch>> rows_;  ///< Their logs, as found.
  std::map<LogKey, Ranges> told_;                    ///< Losses that are told now.
  bool has_landed_ = false;                          ///< The commit in flight is there.
};

}  // namespace jidian::store
