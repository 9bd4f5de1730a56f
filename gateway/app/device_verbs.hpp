#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "app/verbs.hpp"

namespace CLI {
class App;
}

namespace jidian::app {

struct IdentityOptions {
  std::filesystem::path folder = "/etc/jidian/credentials";
  std::string gateway;                ///< Its id; empty: as the site file says.
  bool replace = false;               ///< Set the present key aside and make another one.
  bool present = false;               ///< The request of the present key, although a next one waits.
  std::string certificate;            ///< File; "-": standard input.
  std::filesystem::path authorities;  ///< Who may have issued it; empty: this is not checked.
};

/// `jidian identity create`: makes the box's key.
Exit create_identity(const Common& common, const IdentityOptions& options);

/// `jidian identity show`: key, certificate, days left.
Exit show_identity(const Common& common, const IdentityOptions& options);

/// `jidian identity request`: prints a certificate request.
Exit request_certificate(const Common& common, const IdentityOptions& options);

/// `jidian identity install CERTIFICATE`: takes a certificate into use.
Exit install_certificate(const Common& common, const IdentityOptions& options);

/// `jidian identity check`: whether it is time for another certificate; makes the next key then.
Exit check_identity(const Common& common, const IdentityOptions& options);

/// `jidian device ntp`: the site's time servers as chrony reads them.
Exit print_time_servers(const Common& common);

/// `jidian device hostname`: the name that the host is to have.
Exit print_hostname(const Common& common);

/// Adds these verbs. `add_common` gives each the options that every verb has; the references must outlive the parsing.
void add_device_verbs(CLI::App& program, const Common& common, IdentityOptions& options,
                      const std::function<void(CLI::App&)>& add_common, Exit& exit);

}  // namespace jidian::app
