#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/device_verbs.hpp"
#include "app/identity_view.hpp"
#include "app/load.hpp"
#include "app/print.hpp"
#include "app/texts.hpp"
#include "app/translate.hpp"
#include "base/id.hpp"
#include "host/host.hpp"
#include "identity/identity.hpp"

namespace jidian::app {
namespace {

Exit fail(const Common& common, const Error& error) {
  print_failure(common, error);
  if (error.kind() == ErrorKind::io) return Exit::device;
  // A box that has no key yet, and a certificate that is not for it, are findings; the rest is the caller's.
  const bool is_finding = error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::corrupt;
  return is_finding ? Exit::findings : Exit::usage;
}

/// What the site file says that matters here; also of a box that has none yet.
struct Place {
  std::string gateway;
  std::string why;  ///< Why the gateway's id is not known.
  std::filesystem::path store = config::Store().folder;
};

Place place_of(const Common& common) {
  const auto loaded = load_site(common.site, common.profiles);
  Place place;
  if (loaded.site) {
    place.gateway = loaded.site->gateway;
    place.store = loaded.site->store.folder;
  } else {
    place.why =
        loaded.problem.empty() ? common.site.string() + " has mistakes (`jidian check` lists them)" : loaded.problem;
  }
  return place;
}

identity::Moment moment_now(const Place& place) {
  return identity::plausible_moment(host::make_system_clock()->utc_now(), clock_floor(place.store));
}

Result<std::string> gateway_id(const Place& place, const IdentityOptions& options) {
  if (options.gateway.empty() && place.gateway.empty())
    return Error{ErrorKind::invalid, "the gateway's id is not known: " + place.why + "; give it with --id"};
  const auto& gateway = options.gateway.empty() ? place.gateway : options.gateway;
  if (!is_id(gateway))
    return Error{ErrorKind::invalid, "'" + gateway + "' is no id; write 1 to 32 of a-z, 0-9 and '-'"};
  return gateway;
}

/// One byte more than is taken, so that too much is noticed.
std::string from_standard_input() {
  std::string text(identity::pem_bytes_max + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  return text;
}

Result<std::string> read_pem(const std::string& path) {
  auto text = path == "-" ? Result<std::string>(from_standard_input()) : read_file(path);
  if (text && text->size() > identity::pem_bytes_max)
    return Error{ErrorKind::full, "'" + path + "' is larger than 64 KiB; that is no certificate"};
  return text;
}

}  // namespace

Exit create_identity(const Common& common, const IdentityOptions& options) {
  const identity::Folder folder(options.folder);
  const auto key = folder.create(options.replace ? identity::Existing::set_aside : identity::Existing::refuse);
  if (!key) return fail(common, key.error());
  if (common.json)
    std::cout << nlohmann::json{{"key", *key}, {"file", folder.file().string()}}.dump(
                     -1, ' ', false, nlohmann::json::error_handler_t::replace)
              << '\n';
  else
    std::cout << text("identity.created", {{"file", folder.file().string()}, {"key", key->substr(0, 16)}}) << '\n'
              << text("identity.next-request") << '\n';
  return Exit::ok;
}

Exit show_identity(const Common& common, const IdentityOptions& options) {
  const auto view = identity::Folder(options.folder).look();
  if (!view) return fail(common, view.error());
  const auto moment = moment_now(place_of(common));
  std::cout << (common.json ? identity_json(*view, moment) + '\n' : identity_text(*view, moment));
  return Exit::ok;
}

Exit request_certificate(const Common& common, const IdentityOptions& options) {
  const auto gateway = gateway_id(place_of(common), options);
  if (!gateway) return fail(common, gateway.error());
  const auto which = options.present ? identity::Which::present : identity::Which::newest;
  const auto request = identity::Folder(options.folder).request(which, *gateway);
  if (!request) return fail(common, request.error());
  if (common.json)
    std::cout << nlohmann::json{{"gateway", *gateway}, {"request", *request}}.dump() << '\n';
  else
    std::cout << *request;
  return Exit::ok;
}

Exit install_certificate(const Common& common, const IdentityOptions& options) {
  const auto place = place_of(common);
  const auto gateway = gateway_id(place, options);
  if (!gateway) return fail(common, gateway.error());
  const auto pem = read_pem(options.certificate);
  if (!pem) return fail(common, pem.error());
  identity::Demand demand{*gateway, {}, moment_now(place)};
  if (!options.authorities.empty()) {
    const auto authorities = read_pem(options.authorities.string());
    if (!authorities) return fail(common, authorities.error());
    if (authorities->empty())  // which would mean: do not look
      return fail(common, {ErrorKind::invalid, "there is no certificate (PEM) in " + options.authorities.string()});
    demand.authorities = *authorities;
  }
  const auto installed = identity::Folder(options.folder).install(*pem, demand);
  if (!installed) return fail(common, installed.error());
  const auto& certificate = installed->certificate;
  if (common.json) {
    std::cout << nlohmann::json{{"unchanged", installed->is_unchanged},
                                {"new_key", installed->is_new_key},
                                {"issuer_checked", !options.authorities.empty()},
                                {"until", format_utc(certificate.until)}}
                     .dump()
              << '\n';
    return Exit::ok;
  }
  const Values values{{"until", format_utc(certificate.until).substr(0, 10)}, {"issuer", certificate.issuer}};
  if (installed->is_unchanged) {
    std::cout << text("identity.unchanged", values) << '\n';
    return Exit::ok;
  }
  std::cout << text(installed->is_new_key ? "identity.installed-next" : "identity.installed", values) << '\n';
  if (options.authorities.empty()) std::cout << text("identity.issuer-unchecked") << '\n';
  std::cout << text("identity.next-restart") << '\n';
  return Exit::ok;
}

Exit check_identity(const Common& common, const IdentityOptions& options) {
  const identity::Folder folder(options.folder);
  auto view = folder.look();
  if (!view) return fail(common, view.error());
  const auto place = place_of(common);
  const auto moment = moment_now(place);
  const bool is_near =
      view->certificate && std::chrono::days{identity::days_left(*view->certificate, moment)} < identity::renew_before;
  bool is_made = false;
  if (is_near) {
    const auto made = folder.prepare_next();
    if (!made) return fail(common, made.error());
    is_made = *made;
    view = folder.look();
    if (!view) return fail(common, view.error());
  }
  const auto finding = identity_finding(*view, place.gateway, moment);
  if (common.json) {
    auto answer = nlohmann::ordered_json::parse(identity_json(*view, moment));
    answer["next_made"] = is_made;
    answer["finding"] = finding ? nlohmann::ordered_json(*finding) : nlohmann::ordered_json();
    std::cout << answer.dump(2) << '\n';
  } else {
    std::cout << identity_text(*view, moment);
    if (finding) std::cout << *finding << '\n';
    if (is_near || (finding && !view->certificate)) std::cout << text("identity.next-request") << '\n';
  }
  return finding ? Exit::findings : Exit::ok;
}

}  // namespace jidian::app
