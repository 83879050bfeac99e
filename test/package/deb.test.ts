import { execFile, execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";
import { silentLog } from "../../src/base/logging.js";
import { systemRandom } from "../../src/base/random.js";
import type { ModemWire } from "../../src/emulator/modem/fake-modem.js";
import { startFakeWorld } from "../../src/emulator/world.js";
import { readAssets } from "../../src/station/page/assets.js";
import { architectures } from "../../systemd/package/architectures.js";
import { installedPath } from "../../systemd/package/layout.js";
import { readElf } from "../../systemd/package/native.js";
import { sourceSeconds } from "../../systemd/package/package.js";
import { programCeilings } from "../bench/ceilings.js";
import { buildPackages, has, hasDpkgDeb, type UnpackedPackage } from "./deb.js";

/** The Debian packages: what is in them, and that the program runs from there. Skipped where there is no dpkg-deb. */

const root = resolve(import.meta.dirname, "../..");
const names = architectures.map(({ debian }) => debian);
/** Other Nodes to run the unpacked program on, by ":" (.ci/run). */
const nodes = [
  process.execPath,
  ...(process.env["ESIMD_NODE_BINARIES"] ?? "").split(":").filter((path) => path !== ""),
];

if (!hasDpkgDeb) process.stderr.write("the tests of the Debian package are skipped: there is no dpkg-deb here\n");

describe.skipIf(!hasDpkgDeb)("the Debian package", () => {
  let packages: ReadonlyMap<string, UnpackedPackage>;
  beforeAll(() => {
    packages = buildPackages();
  }, 180_000);
  afterAll(() => rmSync(dirname(of("amd64").tree), { recursive: true, force: true }));
  const of = (name: string): UnpackedPackage => {
    const found = packages.get(name);
    if (found === undefined) throw new Error(`no package for ${name} was built`);
    return found;
  };
  const fieldOf = (name: string, field: string): string =>
    execFileSync("dpkg-deb", ["--field", of(name).deb, field], { encoding: "utf8" }).trim();
  const text = (name: string, path: string): string => readFileSync(join(of(name).tree, path), "utf8");

  it.each(names)("is made for %s, with the native part of that machine and no other, and small enough", (name) => {
    const architecture = architectures.find(({ debian }) => debian === name);
    const prebuilds = join(of(name).tree, "usr/lib/esimd/prebuilds");
    const found = readdirSync(prebuilds, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".node"),
    );
    expect(found).toEqual([`linux-${architecture?.node}/${architecture?.prebuild}`]);
    expect(readElf(readFileSync(join(prebuilds, found[0] ?? "")))).toEqual({
      machine: architecture?.elfMachine,
      class: architecture?.elfClass,
    });
    expect(statSync(of(name).deb).size).toBeLessThanOrEqual(programCeilings.debianPackageBytes);
    expect(fieldOf(name, "Architecture")).toBe(name);
  });

  it("says what it needs: Node 20.19 as Debian has it, and the C library of its native part", () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    expect(fieldOf("amd64", "Version")).toBe(version);
    expect(fieldOf("amd64", "Depends")).toMatch(/^nodejs \(>= 20\.19\), libc6 \(>= 2\.\d+\), /);
    expect(of("amd64").deb).toMatch(new RegExp(`/esimd_${version}_amd64\\.deb$`));
  });

  it("belongs to root whoever built it, and nobody but root may write to it", () => {
    const listed = execFileSync("dpkg-deb", ["--contents", of("amd64").deb], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    const rows = listed.map((line) => {
      const [mode = "", owner = "", , , , path = ""] = line.split(/\s+/);
      return { mode, owner, path };
    });
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter(({ owner }) => owner !== "root/root")).toEqual([]);
    expect(rows.filter(({ mode }) => !/^(drwxr-xr-x|-rw[x-]r-[x-]r-[x-])$/.test(mode))).toEqual([]);
    const programs = rows.filter(({ mode }) => mode === "-rwxr-xr-x").map(({ path }) => path);
    expect(programs).toEqual(["./usr/bin/esimd"]);
  });

  it("knows the day of its sources, before which no clock can be right", () => {
    const day = new Date(sourceSeconds(root) * 1000).toISOString().slice(0, 10);
    const folder = join(of("amd64").tree, "usr/lib/esimd/program");
    const names = readdirSync(folder).filter((name) => name.endsWith(".js"));
    const parts = names.map((name) => readFileSync(join(folder, name), "utf8"));
    expect(parts.filter((part) => part.includes(`"${day}"`)).length).toBeGreaterThan(0);
  });

  it("has the station's page beside the program, whole, and asking for nothing else", () => {
    const assets = readAssets(join(of("amd64").tree, "usr/lib/esimd/program/browser"));
    const index = Buffer.from(assets.get("/")?.bytes ?? []).toString("utf8");
    const wanted = [...index.matchAll(/(?:href|src)="(\/[\w.-]+)"/g)].map(([, path = ""]) => path);
    expect(wanted).toContain("/main.js");
    for (const path of [...wanted, "/login", "/login.js"])
      expect(assets.get(path)?.bytes.length, path).toBeGreaterThan(0);
    // One file each: what the sources import is in it.
    for (const path of ["/main.js", "/login.js"])
      expect(Buffer.from(assets.get(path)?.bytes ?? []).toString("utf8")).not.toMatch(/\bfrom\s*"\.|\bimport\s*"\./);
  });

  it("has every file of systemd/ at its place, and every setting is a conffile", () => {
    const sources = readdirSync(join(root, "systemd"), { recursive: true, encoding: "utf8" }).filter((path) =>
      statSync(join(root, "systemd", path)).isFile(),
    );
    const placed = sources.flatMap((path) => {
      const installed = installedPath(path);
      return installed === undefined ? [] : [[path, installed] as const];
    });
    expect(placed.length).toBeGreaterThanOrEqual(3);
    for (const [path, installed] of placed)
      expect(text("amd64", installed)).toBe(readFileSync(join(root, "systemd", path), "utf8"));
    expect(() => installedPath("esimd.conf.unknown")).toThrow("nobody knows where this belongs");
    const conffiles = readFileSync(join(of("amd64").control, "conffiles"), "utf8")
      .trimEnd()
      .split("\n");
    expect(conffiles).toEqual(["/etc/esimd/ci-roots/README", "/etc/esimd/config.toml"]);
  });

  it("brings no root of its own, and says which ones there are", () => {
    expect(readdirSync(join(of("amd64").tree, "etc/esimd/ci-roots"))).toEqual(["README"]);
    const readme = text("amd64", "etc/esimd/ci-roots/README");
    expect(readme.match(/key id +[0-9A-F]{40}$/gm)).toHaveLength(5);
    expect(readme.match(/SHA-256 +[0-9A-F]{64}$/gm)).toHaveLength(5);
  });

  it("has the terms of everything in the bundle, and a bill of materials of the same", () => {
    const copyright = text("amd64", "usr/share/doc/esimd/copyright");
    const bom = z
      .object({ components: z.array(z.object({ name: z.string(), version: z.string() })) })
      .parse(
        JSON.parse(gunzipSync(readFileSync(join(of("amd64").tree, "usr/share/doc/esimd/sbom.cdx.json.gz"))).toString()),
      );
    expect(bom.components.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["pino", "serialport", "smol-toml", "undici", "zod"]),
    );
    for (const { name, version } of bom.components)
      expect(copyright).toContain(`Comment: ${name} ${version}, in the bundle`);
    expect(copyright.match(/^Comment: /gm)).toHaveLength(bom.components.length);
  });

  it.skipIf(!has("lintian"))(
    "has no fault that lintian knows (skipped where there is none)",
    () => {
      const { stdout, status } = spawnSync("lintian", [...names.map((name) => of(name).deb)], { encoding: "utf8" });
      expect({ status, faults: stdout.trim() }).toEqual({ status: 0, faults: "" });
    },
    120_000,
  );

  it.skipIf(!has("mandoc"))("has manual pages without a fault (skipped where there is no mandoc)", () => {
    const manual = join(of("amd64").tree, "usr/share/man");
    const pages = readdirSync(manual, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".gz"));
    expect(pages.map((path) => path.replace(/^.*\//, "")).sort()).toEqual([
      "esimd-errors.7.gz",
      "esimd.1.gz",
      "esimd.service.8.gz",
      "esimd.toml.5.gz",
    ]);
    for (const path of pages) {
      const input = gunzipSync(readFileSync(join(manual, path)));
      const { stdout } = spawnSync("mandoc", ["-Tlint", "-Wwarning"], { input, encoding: "utf8" });
      expect(stdout).toBe("");
    }
  });

  it.skipIf(!has("systemd-analyze"))(
    "has units that systemd takes (skipped where there is none)",
    () => {
      const { tree } = of("amd64");
      const folder = join(tree, "usr/lib/systemd/system");
      const units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name));
      // A template is looked at as one of its instances.
      const paths = units.map((name) => join(folder, name.replace("@.", "@modem0.")));
      // verify looks whether the program of ExecStart= is there; --root would want a whole system around the units.
      const program = join(tree, "usr/bin/esimd");
      const seen = join(tree, "verify");
      mkdirSync(seen);
      for (const name of units) {
        const unit = readFileSync(join(folder, name), "utf8").replaceAll("/usr/bin/esimd", program);
        writeFileSync(join(seen, name), unit);
      }
      const { stderr, stdout } = spawnSync(
        "systemd-analyze",
        ["verify", ...paths.map((path) => join(seen, path.slice(folder.length + 1)))],
        {
          encoding: "utf8",
        },
      );
      const version = Number(
        /^systemd (\d+)/.exec(execFileSync("systemd-analyze", ["--version"], { encoding: "utf8" }))?.[1],
      );
      const said = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
      // Older ones do not know OpenFile=, and say so.
      expect(said.filter((line) => version >= 253 || !/Unknown key (?:name )?'OpenFile'/.test(line))).toEqual([]);
      for (const name of units.filter((unit) => unit.endsWith(".service"))) {
        const words = [
          "security",
          "--offline=yes",
          "--threshold=20",
          "--no-pager",
          join(seen, name.replace("@.", "@modem0.")),
        ];
        const { status, stdout: table } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
        expect({ name, status, table: status === 0 ? "" : table }).toEqual({ name, status: 0, table: "" });
      }
    },
    60_000,
  );

  it("completes commands, flags and the words that a flag takes", () => {
    const complete = (...words: readonly string[]): readonly string[] => {
      const script = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _esimd; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const completion = join(of("amd64").tree, "usr/share/bash-completion/completions/esimd");
      const { stdout, stderr } = spawnSync("bash", ["-c", script, completion, ...words], { encoding: "utf8" });
      expect(stderr).toBe("");
      return stdout.split("\n").filter((word) => word !== "");
    };
    expect(complete("esimd", "pro")).toEqual(["provision", "probe", "profile"]);
    expect(complete("esimd", "profile", "d")).toEqual(["download", "disable", "delete"]);
    expect(complete("esimd", "probe", "--js")).toEqual(["--json"]);
    expect(complete("esimd", "provision", "--provider", "")).toEqual(["twilio", "kore", "none"]);
  });

  describe.each(nodes)("unpacked, on %s", (node) => {
    /** As /usr/bin/esimd, with this Node in place of Debian's. */
    const launcher = (): string => {
      const { tree } = of("amd64");
      const path = join(tree, `esimd-${nodes.indexOf(node)}`);
      const script = readFileSync(join(tree, "usr/bin/esimd"), "utf8");
      expect(script).toContain("exec /usr/bin/node ");
      writeFileSync(
        path,
        script.replaceAll("/usr/bin/node", node).replaceAll("/usr/lib/esimd", join(tree, "usr/lib/esimd")),
      );
      chmodSync(path, 0o755);
      return path;
    };
    const env = { PATH: process.env["PATH"] };
    const esimd = (
      words: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ): Promise<{ readonly status: number | string | null; readonly stdout: string; readonly stderr: string }> =>
      new Promise((resolve) => {
        const options = { env: { ...env, ...more }, cwd: "/", timeout: 100_000 };
        execFile(launcher(), [...words], options, (error, stdout, stderr) =>
          resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr }),
        );
      });

    it("knows its version, and takes the example configuration", async () => {
      expect((await esimd(["--version"])).stdout).toBe(`esimd ${fieldOf("amd64", "Version")}\n`);
      const example = join(of("amd64").tree, "etc/esimd/config.toml");
      const { stdout } = await esimd(["config", "check", "--config", example]);
      expect(stdout).toBe(`the configuration is good: read from ${example}\n`);
    });

    it("says of a port that is not there that it is not there, by the native part of the package", async () => {
      const ended = await esimd(["probe", "--port", "/dev/null", "--deadline", "60"]);
      expect(ended).toMatchObject({ status: 66, stderr: expect.stringContaining("/dev/null is not a serial port") });
    });

    // The world is in this process, and its pty is the repository's: the package's own emulators are on sockets only.
    it.each(["pty", "unix", "tcp"])(
      "probes and provisions an emulated modem: %s",
      async (kind) => {
        const dir = join(dirname(of("amd64").tree), `world-${kind}-${nodes.indexOf(node)}`);
        const world = await startFakeWorld({
          dir,
          clock: systemClock,
          random: systemRandom,
          log: silentLog,
          wire: wires(dir)[kind],
          modemWorld: { simBusyMs: 50, registrationMs: 50 },
          apiTiming: { toReservingMs: 10, toAvailableMs: 30, simScheduledMs: 30 },
        });
        try {
          const state = { ...world.env, ESIMD_STATE_DIR: join(dir, "state") };
          const probed = await esimd(["probe", "--port", world.port, "--json"], state);
          expect(lastObject(probed.stdout)).toMatchObject({ schema: "esimd.probe/1" });
          const provisioned = await esimd(["provision", "--port", world.port, "--json"], state);
          expect(lastObject(provisioned.stdout)).toMatchObject({ state: "provisioned", changed: true, error: null });
          const again = await esimd(["provision", "--port", world.port, "--json"], state);
          expect(lastObject(again.stdout)).toMatchObject({ state: "provisioned", changed: false, error: null });
          expect(world.api.ledger()).toHaveLength(1);
        } finally {
          await world.close();
        }
      },
      120_000,
    );
  });
});

function wires(dir: string): Readonly<Record<string, ModemWire | undefined>> {
  return {
    pty: undefined,
    unix: { kind: "socket", listen: { kind: "unix", path: join(dir, "modem.sock") } },
    tcp: { kind: "socket", listen: { kind: "tcp", host: "127.0.0.1", port: 0 } },
  };
}

function lastObject(out: string): unknown {
  return JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
}
