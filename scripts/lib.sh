# shellcheck shell=bash
# Shared by the scripts beside it, which source it first: where things are, who runs PostgreSQL,
# and how a private cluster is made, started and stopped.
#
# "The server's user" is the caller, or the user postgres if the caller is root, because
# PostgreSQL refuses to run as root. A cluster made here listens on one Unix socket only, in a
# directory of mode 0700, trusts who can reach it, and finds the extension in a staged install
# (Debian's setting extension_destdir). Nothing is installed into the system's PostgreSQL, and
# no other cluster is touched: PGHOST and its like are forgotten.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
pg_config=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}
port=5432 # names the socket's file; no TCP port is opened

umask 022
unset MAKEFLAGS MFLAGS MAKELEVEL CDPATH
for name in $(compgen -e PG); do
	[ "$name" = PG_CONFIG ] || unset "$name"
done

# What the tests run beside Debian's packages: node_modules as t/package-lock.json says, and
# programs in bin/. One folder for each state of what makes it, filled by scripts/prepare. Root's
# tests run in a copy of the tree, as another user: scripts/sandbox hands the folder on.
tools_hash=$(cat "$root/t/package-lock.json" "$root/scripts/prepare" | sha256sum | cut -c 1-16)
tools_dir=$root/build/tools-$tools_hash
[ "$(id -u)" != 0 ] || tools_dir=/var/cache/opencalendly/tools-$tools_hash
tools_dir=${OPENCALENDLY_TOOLS:-$tools_dir}

say() { printf '%s\n' "$*"; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
is_root() { [ "$(id -u)" = 0 ]; }

server_user() { if is_root; then say postgres; else id -un; fi; }

# as_server COMMAND...: runs it as the server's user, from a folder that every user may enter.
as_server() { (become_server "$@"); }

# become_server COMMAND...: the same in place of this shell, so that a signal to it is one to the command.
become_server() {
	cd /
	if is_root; then
		exec setpriv --reuid=postgres --regid=postgres --init-groups \
			env HOME=/var/lib/postgresql USER=postgres LOGNAME=postgres "$@"
	fi
	exec "$@"
}

# own PATH...: gives it to the server's user.
own() { ! is_root || chown postgres:postgres "$@"; }

# own_dir PATH: a directory that only the server's user may enter.
own_dir() {
	install -d -m 0700 "$1"
	own "$1"
}

# find_server: sets bindir, the folder of initdb, pg_ctl and psql.
find_server() {
	bindir=$("$pg_config" --bindir) || die "no PostgreSQL found by $pg_config"
	[ -x "$bindir/initdb" ] || die "no PostgreSQL server in $bindir"
}

# make_key_file PATH: the file for opencalendly.secret_key_file, one fresh key with id 1.
make_key_file() {
	(umask 077 && printf '1 %s\n' "$(od -An -vN32 -tx1 /dev/urandom | tr -d ' \n')" >"$1")
	own "$1"
}

# make_cluster DATA [INITDB-OPTION...]: an empty cluster, superuser postgres.
make_cluster() {
	own_dir "$1"
	as_server "$bindir/initdb" -D "$@" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
	say "include 'opencalendly.conf'" >>"$1/postgresql.conf"
}

# configure DATA STAGE SOCKET-DIR KEY-FILE [LINE...]: (re)writes the settings that are ours.
configure() {
	local data=$1 stage=$2 sockets=$3 key_file=$4
	shift 4
	printf '%s\n' "listen_addresses = ''" "port = $port" \
		"unix_socket_directories = '$sockets'" "unix_socket_permissions = 0700" \
		"extension_destdir = '$stage'" "opencalendly.secret_key_file = '$key_file'" "$@" \
		>"$data/opencalendly.conf"
	own "$data/opencalendly.conf"
}

# start_cluster DATA LOG: waits until it answers. A signal that comes meanwhile is dealt with
# afterwards, so that no server is left half started.
start_cluster() {
	(trap '' INT TERM HUP && as_server "$bindir/pg_ctl" -s -w -t 120 -D "$1" -l "$2" start) && return
	tail -n 20 "$2" >&2
	return 1
}

# server_pid DATA: prints the process id of the postmaster that runs on DATA, fails if none does.
# The process must be at home in DATA: an id in a file that a crash left may be another's by now.
server_pid() {
	local pid
	{ read -r pid <"$1/postmaster.pid"; } 2>/dev/null || return 1
	[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(realpath "$1")" ] && say "$pid"
}

# stop_cluster DATA fast|immediate: stops it if it runs; the process id is in its own data folder.
stop_cluster() {
	! server_pid "$1" >/dev/null || as_server "$bindir/pg_ctl" -s -w -t 120 -D "$1" -m "$2" stop
}
