# Everything a script of this folder builds on.
# shellcheck shell=bash source-path=SCRIPTDIR

for lib in output paths parts ports secrets environment supervisor readiness servers fingerprint; do
    # shellcheck source=/dev/null
    source "$(dirname "${BASH_SOURCE[0]}")/$lib.sh"
done
unset lib
