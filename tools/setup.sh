#!/usr/bin/env bash
# Brings a fresh Debian 12, Debian 13 or Ubuntu 24.04 to the point where `make demo` and `make test` run:
# QGIS (at least 3.34), rasterio and PostGIS from the distribution, build/venv with the development tools,
# build/stac-venv with the STAC API that the Sentinel-2 tests talk to, and build/zarr-venv with zarr-python 3, which
# reads back the Zarr stores of the tests.
# Everything it makes lies under build/, apart from distribution packages. Run it again at any time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C  # apt's answers are read below, and apt translates them

MIN_QGIS=3.34
# Every name exists in Debian 12, Debian 13 and Ubuntu 24.04 (there in universe, which is on by default).
# xvfb and xauth are for pictures of the QGIS desktop; git is what the package is made from; postgresql-postgis brings
# the release's PostgreSQL with PostGIS, of which the tests need the programs only.
PACKAGES=(qgis python3-qgis qgis-providers python3-rasterio python3-matplotlib python3-scipy python3-yaml
          python3-pyproj python3-shapely python3-geopandas python3-venv python3-pip xvfb xauth git postgresql-postgis)
RELEASE_OPTION=()  # becomes (-t RELEASE) where QGIS has to come from the backports

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "installing packages needs root or sudo: run this as root, or install ${PACKAGES[*]} yourself"
    fi
}

# A fresh cloud machine is often still installing its updates: wait for apt's lock instead of failing.
apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"; }

# A source that has nothing to do with QGIS may be broken; what is really missing shows when installing.
update() { apt_get update || say "not every package source could be read; going on with the others"; }

# QGIS versions, without epoch: the one that is installed, and the one that apt would install.
installed_qgis() { dpkg-query -W -f '${db:Status-Status} ${Version}\n' qgis 2>/dev/null \
                   | sed -n 's/^installed \([0-9]*:\)\?//p' || true; }
candidate_qgis() { apt-cache "${RELEASE_OPTION[@]}" policy qgis | sed -n 's/^ *Candidate: \([0-9]*:\)\?//p'; }

new_enough() { [ -n "$1" ] && [ "$1" != "(none)" ] && dpkg --compare-versions "$1" ge "$MIN_QGIS"; }

all_installed() {
    local count
    count=$(dpkg-query -W -f '${db:Status-Status}\n' "${PACKAGES[@]}" 2>/dev/null | grep -c '^installed$' || true)
    [ "$count" -eq "${#PACKAGES[@]}" ] && new_enough "$(installed_qgis)"
}

# The address from which apt takes Debian's main packages of release $1. A source may call the release by its name or
# "stable" or "oldstable"; CODENAME comes from the signed Release file and is the name in each case.
debian_mirror() {
    apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI) $(ORIGIN)' 'Created-By: Packages' \
        | awk -v codename="$1" '$1 == codename && $2 == "main" && $4 == "Debian" && !found {print $3; found = 1}'
}

use_backports() {
    local id codename release mirror list
    id=$(. /etc/os-release; echo "${ID:-}")
    codename=$(. /etc/os-release; echo "${VERSION_CODENAME:-}")
    [ "$id" = debian ] || die "QGIS here is older than ${MIN_QGIS}, and only Debian has it in its backports"
    release="${codename}-backports"
    RELEASE_OPTION=(-t "$release")
    # Some images list the backports already. A second entry with another key setting would make apt refuse both.
    if [ -n "$(debian_mirror "$release")" ]; then return; fi

    # The mirror that this machine already uses for its release also carries the backports.
    mirror=$(debian_mirror "$codename")
    [ -n "$mirror" ] || die "no mirror of Debian ${codename} found; add ${release} to the package sources by hand"
    say "QGIS in ${codename} is older than ${MIN_QGIS}: adding ${release}"
    list="/etc/apt/sources.list.d/patchwise-${release}.list"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${release} main" \
        | as_root tee "$list" >/dev/null
    update
    new_enough "$(candidate_qgis)" && return
    as_root rm -f "$list"  # a source that cannot be read would spoil every later apt-get update
    die "the mirror ${mirror} has no ${release}; add a source that has it by hand"
}

# The tests start a database cluster of their own. Where there is no PostgreSQL yet, its package would make and start
# another one for the whole machine: tell it not to while it is installed. An existing PostgreSQL is left as it is.
install_without_cluster() {
    local folder=/etc/postgresql-common/createcluster.d status=0
    if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then "$@"; return; fi
    as_root mkdir -p "$folder"
    echo "create_main_cluster = false" | as_root tee "$folder/patchwise.conf" >/dev/null
    "$@" || status=$?
    as_root rm -f "$folder/patchwise.conf"
    return "$status"
}

install_packages() {
    if command -v dpkg-query >/dev/null && all_installed; then return; fi
    command -v apt-get >/dev/null || die "no apt-get here: install QGIS >= ${MIN_QGIS}, rasterio and PostGIS yourself"
    say "installing QGIS, rasterio and PostGIS from the distribution (about two minutes)"
    update
    new_enough "$(candidate_qgis)" || use_backports
    install_without_cluster apt_get install --no-install-recommends "${RELEASE_OPTION[@]}" "${PACKAGES[@]}"
    new_enough "$(installed_qgis)" || die "QGIS $(installed_qgis) came, but ${MIN_QGIS} or later is needed"
}

make_venv() {
    # QGIS's bindings are compiled against the system's Python and numpy: a newer numpy in the venv would break
    # osgeo.gdal_array, so pip is held at the system's version.
    local system=/usr/bin/python3
    [ -x build/venv/bin/python ] || "$system" -m venv --clear --system-site-packages build/venv
    "$system" -c 'import numpy; print("numpy==" + numpy.__version__)' > build/constraints.txt
    say "installing the development tools into build/venv"
    build/venv/bin/python -m pip install -q --disable-pip-version-check -c build/constraints.txt -r requirements-dev.txt
}

# The STAC API needs nothing of QGIS, and its packages want versions of their own.
make_stac_venv() {
    [ -x build/stac-venv/bin/python ] || /usr/bin/python3 -m venv --clear build/stac-venv
    say "installing the STAC API of the tests into build/stac-venv"
    build/stac-venv/bin/python -m pip install -q --disable-pip-version-check -r requirements-stac.txt
}

# zarr-python 3 wants a later numpy than QGIS may have, so it has a place of its own, with others of that kind.
make_zarr_venv() {
    [ -x build/zarr-venv/bin/python ] || /usr/bin/python3 -m venv --clear build/zarr-venv
    say "installing zarr-python into build/zarr-venv"
    build/zarr-venv/bin/python -m pip install -q --disable-pip-version-check -r requirements-zarr.txt
}

make_folders() {
    mkdir -p build/plugins
    mkdir -p -m 700 build/runtime  # Qt's XDG_RUNTIME_DIR
    ln -sfn ../.. build/plugins/patchwise
}

check() {
    QT_QPA_PLATFORM=offscreen build/venv/bin/python -c 'import qgis.core, rasterio, osgeo.gdal_array' \
        || die "QGIS or rasterio cannot be imported by build/venv/bin/python"
    build/stac-venv/bin/python -c 'import pypgstac, psycopg, stac_fastapi.pgstac, uvicorn' \
        || die "the STAC API cannot be imported by build/stac-venv/bin/python"
    build/zarr-venv/bin/python -c 'import zarr, xarray, rioxarray, spyndex' \
        || die "zarr-python cannot be imported by build/zarr-venv/bin/python"
    compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null || die "PostGIS is not installed"
}

install_packages
make_folders
make_venv
make_stac_venv
make_zarr_venv
check
touch build/setup.stamp
say "ready: QGIS $(installed_qgis)"
