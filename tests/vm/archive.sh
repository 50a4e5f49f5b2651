# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/vm/debian and tests/vm/lmdb have in common: they get something from Debian's archive, by
# an apt with lists of its own, so that the system's sources, architectures and packages stay as they
# are. What comes of it is kept outside of the clone.

say() {
	echo "tests/vm/${0##*/}: $*" >&2
}

# vm_folder NAME FILE...: where something is kept; a change of these files makes it anew.
vm_folder() {
	local name=$1

	shift
	name+=-$(cat -- "$@" | sha256sum | cut -c1-16)
	echo "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/robtrace/vm/$name"
}

# Ends with status 77 where one of these programs is not there.
vm_need() {
	local tool absent=()

	for tool in "$@"; do
		command -v "$tool" >/dev/null || absent+=("$tool")
	done
	if ((${#absent[@]})); then
		say "not here: ${absent[*]}; see scripts/deps.sh vm"
		exit 77
	fi
}

# The mirror that this system has its packages from, of Debian or of Debian-Security; or the public one.
vm_mirror() {
	local site

	# shellcheck disable=SC2016 # apt puts something in their place
	site=$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' "Label: $1" 2>/dev/null | head -n 1)
	case $1 in
	Debian) echo "${site:-http://deb.debian.org/debian}" ;;
	*) echo "${site:-http://deb.debian.org/debian-security}" ;;
	esac
}

# vm_apt TOOL FOLDER ARGUMENT...: apt-get or apt-cache with the sources.list in that folder, and all
# that it keeps in there. It trusts the keys that the system's apt trusts for all sources.
vm_apt() {
	local tool=$1 folder=$2

	shift 2
	mkdir -p -- "$folder/lists/partial" "$folder/cache/archives/partial"
	"$tool" -q -o Dir::Etc::SourceParts=/dev/null -o "Dir::Etc::SourceList=$folder/sources.list" \
		-o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" \
		-o Dir::State::Status=/dev/null -o "APT::Sandbox::User=$(id -un)" "$@"
}

vm_update() {
	local folder=$1

	shift
	mkdir -p -- "$folder"
	printf '%s\n' "$@" >"$folder/sources.list"
	# Without that mode it ends with 0 where it has read nothing.
	vm_apt apt-get "$folder" -o APT::Update::Error-Mode=any -o Acquire::Languages=none update
}

# vm_keep FOLDER FUNCTION SOURCE...: where the folder is not there yet, calls FUNCTION APT NEW in an
# empty folder; APT is for vm_apt, with these sources, and NEW becomes FOLDER. Ends with status 77 if
# the archive cannot be read, with 1 if the function fails; all that is printed goes to a log.
vm_keep() {
	local folder=$1 function=$2 lock status=0

	shift 2
	mkdir -p -- "${folder%/*}"
	exec {lock}>"$folder.lock"
	flock "$lock"
	# Somebody else may have made it meanwhile.
	[[ ! -e $folder ]] || return 0
	say "getting it, once; log: $folder.log"
	work=$(mktemp -d -- "$folder.XXXXXX")
	trap 'rm -rf -- "$work"' EXIT
	mkdir -- "$work/empty" "$work/new"
	# The lock is not for what is started here.
	if ! vm_update "$work/apt" "$@" {lock}>&- >"$folder.log" 2>&1 </dev/null; then
		tail -n 5 -- "$folder.log" >&2
		say "Debian's archive cannot be read; all of it is in $folder.log"
		exit 77
	fi
	# Not `(...) || status`: there bash would go on after what fails.
	(
		cd -- "$work/empty" || exit
		renice -n 10 -p "$BASHPID" >/dev/null
		"$function" "$work/apt" "$work/new"
	) {lock}>&- >>"$folder.log" 2>&1 </dev/null &
	wait $! || status=$?
	if ((status)); then
		tail -n 20 -- "$folder.log" >&2
		say "it could not be got; all of it is in $folder.log"
		exit 1
	fi
	mv -T -- "$work/new" "$folder"
	say "got in $SECONDS s"
}
