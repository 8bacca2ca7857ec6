#!/usr/bin/env bash
# The DKIM record that mail-auth writes for an RSA key is none for OpenDKIM and SpamAssassin; the one that openssl's usual line writes for a
# key of Ed25519 is none for OpenDKIM, dkimpy and mail-auth. Others take both, so that a test mail may well be "pass".
#
# Software:  mail-auth 0.13.3 (crates.io), opendkim 2.11.0~beta2 and libmail-dkim-perl 1.20230212 (Debian 12), by which SpamAssassin
#            verifies, dkimpy 1.1.8 (PyPI), mailauth 7.1.0 (npm), openssl.
# Guess:     what a library has "ready for the p= tag of the key record" is read by all who verify; RFC 6376 names RSAPublicKey (PKCS #1) as
#            the form. What "openssl pkey -pubout -outform DER" prints is right for RSA, as everybody publishes it, and for Ed25519 as well.
# Observed:  of RSA, mail-auth writes PKCS #1, as the RFC has it: OpenDKIM says "permerror", Mail::DKIM "invalid". What openssl writes
#            (X.509), all take. Of Ed25519, mail-auth writes the 32 bytes, which all take but Mail::DKIM, which has no Ed25519; openssl
#            writes 44, as X.509: mailauth takes them, "pass", and OpenDKIM, dkimpy and mail-auth do not.
# Matters:   an admin who tests the record at one verifier sees "pass"; at others, codes have no valid signature, and end as spam or, with
#            DMARC, are refused. The same hits people who prove an address by a mail, at a service whose server reads one form alone.
#            For RSA: openssl rsa -pubout, without the lines BEGIN and END. For Ed25519: its last 32 bytes (tail -c 32), and k=ed25519.
# Source:    RFC 6376, 3.6.1 (RSAPublicKey) against its appendix C, where openssl writes another form; RFC 8463, 4.2; mail-auth's
#            documentation of DkimKeyPair::encoded_public_key.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian_package opendkim 2.11.0~beta2
debian_package libmail-dkim-perl 1.20230212
python_packages dkimpy==1.1.8 PyNaCl==1.6.2
node_packages mailauth@7.1.0
rust_package sign 'mail-auth = { version = "=0.13.3", default-features = false, features = ["dns-hickory", "generate", "rust-crypto"] }' \
  'rustls-pki-types = "1"'
# Without that, it takes a minute to make an RSA key.
printf '[profile.dev.package.num-bigint-dig]\nopt-level = 3\n' >>"$folder/sign/Cargo.toml"
cat >"$folder/sign/src/main.rs" <<'RUST'
//! Makes keys, and signs a mail by each; or tells if a record has a key.
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::dkim::generate::DkimKeyPair;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::DkimSigner;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::headers::HeaderWriter;
use rustls_pki_types::PrivateKeyDer;
use std::fs::write;

const MAIL: &str = "From: Verify <verify@example.org>\r\nTo: amy@example.com\r\nSubject: 471108 is your code\r\n\r\nEnter 471108.\r\n";

fn sign(kind: &str, pair: &DkimKeyPair, key: impl SigningKey) {
    let signer = DkimSigner::from_key(key).domain("example.org").selector(kind).headers(["From", "To", "Subject"]);
    let signature = signer.sign(MAIL.as_bytes()).expect("a signature");
    write(format!("{kind}.eml"), signature.to_header() + MAIL).expect("a file");
    write(format!("{kind}.der"), pair.private_key()).expect("a file");
    write(format!("{kind}.generated"), pair.encoded_public_key()).expect("a file");
}

fn main() {
    if let Some(record) = std::env::args().nth(1) {
        println!("{}", if DomainKey::parse(record.as_bytes()).is_ok() { "pass" } else { "no key" });
        return;
    }
    let rsa = DkimKeyPair::generate_rsa(2048).expect("a key");
    let der = PrivateKeyDer::Pkcs1(rsa.private_key().to_vec().into());
    sign("rsa", &rsa, RsaKey::<Sha256>::from_key_der(der).expect("a key"));
    let ed25519 = DkimKeyPair::generate_ed25519().expect("a key");
    sign("ed25519", &ed25519, Ed25519Key::from_pkcs8_der(ed25519.private_key()).expect("a key"));
}
RUST
build_rust sign
cat >"$folder/dkimpy.py" <<'PY'
import sys, dkim

mail, record = open(sys.argv[1], "rb").read(), sys.argv[2].encode()
print("pass" if dkim.verify(mail, dnsfunc=lambda name, timeout=5: record) else "fail")
PY
cat >"$folder/mailauth.mjs" <<'JS'
import { readFile } from "node:fs/promises";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";

const [mail, record] = process.argv.slice(2);
const { results } = await dkimVerify(await readFile(mail), { resolver: async () => [[record]] });
console.log(results.map(({ status }) => status.result).join(" "));
JS
cat >"$folder/perl.pl" <<'PERL'
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Net::DNS;

my ($file, $record) = @ARGV;
no warnings "redefine";
*Mail::DKIM::DNS::query = sub { Net::DNS::RR->new(name => $_[0], type => "TXT", txtdata => [$record =~ /(.{1,250})/g]) };
open my $mail, "<", $file or die;
my $verifier = Mail::DKIM::Verifier->new;
$verifier->PRINT($_) while <$mail>;
$verifier->CLOSE;
print $verifier->result_detail, "\n";
PERL
cd "$folder"
sign/target/debug/sign
openssl rsa -inform DER -in rsa.der -pubout -outform DER 2>openssl.log | base64 -w0 >rsa.openssl
# What openssl prints of each key of Ed25519 begins so; the private key that mail-auth writes is one of PKCS #8, version 2, which it does
# not read.
printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' | cat - <(base64 -d ed25519.generated) |
  openssl pkey -pubin -inform DER -pubout -outform DER | base64 -w0 >ed25519.openssl

by_opendkim() {
  printf '%s._domainkey.example.org %s\n' "$1" "$2" >records
  printf 'Mode v\nTestPublicKeys %s\nUserID %s\n' "$folder/records" "$(id -un)" >opendkim.conf
  PATH=$PATH:/usr/sbin opendkim -x opendkim.conf -t "$1.eml" -vv 2>&1 | grep -oE "dkim=[a-z]+"
}
for kind in rsa ed25519; do
  for form in generated openssl; do
    record="v=DKIM1; k=$kind; p=$(<"$kind.$form")"
    echo "$kind $form opendkim: $(by_opendkim "$kind" "$record")"
    echo "$kind $form Mail::DKIM: $(perl perl.pl "$kind.eml" "$record")"
    echo "$kind $form dkimpy: $("$python" dkimpy.py "$kind.eml" "$record")"
    echo "$kind $form mailauth: $(node mailauth.mjs "$kind.eml" "$record")"
    echo "$kind $form mail-auth: $(sign/target/debug/sign "$record")"
  done
done | tee verified

says() { grep -q "^$1: $2" verified; }
for who in opendkim Mail::DKIM dkimpy mailauth mail-auth; do
  expect "the RSA key as openssl writes it is one for $who" says "rsa openssl $who" '\(dkim=\)\?pass'
done
expect "as mail-auth writes it, it is none for OpenDKIM" says "rsa generated opendkim" dkim=permerror
expect "and none for Mail::DKIM" says "rsa generated Mail::DKIM" 'invalid (public key'
for who in dkimpy mailauth mail-auth; do
  expect "but for $who it is" says "rsa generated $who" pass
done
for who in opendkim dkimpy mailauth mail-auth; do
  expect "the key of Ed25519 as mail-auth writes it is one for $who" says "ed25519 generated $who" '\(dkim=\)\?pass'
done
expect "as openssl writes it, it is none for OpenDKIM" says "ed25519 openssl opendkim" dkim=permerror
expect "and none for dkimpy" says "ed25519 openssl dkimpy" fail
expect "and none for mail-auth" says "ed25519 openssl mail-auth" "no key"
expect "but for mailauth it is" says "ed25519 openssl mailauth" pass
expect "Mail::DKIM has no Ed25519" says "ed25519 generated Mail::DKIM" 'invalid (unsupported'
