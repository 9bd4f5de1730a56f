#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "domain/contradictions.hpp"
#include "domain/event.hpp"
#include "domain/gauge.hpp"
#include "domain/interval.hpp"
#include "domain/manifest.hpp"

namespace jidian::domain {

/// Compares parents with the sum of their children, by the quarter hour: single polls of different meters lie apart,
/// and a load that starts in between would tell against an honest meter. Only tells: which meter is wrong is not known,
/// and a consumer may have none.
class FamilyWatch {
 public:
  /// `manifest` outlives this.
  explicit FamilyWatch(const Manifest& manifest);

  /// A completed row. Rows of other lengths than a quarter hour are ignored.
  void add(const IntervalRow& row, std::vector<Event>& events);

 private:
  /// A meter's mean power of a quarter hour, import positive.
  struct Mean {
    UtcTime start;
    double watts = 0;
    double slack = 0;  ///< What its rounding may make of it.
  };
  struct Member {
    std::optional<Column> power;
    std::optional<Column> import;
    std::optional<Column> exported;
    std::optional<Mean> newest;
    std::vector<std::size_t> families;  ///< Those it is of, as parent or child.
  };
  struct Family {
    MeterIndex parent = 0;
    std::vector<MeterIndex> children;
    std::optional<UtcTime> compared;
    Tally tally;
    UtcTime since{};
    std::optional<UtcTime> told_at;
    bool is_told = false;
  };

  std::optional<Mean> mean_of(const Member& member, const IntervalRow& row) const;
  void compare(Family& family, UtcTime start, UtcTime now, std::vector<Event>& events);
  Event event_of(const Family& family, bool begins, double parent, double children, UtcTime start, UtcTime now) const;

  const Manifest& manifest_;
  std::vector<Member> members_;
  std::vector<Family> families_;
};

}  // namespace jidian::domain
