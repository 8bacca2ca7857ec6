# shellcheck shell=bash disable=SC2034,SC2154 # variables of one part are used in another
# Saying what happens, waiting for it, and showing what arrived. Sourced by example.sh.

current=starting

say() {
  if [[ -t 1 ]]; then printf '\e[1m%s\e[0m\n' "$*"; else printf '%s\n' "$*"; fi
}

step() {
  current=$*
  printf '\n'
  say "== $current"
}

fail() {
  told=1
  printf '\nThis did not happen: %s\n%s\n' "$current" "$*" >&2
  exit 1
}

# The same, with the end of the log that tells why.
fail_with() {
  fail "$(printf 'The end of %s:\n' "${1##*/}" && tail -n 20 "$1")"
}

# wait_for_text LOG TEXT: until the log has it.
wait_for_text() {
  local waited=0
  until grep -qF -- "$2" "$folder/$1.log"; do
    ((waited++ < patience)) || fail_with "$folder/$1.log"
    sleep 0.1
  done
}

# The whole log.
show() {
  sed 's/^/    /' "$folder/$1.log" | shorter
}

# show_from LOG FIRST [LAST]: the lines from the last one with FIRST up to one with LAST, or all.
show_from() {
  tac "$folder/$1.log" | sed "/${2//\//\\/}/q" | tac | sed -e 's/^/    /' -e "/${3:-^$}/q" | shorter
}

# Hashes are long; their beginning will do.
shorter() {
  sed -E 's/\b([0-9a-f]{12})[0-9a-f]{116}\b/\1…/g'
}
