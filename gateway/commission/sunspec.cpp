#include "commission/sunspec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "commission/ask.hpp"
#include "meter/sunspec.hpp"

namespace jidian::commission {
namespace {

constexpr int failures_max = 2;  ///< Questions without a good answer, before a unit is taken for no SunSpec device.

/// A text of the common model, by its distance from the model's header (SunSpec model 1: Mn, Md, SN).
meter::IdentityPlace common_text(std::uint16_t common, std::uint16_t offset) {
  constexpr std::uint16_t registers = 16;
  meter::IdentityPlace place;
  place.place = {meter::Table::holding, offset, registers};
  place.type = meter::RawType::text;
  return meter::at_base(place, common);
}

/// All models that some profile is for. The length a profile needs is compared when one is found.
meter::Sunspec models_of(const std::vector<meter::Profile>& profiles) {
  meter::Sunspec wanted;
  for (const auto& profile : profiles)
    if (profile.sunspec)
      wanted.models.insert(wanted.models.end(), profile.sunspec->models.begin(), profile.sunspec->models.end());
  return wanted;
}

const meter::Profile* profile_for(const meter::SunspecWalk::Found& found, const std::vector<meter::Profile>& profiles) {
  const auto fits = std::ranges::find_if(profiles, [&](const meter::Profile& profile) {
    return profile.sunspec && profile.sunspec->length <= found.length &&
           std::ranges::find(profile.sunspec->models, found.model) != profile.sunspec->models.end();
  });
  return fits == profiles.end() ? nullptr : &*fits;
}

/// Walks to the end, or until the unit has failed too often.
Status walk_models(JobIo& io, const Tuning& tuning, std::uint8_t unit, meter::SunspecWalk& walk) {
  int failures = 0;
  return in_turns(io, tuning, [&](acquire::Bus& bus) -> Result<bool> {
    const auto place = walk.next();
    if (!place) return true;
    std::vector<std::uint16_t> words(place->count);
    const auto done = bus.read(unit, *place, words);
    if (done)
      walk.take(words);
    else if (done.error().kind() == ErrorKind::refused)
      walk.refuse();
    else
      return ++failures == failures_max;
    return false;
  });
}

}  // namespace

Result<std::optional<SunspecDevice>> find_sunspec_device(JobIo& io, const Tuning& tuning, std::uint8_t unit,
                                                         const std::vector<meter::Profile>& profiles) {
  constexpr std::uint32_t common_length = 66;
  constexpr std::uint32_t table_end = 65'536;
  const auto wanted = models_of(profiles);
  if (wanted.models.empty()) return std::optional<SunspecDevice>{};
  meter::SunspecWalk walk(wanted);
  if (auto done = walk_models(io, tuning, unit, walk); !done) return done.error();
  const std::uint16_t common = walk.common();
  if (!walk.found() && common == 0) return std::optional<SunspecDevice>{};

  SunspecDevice device;
  if (walk.found()) device.profile = profile_for(*walk.found(), profiles);
  if (common == 0 || common + common_length > table_end) return std::optional{device};
  std::array<std::pair<std::uint16_t, std::string*>, 3> texts{
      {{2, &device.maker}, {18, &device.name}, {50, &device.serial}}};
  std::size_t next = 0;
  const auto done = in_turns(io, tuning, [&](acquire::Bus& bus) -> Result<bool> {
    const auto& [offset, into] = texts[next];
    if (const auto said = ask(bus, unit, common_text(common, offset))) *into = *said;
    return ++next == texts.size();
  });
  if (!done) return done.error();
  return std::optional{device};
}

}  // namespace jidian::commission
