import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { errorCodes, errorRegistry } from "../../src/base/error-registry.js";
import { inspectConfig } from "../../src/daemon/config/load.js";

const systemd = resolve(import.meta.dirname, "../../systemd");
const unit = readFileSync(join(systemd, "esimd.service"), "utf8");
const example = readFileSync(join(systemd, "config.toml"), "utf8");

/** What docs/security.md has an operator put into `systemctl edit esimd`. */
const security = readFileSync(resolve(systemd, "../docs/security.md"), "utf8");
const dropIn = /```ini\n([\s\S]*?)```/.exec(security)?.[1] ?? "";

const folder = mkdtempSync(join(tmpdir(), "esimd-unit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function setting(name: string): string | undefined {
  return new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
}

const hasSystemdAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("esimd.service", () => {
  /** The unit with a program that exists: verify looks at the path of ExecStart=. */
  function installedUnit(): string {
    const program = join(folder, "esimd");
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o755);
    const path = join(folder, "esimd.service");
    writeFileSync(path, unit.replace("ExecStart=/usr/bin/esimd ", `ExecStart=${program} `));
    return path;
  }

  it.skipIf(!hasSystemdAnalyze)("passes systemd-analyze verify without a word (skipped where there is none)", () => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", installedUnit()], { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it.skipIf(!hasSystemdAnalyze)(
    "takes encrypted credentials by the drop-in of docs/security.md (skipped likewise)",
    () => {
      const path = installedUnit();
      mkdirSync(`${path}.d`);
      writeFileSync(join(`${path}.d`, "credentials.conf"), dropIn);
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
      rmSync(`${path}.d`, { recursive: true });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    },
  );

  it("has the credentials by the names that esimd looks for, plain and in the drop-in", () => {
    const names = (text: string, key: string) =>
      [...text.matchAll(new RegExp(`^${key}=(.+)$`, "gm"))].map(([, id]) => id);
    expect(names(unit, "LoadCredential")).toEqual(["esimd_api_key", "esimd_api_secret"]);
    expect(names(unit, "#LoadCredentialEncrypted")).toEqual(["esimd_api_key", "esimd_api_secret"]);
    expect(names(dropIn, "LoadCredentialEncrypted")).toEqual(["esimd_api_key", "esimd_api_secret"]);
  });

  it.skipIf(!hasSystemdAnalyze)("is exposed to 2.5 of 10 at most (skipped where there is no systemd-analyze)", () => {
    const words = ["security", "--offline=yes", "--threshold=25", "--no-pager", installedUnit()];
    expect(() => execFileSync("systemd-analyze", words, { stdio: "pipe" })).not.toThrow();
  });

  it("runs the daemon, and starts it again unless that is pointless or a person must decide", () => {
    expect(setting("ExecStart")).toBe("/usr/bin/esimd run");
    expect(setting("Restart")).toBe("on-failure");
    const prevented = new Set(setting("RestartPreventExitStatus")?.split(" ").map(Number));
    expect(prevented).toEqual(new Set([64, 65, 77, 78, 79]));
    const wrong = errorCodes.filter((code) => {
      const { held, retry, exit } = errorRegistry[code];
      return held === true ? !prevented.has(exit) : retry !== "never" && prevented.has(exit);
    });
    expect(wrong).toEqual([]);
  });

  it("leaves the JIT of Node alone", () => {
    expect(setting("MemoryDenyWriteExecute")).toBeUndefined();
  });
});

describe("the example configuration", () => {
  const problemsOf = (text: string): readonly string[] => {
    const path = join(folder, "config.toml");
    writeFileSync(path, text);
    // Credentials from here: the example's secret files are not on this machine.
    const env = { CREDENTIALS_DIRECTORY: folder };
    for (const name of ["esimd_api_key", "esimd_api_secret"]) writeFileSync(join(folder, name), "abcdef");
    return inspectConfig({ env, files: [path] }).problems.map(({ message }) => message);
  };

  it("is one that esimd takes", () => {
    expect(problemsOf(example)).toEqual([]);
  });

  it("is one that esimd takes with every line in use", () => {
    const inUse = example.replace(/^#(?=[a-z_]+ = )/gm, "");
    expect(inUse).not.toBe(example);
    expect(problemsOf(inUse)).toEqual([]);
  });
});
