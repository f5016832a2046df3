# Sourced by the scripts beside it: where the project is, how to speak, how to build.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cores=$(nproc)
in_ci() { [[ ${CI:-} == true || ${CI:-} == 1 ]]; }

say() { printf '== %3d s: %s\n' "$SECONDS" "$*" >&2; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# build PRESET [TARGET…]: configures where there is nothing yet, with what `configuration` adds, then
# builds; ninja finds out by itself what a change of the CMake files means.
configuration=()
build() {
  local preset=$1
  shift
  if [[ ! -e build/$preset/build.ninja ]]; then
    cmake --preset "$preset" "${configuration[@]}" >&2 || return 1
  fi
  cmake --build --preset "$preset" ${1:+--target "$@"} >&2
}
