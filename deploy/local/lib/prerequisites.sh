# What has to be installed. Debian packages are installed when they are missing; the Swift toolchain is yours.
# shellcheck shell=bash

# tool or header → package; nothing here is there for show
PACKAGES=(
    postgresql redis-server rabbitmq-server nginx runit
    libpq-dev libhiredis-dev librabbitmq-dev libcurl4-openssl-dev pkg-config curl git ca-certificates
)

# ensure_packages: says what it did in PACKAGES_DONE
ensure_packages() {
    local missing=()
    if ! command -v dpkg-query >/dev/null; then
        require_tools
        PACKAGES_DONE='all there'
        return
    fi
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} == 0)); then
        PACKAGES_DONE='all there'
        return
    fi
    local root=() install=$PARLOR_ROOT/deploy/local/install-packages.sh log=$LOG_DIR/packages.log
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "these packages are missing: ${missing[*]}" "Install them as root: apt-get install ${missing[*]}"
        # ask on the terminal now, if there is one, and not with the output in a file
        [[ -t 0 ]] && sudo -v || sudo -n true 2>/dev/null ||
            die "sudo does not let $(id -un) install: ${missing[*]}" "Install them as root: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    "${root[@]}" bash "$install" "${missing[@]}" >"$log" 2>&1 ||
        die "$(install_failure "$log")" "The log: $log"
    PACKAGES_DONE="installed ${#missing[@]}: ${missing[*]}"
    ((${#PACKAGES_DONE} < 52)) || PACKAGES_DONE="installed ${#missing[@]} packages"
}

missing_packages() {
    local name status known=' '
    while read -r name status; do
        [[ $status != installed ]] || known+="${name%%:*} "
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${PACKAGES[@]}" 2>/dev/null)
    for name in "${PACKAGES[@]}"; do
        [[ $known == *" $name "* ]] || printf '%s\n' "$name"
    done
}

install_failure() {
    if grep -qiE 'Temporary failure resolving|Could not resolve|Could not connect|Network is unreachable|Failed to fetch' "$1"; then
        printf 'the packages cannot be fetched: the package mirror is out of reach'
    elif grep -qi 'Could not get lock\|lock-frontend' "$1"; then
        printf 'another package manager holds the lock'
    else
        printf 'the packages cannot be installed: %s' "$(grep -E '^E: ' "$1" | head -1 | cut -c 4-)"
    fi
}

# require_tools: on a system without dpkg
require_tools() {
    local tool
    for tool in redis-server rabbitmq-server epmd runsvdir sv svlogd chpst curl pkg-config; do
        command -v "$tool" >/dev/null || die "$tool is not installed" "On Debian and Ubuntu make run installs it."
    done
}

# require_swift: the toolchain, new enough
require_swift() {
    local version
    command -v swift >/dev/null ||
        die 'no Swift toolchain on PATH' 'Install Swift 6.3 or newer: https://www.swift.org/install/linux/'
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -1)
    [[ -n $version && $(printf '%s\n6.3\n' "$version" | sort -V | head -1) == 6.3 ]] ||
        die "Swift ${version:-of an unknown version} is too old" 'Install Swift 6.3 or newer: https://www.swift.org/install/linux/'
}
