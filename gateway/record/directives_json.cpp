#include "record/directives_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace jidian::record {
namespace {

using OrderJson = nlohmann::ordered_json;

/// A decimal number as it was told.
OrderJson number_in(const std::string& text) {
  const auto number = OrderJson::parse(text, nullptr, false);
  return number.is_number() ? number : OrderJson();
}

OrderJson json_of(const domain::DirectiveNow& now) {
  const domain::Directive& order = now.known.order;
  OrderJson json{{"id", order.id},
                 {"version", order.version},
                 {"issuer", order.issuer},
                 {"via", now.known.destination},
                 {"received", format_utc(now.known.received)},
                 {"from", format_utc(order.from)},
                 {"to", format_utc(order.to)},
                 {"in_force", now.in_force},
                 {"kind", order.kind},
                 {"level", order.level},
                 {"facilities", order.facilities}};
  if (!order.limit_kw.empty()) json["limit_kw"] = number_in(order.limit_kw);
  if (!order.limit_kwh.empty()) json["limit_kwh"] = number_in(order.limit_kwh);
  // A watt is more than any meter here is sure of.
  json["load_kw"] = now.load_kw ? OrderJson(std::round(*now.load_kw * 1000) / 1000) : OrderJson();
  return json;
}

}  // namespace

std::string directives_json(std::span<const domain::DirectiveNow> orders) {
  OrderJson json = OrderJson::array();
  for (const auto& order : orders) json.push_back(json_of(order));
  return json.dump(-1, ' ', false, OrderJson::error_handler_t::replace);
}

}  // namespace jidian::record
