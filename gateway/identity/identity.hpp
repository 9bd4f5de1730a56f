#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

/// Who this box is to those it reports to: its key, which never leaves it, and the certificate that was issued for it.
namespace jidian::identity {

/// A certificate is renewed by people, who need some weeks.
inline constexpr std::chrono::days renew_before{30};

/// What is taken for a certificate or an authority at most: a chain of a few, each of some kilobytes.
inline constexpr std::size_t pem_bytes_max = 64ULL << 10;

/// What a certificate says of itself.
struct CertificateFacts {
  std::string subject;      ///< Common name: the gateway's id.
  std::string issuer;       ///< Common name of who signed it.
  std::string fingerprint;  ///< SHA-256 of the whole certificate, hexadecimal.
  UtcTime from;
  UtcTime until;
  friend bool operator==(const CertificateFacts&, const CertificateFacts&) = default;
};

/// What a box has of its identity.
struct View {
  std::string key;  ///< SHA-256 of the public key, hexadecimal: what two people compare.
  std::optional<CertificateFacts> certificate;
  std::optional<std::string> next_key;  ///< Of the key that waits for its certificate.
  bool is_exposed = false;              ///< Others than the owner may read the key.
};

/// The time that certificates are judged by.
struct Moment {
  UtcTime now;
  bool is_floor = false;  ///< The clock is wrong: it is `now` or later, nobody knows how much.
};

/// A box without a battery begins in 1970. What it certainly outlived (`floor`: the release it runs, its last record)
/// goes before such a clock.
Moment plausible_moment(UtcTime clock, UtcTime floor);

/// Whole days until the certificate ends; negative once it has ended.
std::int64_t days_left(const CertificateFacts& certificate, Moment moment);

/// What a new certificate has to be.
struct Demand {
  std::string gateway;      ///< Its common name.
  std::string authorities;  ///< PEM of those who may have issued it; empty: this is not checked.
  Moment moment;
};

/// What became of an installation.
struct Installed {
  CertificateFacts certificate;
  bool is_unchanged = false;  ///< It was in use already.
  bool is_new_key = false;    ///< The next key is the present one from now on.
};

enum class Which : std::uint8_t {
  newest,  ///< The next key's, if there is one, else the present one's.
  present,
  next,
};

enum class Existing : std::uint8_t { refuse, set_aside };

/// The folder that keeps the identity. Key and certificate lie in one file, so that one rename takes both into use: a
/// power cut leaves the old pair or the new one. Every method that writes is durable when it returns, and waits up to
/// 5 s for another process that is at it.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& path) : path_(std::filesystem::absolute(path)) {}

  /// The key and its certificate.
  std::filesystem::path file() const { return path_ / "gateway.pem"; }
  /// The key that waits for its certificate. Its dot keeps systemd from handing it to the service.
  std::filesystem::path next_file() const { return path_ / ".gateway-next.pem"; }
  /// What `create` has set aside.
  std::filesystem::path replaced_file() const { return path_ / ".gateway-replaced.pem"; }

  /// Errors: not_found (there is no key), corrupt (the file holds no pair), io, denied.
  Result<View> look() const;

  /// Makes a key (EC P-256) with mode 0600 and gives its fingerprint. Errors: conflict (there is one), io, denied.
  Result<std::string> create(Existing existing) const;

  /// A certificate request (PEM) for the common name `gateway`. Errors: not_found (no such key), as `look`.
  Result<std::string> request(Which which, const std::string& gateway) const;

  /// Makes a next key beside the present one, unless there is one. Gives whether it did. Errors: as `look`.
  Result<bool> prepare_next() const;

  /// Takes a certificate (PEM, followed by those between it and the authority) into use: that of the next key together
  /// with this key, else that of the present key. Nothing is changed otherwise. Errors: invalid (no certificate, or
  /// not one to be used; the sentence says why), conflict (for another key, or shorter than what is in use), as `look`.
  Result<Installed> install(const std::string& pem, const Demand& demand) const;

 private:
  std::filesystem::path path_;
};

}  // namespace jidian::identity
