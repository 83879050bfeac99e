import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { maintainerScripts } from "../../systemd/package/control.js";
import { has } from "./deb.js";

/** What dpkg runs, in a folder in place of the system: its programs are stubs that note how they are called. */

const scriptsFolder = resolve(import.meta.dirname, "../../systemd/debian");
const units = ["esimd.service", "esimd@.service"];
const stubs = [
  "deb-systemd-helper",
  "deb-systemd-invoke",
  "systemctl",
  "udevadm",
  "systemd-sysusers",
  "systemd-tmpfiles",
];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "esimd-dpkg-"));
  for (const folder of [
    "bin",
    "run",
    "var/lib/private/esimd",
    "etc/esimd/ci-roots",
    "etc/default",
    "usr/lib/sysusers.d",
  ])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "usr/lib/sysusers.d/esimd.conf"), "u esimd\n");
  for (const name of stubs) {
    const output = name === "systemctl" ? `[ "$1" != list-units ] || cat ${root}/running 2>/dev/null || :\n` : "";
    stub(join(root, "bin", name), `echo "${name} $*" >>${root}/calls\n${output}`);
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function stub(path: string, body: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}`);
  chmodSync(path, 0o755);
}

function scriptText(name: string): string {
  const entry = maintainerScripts(scriptsFolder, units).find(({ path }) => path === `DEBIAN/${name}`);
  if (entry?.kind !== "file") throw new Error(`there is no ${name}`);
  return Buffer.from(entry.bytes).toString("utf8");
}

/** Every path that the scripts have, moved into the folder. Nothing of this machine may be meant: a purge removes what it finds. */
function moved(name: string): string {
  const text = scriptText(name)
    .replaceAll(/"\$\{DPKG_ROOT:-\}"\/usr\/lib\//g, `${root}/usr/lib/`)
    .replace(/root="\$\{DPKG_ROOT:-\}"/, `root="${root}"`)
    .replaceAll(/(?<= |=)\/(?=run\/|usr\/sbin\/)/g, `${root}/`);
  const code = text.split("\n").filter((line) => !/^\s*#/.test(line));
  const outside = code.flatMap((line) => line.match(/(?:^|[\s="'])\/(?:etc|home|opt|root|run|usr|var)\b\S*/g) ?? []);
  expect(outside).toEqual([]);
  return text;
}

/** Runs one as dpkg would, with the folder as the file system, and gives what it called. */
function run(name: string, ...words: readonly string[]): readonly string[] {
  rmSync(join(root, "calls"), { force: true });
  const path = join(root, name);
  writeFileSync(path, moved(name));
  const { status, stderr, stdout } = spawnSync("sh", [path, ...words], {
    encoding: "utf8",
    env: { PATH: `${join(root, "bin")}:/usr/bin:/bin` },
  });
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: "", stdout: "" });
  return existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").trimEnd().split("\n") : [];
}

function systemdRuns(...running: readonly string[]): void {
  mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  writeFileSync(join(root, "running"), running.map((unit) => `${unit} loaded active running Something\n`).join(""));
}

describe("the scripts of dpkg", () => {
  it("enable and start esimd.service and no other unit when the package is new", () => {
    systemdRuns();
    const calls = run("postinst", "configure", "");
    expect(calls).toContain("systemd-sysusers esimd.conf");
    expect(calls.filter((call) => / enable /.test(call))).toEqual(["deb-systemd-helper enable esimd.service"]);
    expect(calls.filter((call) => / start /.test(call))).toEqual(["deb-systemd-invoke start esimd.service"]);
    expect(calls.indexOf("systemctl --system daemon-reload")).toBeLessThan(
      calls.indexOf("deb-systemd-invoke start esimd.service"),
    );
  });

  it("start nothing where no systemd runs, as in the making of an image, but enable it", () => {
    const calls = run("postinst", "configure", "");
    expect(calls).toContain("deb-systemd-helper enable esimd.service");
    expect(calls.filter((call) => /^(systemctl|deb-systemd-invoke|udevadm)/.test(call))).toEqual([]);
    expect(run("prerm", "remove")).toEqual([]);
  });

  it("stop all of it for an upgrade, and start afterwards what ran, and nothing else", () => {
    systemdRuns("esimd@modem0.service", "esimd@modem1.service");
    const stopped = run("prerm", "upgrade", "0.2.0");
    expect(stopped.at(-1)).toBe("deb-systemd-invoke stop esimd.service esimd@*.service");
    const started = run("postinst", "configure", "0.1.0").filter((call) => / start /.test(call));
    expect(started).toEqual([
      "systemctl --no-block start esimd@modem0.service",
      "systemctl --no-block start esimd@modem1.service",
    ]);
    // What was noted is used once.
    expect(existsSync(join(root, "run/esimd.resume"))).toBe(false);
  });

  it("leave a daemon stopped that somebody had stopped before the upgrade", () => {
    systemdRuns();
    run("prerm", "upgrade", "0.2.0");
    expect(run("postinst", "configure", "0.1.0").filter((call) => / start /.test(call))).toEqual([]);
  });

  it("start it again when the upgrade did not come about", () => {
    systemdRuns("esimd.service");
    run("prerm", "upgrade", "0.2.0");
    const calls = run("postinst", "abort-upgrade", "0.2.0");
    expect(calls).toContain("systemctl --no-block start esimd.service");
  });

  it("ask the administrator's policy before they start a thing", () => {
    systemdRuns("esimd.service");
    run("prerm", "upgrade", "0.2.0");
    stub(join(root, "usr/sbin/policy-rc.d"), "exit 101\n");
    expect(run("postinst", "configure", "0.1.0").filter((call) => / start /.test(call))).toEqual([]);
  });

  it("keep settings and state at a removal, and leave nothing at a purge", () => {
    systemdRuns("esimd.service");
    const kept = [
      "etc/esimd/config.toml",
      "etc/esimd/ci-roots/maker.pem",
      "etc/default/esimd",
      "var/lib/private/esimd/ledger",
    ];
    for (const path of kept) writeFileSync(join(root, path), "x\n");
    expect(run("prerm", "remove")).toEqual(["deb-systemd-invoke stop esimd.service esimd@*.service"]);
    run("postrm", "remove");
    expect(kept.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(moved("postrm")).toContain(`root="${root}"`);
    const calls = run("postrm", "purge");
    expect(calls).toContain("deb-systemd-helper purge esimd@.service");
    expect([...kept, "etc/esimd", "var/lib/private/esimd"].filter((path) => existsSync(join(root, path)))).toEqual([]);
    expect(existsSync(join(root, "var/lib/private"))).toBe(true);
  });

  it.each(["postinst", "prerm", "postrm"])("refuse a word that dpkg does not say: %s", (name) => {
    const { status } = spawnSync("sh", ["-s", "--", "whatever"], { input: scriptText(name), encoding: "utf8" });
    expect(status).toBe(1);
  });

  it.skipIf(!has("shellcheck"))("are plain POSIX sh (skipped where there is no shellcheck)", () => {
    for (const name of ["postinst", "prerm", "postrm"]) {
      const { stdout } = spawnSync("shellcheck", ["--shell=dash", "-"], { input: scriptText(name), encoding: "utf8" });
      expect(stdout).toBe("");
    }
  });
});
