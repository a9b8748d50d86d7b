#!/usr/bin/env bash
# Builds the image and prints its size. With --offline no registry of images is reached: the base is Debian by debootstrap
# (root and a mirror of Debian are needed) with this machine's Node, and packages come from npm's cache here.
# Builder: docker with buildx, else buildah.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tag=incident-runbook:$(node -p "require('./package.json').version")

if docker buildx version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then
  build=(docker buildx build --load)
  base_image() { docker import "$1" "$2" >/dev/null; }
  size() { docker image inspect --format '{{.Size}}' "$1"; }
elif command -v buildah >/dev/null; then
  build=(buildah bud --isolation chroot)
  # A registry's name keeps buildah from asking others for it.
  base_image() { local from; from=$(buildah from scratch); buildah add -q "$from" "$1" / >/dev/null; buildah commit -q "$from" "$2" >/dev/null; buildah rm "$from" >/dev/null; }
  size() { buildah inspect --type image --format '{{.FromImageID}}' "$1" | xargs -I{} buildah images --json {} | node -p "JSON.parse(require('fs').readFileSync(0))[0].size"; }
else
  echo "No builder of images runs here. Install docker with buildx, or buildah." >&2
  exit 1
fi

options=()
if [ "${1:-}" = --offline ]; then
  command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  mirror=${DEBIAN_MIRROR:-$(awk '/^URIs:/ { print $2; exit } /^deb / { print $2; exit }' /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)}
  debootstrap --variant=minbase --include=ca-certificates,git bookworm "$folder/root" "$mirror" >"$folder/log" 2>&1 || { tail -n 5 "$folder/log" >&2; exit 1; }
  find "$folder/root/var/cache/apt/archives" "$folder/root/var/lib/apt/lists" -type f -delete
  install -D "$(command -v node)" "$folder/root/usr/local/bin/node"
  mkdir -p "$folder/root/usr/local/lib/node_modules"
  cp -a "$(npm root -g)/npm" "$folder/root/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$folder/root/usr/local/bin/npm"
  tar -C "$folder/root" -cf "$folder/base.tar" .
  base_image "$folder/base.tar" localhost/incident-runbook-base:local
  options=(--build-arg BASE=localhost/incident-runbook-base:local --build-context "npm-cache=$(npm config get cache)")
fi

"${build[@]}" "${options[@]}" -t "$tag" -f deploy/Dockerfile .
bytes=$(size "$tag")
echo "$tag: $((bytes / 1000000)) MB"
