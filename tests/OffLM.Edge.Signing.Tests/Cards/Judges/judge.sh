#!/usr/bin/env bash
# Lets opensc and gpg judge the simulated card, through vsmartcard's virtual reader. Called by JudgeTests, in namespaces of its own: the reader
# listens on all addresses, and pcscd on one fixed socket. Usage: judge.sh SIMULATOR STATE WORK DIGEST PIN
set -euo pipefail
simulator=$1 state=$2 work=$3 digest=$4 pin=$5
ip link set lo up
mkdir -p /run/pcscd
mount -t tmpfs none /run/pcscd
export GNUPGHOME=$work/gnupg LC_ALL=C
mkdir -m 700 "$GNUPGHOME" "$work/readers"
echo disable-ccid > "$GNUPGHOME/scdaemon.conf"   # scdaemon's own USB driver; pcscd has the card
cp /etc/reader.conf.d/vpcd "$work/readers/"
pcscd --foreground --config "$work/readers" > "$work/pcscd.log" 2>&1 &
dotnet "$simulator" vpcd "$state" 35963 > "$work/simulator.log" 2>&1 &
for _ in $(seq 400); do
  opensc-tool --reader 0 --atr > /dev/null 2>&1 && break
  sleep 0.05
done
opensc-tool --reader 0 --name > "$work/opensc"
openpgp-tool --reader 0 --card-info >> "$work/opensc" 2>&1
gpg --card-status > "$work/gpg" 2> "$work/gpg.log"
gpgconf --kill all
# Line by line, as a program that speaks with scdaemon does. The PIN is a string of C and ends with a zero.
printf 'SERIALNO openpgp\nREADKEY OPENPGP.1\nSETDATA %s\nPKSIGN --hash=sha256 OPENPGP.1\nD %s%%00\nEND\nBYE\n' "$digest" "$pin" \
  | "$(gpgconf --list-dirs libexecdir)/scdaemon" --server > "$work/scdaemon" 2> "$work/scdaemon.log"
