#include "identity/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/bytes.hpp"
#include "base/system_time.hpp"

namespace jidian::identity {
namespace {

// Between a box and the root of a ministry stand two or three.
constexpr std::size_t chain_length_max = 8;
// The issuer's clock may be ahead of ours.
constexpr std::chrono::hours ahead_max{1};

UtcTime instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return jidian::instant_of(parts);
}

/// The common names, those of several with " + " between: no id looks like that.
std::string common_name_of(const X509_NAME* name) {
  std::string names;
  for (int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) continue;
    names += names.empty() ? "" : " + ";
    names.append(text, text + size);
    OPENSSL_free(text);
  }
  return names;
}

std::string minute_of(UtcTime time) {
  return format_utc(time).substr(0, 16) + " UTC";
}

Status check_purpose(X509* certificate) {
  if (X509_check_ca(certificate) != 0)
    return Error{ErrorKind::invalid,
                 "it is the certificate of an authority, not of a box; the box's own has to stand first in the file"};
  if (X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) != 1)
    return Error{ErrorKind::invalid,
                 "it is not meant for a client; have it issued with the extended key usage clientAuth"};
  return {};
}

Status check_dates(const CertificateFacts& facts, Moment moment) {
  if (facts.until <= facts.from)
    return Error{ErrorKind::invalid, "it ends (" + minute_of(facts.until) + ") before it begins"};
  if (facts.until <= moment.now)
    return Error{ErrorKind::invalid,
                 "it has expired (valid until " + minute_of(facts.until) + "); have a new one issued"};
  if (!moment.is_floor && facts.from > moment.now + ahead_max)
    return Error{ErrorKind::invalid, "it is not valid before " + minute_of(facts.from) +
                                         ", and this box's clock says " + minute_of(moment.now) +
                                         "; set the clock, or wait"};
  return {};
}

/// The stack borrows the certificates.
struct Borrowed {
  STACK_OF(X509) * stack = sk_X509_new_null();
  Borrowed() = default;
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { sk_X509_free(stack); }
};

Status check_issuer(const Chain& chain, const Demand& demand, UtcTime from) {
  const auto authorities = chain_of(demand.authorities);
  if (!authorities) return authorities.error().during("the authorities");
  const StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), authorities->leaf.get());
  for (const auto& other : authorities->others) X509_STORE_add_cert(store.get(), other.get());

  const Borrowed between;
  for (const auto& other : chain.others) sk_X509_push(between.stack, other.get());
  const CheckPtr check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), store.get(), chain.leaf.get(), between.stack);
  auto* rules = X509_STORE_CTX_get0_param(check.get());
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
  // What was handed over as an authority is one, whether it signed itself or not.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  // A clock that is behind must not make an authority "not valid yet" which has issued this already.
  const auto instant = std::max(demand.moment.now, from);
  X509_VERIFY_PARAM_set_time(rules, timespec_of(instant.time_since_epoch()).tv_sec);
  if (X509_verify_cert(check.get()) == 1) return {};
  const int why = X509_STORE_CTX_get_error(check.get());
  return Error{ErrorKind::invalid, std::string("the authority has not issued it: ") +
                                       X509_verify_cert_error_string(why) +
                                       "; the file has to hold, behind the box's certificate, those between it and the "
                                       "authority"};
}

}  // namespace

Result<Chain> chain_of(const std::string& pem) {
  const auto reader = reader_of(pem);
  Chain chain;
  ERR_clear_error();
  while (true) {
    CertificatePtr certificate(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (!chain.leaf)
      chain.leaf = std::move(certificate);
    else
      chain.others.push_back(std::move(certificate));
    if (chain.others.size() == chain_length_max)
      return Error{ErrorKind::invalid, "there are more than eight certificates in it"};
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const auto why = crypto_reason();
  if (!is_at_end) return Error{ErrorKind::invalid, "a certificate in it is damaged: " + why};
  if (!chain.leaf) return Error{ErrorKind::not_found, "there is no certificate (PEM) in it"};
  return chain;
}

std::string to_pem(const Chain& chain) {
  const auto writer = make_writer();
  PEM_write_bio_X509(writer.get(), chain.leaf.get());
  for (const auto& other : chain.others) PEM_write_bio_X509(writer.get(), other.get());
  return written_to(writer.get());
}

CertificateFacts facts_of(X509* certificate) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), hash.data(), &size);
  return {common_name_of(X509_get_subject_name(certificate)), common_name_of(X509_get_issuer_name(certificate)),
          to_hex(hash), instant_of(X509_get0_notBefore(certificate)), instant_of(X509_get0_notAfter(certificate))};
}

bool is_for(X509* certificate, EVP_PKEY* key) {
  const bool is_own = X509_check_private_key(certificate, key) == 1;
  ERR_clear_error();
  return is_own;
}

Status check_usable(const Chain& chain, const Demand& demand) {
  const auto facts = facts_of(chain.leaf.get());
  if (facts.subject != demand.gateway)
    return Error{ErrorKind::invalid, "it is for '" + facts.subject + "', and this gateway is '" + demand.gateway + "'"};
  if (auto purpose = check_purpose(chain.leaf.get()); !purpose) return purpose;
  if (auto dates = check_dates(facts, demand.moment); !dates) return dates;
  return demand.authorities.empty() ? Status() : check_issuer(chain, demand, facts.from);
}

Moment plausible_moment(UtcTime clock, UtcTime floor) {
  return clock < floor ? Moment{floor, true} : Moment{clock, false};
}

std::int64_t days_left(const CertificateFacts& certificate, Moment moment) {
  return std::chrono::floor<std::chrono::days>(certificate.until - moment.now).count();
}

}  // namespace jidian::identity
