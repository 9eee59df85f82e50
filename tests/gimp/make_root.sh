#!/bin/sh
# Make a Debian root with a real GIMP 3 in it, for systems whose own GIMP is older or absent.
#
# usage: make_root.sh SUITE ROOT    SUITE is trixie (GIMP 3.0) or forky (GIMP 3.2)
#
# Needs root and debootstrap. Runs once: a finished root is left as it is.
set -eu

suite=$1
root=$2
done_mark=$root/.gimp-root-version
version=4 # raise it when the list of packages changes

mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9 # two test runs must not build it at once

# Not "equal": an older checkout must not tear down what a newer one has made.
[ "$(cat "$done_mark" 2>/dev/null || echo 0)" -ge "$version" ] && exit 0

command -v debootstrap >/dev/null || { apt-get update -q && apt-get install -qy debootstrap; }

# The mirror that this system's own apt uses; Debian's public one where it names none.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
    grep -v security | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian/}

# An older debootstrap knows no suite that is newer than itself; all of Debian's are made alike.
script=/usr/share/debootstrap/scripts/$suite
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid

rm -rf "$root"
mkdir -p "$root"
debootstrap --variant=minbase "$suite" "$root" "$mirror" "$script"

# Nothing installed here may start a service on the host.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

# libblas3 and liblapack3: a module of GEGL that cannot be loaded may crash a plug-in.
# gir1.2-gtk-4.0 comes with most desktops, and is what an unversioned import would load.
DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$root" apt-get install -qy \
    --no-install-recommends \
    gimp python3-gi gir1.2-gtk-3.0 gir1.2-gtk-4.0 gir1.2-gegl-0.4 gir1.2-gimp-3.0 \
    xvfb xauth xdotool x11-utils wmctrl openbox imagemagick locales libblas3 liblapack3 \
    adwaita-icon-theme fonts-dejavu-core icc-profiles-free
for language in de_DE he_IL; do
    chroot "$root" localedef -i "$language" -f UTF-8 "$language.UTF-8"
done
rm -rf "$root"/var/cache/apt/archives/*.deb
echo "$version" >"$done_mark"
