# PostgreSQL refuses to run as root. For everybody else this changes nothing.
# shellcheck shell=bash

UNPRIVILEGED=()

# choose_unprivileged FOLDER: sets UNPRIVILEGED to the words that go before a command so that it is not root's and
# reaches FOLDER. The system's user postgres does where the path is open to it. Under a closed path (a clone in /root)
# a user namespace does: there the process has another user id, while for the files outside it is still their owner.
choose_unprivileged() {
    local folder=$1 uid gid
    ((EUID == 0)) || return 0
    uid=$(id -u postgres 2>/dev/null) && gid=$(id -g postgres) || { uid=65534 && gid=65534; }
    UNPRIVILEGED=(setpriv "--reuid=$uid" "--regid=$gid" --clear-groups)
    [[ $uid == 65534 ]] || ! reaches "$folder" || return 0
    UNPRIVILEGED=(unshare --user "--map-user=$uid" "--map-group=$gid")
    ! reaches "$folder" || return 0
    UNPRIVILEGED=(setpriv "--reuid=$uid" "--regid=$gid" --clear-groups
        --inh-caps=+dac_override --ambient-caps=+dac_override)
    reaches "$folder" || die "as root, PostgreSQL cannot run under $folder, which no other user reaches" \
        "Run make as a normal user, or set PARLOR_HOME to a folder that all may enter."
}

reaches() { "${UNPRIVILEGED[@]}" test -e "$1/." 2>/dev/null; }

unprivileged() { "${UNPRIVILEGED[@]}" "$@"; }

# own_by_unprivileged FOLDER: whose files they have to be
own_by_unprivileged() {
    ((EUID == 0)) || return 0
    local owner=root:root
    [[ ${UNPRIVILEGED[0]} == unshare ]] || owner=postgres:postgres
    [[ $(stat -c %U:%G "$1") == "$owner" && -z $(find "$1" ! -user "${owner%:*}" -print -quit) ]] ||
        chown -R "$owner" "$1"
}
