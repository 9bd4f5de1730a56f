#include "commission/ask.hpp"

#include <vector>

#include "meter/identity.hpp"

namespace jidian::commission {
namespace {

constexpr int silences_max = 2;  ///< Questions of one unit without an answer, before it is left alone.

}  // namespace

Result<std::string> ask(acquire::Bus& bus, std::uint8_t unit, const meter::IdentityPlace& place) {
  if (place.source == meter::IdentitySource::server_id) {
    const auto id = bus.server_id(unit);
    if (!id) return id.error();
    return meter::identity_of(*id);
  }
  if (place.source == meter::IdentitySource::device_object) {
    const auto objects = bus.device_identification(unit);
    if (!objects) return objects.error();
    const auto object = objects->find(place.object);
    return object == objects->end() ? std::string() : object->second;
  }
  std::vector<std::uint16_t> words(place.place.count);
  if (auto read = bus.read(unit, place.place, words); !read) return read.error();
  return meter::identity_of(place, words);
}

Status ask_all(JobIo& io, const Tuning& tuning, std::uint8_t unit, Identifier& identifier) {
  int silences = 0;
  const auto step = [&](acquire::Bus& bus) -> Result<bool> {
    const auto place = identifier.next();
    if (!place || silences >= silences_max) return true;
    const auto said = ask(bus, unit, *place);
    if (!said && said.error().kind() == ErrorKind::timeout) ++silences;
    identifier.take(*place, said ? *said : "");
    return false;
  };
  return in_turns(io, tuning, step);
}

}  // namespace jidian::commission
