#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "identity/identity.hpp"

/// Real authorities for tests: they issue certificates for requests, rightly and wrongly.
namespace jidian::identity {

using std::chrono::days;

inline const UtcTime today = *parse_time("2026-03-01T08:00:00Z");

/// How a certificate is to be.
struct Wish {
  std::string name = {};  ///< Empty: as the request says.
  UtcTime from = today - days{1};
  UtcTime until = today + days{365};
  const char* purpose = "clientAuth";  ///< Extended key usage; null: none is stated.
  bool is_authority = false;
};

class Authority {
 public:
  explicit Authority(const std::string& name) : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {
    certificate_ = made(name, key_,
                        {.name = name,
                         .from = today - days{3650},
                         .until = today + days{3650},
                         .purpose = nullptr,
                         .is_authority = true},
                        nullptr, key_);
  }
  /// One that `above` has admitted.
  Authority(const std::string& name, const Authority& above)
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {
    certificate_ =
        made(name, key_, {.name = name, .purpose = nullptr, .is_authority = true}, above.certificate_, above.key_);
  }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  ~Authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  std::string pem() const { return pem_of(certificate_); }

  /// PEM of the certificate for a request.
  std::string issue(const std::string& request_pem, const Wish& wish = {}) const {
    BIO* reader = BIO_new_mem_buf(request_pem.data(), static_cast<int>(request_pem.size()));
    X509_REQ* request = PEM_read_bio_X509_REQ(reader, nullptr, nullptr, nullptr);
    BIO_free(reader);
    if (request == nullptr || X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1) std::abort();
    const auto name = wish.name.empty() ? name_in(X509_REQ_get_subject_name(request)) : wish.name;
    X509* certificate = made(name, X509_REQ_get0_pubkey(request), wish, certificate_, key_);
    auto pem = pem_of(certificate);
    X509_free(certificate);
    X509_REQ_free(request);
    return pem;
  }

  static std::string name_in(X509_NAME* subject) {
    char text[128] = "";
    X509_NAME_get_text_by_NID(subject, NID_commonName, text, sizeof text);
    return text;
  }

 private:
  static std::string pem_of(X509* certificate) {
    BIO* writer = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(writer, certificate);
    std::string pem(8192, '\0');
    pem.resize(static_cast<std::size_t>(BIO_read(writer, pem.data(), static_cast<int>(pem.size()))));
    BIO_free(writer);
    return pem;
  }

  static void add(X509* certificate, X509* issuer, int extension, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer == nullptr ? certificate : issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value);
    if (made == nullptr || X509_add_ext(certificate, made, -1) != 1) std::abort();
    X509_EXTENSION_free(made);
  }

  /// By days since 1970: seconds of 32-bit ARM end before certificates do.
  static void set(ASN1_TIME* time, UtcTime instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(instant - day);
    auto epoch = std::chrono::system_clock::to_time_t({});
    X509_time_adj_ex(time, static_cast<int>(day.time_since_epoch().count()), static_cast<long>(seconds.count()),
                     &epoch);
  }

  static X509* made(const std::string& name, EVP_PKEY* key, const Wish& wish, X509* issuer, EVP_PKEY* signer) {
    static long serial = 0;
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    set(X509_getm_notBefore(certificate), wish.from);
    set(X509_getm_notAfter(certificate), wish.until);
    const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
    X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8, bytes,
                               static_cast<int>(name.size()), -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer == nullptr ? certificate : issuer));
    X509_set_pubkey(certificate, key);
    add(certificate, issuer, NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (wish.purpose != nullptr) add(certificate, issuer, NID_ext_key_usage, wish.purpose);
    if (X509_sign(certificate, signer, EVP_sha256()) == 0) std::abort();
    return certificate;
  }

  EVP_PKEY* key_;
  X509* certificate_;
};

}  // namespace jidian::identity
