# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# The example, whatever the servers. Sourced by the "run" of each example folder, which sets "repository", "server" (the name of
# the XMPP server), "server_package" and "server_program", and defines start_server and add_account. It may set "example" (the
# folder, if it is not named after the XMPP server), "more_packages", "more_usage" and "parts": files that are sourced after
# those of this folder, to redefine what is different. These may add to "more_folders" what is to be removed at the end.

usage() {
  local packages=("$server_package" "${more_packages[@]}" python3 python3-aiosmtpd curl)
  cat <<TEXT
usage: ${example:-$server_package-example}/run [--once]

Installs what is missing (Debian: ${packages[*]}; asks first, and
starts nothing of it), builds the service and the reference client, and starts, on free ports of 127.0.0.1 and
with all data in a temporary folder: $server with accounts for Amy and Michael, the service, and stand-ins for a
mail server and an SMS gateway. Then it plays the story: both prove who they are, and Michael, who knows
Amy's phone number, finds her.${more_usage:-}

  --once    end after the story; exit code 0 if every step happened, else 1
  --help    this text

Without --once it stays up for your own tries until Ctrl-C, and says how. ITSEME_BIN and ITSEME_CLIENT_BIN
name built binaries to be used instead of building.
TEXT
}

case "${1:-}" in
  "" | --once) mode=${1:-stay} ;;
  --help | -h) usage && exit ;;
  *) usage >&2 && exit 2 ;;
esac

folder=$(mktemp -d "${TMPDIR:-/tmp}/itseme-example.XXXXXX")
# shellcheck source-path=SCRIPTDIR source=words.sh
. "$repository/example-lib/words.sh"
# shellcheck source-path=SCRIPTDIR source=servers.sh
. "$repository/example-lib/servers.sh"
# shellcheck source-path=SCRIPTDIR source=story.sh
. "$repository/example-lib/story.sh"
# shellcheck source-path=SCRIPTDIR source=tries.sh
. "$repository/example-lib/tries.sh"
for part in "${parts[@]}"; do
  # shellcheck source=/dev/null
  . "$part"
done

clean_up() {
  local code=$?
  trap - EXIT INT TERM
  ((code == 0 || code == 130 || told)) || printf '\nThis did not happen: %s\n' "$current" >&2
  stop_all
  rm -rf "$folder" "${more_folders[@]}"
  exit "$code"
}
told=0
trap clean_up EXIT
trap 'exit 130' INT TERM

install_missing
build

step "$server, the service, a mail server and an SMS gateway start on 127.0.0.1"
read -r client_port component_port http_port < <(free_ports 3)
start_stand_ins
start_server
add_accounts
start_service
start_watching
echo "$server: $client_port (clients), $component_port (components) · HTTP: $http_port · all files: $folder"

play
say "
The story is complete."
[[ $mode == --once ]] || stay
