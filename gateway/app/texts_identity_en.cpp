#include <array>

#include "app/texts_tables.hpp"

namespace jidian::app {
namespace {

constexpr auto english_of_identity = std::to_array<Sentence>({
    {"identity.created", "This box has a key now ({file}), which never leaves it. Fingerprint {key}."},
    {"identity.key", "key          {key} (SHA-256 of the public key, first digits)"},
    {"identity.certificate-none", "certificate  none yet"},
    {"identity.certificate", "certificate  {subject}, issued by {issuer}"},
    {"identity.dates", "valid        from {from} until {until}: {days} days left"},
    {"identity.fingerprint", "SHA-256      {fingerprint}"},
    {"identity.next-key", "next key     {key}, waits for its certificate; until then the present one is used"},
    {"identity.clock-behind", "clock        is wrong: it is {now} at least, and dates are judged by that"},
    {"identity.exposed",
     "Others than root may read the key. Whoever did so can pass for this box: `jidian identity create --replace`, and "
     "have its certificate revoked."},
    {"identity.no-certificate", "This box has no certificate yet."},
    {"identity.expired",
     "The certificate has expired ({until}): nothing is delivered. Recording goes on; a new certificate can be "
     "installed at the service port or from a USB stick."},
    {"identity.renew", "The certificate ends in {days} days ({until}): have the next one issued now."},
    {"identity.other-gateway", "The certificate is for '{subject}', and this gateway is '{gateway}'."},
    {"identity.next-request",
     "Next: jidian identity request > gateway.csr; have it signed; then jidian identity install gateway.crt"},
    {"identity.unchanged", "This certificate is in use already, until {until}."},
    {"identity.installed", "The certificate of {issuer} is installed, until {until}."},
    {"identity.installed-next", "The certificate of {issuer} is installed together with the new key, until {until}."},
    {"identity.issuer-unchecked", "Who issued it was not checked; --ca FILE does."},
    {"identity.next-restart",
     "Next: systemctl restart jidian takes it into use, where its [[uplink]] has certificate_file = key_file = "
     "\"credentials:uplink_gateway.pem\""},
    {"said.identity-none", "this box has no key yet ({file}); `jidian identity create` makes one"},
    {"said.identity-exists",
     "this box has a key already ({file}), which is never overwritten; `--replace` sets it aside and makes another "
     "one, and its certificate is of no use then"},
    {"said.identity-unknown", "the gateway's id is not known: {why}; give it with --id"},
    {"said.identity-foreign-two",
     "the certificate is not for this box's key {key} nor for its next one {next}; have it issued for the request that "
     "`jidian identity request` prints"},
    {"said.identity-foreign",
     "the certificate is not for this box's key {key}; have it issued for the request that `jidian identity request` "
     "prints"},
    {"said.identity-shorter", "the certificate in use lasts longer (until {present}) than this one (until {offered})"},
    {"said.identity-with-key",
     "the file holds a private key; a certificate comes without one, and this box uses its own key alone"},
    {"said.identity-no-pem", "there is no certificate (PEM) in it"},
    {"said.identity-damaged", "a certificate in it is damaged: {why}"},
    {"said.identity-subject", "the certificate: it is for '{subject}', and this gateway is '{gateway}'"},
    {"said.identity-authority",
     "the certificate: it is the certificate of an authority, not of a box; the box's own has to stand first in the "
     "file"},
    {"said.identity-purpose",
     "the certificate: it is not meant for a client; have it issued with the extended key usage clientAuth"},
    {"said.identity-over", "the certificate: it has expired (valid until {until}); have a new one issued"},
    {"said.identity-early",
     "the certificate: it is not valid before {from}, and this box's clock says {now}; set the clock, or wait"},
    {"said.identity-issuer",
     "the certificate: the authority has not issued it: {why}; the file has to hold, behind the box's certificate, "
     "those between it and the authority"},
    {"said.identity-torn", "{file}: key and certificate do not belong together"},
    {"identity.days-left", "{days} days of certificate left"},
    {"said.certificate-over", "the certificate of this box has expired on {day}"},
    {"said.certificate-ends", "the certificate of this box ends in {days} days, on {day}"},
    {"said.certificate-do",
     "`jidian identity request`, have it signed, then `jidian identity install`; the service port and a USB stick do, "
     "too"},
});

}  // namespace

std::span<const Sentence> english_identity_sentences() {
  return english_of_identity;
}

}  // namespace jidian::app
