#include "command/directives.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "base/id.hpp"
#include "base/outside_json.hpp"
#include "base/time.hpp"
#include "domain/refusals.hpp"

namespace jidian::command {
namespace {

using OrderJson = nlohmann::json;
using domain::Directive;
using domain::Refusal;
using domain::RefusedDirective;

constexpr std::size_t payload_bytes_max = 65'536;
constexpr std::size_t listed_max = 256;
constexpr std::size_t names_max = 64;
constexpr std::size_t level_bytes_max = 32;
/// A province's peak is below it; more is a unit mistaken.
constexpr double limit_most = 1e9;
constexpr std::array<std::string_view, 2> kinds{"curtailment", "quota"};

/// Reads an order; keeps the first thing that is wrong with it.
class OrderReader {
 public:
  explicit OrderReader(const OrderJson& json) : json_(json) {}

  std::string id(const char* key) {
    auto text = string(json_, key, true);
    if (!text.empty() && !is_id(text)) complain(std::string("\"") + key + "\" is not an id: [a-z0-9-]{1,32}");
    return text;
  }
  std::uint32_t version() {
    const auto found = json_.find("version");
    const std::uint64_t number = found != json_.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
    if (number >= 1 && number <= 0xFFFFFFFFU) return static_cast<std::uint32_t>(number);
    complain("\"version\" is not a whole number from 1 on");
    return 0;
  }
  bool lifted() {
    const auto found = json_.find("lifted");
    if (found == json_.end()) return false;
    if (!found->is_boolean()) complain("\"lifted\" is not true or false");
    return found->is_boolean() && found->get<bool>();
  }
  UtcTime time(const char* key) {
    const auto text = string(json_, key, true);
    const auto time = parse_time(text);
    if (!time && !mistake_) complain(std::string("\"") + key + "\" is no time as 2026-03-01T08:00:00Z");
    return time.value_or(UtcTime{});
  }
  std::vector<std::string> ids(const OrderJson& object, const char* key) {
    std::vector<std::string> ids;
    const auto found = object.find(key);
    if (found == object.end()) return ids;
    if (!found->is_array() || found->size() > names_max) {
      complain(std::string("\"") + key + "\" is not a list of at most 64 ids");
      return ids;
    }
    for (const OrderJson& one : *found) {
      if (!one.is_string() || !is_id(one.get<std::string>())) {
        complain(std::string("\"") + key + "\" holds something that is no id");
        return ids;
      }
      ids.push_back(one.get<std::string>());
    }
    return ids;
  }
  /// Its digits, as they come back in JSON.
  std::string limit(const OrderJson& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    if (found->is_number() && found->get<double>() >= 0 && found->get<double>() <= limit_most) return found->dump();
    complain(std::string("\"") + key + "\" is not a number from 0 to a milliard");
    return {};
  }
  std::string string(const OrderJson& object, const char* key, bool is_needed) {
    const auto found = object.find(key);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
    if (is_needed || found != object.end()) complain(std::string("\"") + key + "\" is not there as a text");
    return {};
  }
  void complain(std::string what) {
    if (!mistake_) mistake_ = std::move(what);
  }
  const std::optional<std::string>& mistake() const { return mistake_; }

 private:
  const OrderJson& json_;
  std::optional<std::string> mistake_;
};

bool is_plain(const std::string& text) {
  return text.size() <= level_bytes_max &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

void read_content(const OrderJson& json, OrderReader& reader, Directive& order) {
  const auto content = json.find("content");
  if (content == json.end() || !content->is_object()) return reader.complain("\"content\" is not an object");
  order.kind = reader.string(*content, "kind", true);
  if (std::ranges::find(kinds, order.kind) == kinds.end()) reader.complain("\"kind\" is not curtailment or quota");
  order.level = reader.string(*content, "level", false);
  if (!is_plain(order.level)) reader.complain("\"level\" is not one line of at most 32 bytes");
  order.facilities = reader.ids(*content, "facilities");
  order.limit_kw = reader.limit(*content, "limit_kw");
  order.limit_kwh = reader.limit(*content, "limit_kwh");
  if (order.limit_kw.empty() && order.limit_kwh.empty() && order.level.empty())
    reader.complain("\"content\" says neither limit_kw nor limit_kwh nor level");
}

std::string print_of_order(const OrderJson& json) {
  return domain::print_of(json.dump(-1, ' ', false, OrderJson::error_handler_t::replace));
}

/// An order, or what is wrong with it.
std::variant<Directive, RefusedDirective> order_of(const OrderJson& json, std::span<const std::string> issuers,
                                                   const domain::Manifest& manifest) {
  if (!json.is_object())
    return RefusedDirective{"", "", "", Refusal::invalid, "it is not a JSON object", print_of_order(json)};
  OrderReader reader(json);
  Directive order;
  order.issuer = reader.id("issuer");
  order.id = reader.id("id");
  order.version = reader.version();
  const auto refused = [&](Refusal why, std::string text) {
    const auto shown = [](const std::string& id) { return is_id(id) ? id : std::string(); };
    return RefusedDirective{
        shown(order.issuer), shown(order.id),     order.version == 0 ? "" : std::to_string(order.version), why,
        std::move(text),     print_of_order(json)};
  };
  if (reader.mistake()) return refused(Refusal::invalid, *reader.mistake());
  if (std::ranges::find(issuers, order.issuer) == issuers.end())
    return refused(Refusal::unknown_issuer,
                   "nobody of that id may order anything through this destination; the site "
                   "file says who may, as [[issuer]]");
  order.lifted = reader.lifted();
  if (order.lifted && !reader.mistake()) return order;
  order.from = reader.time("from");
  order.to = reader.time("to");
  if (!reader.mistake() && order.to <= order.from) reader.complain("\"to\" does not lie behind \"from\"");
  order.supersedes = reader.ids(json, "supersedes");
  read_content(json, reader, order);
  if (reader.mistake()) return refused(Refusal::invalid, *reader.mistake());
  for (const std::string& id : order.facilities)
    if (std::ranges::find(manifest.facilities, id, &domain::FacilityEntry::id) == manifest.facilities.end())
      return refused(Refusal::unknown_facility, "the site has no facility '" + id + "'");
  return order;
}

}  // namespace

domain::DirectiveListing listing_of(std::string_view payload, const std::string& destination,
                                    std::span<const std::string> issuers, const domain::Manifest& manifest) {
  domain::DirectiveListing listing{destination, {}, {}, true};
  const auto refuse_all = [&](std::string why) {
    listing.is_whole = false;
    listing.refused.push_back({"", "", "", Refusal::invalid, std::move(why), domain::print_of(payload)});
    return listing;
  };
  if (payload.size() > payload_bytes_max) return refuse_all("the list is larger than 64 KiB");
  const auto read_json = parse_outside_json(payload);
  if (!read_json) return refuse_all("the list cannot be read: " + read_json.error().message());
  const OrderJson& json = *read_json;
  const auto listed = json.is_object() ? json.find("directives") : json.end();
  if (!json.is_object() || listed == json.end() || !listed->is_array())
    return refuse_all("what came is not a JSON object with a list \"directives\"");
  if (listed->size() > listed_max) return refuse_all("the list holds more than 256 orders");
  for (const OrderJson& one : *listed) {
    auto order = order_of(one, issuers, manifest);
    if (auto* refused = std::get_if<RefusedDirective>(&order)) {
      if (refused->id.empty() || refused->issuer.empty())
        listing.is_whole = false;  // nobody knows which one it is: none may count as lifted
      listing.refused.push_back(std::move(*refused));
      continue;
    }
    auto& good = std::get<Directive>(order);
    const auto twin = std::ranges::find_if(
        listing.orders, [&good](const Directive& other) { return other.issuer == good.issuer && other.id == good.id; });
    if (twin == listing.orders.end())
      listing.orders.push_back(std::move(good));
    else if (twin->version < good.version)
      *twin = std::move(good);
    else if (twin->version == good.version && *twin != good)
      listing.refused.push_back(
          {good.issuer, good.id, std::to_string(good.version), Refusal::replayed,
           "the list has version " + std::to_string(good.version) + " twice; another content needs a higher version",
           print_of_order(one)});
  }
  return listing;
}

}  // namespace jidian::command
