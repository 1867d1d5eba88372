#!/bin/sh
# Makes the certificates of the tests, valid for 100 years: an authority, a server, a client, and a client of nobody.
set -e
cd "$(dirname "$0")"
new_key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500"
openssl req -x509 $new_key -keyout ca.key -out ca.crt -subj "/CN=Test Authority/O=Realmway Tests"
issue() { # name subject extensions
  openssl req -new $new_key -keyout "$1.key" -out "$1.csr" -subj "$2"
  printf '%s\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 36500 -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}
issue server "/CN=localhost/O=Realmway Tests" "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
issue server2 "/CN=localhost/O=Realmway Tests 2" "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
issue client "/CN=peter/O=Realmway Tests/OU=Components" "extendedKeyUsage=clientAuth"
openssl req -x509 $new_key -keyout stranger.key -out stranger.crt -subj "/CN=peter/O=Somewhere Else"
rm -f ca.srl ca.key
