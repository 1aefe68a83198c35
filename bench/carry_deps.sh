#!/usr/bin/env bash
# Collects what GeoLIP is built from into .deps/deps.tar.gz, for gpu_check.sh on a machine without a network: the
# headers, the libraries with all that they load, and pkg-config. Runs on Debian or Ubuntu with the development
# packages installed (docker/install-dependencies.sh); the other machine may be any x86-64 Linux of the same age or
# newer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

limit=$((60 * 1024 * 1024)) # bytes of the archive
packages=(libeigen3-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev
  libprotobuf-dev libonnx-dev libzip-dev zlib1g-dev libssl-dev libgmp-dev libtomlplusplus-dev libsuitesparse-dev)
libraries=(libprotobuf.so libonnx_proto.so libzip.so libz.so libcrypto.so libssl.so libgmp.so libgmpxx.so libopenblas.so
  libbenchmark.so libcholmod.so)
archives=(libgtest.a libgtest_main.a libgmock.a libgmock_main.a libbenchmark_main.a)

say() { echo "carry_deps: $*" >&2; }

triplet=$(gcc -print-multiarch)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
lib=$root/usr/lib/$triplet
mkdir -p "$lib/pkgconfig" "$root/usr/bin"

# Headers and package descriptions, where they were: the descriptions find their prefix from their own place.
for package in "${packages[@]}"; do
  if ! dpkg -L "$package" >/dev/null 2>&1; then
    say "$package is not installed"
    exit 1
  fi
  dpkg -L "$package"
done | grep -E "^/usr/(include/|share/(cmake|eigen3|pkgconfig)/|lib/(cmake|$triplet/(cmake|pkgconfig))/)" |
  grep -vE '/unsupported/|/google/protobuf/compiler/|/cmake/(ONNX|protobuf)/' |
  while read -r file; do
    if [[ ! -d $file ]]; then
      mkdir -p "$root$(dirname "$file")"
      cp -L "$file" "$root$file"
    fi
  done

# place PATH: the library under its own name, and a link for the name that it was asked by.
place() {
  local real
  real=$(readlink -f "$1")
  cp -u "$real" "$lib/"
  if [[ $(basename "$1") != $(basename "$real") ]]; then
    ln -sf "$(basename "$real")" "$lib/$(basename "$1")"
  fi
}

# place_with_needs PATH: the library, or program, and what it loads, save what belongs to the compiler or the system.
place_with_needs() {
  local needed
  ldd "$1" |
    awk '$2 == "=>" && $3 !~ /\/(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|libgomp)\.so/ { print $3 }' |
    while read -r needed; do place "$needed"; done
}

for library in "${libraries[@]}"; do
  if [[ ! -e /usr/lib/$triplet/$library ]]; then
    say "$library is missing"
    exit 1
  fi
  place "/usr/lib/$triplet/$library"
  place_with_needs "/usr/lib/$triplet/$library"
done
# the names that programs ask for at run time
for real in "$lib"/*.so*; do
  soname=$(objdump -p "$real" | awk '$1 == "SONAME" { print $2 }')
  if [[ -n $soname && ! -e $lib/$soname ]]; then
    ln -s "$(basename "$(readlink -f "$real")")" "$lib/$soname"
  fi
done
for archive in "${archives[@]}"; do
  cp "/usr/lib/$triplet/$archive" "$lib/"
done

# OpenBLAS is described by an alternative that leaves the prefix.
openblas=$(readlink -f "/usr/lib/$triplet/pkgconfig/openblas.pc")
sed "s|^libdir=.*|libdir=/usr/lib/$triplet|" "$openblas" >"$lib/pkgconfig/openblas.pc"
headers=$(sed -n 's|^includedir=||p' "$openblas")
mkdir -p "$root$headers"
cp -L "$headers"/*.h "$root$headers/"

pkgconf=$(command -v pkgconf || command -v pkg-config)
cp -L "$pkgconf" "$root/usr/bin/pkg-config"
place_with_needs "$pkgconf"

mkdir -p .deps
tar -C "$root" -czf .deps/deps.tar.gz usr
size=$(stat -c %s .deps/deps.tar.gz)
say ".deps/deps.tar.gz: $((size / 1024 / 1024)) MiB"
if [[ $size -gt $limit ]]; then
  say "that is more than $((limit / 1024 / 1024)) MiB"
  exit 1
fi
