#!/usr/bin/env bash
# Installs the named Debian packages, as root, without starting or enabling the distribution's own servers.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
policy=/usr/sbin/policy-rc.d made_policy=

restore() { [[ -z $made_policy ]] || rm -f "$policy"; }
trap restore EXIT
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=yes
fi

install() {
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# the package lists may be old, or not there at all
if ! apt-get install -s -q --no-install-recommends "$@" >/dev/null 2>&1 || ! install "$@"; then
    apt-get update -q -o DPkg::Lock::Timeout=300
    install "$@"
fi

# ours are private: the distribution's must not come up with the next boot either
if command -v systemctl >/dev/null; then
    for name in "$@"; do
        case $name in
        postgresql | redis-server | rabbitmq-server | nginx) systemctl disable --quiet "$name" || true ;;
        esac
    done
fi
