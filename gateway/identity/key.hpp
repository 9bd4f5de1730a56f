#pragma once

#include <string>

#include "base/result.hpp"
#include "identity/openssl.hpp"

namespace jidian::identity {

/// A fresh key, EC P-256. Errors: io (OpenSSL gives none: no randomness).
Result<KeyPtr> make_key();

/// PKCS #8, not encrypted.
std::string to_pem(EVP_PKEY* key);

/// The first private key of `pem`. Errors: corrupt (there is none that can be read without a password).
Result<KeyPtr> key_of(const std::string& pem);

/// SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal.
std::string fingerprint_of(EVP_PKEY* key);

/// A request for the common name `name`, signed by the key. Errors: io.
Result<std::string> request_for(EVP_PKEY* key, const std::string& name);

}  // namespace jidian::identity
