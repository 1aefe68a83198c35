#!/usr/bin/env bash
# Installs what GeoLIP needs from Debian 12 or Ubuntu 24.04 (with `universe`), and only what is missing.
#   install-dependencies.sh build     to build and test it (the default)
#   install-dependencies.sh runtime   the shared libraries that an installed geolip loads
#   install-dependencies.sh ci        build, and the tools of .ci/run
#   install-dependencies.sh fuzz      build, and clang with the runtime of its fuzzer
#   install-dependencies.sh bench     build, and what bench/peers compares with and is not on PyPI
# Exits 1, after one sentence on stderr, if something required is still missing in the end.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config git libeigen3-dev libonnx-dev libprotobuf-dev protobuf-compiler
  zlib1g-dev libzip-dev libssl-dev libgmp-dev libsuitesparse-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev libgtest-dev
  libgmock-dev libbenchmark-dev)
optional=(ccache libopenblas-dev) # builds are slower, or sweeps, without
tools=(clang-format clang python3-pip) # clang-tidy comes from PyPI: .ci/tidy
fuzzer=(clang libclang-rt-dev)
peers=(python3-venv coinor-csdp dsdp)
# The development packages whose shared libraries an installed geolip loads.
linked=(libopenblas-dev libonnx-dev libprotobuf-dev zlib1g-dev libzip-dev libssl-dev libgmp-dev libsuitesparse-dev)

say() { echo "install-dependencies: $*" >&2; }

installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

missing() {
  local package
  for package in "$@"; do
    installed "$package" || echo "$package"
  done
}

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }

# Without the option apt-get calls an update a success that reached no server.
update() {
  apt update -o APT::Update::Error-Mode=any || reason='the package lists could not be updated'
}

# The shared libraries behind the package $1 of `linked`; their names carry versions that differ between releases.
shared_libraries() {
  apt-cache depends --no-recommends --no-suggests "$1" 2>/dev/null |
    sed -nE 's/^ *Depends: (lib[a-z]*[0-9][^ ]*|zlib1g)$/\1/p' | grep -vE -- '-dev$|-lite'
}

case ${1:-build} in
  build) required=("${build[@]}") ;;
  ci) required=("${build[@]}" "${tools[@]}") ;;
  fuzz) required=("${build[@]}" "${fuzzer[@]}") ;;
  bench) required=("${build[@]}" "${peers[@]}") ;;
  runtime) required=() optional=() ;;
  *)
    say "'$1' is none of build, runtime, ci, fuzz, bench"
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  say "this system has no apt-get, so please install yourself what Debian calls: ${required[*]:-${linked[*]}}"
  exit 1
fi

as_root=()
may_install=1
reason="Ubuntu has all packages in 'universe'"
if [[ $(id -u) -ne 0 ]]; then
  as_root=(sudo)
  if ! command -v sudo >/dev/null; then
    may_install=0
    reason='it takes root, and there is no sudo'
  fi
fi

if [[ ${1:-build} == runtime ]]; then
  [[ $may_install -eq 0 ]] || update
  required=(libgomp1)
  for package in "${linked[@]}"; do
    if ! libraries=$(shared_libraries "$package"); then
      say "apt-get does not know the libraries of $package ($reason)"
      exit 1
    fi
    mapfile -t -O "${#required[@]}" required <<<"$libraries"
  done
fi

mapfile -t wanted < <(missing "${required[@]}" "${optional[@]}")
if [[ ${#wanted[@]} -eq 0 ]]; then
  exit 0
fi
if [[ $may_install -eq 1 ]]; then
  say "installing ${wanted[*]}"
  [[ ${1:-build} == runtime ]] || update
  if ! apt install --yes --no-install-recommends "${wanted[@]}"; then
    # One package that does not exist keeps all others out: take what there is.
    for package in "${wanted[@]}"; do
      apt install --yes --no-install-recommends "$package" 2>/dev/null || true
    done
  fi
fi

mapfile -t wanted < <(missing "${required[@]}")
if [[ ${#wanted[@]} -gt 0 ]]; then
  say "could not install ${wanted[*]} ($reason)"
  exit 1
fi
mapfile -t wanted < <(missing "${optional[@]}")
if [[ ${#wanted[@]} -gt 0 ]]; then
  say "going on without ${wanted[*]}, which could not be installed"
fi
