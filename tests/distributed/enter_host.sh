#!/bin/sh
# Runs a command on a host that is a network namespace of this machine: `enter_host.sh HOST COMMAND...`, as ssh does.
# mpirun's remote agent in hosts_test.py. The host name is the namespace's, in a UTS namespace of its own.
host=$1
shift
exec ip netns exec "$host" unshare --uts sh -c 'hostname "$0"; exec sh -c "$*"' "$host" "$@"
