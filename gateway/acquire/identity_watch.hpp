#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "acquire/line.hpp"
#include "acquire/poller.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace jidian::acquire {

/// Asks a meter who it is, once a day and when told to, and compares with what was expected.
class IdentityWatch {
 public:
  /// `known`: the serial number that earlier runs knew the meter by, or empty. One in the site file goes before it.
  IdentityWatch(const PolledMeter& meter, std::string known);

  /// Whether the meter can say anything and is to be asked now.
  bool due(SteadyTime now) const { return (serial_ || !identify_.empty()) && now >= next_; }

  /// It may be another meter now: it is due at once.
  void ask_soon() { next_ = {}; }

  /// Something that is not as expected.
  struct Surprise {
    std::string what;  ///< "model" or "serial".
    std::string expected;
    std::string told;
  };

  /// Asks. Blocks for a few transactions; what stays without an answer is asked again later. Gives what is not as
  /// expected and was not given before. A serial number counts as another one if it is read twice.
  std::vector<Surprise> ask(Line& line, SteadyTime now, const std::stop_token& stop);

  /// What it told last and is not as expected.
  std::vector<Surprise> standing() const;

  /// The serial number the meter tells now, read twice if it is another than it is known by; empty: it tells none.
  /// Errors: corrupt (another one each time), and those of `Line::read`.
  Result<std::string> told_now(Line& line, const std::stop_token& stop) const;

  /// Another meter stands here now: it is known by `serial`, or, if that is empty, by what it tells next.
  void adopt(std::string serial);

  /// The serial number the meter is known by: of the site file, else the first that it ever told; empty: none yet.
  const std::string& serial() const { return expected_; }

  /// Whether the meter last told another serial number than that.
  bool is_foreign() const { return foreign_; }

 private:
  Result<std::string> read(Line& line, const meter::IdentityPlace& place, const std::stop_token& stop) const;
  Status check_serial(Line& line, const std::stop_token& stop, std::vector<Surprise>& surprises);
  Status check_model(Line& line, const std::stop_token& stop, std::vector<Surprise>& surprises);

  std::uint8_t unit_;
  std::string spread_;  ///< Spreads the back-off.
  std::vector<meter::Identification> identify_;
  std::optional<meter::IdentityPlace> serial_;
  std::string expected_;
  std::string told_serial_;  ///< The wrong serial number that was told last,
  std::string told_model_;   ///< and the wrong model.
  bool foreign_ = false;
  SteadyTime next_{};
  unsigned failures_ = 0;
};

/// Whether two spellings mean one serial number: letters and digits count, leading zeros do not.
bool is_same_serial(std::string_view one, std::string_view other);

}  // namespace jidian::acquire
