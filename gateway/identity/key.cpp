#include "identity/key.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace jidian::identity {
namespace {

/// A key with a password is none of ours, and nobody is there to be asked.
int know_no_password(char* /*into*/, int /*size*/, int /*writing*/, void* /*context*/) {
  return -1;
}

}  // namespace

BioPtr reader_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

BioPtr make_writer() {
  return BioPtr(BIO_new(BIO_s_mem()));
}

std::string written_to(BIO* writer) {
  std::string text;
  std::array<char, 1024> part{};
  for (int got = BIO_read(writer, part.data(), part.size()); got > 0; got = BIO_read(writer, part.data(), part.size()))
    text.append(part.data(), static_cast<std::size_t>(got));
  return text;
}

std::string crypto_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "no reason given" : text;
}

Result<KeyPtr> make_key() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return Error{ErrorKind::io, "no key could be made: " + crypto_reason()};
  return key;
}

std::string to_pem(EVP_PKEY* key) {
  const auto writer = make_writer();
  PEM_write_bio_PKCS8PrivateKey(writer.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return written_to(writer.get());
}

Result<KeyPtr> key_of(const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, know_no_password, nullptr));
  if (!key) return Error{ErrorKind::corrupt, "there is no private key in it: " + crypto_reason()};
  return key;
}

std::string fingerprint_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return "";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(der, static_cast<std::size_t>(size), hash.data());
  OPENSSL_free(der);
  return to_hex(hash);
}

Result<std::string> request_for(EVP_PKEY* key, const std::string& name) {
  const RequestPtr request(X509_REQ_new());
  auto* subject = X509_REQ_get_subject_name(request.get());
  const std::vector<unsigned char> bytes(name.begin(), name.end());
  const bool is_made = X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                       X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, bytes.data(),
                                                  static_cast<int>(bytes.size()), -1, 0) == 1 &&
                       X509_REQ_set_pubkey(request.get(), key) == 1 &&
                       X509_REQ_sign(request.get(), key, EVP_sha256()) > 0;
  if (!is_made) return Error{ErrorKind::io, "no certificate request could be made: " + crypto_reason()};
  const auto writer = make_writer();
  PEM_write_bio_X509_REQ(writer.get(), request.get());
  return written_to(writer.get());
}

}  // namespace jidian::identity
