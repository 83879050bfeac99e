import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "./architectures.js";
import { unitsOf } from "./layout.js";
import { type Entry, file } from "./tree.js";

/** What dpkg wants to know of the package: the folder DEBIAN. */

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** Without a mailbox: whoever makes packages for devices is their maintainer, and says so in ESIMD_PACKAGE_MAINTAINER. */
export const maintainer = process.env["ESIMD_PACKAGE_MAINTAINER"] ?? "The esimd project <esimd@users.noreply.invalid>";

/** The unit that an installation enables; the others are a person's choice, or a modem's. */
const enabledUnit = "esimd.service";

export interface ControlParts {
  readonly manifest: Manifest;
  readonly architecture: Architecture;
  readonly glibc: string;
  readonly entries: readonly Entry[];
  /** systemd/debian. */
  readonly scripts: string;
}

export function controlEntries({ manifest, architecture, glibc, entries, scripts }: ControlParts): readonly Entry[] {
  const files = entries.filter((entry) => entry.kind === "file");
  const installedKib = Math.ceil(files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0));
  const control = [
    `Package: ${manifest.name}`,
    `Version: ${debianVersion(manifest.version)}`,
    `Architecture: ${architecture.debian}`,
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${installedKib}`,
    `Depends: nodejs (>= 20.19), libc6 (>= ${glibc}), libgcc-s1, libstdc++6`,
    "Recommends: ca-certificates, udev",
    "Suggests: modemmanager",
    "Section: net",
    "Priority: optional",
    "Description: eSIM provisioning daemon for cellular modems",
    " esimd reads the EID of a modem's eSIM over AT commands, reserves a profile at",
    " the provider, downloads it from the SM-DP+, enables it, activates the Sim and",
    " reports what came of it. It is made for gateways that nobody visits: it may be",
    " cut off at any moment and goes on where it stopped, without paying twice.",
    " .",
    " The package has the daemon, its command line, units for systemd and rules for",
    " udev. It needs no npm and no compiler on the device.",
    "",
  ].join("\n");
  return [
    file("DEBIAN/control", control),
    file(
      "DEBIAN/conffiles",
      conffilesOf(entries)
        .map((path) => `/${path}\n`)
        .join(""),
    ),
    file("DEBIAN/md5sums", files.map(({ path, bytes }) => `${md5(bytes)}  ${path}\n`).join("")),
    ...maintainerScripts(scripts, unitsOf(entries)),
  ];
}

/** In npm's versions "-" comes before a pre-release, which is older; in Debian's that is "~" (deb-version(7)). */
export function debianVersion(version: string): string {
  return version.replace("-", "~").replaceAll("-", ".");
}

export function conffilesOf(entries: readonly Entry[]): readonly string[] {
  return entries.filter(({ kind, path }) => kind === "file" && path.startsWith("etc/")).map(({ path }) => path);
}

/** The scripts of systemd/debian with the units' names in them. */
export function maintainerScripts(folder: string, units: readonly string[]): readonly Entry[] {
  if (!units.includes(enabledUnit)) throw new Error(`there is no ${enabledUnit} to be enabled`);
  const running = units.map((unit) => (unit.includes("@.") ? `'${unit.replace("@.", "@*.")}'` : unit));
  return ["postinst", "prerm", "postrm"].map((name) => {
    const script = readFileSync(join(folder, name), "utf8")
      .replaceAll("@UNITS@", units.join(" "))
      .replaceAll("@RUNNING@", running.join(" "))
      .replaceAll("@ENABLED@", enabledUnit);
    const left = /@[A-Z]+@/.exec(script)?.[0];
    if (left !== undefined) throw new Error(`systemd/debian/${name}: nobody fills in ${left}`);
    return file(`DEBIAN/${name}`, script, 0o755);
  });
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
