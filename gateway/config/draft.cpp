#include "config/draft.hpp"

#include <algorithm>
#include <string>

namespace jidian::config {
namespace {

using meter::Point;
using meter::RawType;

bool is_whole_number(const Point& point) {
  return point.type != RawType::text && point.type != RawType::f32 && point.type != RawType::f64;
}

/// Registers from the first of the two to the last.
std::uint32_t span_count(const meter::Registers& a, const meter::Registers& b) {
  return std::max(a.end(), b.end()) - std::min(a.first, b.first);
}

class Resolver {
 public:
  Resolver(Section& registers, const std::vector<Draft>& drafts)
      : registers_(registers),
        drafts_(drafts),
        names_(pick(drafts, [](const Draft& it) -> std::string_view { return it.point.name; })) {}

  void resolve(Draft& draft) {
    for (const Text& ratio : draft.ratios)
      if (check_ratio(draft, ratio)) draft.point.ratio_points.push_back(ratio.value);
    if (draft.scale && check_scale(draft)) draft.point.scale_point = draft.scale->value;
    if (draft.sign && check_sign(draft)) draft.point.sign_point = draft.sign->value;
    if (draft.condition && find_related(draft, *draft.condition, "condition") != nullptr)
      draft.point.valid_while = meter::Condition{draft.condition->value, draft.equals};
  }

 private:
  static std::string start(const Draft& draft, const Text& name, std::string_view what) {
    return std::string(what) + " '" + name.value + "' of point '" + draft.point.name + "' ";
  }

  /// The point of that name, or null after the mistake was noted.
  const Draft* find(const Draft& draft, const Text& name, std::string_view what) {
    const auto named = std::ranges::find(drafts_, name.value, [](const Draft& it) { return it.point.name; });
    if (named != drafts_.end()) return &*named;
    registers_.complain(name, start(draft, name, what) + "is no point here" + did_you_mean(name.value, names_));
    return nullptr;
  }

  bool check_ratio(const Draft& draft, const Text& name) {
    const Draft* named = find(draft, name, "ratio");
    if (named == nullptr) return false;
    std::string wrong;
    if (named->point.kind != PointKind::attribute || named->point.type == RawType::text)
      wrong = "must be an attribute that is a number";
    else if (!named->ratios.empty())
      wrong = "has ratios of its own";
    else if (named->scale)
      wrong = "has a scale of its own; write the power of ten as its exponent instead (exponent = -1)";
    if (!wrong.empty()) registers_.complain(name, start(draft, name, "ratio") + wrong);
    return wrong.empty();
  }

  /// A point that must come from the same request and says something of the value; null after a mistake was noted.
  const Draft* find_related(const Draft& draft, const Text& name, std::string_view what) {
    const Draft* named = find(draft, name, what);
    if (named == nullptr) return nullptr;
    std::string wrong;
    if (named == &draft)
      wrong = "is the point itself";
    else if (!is_whole_number(named->point))
      wrong = "must be a whole number";
    else if (named->point.kind != PointKind::state && named->point.kind != PointKind::attribute)
      wrong = "must be a state or an attribute; write kind = \"state\" there";
    else if (named->refers())
      wrong = "has a scale, sign or valid_while of its own";
    else if (named->point.place.table != draft.point.place.table)
      wrong = "stands in another table, so the two cannot come from one request";
    else if (span_count(named->point.place, draft.point.place) > meter::ReadLimits{}.count_max)
      wrong =
          "is too far from it: no request has more than 125 registers, and the two must come from one; correct an "
          "address, or remove it";
    if (wrong.empty()) return named;
    registers_.complain(name, start(draft, name, what) + wrong);
    return nullptr;
  }

  bool check_scale(const Draft& draft) {
    const Draft* named = find_related(draft, *draft.scale, "scale");
    if (named == nullptr) return false;
    if (named->point.exponent == 0 && named->ratios.empty()) return true;
    registers_.complain(
        *draft.scale, start(draft, *draft.scale, "scale") + "is an exponent: it can have neither exponent nor ratios");
    return false;
  }

  bool check_sign(const Draft& draft) {
    if (find_related(draft, *draft.sign, "sign") == nullptr) return false;
    const RawType type = draft.point.type;
    const bool is_unsigned =
        type == RawType::u16 || type == RawType::u32 || type == RawType::bcd || type == RawType::mod10k;
    if (is_unsigned && draft.point.kind != PointKind::counter) return true;
    registers_.complain(*draft.sign, start(draft, *draft.sign, "sign") +
                                         (is_unsigned ? "cannot be: a counter is never negative"
                                                      : "needs type u16, u32, bcd or mod10k, which have none"));
    return false;
  }

  Section& registers_;
  const std::vector<Draft>& drafts_;
  std::vector<std::string_view> names_;
};

}  // namespace

void resolve_references(Section& registers, std::vector<Draft>& drafts) {
  Resolver resolver(registers, drafts);
  for (Draft& draft : drafts) resolver.resolve(draft);
}

}  // namespace jidian::config
