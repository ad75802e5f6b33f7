# runit keeps the parts alive: one runsvdir a stack, one service folder a part.
# shellcheck shell=bash

# hold_stack: one script at a time changes a stack; descriptor 8 keeps the lock until the script ends
hold_stack() {
    exec 8>"$RUN_DIR/change.lock"
    flock -w 900 8 || die 'another make holds this stack'
}

# define_part PART: its service folder. It stays down until somebody wants it up.
define_part() {
    local part=$1 dir=$SV_DIR/$1 script log
    script=$(part_script "$part")
    log=$LOG_DIR/$(log_name "$part").d
    mkdir -p "$dir/log" "$dir/control" "$log"
    [[ -e $dir/run ]] || : >"$dir/down"
    local enter
    printf -v enter 'export PARLOR_HOME=%q\nexec %q' "$PARLOR_HOME" "$script"
    replace_file "$dir/run" 755 <<<"#!/bin/sh"$'\n'"exec 2>&1"$'\n'"$enter run $part"
    replace_file "$dir/finish" 755 <<<"#!/bin/sh"$'\n'"$enter finish $part"
    replace_file "$dir/control/t" 755 <<<"#!/bin/sh"$'\n'"$enter terminate $part"
    # 20 MiB a file, five files; `current` is what the plain name points to
    replace_file "$log/config" 644 <<<$'s20971520\nn5'
    replace_file "$dir/log/run" 755 <<<"#!/bin/sh"$'\n'"exec svlogd -l 65000 -b 131072 '$log'"
    ln -sfn "$(basename "$log")/current" "$LOG_DIR/$(log_name "$part").log"
}

supervisor_pid() {
    local pid
    pid=$(cat "$RUN_DIR/supervisor.pid" 2>/dev/null) || return 1
    [[ -r /proc/$pid/cmdline ]] || return 1
    [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "runsvdir -P $SV_DIR "* ]] || return 1
    printf '%s' "$pid"
}

# supervisor_start: with a clean environment, so that a service sees what config.env says and nothing else
supervisor_start() {
    supervisor_pid >/dev/null && return
    env -i PATH="$PATH" HOME="$HOME" LANG=C.UTF-8 ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} \
        setsid runsvdir -P "$SV_DIR" </dev/null >>"$LOG_DIR/supervisor.log" 2>&1 8>&- &
    printf '%s\n' $! >"$RUN_DIR/supervisor.pid"
    local part
    for part in "${ALL_PARTS[@]}"; do
        poll 100 part_supervised "$part" || die "runsvdir does not supervise $part" "See $LOG_DIR/supervisor.log."
    done
}

# part_supervised PART: a runsv looks after it
part_supervised() { [[ -p $SV_DIR/$1/supervise/ok && $(sv_says "$1") != *@('unable to'|'not running')* ]]; }

# part_running PART: its process is there
part_running() { [[ $(sv_says "$1") == run:* ]]; }

sv_says() { sv status "$SV_DIR/$1" 2>&1 || true; }

part_up() {
    rm -f "$SV_DIR/$1/down"
    sv up "$SV_DIR/$1" >/dev/null 2>&1 || true
}

# parts_down PART…: together, with the time their drain may take; whoever is still there is killed
parts_down() {
    local part dirs=()
    for part in "$@"; do
        [[ -d $SV_DIR/$part ]] || continue
        : >"$SV_DIR/$part/down"
        ! part_supervised "$part" || dirs+=("$SV_DIR/$part")
    done
    ((${#dirs[@]} == 0)) || sv -w "${PARLOR_STOP_SECONDS:-45}" force-stop "${dirs[@]}" >/dev/null 2>&1 || true
    for part in "$@"; do
        ! part_running "$part" || die "$(part_title "$part") does not stop" "See $LOG_DIR/$(log_name "$part").log."
    done
}

# supervisor_stop: runsvdir, every runsv and every logger; parts that still run are stopped with them
supervisor_stop() {
    local pid part
    if pid=$(supervisor_pid); then
        kill -HUP "$pid" 2>/dev/null || true
        poll 100 not supervisor_pid >/dev/null || kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$RUN_DIR/supervisor.pid"
    for part in "${ALL_PARTS[@]}"; do
        [[ -d $SV_DIR/$part ]] || continue
        ! part_supervised "$part" || sv exit "$SV_DIR/$part" >/dev/null 2>&1 || true
    done
    for part in "${ALL_PARTS[@]}"; do
        [[ -d $SV_DIR/$part ]] || continue
        poll 400 not part_supervised "$part" || die "the supervisor of $part does not end"
    done
}

# poll TRIES COMMAND…: until it succeeds, twenty times a second
poll() {
    local tries=$1
    shift
    while ! "$@"; do
        ((--tries > 0)) || return 1
        sleep 0.05
    done
}

not() { ! "$@"; }
