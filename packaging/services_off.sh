# shellcheck shell=bash
# What tests need of a package is its programs: its services are neither started nor left enabled.
# Sourced by setup.sh. A service whose unit was on this machine before is the user's: never touched.
#
#   services_before            remember the units and packages there are, and keep new services from starting
#   services_after             switch off those that came since; also where the install failed half way

policy_file=${COMMSROOM_POLICY_RC_D:-/usr/sbin/policy-rc.d}
policy_mark='# Of commsroom, while it installs what its tests need; removed at the end.'
units_there() { systemctl list-unit-files --no-legend --no-pager 2>/dev/null | awk '{print $1}' | sort -u || true; }
packages_there() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u; }

# AS_ROOT…: the words before a command that make it root's, none for root.
services_before() {
  as_root_before=("$@")
  units_before=$(units_there)
  packages_before=$(packages_there)
  policy_is_ours=
  # One that is there already is somebody's own rule, and stays (containers have one that forbids all).
  # Ours can be there only where an earlier run was killed.
  [[ -e $policy_file ]] && ! grep -qsF "$policy_mark" "$policy_file" && return 0
  local script
  script=$(mktemp)
  {
    printf '#!/bin/sh\n%s\n' "$policy_mark"
    # shellcheck disable=SC2016 # for the script itself
    printf 'case "${1%%.service}" in\n'
    # Of a template (postgresql@) the instances are meant.
    awk 'sub(/\.service$/, "") && /^[A-Za-z0-9@_.:-]+$/ {sub(/@$/, "@*"); print $0 ") exit 0 ;;"}' <<<"$units_before"
    printf 'esac\nexit 101\n'
  } >"$script"
  "${as_root_before[@]}" install -m 755 "$script" "$policy_file" && policy_is_ours=yes
  rm -f "$script"
}

services_after() {
  [[ $policy_is_ours ]] && "${as_root_before[@]}" rm -f "$policy_file"
  policy_is_ours=
  command -v systemctl >/dev/null || return 0
  local package unit
  for package in $(comm -13 <(printf '%s\n' "$packages_before") <(packages_there)); do
    for unit in $(dpkg -L "$package" 2>/dev/null | sed -nE 's|^(/usr)?/lib/systemd/system/([^/@]+\.(service\|socket\|timer))$|\2|p'); do
      grep -qxF -- "$unit" <<<"$units_before" && continue
      "${as_root_before[@]}" systemctl disable -q "$unit" >/dev/null 2>&1 || true
      # A policy of somebody else's may have let it start.
      [[ ! -d /run/systemd/system ]] || "${as_root_before[@]}" systemctl stop "$unit" >/dev/null 2>&1 || true
    done
  done
}
