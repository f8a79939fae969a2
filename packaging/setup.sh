#!/usr/bin/env bash
# Install what this project needs and is not there yet: Debian packages, .venv, the collection's link.
# Promise: run again with nothing missing it returns at once and changes nothing. Reads no network
# address of its own: apt and pip use what this machine is set to. `--check` only tells: 0 all there.
# `--tests` installs what only tests need too (packaging/apt-packages-tests.txt, packaging/node), `--hardware`
# what the machine of `make test-hardware` needs (packaging/apt-packages-hardware.txt).
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=packaging/services_off.sh
source packaging/services_off.sh

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# ── what is wanted, as one hash: content, not dates (git does not keep those), and where we stand
# (a moved .venv is a broken .venv)
lists=(packaging/apt-packages.txt)
stamp=.venv/.commsroom-setup
if [[ ${1:-} == --tests ]]; then
  lists+=(packaging/apt-packages-tests.txt packaging/node/package-lock.json)
  stamp+=-tests
elif [[ ${1:-} == --hardware ]]; then
  lists+=(packaging/apt-packages-hardware.txt)
  stamp+=-hardware
fi
wanted=$({ pwd; cat requirements-dev.lock pyproject.toml "${lists[@]}" packaging/setup.sh packaging/services_off.sh; } | sha256sum)
link=.venv/collections/ansible_collections/commsroom/core
# Ansible looks for collections among Python's packages too: so an estate anywhere finds this one by
# nothing but the ansible-playbook it uses, and needs no path in its ansible.cfg.
known_to_python=ansible_collections/commsroom/core
all_there() {
  [[ -f $stamp && $(<"$stamp") == "$wanted" && -x .venv/bin/python && -e $link/galaxy.yml ]] || return
  local -a found=(.venv/lib/python3.*/site-packages/"$known_to_python"/galaxy.yml)
  [[ -e ${found[0]} ]]
}
# Compiled ahead where Python is told not to do so by itself: a command starts a third sooner. 0.1 s when done.
compiled() {
  .venv/bin/python -m compileall -q commsroom
}
all_there && { compiled; exit 0; }
[[ ${1:-} == --check ]] && fail "something is missing or out of date: run make setup"

# Two `make` at once must not build one .venv together.
exec 9<packaging/setup.sh
flock 9
all_there && { compiled; exit 0; }

# ── Debian packages
# LOG: keep what apt-get says there, and tell how far it is.
told() {
  tee "$1" | awk '
    / newly installed/ || /^Need to get / {print "setup:   " $0}
    /^Unpacking / && !unpacking++ {print "setup:   unpacking"}
    /^Setting up / && !setting++ {print "setup:   setting up"}
    {fflush()}'
}
# LIST [or-skip]: with the second, what cannot be had is said, and setup goes on.
install_packages() {
  local -a names missing=() as_root=()
  mapfile -t names < <(sed -E 's/[[:space:]]*#.*//; /^[[:space:]]*$/d' "$1")
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
  local name
  for name in "${names[@]}"; do
    grep -qxF -- "$name" <<<"$installed" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      as_root=(sudo)
    else
      say "missing Debian packages, and no right to install them: ${missing[*]}"
      [[ ${2:-} == or-skip ]] && say "the tests that need them are skipped" ||
        say "without them there is no lab; the demo runs on simulated systems"
      return 0
    fi
  fi
  say "installing Debian packages (about half a minute): ${missing[*]}"
  local -a apt=("${as_root[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)
  local log
  log=$(mktemp)
  if [[ ${2:-} == or-skip ]]; then
    services_before "${as_root[@]}"
    trap services_after EXIT
  fi
  # The lists of a fresh machine are empty or old; only then is the network asked for new ones.
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" 2>&1 | told "$log" ||
    { say "  fetching apt's lists" && "${apt[@]}" update >"$log" 2>&1 &&
      "${apt[@]}" install -y --no-install-recommends "${missing[@]}" 2>&1 | told "$log"; } ||
    {
      tail -n 20 "$log" >&2
      rm -f "$log"
      [[ ${2:-} == or-skip ]] || fail "apt-get could not install: ${missing[*]}"
      say "apt-get could not install ${missing[*]}: the tests that need them are skipped"
    }
  rm -f "$log"
  [[ ${2:-} == or-skip ]] || return 0
  trap - EXIT
  services_after
}
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  install_packages packaging/apt-packages.txt
  if [[ ${1:-} == --tests ]]; then
    install_packages packaging/apt-packages-tests.txt or-skip
    # Debian's npm, unless another one is there (that of another nodejs would not go with it).
    command -v npm >/dev/null || install_packages <(echo npm) or-skip
  elif [[ ${1:-} == --hardware ]]; then
    install_packages packaging/apt-packages-hardware.txt or-skip
  fi
else
  say "no apt here: install what packaging/apt-packages*.txt name by hand"
fi

# ── .venv
find_python() {
  local candidate
  for candidate in "${COMMSROOM_PYTHON:-}" python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    [[ -n $candidate ]] && command -v "$candidate" >/dev/null || continue
    # ansible-core 2.19 runs on 3.11 to 3.13.
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue
    printf '%s' "$candidate"
    return 0
  done
  return 1
}
# The project may have been moved, or its Python upgraded away: then the old .venv is of no use.
if [[ ! -x .venv/bin/python ]] || ! .venv/bin/python -c 'import pip' 2>/dev/null || ! grep -qF -- "$PWD/.venv" .venv/bin/activate; then
  python=$(find_python) || fail "no Python 3.11 to 3.13 with venv found (COMMSROOM_PYTHON=/path/to/python names one)"
  say "making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! .venv/bin/uv --version >/dev/null 2>&1; then
  # uv installs the other hundred in seconds; its own version and hashes are the lock's.
  awk '/^[^ ]/ {on = /^uv==/} on' requirements-dev.lock >.venv/uv.lock
  .venv/bin/pip install -q --no-deps --require-hashes -r .venv/uv.lock 2>.venv/pip.log ||
    say "no uv for this machine; pip does it (slower)"
fi
say "installing the packages of requirements-dev.lock into .venv (the first time about half a minute)"
if [[ -x .venv/bin/uv ]]; then
  .venv/bin/python packaging/uv.py pip sync -q --require-hashes --compile-bytecode requirements-dev.lock
  .venv/bin/python packaging/uv.py pip install -q --no-deps --no-build-isolation -e .
else
  .venv/bin/pip install -q --no-deps --require-hashes -r requirements-dev.lock
  .venv/bin/pip install -q --no-deps --no-build-isolation -e .
fi

# ── the collection: this checkout is commsroom.core
mkdir -p "$(dirname "$link")"
ln -sfn ../../../.. "$link"
for packages in .venv/lib/python3.*/site-packages; do
  mkdir -p "$packages/$(dirname "$known_to_python")"
  ln -sfn "$PWD" "$packages/$known_to_python"
done

# ── a local runner of GitLab's pipelines, by the hashes of its lock
if [[ ${1:-} == --tests ]]; then
  mkdir -p .venv/node
  cp packaging/node/package.json packaging/node/package-lock.json .venv/node/
  command -v npm >/dev/null &&
    npm --prefix .venv/node ci --ignore-scripts --no-audit --no-fund --silent >.venv/npm.log 2>&1 ||
    say "no gitlab-ci-local (see .venv/npm.log): the test that needs it is skipped"
fi

compiled
printf '%s\n' "$wanted" >"$stamp"
say "ready: .venv"
