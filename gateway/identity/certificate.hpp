#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "identity/identity.hpp"
#include "identity/openssl.hpp"

namespace jidian::identity {

/// A certificate and those between it and an authority.
struct Chain {
  CertificatePtr leaf;
  std::vector<CertificatePtr> others;
};

/// The certificates of `pem` in its order. Errors: not_found (there is none), invalid (more than eight, or one of them
/// cannot be read).
Result<Chain> chain_of(const std::string& pem);

/// The certificates alone, in order.
std::string to_pem(const Chain& chain);

CertificateFacts facts_of(X509* certificate);

/// Whether the certificate was issued for this key.
bool is_for(X509* certificate, EVP_PKEY* key);

/// Whether a client may use the certificate as `demand` says: name, purpose, dates, issuer. Errors: invalid.
Status check_usable(const Chain& chain, const Demand& demand);

}  // namespace jidian::identity
