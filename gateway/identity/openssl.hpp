#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <string>

/// Owners of OpenSSL's things, for this module alone.
namespace jidian::identity {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using CheckPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

/// Reads from `text`, which must outlive it.
BioPtr reader_of(const std::string& text);
/// A bio to write into, and what was written.
BioPtr make_writer();
std::string written_to(BIO* writer);

/// The newest reason that OpenSSL has, for people; clears its queue.
std::string crypto_reason();

}  // namespace jidian::identity
