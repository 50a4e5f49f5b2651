#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what robtrace needs to be built, tested, checked or measured, if it is missing.
set -euo pipefail

# group | how to see that it is there | Debian package | Fedora package
#
# cmd:NAME     a command in PATH
# pc:NAME      a module that pkg-config finds
# h:FILE       a C header
# py:MODULE    a module of the system's own python3
# file:PATH    a file
# fuzzer       clang's libFuzzer
# m32          gcc for i386; nothing is missing where the machine is no x86-64
#
# A package with '?' in front is left out where it is unknown, or would drive out another: the tests
# that need it are skipped then.
needs='
build   | cmd:gcc                | gcc                | gcc
build   | h:stdio.h              | libc6-dev          | glibc-devel
build   | cmd:cmake              | cmake              | cmake
build   | cmd:ninja              | ninja-build        | ninja-build
build   | cmd:pkg-config         | pkg-config         | pkgconf-pkg-config
build   | pc:smartcols           | libsmartcols-dev   | libsmartcols-devel
build   | pc:jansson             | libjansson-dev     | jansson-devel
build   | pc:libelf              | libelf-dev         | elfutils-libelf-devel
build   | pc:libdw               | libdw-dev          | elfutils-devel
build   | pc:libseccomp          | libseccomp-dev     | libseccomp-devel
build   | pc:libunwind-generic   | libunwind-dev      | libunwind-devel
build   | pc:ncursesw            | libncurses-dev     | ncurses-devel
build   | h:libiberty/demangle.h | libiberty-dev      | binutils-devel
test    | cmd:/usr/bin/python3   | python3            | python3
test    | pc:cmocka              | libcmocka-dev      | libcmocka-devel
test    | py:jsonschema          | python3-jsonschema | python3-jsonschema
test    | py:lmdb                | python3-lmdb       | python3-lmdb
test    | cmd:mdb_load           | lmdb-utils         | lmdb
test    | h:lmdb.h               | liblmdb-dev        | lmdb-devel
test    | pc:tdb                 | libtdb-dev         | libtdb-devel
test    | py:tdb                 | python3-tdb        | python3-tdb
test    | cmd:musl-gcc           | musl-tools         | musl-gcc
test    | m32                    | ?gcc-multilib      | glibc-devel.i686
test    | file:/usr/sbin/slapd   | slapd              | openldap-servers
test    | file:/usr/sbin/smbd    | samba              | samba
test    | py:samba.samba3        | python3-samba      | python3-samba
test    | cmd:uwsgi-core         | uwsgi-core         | uwsgi
test    | file:/usr/sbin/apache2 | apache2-bin        | httpd
test    | h:boost/version.hpp    | libboost-dev       | boost-devel
test    | cmd:fzf                | fzf                | fzf
test    | cmd:strace             | strace             | strace
test    | cmd:tmux               | tmux               | tmux
test    | cmd:dot                | graphviz           | graphviz
test    | cmd:unshare            | util-linux         | util-linux
test    | cmd:mandoc             | mandoc             | mandoc
test    | cmd:zsh                | zsh                | zsh
test    | cmd:fish               | fish               | fish
test    | file:/usr/share/bash-completion/bash_completion | bash-completion | bash-completion
lint    | cmd:clang              | clang              | clang
lint    | cmd:clang-format       | clang-format       | clang-tools-extra
lint    | cmd:clang-tidy         | clang-tidy         | clang-tools-extra
lint    | cmd:cppcheck           | cppcheck           | cppcheck
lint    | cmd:shellcheck         | shellcheck         | ShellCheck
lint    | cmd:python3            | python3            | python3
demo    | cmd:/usr/bin/python3   | python3            | python3
demo    | py:lmdb                | python3-lmdb       | python3-lmdb
demo    | cmd:mdb_load           | lmdb-utils         | lmdb
bench   | cmd:hyperfine          | hyperfine          | hyperfine
bench   | cmd:htop               | htop               | htop
bench   | cmd:tmux               | tmux               | tmux
bench   | cmd:strace             | strace             | strace
bench   | cmd:gdb                | gdb                | gdb
bench   | cmd:eu-stack           | elfutils           | elfutils
fuzz    | cmd:clang              | clang              | clang
fuzz    | fuzzer                 | libclang-rt-dev    | compiler-rt
vm      | file:/usr/src/linux-source-6.1.tar.xz | linux-source-6.1 | (linux-source-6.1-of-Debian)
vm      | cmd:qemu-system-x86_64 | qemu-system-x86    | qemu-system-x86-core
vm      | cmd:make               | make               | make
vm      | cmd:bc                 | bc                 | bc
vm      | cmd:bison              | bison              | bison
vm      | cmd:flex               | flex               | flex
vm      | cmd:patch              | patch              | patch
vm      | cmd:perl               | perl               | perl-interpreter
vm      | cmd:xz                 | xz-utils           | xz
vm      | h:libelf.h             | libelf-dev         | elfutils-libelf-devel
vm      | m32                    | gcc-multilib       | glibc-devel.i686
vm      | cmd:setpriv            | util-linux         | util-linux
vm      | cmd:cpio               | cpio               | cpio
vm      | cmd:/sbin/depmod       | kmod               | kmod
vm      | cmd:dpkg-source        | dpkg-dev           | dpkg-dev
package | cmd:dpkg-shlibdeps     | dpkg-dev           | dpkg-dev
package | cmd:file               | file               | file
'

usage() {
	cat <<'TEXT'
usage: scripts/deps.sh [--missing] GROUP...

Installs the packages of the groups that are not there yet, and nothing when all are.

  build    to build robtrace
  test     to run its tests
  lint     formatters and checkers
  demo     what ./demo runs
  bench    what the measurements compare with
  fuzz     to build the fuzz targets
  package  to make the .deb
  vm       to run tests in a virtual machine, and to build the kernel for that

  --missing  only name what is missing; status 1 if something is
TEXT
}

groups() {
	awk -F'|' 'NF > 1 { gsub(/ /, "", $1); print $1 }' <<<"$needs" | sort -u
}

is_there() {
	local what=${1#*:} include

	case $1 in
	cmd:*) command -v "$what" >/dev/null ;;
	pc:*) pkg-config --exists "$what" 2>/dev/null ;;
	py:*) /usr/bin/python3 -c "import $what" 2>/dev/null ;;
	file:*) [[ -e $what ]] ;;
	h:*)
		for include in /usr/include /usr/local/include; do
			[[ ! -e $include/$what ]] || return 0
		done
		return 1
		;;
	fuzzer)
		# The name depends on how clang was configured.
		[[ -e $(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null) ||
			-e $(clang -print-file-name=libclang_rt.fuzzer.a 2>/dev/null) ]]
		;;
	m32)
		[[ $(uname -m) != x86_64 ]] ||
			gcc -m32 -x c - -o /dev/null 2>/dev/null <<<'int main(void) { return 0; }'
		;;
	*)
		echo "scripts/deps.sh: no such kind of need: $1" >&2
		exit 2
		;;
	esac
}

# Prints the packages that are missing for the groups, each once.
missing_packages() {
	local group probe debian fedora

	while IFS='|' read -r group probe debian fedora; do
		group=${group// /} probe=${probe// /} debian=${debian// /} fedora=${fedora// /}
		[[ -n $group && " $* " == *" $group "* ]] || continue
		! is_there "$probe" || continue
		if ! command -v apt-get >/dev/null; then
			echo "$fedora"
		else
			echo "$debian"
		fi
	done <<<"$needs" | sort -u
}

as_root() {
	local sudo=(sudo)

	if ((EUID == 0)); then
		"$@"
		return
	fi
	# Without a terminal nobody can type a password: sudo shall fail, not wait.
	[[ -t 0 ]] || sudo+=(-n)
	"${sudo[@]}" "$@"
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

# Some tests want a server's program. It must not be started as a service when it is installed:
# for as long as that takes there is a policy that forbids it, unless the system has its own.
policy=/usr/sbin/policy-rc.d
forbid_services() {
	local text

	[[ ! -e $policy ]] || return 0
	text=$(mktemp)
	trap 'as_root rm -f "$policy"' EXIT
	printf '#!/bin/sh\n# Removed again by what put it here: scripts/deps.sh.\nexit 101\n' >"$text"
	as_root install -m 755 "$text" "$policy"
	rm -f "$text"
}

only_name=false
wanted=()
for argument in "$@"; do
	case $argument in
	-h | --help)
		usage
		exit 0
		;;
	--missing) only_name=true ;;
	*)
		if ! groups | grep -qxF -- "$argument"; then
			echo "scripts/deps.sh: no such group: $argument" >&2
			usage >&2
			exit 2
		fi
		wanted+=("$argument")
		;;
	esac
done
if ((${#wanted[@]} == 0)); then
	usage >&2
	exit 2
fi

mapfile -t packages < <(missing_packages "${wanted[@]}")
if ((${#packages[@]} == 0)); then
	exit 0
fi
if $only_name; then
	printf '%s\n' "${packages[@]#\?}"
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "missing, please install (Fedora's names): ${packages[*]}" >&2
	exit 1
fi
if ((EUID != 0)) && ! command -v sudo >/dev/null; then
	echo "missing, please install as root: apt-get install ${packages[*]#\?}" >&2
	exit 1
fi
apt update || echo "apt-get update failed; trying with the lists that are there" >&2
chosen=()
for package in "${packages[@]}"; do
	if [[ $package != \?* ]] || apt install -s --no-remove "${package#\?}" 2>/dev/null; then
		chosen+=("${package#\?}")
	else
		echo "left out: ${package#\?} is not to be had beside what is installed" >&2
	fi
done
if ((${#chosen[@]} == 0)); then
	exit 0
fi
echo "installing: ${chosen[*]}"
forbid_services
apt install -y --no-install-recommends "${chosen[@]}"
