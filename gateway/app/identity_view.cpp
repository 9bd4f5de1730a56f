#include "app/identity_view.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/texts.hpp"

namespace jidian::app {
namespace {

constexpr std::chrono::days record_ahead_max{20 * 365};
// Sixteen digits are compared by eye; all of them stand in the JSON.
constexpr std::size_t digits_shown = 16;

UtcTime changed_at(const std::filesystem::path& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 ? UtcTime{std::chrono::seconds{file.st_mtime}} : UtcTime{};
}

std::string day(UtcTime time) {
  return format_utc(time).substr(0, 10);
}

Values values_of(const identity::CertificateFacts& certificate, identity::Moment moment) {
  return {{"subject", certificate.subject},
          {"issuer", certificate.issuer},
          {"from", day(certificate.from)},
          {"until", day(certificate.until)},
          {"days", std::to_string(identity::days_left(certificate, moment))},
          {"fingerprint", certificate.fingerprint}};
}

}  // namespace

UtcTime clock_floor(const std::filesystem::path& store_folder) {
  const auto release = changed_at("/proc/self/exe");
  auto floor = release;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(store_folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (const auto changed = changed_at(entry->path()); changed < release + record_ahead_max)
      floor = std::max(floor, changed);
  return floor;
}

std::string identity_json(const identity::View& view, identity::Moment moment) {
  nlohmann::ordered_json certificate;
  if (view.certificate)
    certificate = {
        {"subject", view.certificate->subject},         {"issuer", view.certificate->issuer},
        {"fingerprint", view.certificate->fingerprint}, {"from", format_utc(view.certificate->from)},
        {"until", format_utc(view.certificate->until)}, {"days_left", identity::days_left(*view.certificate, moment)}};
  return nlohmann::ordered_json{
      {"key", view.key},
      {"certificate", certificate},
      {"next_key", view.next_key ? nlohmann::ordered_json(*view.next_key) : nlohmann::ordered_json()},
      {"exposed", view.is_exposed},
      {"clock_is_behind", moment.is_floor}}
      .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string identity_text(const identity::View& view, identity::Moment moment) {
  std::string lines = text("identity.key", {{"key", view.key.substr(0, digits_shown)}}) + '\n';
  if (!view.certificate) {
    lines += text("identity.certificate-none") + '\n';
  } else {
    const auto values = values_of(*view.certificate, moment);
    lines += text("identity.certificate", values) + '\n' + text("identity.dates", values) + '\n' +
             text("identity.fingerprint", values) + '\n';
  }
  if (view.next_key) lines += text("identity.next-key", {{"key", view.next_key->substr(0, digits_shown)}}) + '\n';
  if (moment.is_floor) lines += text("identity.clock-behind", {{"now", day(moment.now)}}) + '\n';
  return lines;
}

std::optional<std::string> identity_finding(const identity::View& view, const std::string& gateway,
                                            identity::Moment moment) {
  if (view.is_exposed) return text("identity.exposed");
  if (!view.certificate) return text("identity.no-certificate");
  const auto values = values_of(*view.certificate, moment);
  const auto left = identity::days_left(*view.certificate, moment);
  if (left < 0) return text("identity.expired", values);
  if (std::chrono::days{left} < identity::renew_before) return text("identity.renew", values);
  if (!gateway.empty() && view.certificate->subject != gateway)
    return text("identity.other-gateway", {{"subject", view.certificate->subject}, {"gateway", gateway}});
  return std::nullopt;
}

}  // namespace jidian::app
