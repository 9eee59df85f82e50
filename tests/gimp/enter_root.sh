#!/bin/sh
# Run a command in a Debian root, in a mount namespace of its own with /proc, /sys and /dev.
#
# usage: unshare --mount enter_root.sh ROOT COMMAND...
#
# The root becomes the real one (pivot_root): GIMP 3.2 reads its icons in a sandbox (bubblewrap),
# which can be made neither without /proc nor by a process in a chroot.
set -eu
root=$1
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
cd "$root"
pivot_root . mnt
umount -l mnt
exec chroot . "$@"
