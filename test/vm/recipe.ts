import { createHash } from "node:crypto";

/**
 * What the machine's system is made of: Debian packages, kernel modules, files. Pure data, and the key under which what was built from it
 * is kept. esimd itself is not in it: it is installed as on a device.
 */

export const suite = "trixie";

/** How the machine calls the fake API and the fake SM-DP+; slirp forwards both addresses to the host (machine.ts). */
export const peers = {
  api: { name: "api.esimd.test", address: "10.0.2.100" },
  smdp: { name: "smdp.esimd.test", address: "10.0.2.101" },
} as const;

/** What usb-serial shows, by udev's name. */
export const modemPort = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_MODEM0-if00-port0";

const bootstrapPackages = ["systemd", "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "netbase"];
/** e2fsprogs is not in trixie's minbase. */
const packages = ["nodejs", "e2fsprogs", "busybox", "zstd", "initramfs-tools", "linux-image-amd64"];
const bootModules = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "ext4", "crc32c", "xhci_pci", "usbserial"];
/** Found by udev once the system runs; the rest of the kernel's modules is left out of the image. */
const laterModules = ["ftdi_sio", "autofs4", "configfs", "fuse", "loop", "dm_mod", "af_packet", "ipv6", "unix"];

/**
 * Before apt runs in the tree: no service starts there, no documentation, and no fsync for each file of a tree that can be made again. None
 * of these files has esimd's name: what is left of that after a purge is the package's.
 */
const filesBefore: Readonly<Record<string, File>> = {
  "usr/sbin/policy-rc.d": { mode: 0o755, text: "#!/bin/sh\nexit 101\n" },
  "etc/dpkg/dpkg.cfg.d/machine": {
    mode: 0o644,
    text: "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n",
  },
  "etc/initramfs-tools/conf.d/machine": { mode: 0o644, text: "MODULES=list\nRESUME=none\n" },
  // initramfs-tools' own hook looks at the file systems of the machine that builds, and leaves fsck out without a word.
  "etc/initramfs-tools/hooks/zz-machine": {
    mode: 0o755,
    text: `#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules ${bootModules.join(" ")}
for program in fsck fsck.ext4 e2fsck logsave; do copy_exec "/sbin/$program"; done
`,
  },
};

/** In the tree, after the packages. */
const filesAfter: Readonly<Record<string, File>> = {
  "etc/hostname": { mode: 0o644, text: "gateway\n" },
  "etc/hosts": {
    mode: 0o644,
    text: `127.0.0.1 localhost gateway\n${Object.values(peers)
      .map(({ name, address }) => `${address} ${name}\n`)
      .join("")}`,
  },
  "etc/fstab": { mode: 0o644, text: "/dev/vda / ext4 rw,errors=remount-ro 0 1\n" },
  "etc/systemd/network/10-wired.network": {
    mode: 0o644,
    text: "[Match]\nType=ether\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n",
  },
  // A power cut asks what was on the disk: the journal must be there, and the console shows it while it is written.
  "etc/systemd/journald.conf.d/machine.conf": {
    mode: 0o644,
    text: "[Journal]\nStorage=persistent\nSyncIntervalSec=1s\nForwardToConsole=yes\nMaxLevelConsole=info\n",
  },
  // systemd makes this a first boot, and presets every unit at it.
  "etc/machine-id": { mode: 0o444, text: "uninitialized\n" },
};

/** Would prompt on the console, wait for networks that are not there, or only take time. */
const masked = [
  "systemd-firstboot.service",
  "systemd-networkd-wait-online.service",
  "getty@tty1.service",
  "serial-getty@ttyS0.service",
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  // Caches that the first boot would make again from what has not changed since apt made them.
  "ldconfig.service",
  "systemd-hwdb-update.service",
  "systemd-journal-catalog-update.service",
];

/** Runs in the tree when everything is there. Modules are unpacked here: the machine would take seconds for it at each boot. */
const finish = `set -eu
cd /lib/modules/*
version=$(basename "$PWD")
keep=$(for module in ${[...bootModules, ...laterModules].join(" ")}; do
  modprobe --set-version "$version" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod \\([^ ]*\\).*/\\1/p'
done | sort -u)
find kernel -name '*.ko*' | while read -r module; do
  case "$keep" in *"/$module"*) ;; *) rm "$module" ;; esac
done
find kernel -name '*.ko.xz' -exec busybox unxz {} +
depmod "$version"
systemctl enable systemd-networkd >/dev/null 2>&1
systemctl mask ${masked.join(" ")} >/dev/null 2>&1
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/*.log /usr/sbin/policy-rc.d
mkdir -p /var/log/journal
`;

export interface File {
  readonly mode: number;
  readonly text: string;
}

export const recipe = { suite, bootstrapPackages, packages, filesBefore, filesAfter, finish } as const;

/** What was built from another recipe is of no use. */
export function recipeKey(): string {
  return createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
}
