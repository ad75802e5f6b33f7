# The frame of a part's script: what `make run` (prepare) and runit (run, terminate, finish) ask of it.
# A part defines serve(), which ends in an exec, and where it needs them prepare(), terminate() and finish().
# shellcheck shell=bash source-path=SCRIPTDIR

set -euo pipefail
# shellcheck source=all.sh
source "$(dirname "${BASH_SOURCE[0]}")/all.sh"

PART=${2:?usage: $0 prepare|run|terminate|finish PART}
PART_CONF=$RUN_DIR/$PART.conf   # its configuration, generated
PART_DATA=$DATA_DIR/$PART

prepare() { :; }
terminate() { return 1; }
finish() { :; }

# terminate: success means that it was told to stop in its own way; otherwise runit sends SIGTERM
part_main() {
    raise_file_limit
    load_environment
    case $1 in
    prepare) prepare ;;
    terminate) terminate ;;
    finish) finish ;;
    run)
        printf '%s\n' $$ >"$RUN_DIR/$PART.pid"
        write_stack_env
        part_fingerprint "$PART" >"$RUN_DIR/$PART.started"
        cd /
        serve
        ;;
    *) die "unknown request: $1" ;;
    esac
}

raise_file_limit() {
    local most
    most=$(ulimit -Hn)
    [[ $most != unlimited && $most -lt 65536 ]] || most=65536
    ulimit -Sn "$most"
}
