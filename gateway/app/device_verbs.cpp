#include "app/device_verbs.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "app/load.hpp"
#include "app/print.hpp"

namespace jidian::app {
namespace {

/// A host's name neither begins nor ends with a hyphen, which an id may.
std::string hostname_of(const std::string& gateway) {
  const auto from = gateway.find_first_not_of('-');
  if (from == std::string::npos) return "jidian";
  return gateway.substr(from, gateway.find_last_not_of('-') - from + 1);
}

void add_identity_verbs(CLI::App& identity, const Common& common, IdentityOptions& options,
                        const std::function<void(CLI::App&)>& add_common, Exit& exit) {
  const auto add = [&](const char* name, const char* text) {
    auto* verb = identity.add_subcommand(name, text);
    add_common(*verb);
    verb->add_option("--folder", options.folder, "Where the identity lies")->capture_default_str();
    return verb;
  };
  const auto add_id = [&options](CLI::App* verb) {
    verb->add_option("--id", options.gateway, "The gateway's id (default: as the site file says)");
  };
  auto* create = add("create", "Make this box's key, which never leaves it");
  create->add_flag("--replace", options.replace, "Set the present key aside: its certificate is of no use then");
  create->callback([&] { exit = create_identity(common, options); });

  auto* show = add("show", "Key, certificate, and the days that are left of it");
  show->callback([&] { exit = show_identity(common, options); });

  auto* request = add("request", "Print a certificate request (PEM) of the next key, else of the present one");
  add_id(request);
  request->add_flag("--present", options.present, "Of the present key, although a next one waits");
  request->callback([&] { exit = request_certificate(common, options); });

  auto* install = add("install", "Take a certificate into use that was issued for a request of this box");
  add_id(install);
  install->add_option("CERTIFICATE", options.certificate, "PEM file, the box's own first; -: standard input")
      ->required();
  install->add_option("--ca", options.authorities,
                      "PEM of the authorities that may have issued it (default: not checked)");
  install->callback([&] { exit = install_certificate(common, options); });

  auto* check = add("check", "Find out whether the certificate is to be renewed; makes the next key then");
  check->callback([&] { exit = check_identity(common, options); });
}

}  // namespace

Exit print_time_servers(const Common& common) {
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  for (const auto& server : site->device.ntp_servers) std::cout << "server " << server << " iburst\n";
  return Exit::ok;
}

Exit print_hostname(const Common& common) {
  const auto site = load_or_explain(common);
  if (!site) return Exit::usage;
  std::cout << hostname_of(site->gateway) << '\n';
  return Exit::ok;
}

void add_device_verbs(CLI::App& program, const Common& common, IdentityOptions& options,
                      const std::function<void(CLI::App&)>& add_common, Exit& exit) {
  auto* identity = program.add_subcommand("identity", "Who this box is to those it reports to: key and certificate");
  identity->require_subcommand(1);
  add_identity_verbs(*identity, common, options, add_common, exit);

  auto* device = program.add_subcommand("device", "Print what the box's own services need of the site file");
  device->require_subcommand(1);
  auto* ntp = device->add_subcommand("ntp", "Time servers, as chrony reads them");
  add_common(*ntp);
  ntp->callback([&] { exit = print_time_servers(common); });
  auto* hostname = device->add_subcommand("hostname", "The host's name: the gateway's id");
  add_common(*hostname);
  hostname->callback([&] { exit = print_hostname(common); });
}

}  // namespace jidian::app
