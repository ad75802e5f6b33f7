# Where things are. Everything a stack has lies under PARLOR_HOME (.local), so that several can live side by side.
# shellcheck shell=bash disable=SC2034

PARLOR_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
PARLOR_HOME=${PARLOR_HOME:-$PARLOR_ROOT/.local}
[[ $PARLOR_HOME == /* ]] || PARLOR_HOME=$PWD/$PARLOR_HOME
PARLOR_HOME=${PARLOR_HOME%/}

# stack.env is read by shells and by plain KEY=VALUE readers alike, so its values cannot be quoted
[[ $PARLOR_HOME =~ ^[A-Za-z0-9_./+@-]+$ ]] ||
    die "the path $PARLOR_HOME has a character other than letters, digits and _./+@-" \
        "Move the checkout, or set PARLOR_HOME to a plainer path."

CONFIG_ENV=$PARLOR_HOME/config.env       # made by `make run`: ports, addresses, secrets
CALLER_ENV=$PARLOR_HOME/caller.env       # variables that came with `make run` or `make restart`
OVERRIDES_ENV=$PARLOR_HOME/overrides.env # yours: whatever stands here wins
SECRETS_ENV=$PARLOR_HOME/secrets.env     # made once
STACK_ENV=$PARLOR_HOME/stack.env         # for people, tests and tools: where everything is

DATA_DIR=$PARLOR_HOME/data
LOG_DIR=$PARLOR_HOME/log
MAIL_DIR=$PARLOR_HOME/mail
RUN_DIR=$PARLOR_HOME/run # pid files, locks, generated configuration
SV_DIR=$PARLOR_HOME/sv   # one folder a supervised part

PARLOR_CONFIGURATION=${PARLOR_CONFIGURATION:-release}
PARLOR_BIN=${PARLOR_BIN:-$PARLOR_ROOT/.build/$PARLOR_CONFIGURATION}
