#!/usr/bin/env bash
# Installs Slurm and munge from Debian's packages, for the tests of sweeps on a cluster. It gives up with its reason where
# it is not root, there is no apt-get, or the packages do not come within a minute; those tests are then skipped.
set -euo pipefail
commands=(munged slurmctld slurmd sbatch)
packages=(munge slurm-wlm)

give_up() { echo "no Slurm for the tests: $1" >&2; exit 1; }

type -P "${commands[@]}" >/dev/null && exit 0
[ "$(id -u)" = 0 ] || give_up "only root can install one"
type -P apt-get >/dev/null || give_up "there is no apt-get"
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1  # ask nothing, start no services
quick=(-qq -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o DPkg::Lock::Timeout=5)
install=(install -y --no-install-recommends "${packages[@]}")
fetch='apt-get "$@" || { apt-get -qq -o Acquire::Retries=0 update && apt-get "$@"; }'
# only the download is cut short: a half-done installation would leave the system's packages in disorder
timeout 60 bash -c "$fetch" fetch "${quick[@]}" --download-only "${install[@]}" >/dev/null || give_up "cannot fetch ${packages[*]}"
apt-get "${quick[@]}" --no-download "${install[@]}" >/dev/null || give_up "cannot install ${packages[*]}"
