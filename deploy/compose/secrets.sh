#!/bin/sh
# Runs once before everything else: every secret of the stack that does not come from the environment is made here, in a
# volume that only the containers read. Existing ones stay.
set -eu
cd /secrets
umask 077
# its own files of an earlier start, which nobody may write
find . -type f -exec chmod u+w {} +

# keep NAME VALUE: the environment's word wins; without it what is there stays, or is made
keep() {
    if [ -n "$2" ]; then
        printf %s "$2" >"$1"
    elif [ ! -s "$1" ]; then
        od -An -N 32 -tx1 /dev/urandom | tr -d ' \n' >"$1"
    fi
}

keep postgres_password "${POSTGRES_PASSWORD:-}"
keep redis_password "${REDIS_PASSWORD:-}"
keep rabbitmq_password "${RABBITMQ_PASSWORD:-}"
keep internal_token "${INTERNAL_TOKEN:-}"
keep jwt_secret "${JWT_SECRET:-}"
keep turn_secret "${TURN_SECRET:-}"

printf 'postgres://parlor:%s@postgres:5432/parlor' "$(cat postgres_password)" >database_url
printf 'redis://:%s@redis:6379/0' "$(cat redis_password)" >redis_url
printf 'amqp://parlor:%s@rabbitmq:5672/parlor' "$(cat rabbitmq_password)" >rabbitmq_url

# a password, a log that loses a second at most, and no eviction: seats are not a cache
cat >redis.conf <<EOF
requirepass $(cat redis_password)
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
EOF
cat >rabbitmq.conf <<EOF
default_user = parlor
default_pass = $(cat rabbitmq_password)
default_vhost = parlor
loopback_users = none
log.console = true
log.file = false
disk_free_limit.absolute = 200MB
EOF
# each container reads as a user of its own
chmod 444 ./*
