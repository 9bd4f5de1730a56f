#include "meter/sunspec.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace jidian::meter {
namespace {

constexpr std::array<std::uint16_t, 3> marker_places{40'000, 50'000, 0};
/// "SunS"
constexpr std::array<std::uint16_t, 2> marker{0x5375, 0x6E53};
constexpr std::uint16_t end_of_models = 0xFFFF;
constexpr std::uint16_t common_model = 1;
/// ID and length.
constexpr std::uint16_t header_count = 2;
constexpr std::uint32_t table_end = 65'536;

}  // namespace

SunspecWalk::SunspecWalk(Sunspec wanted) : wanted_(std::move(wanted)) {}

std::optional<Registers> SunspecWalk::next() const {
  if (ended_) return std::nullopt;
  const auto first = header_ ? static_cast<std::uint16_t>(*header_) : marker_places[candidate_];
  return Registers{Table::holding, first, header_count};
}

void SunspecWalk::take(std::span<const std::uint16_t> words) {
  assert(!ended_ && words.size() == header_count);
  if (header_)
    take_header(words[0], words[1]);
  else
    take_marker(words);
}

void SunspecWalk::refuse() {
  assert(!ended_);
  if (header_)
    end("the device refused the header of the model at " + std::to_string(*header_));
  else
    take_marker({});
}

void SunspecWalk::take_marker(std::span<const std::uint16_t> words) {
  if (std::ranges::equal(words, marker))
    header_ = marker_places[candidate_] + std::uint32_t{marker.size()};
  else if (++candidate_ == marker_places.size())
    end("no SunSpec marker at 40000, 50000 or 0");
}

void SunspecWalk::take_header(std::uint16_t model, std::uint16_t length) {
  const std::uint32_t base = *header_;
  const std::string which = "model " + std::to_string(model) + " at " + std::to_string(base);
  if (model == end_of_models) return end("the device has none of the models");
  const std::uint32_t next = base + header_count + length;
  if (length == 0) return end(which + " says it is empty");
  if (next > table_end) return end(which + " says it goes on beyond the last register");
  if (std::ranges::find(wanted_.models, model) != wanted_.models.end()) {
    if (length < wanted_.length)
      return end(which + " has " + std::to_string(length) + " registers, its points need " +
                 std::to_string(wanted_.length));
    found_ = Found{model, static_cast<std::uint16_t>(base), length, common_};
    return end({});
  }
  if (model == common_model && common_ == 0) common_ = static_cast<std::uint16_t>(base);
  if (++headers_ == models_max) return end("the device has more than " + std::to_string(models_max) + " models");
  if (next + header_count > table_end) return end("the list of models has no end");
  header_ = next;
}

void SunspecWalk::end(std::string reason) {
  ended_ = true;
  reason_ = std::move(reason);
}

std::vector<Point> at_base(std::vector<Point> points, std::uint16_t base) {
  for (Point& point : points) {
    assert(point.place.end() + base <= table_end);
    point.place.first = static_cast<std::uint16_t>(point.place.first + base);
  }
  return points;
}

IdentityPlace at_base(IdentityPlace place, std::uint16_t common) {
  assert(place.place.end() + common <= table_end);
  place.place.first = static_cast<std::uint16_t>(place.place.first + common);
  return place;
}

}  // namespace jidian::meter
