#!/usr/bin/env bash
# Installs the Debian 12 packages that Keen needs. Does nothing, quickly, where nothing is missing.
#
# usage: docker/provision.sh         what building, training and testing need
#        docker/provision.sh --ci    that, and what the checks of .ci/run need (clang and its tools)
set -euo pipefail

packages=(
  # to build
  g++ cmake ninja-build ccache
  # what libkeen stands on
  libdnnl-dev libspdlog-dev libfmt-dev zlib1g-dev
  # what tests, benchmarks and programs stand on
  libgtest-dev libgmock-dev libbenchmark-dev libcli11-dev nlohmann-json3-dev
  # what the simulated CUDA reads nvcc's compressed code with
  libzstd-dev
  # 60,000 + 10,000 images to train on
  dataset-fashion-mnist
)
ci_packages=(git clang libclang-rt-14-dev libomp-dev llvm clang-format clang-tidy)

fail() {
  printf 'provision.sh: %s\n' "$1" >&2
  exit 1
}

case "${1-}" in
  '') ;;
  --ci) packages+=("${ci_packages[@]}") ;;
  *) fail "unknown argument '$1' (only --ci is known)" ;;
esac

command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
  fail 'needs Debian 12: apt-get or dpkg-query is not here'

installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "${packages[@]}" 2>/dev/null || true)"
missing=()
for package in "${packages[@]}"; do
  [[ $installed == *" $package=installed "* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "packages are missing (${missing[*]}): run me as root, or install sudo"
  as_root=(sudo)
fi

printf 'provision.sh: installing %s\n' "${missing[*]}"
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}
apt update
apt install --no-install-recommends "${missing[@]}"
