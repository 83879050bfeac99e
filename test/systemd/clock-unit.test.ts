import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const unit = readFileSync(resolve(import.meta.dirname, "../../systemd/esimd-clock.service"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "esimd-clock-unit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasSystemdAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** With a program that exists: verify looks at the path of ExecStart=. */
function installedUnit(): string {
  const program = join(folder, "esimd");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  const path = join(folder, "esimd-clock.service");
  writeFileSync(path, unit.replace("ExecStart=/usr/bin/esimd ", `ExecStart=${program} `));
  return path;
}

describe("esimd-clock.service", () => {
  it.skipIf(!hasSystemdAnalyze)("passes systemd-analyze verify without a word (skipped where there is none)", () => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", installedUnit()], { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it.skipIf(!hasSystemdAnalyze)("is exposed to 2.5 of 10 at most, although it is root's (skipped likewise)", () => {
    const words = ["security", "--offline=yes", "--threshold=25", "--no-pager", installedUnit()];
    expect(() => execFileSync("systemd-analyze", words, { stdio: "pipe" })).not.toThrow();
  });

  it("may set the clock and nothing else, before the daemon has the port, and only where an operator turned it on", () => {
    expect(unit).toMatch(/^CapabilityBoundingSet=CAP_SYS_TIME$/m);
    expect(unit).toMatch(/^Before=esimd\.service esimd-first-boot\.service$/m);
    expect(unit).toMatch(/^TimeoutStartSec=3min$/m);
    expect(unit).toMatch(/^WantedBy=esimd\.service esimd-first-boot\.service$/m);
    expect(unit).not.toMatch(/^(StateDirectory|ProtectClock|LoadCredential)/m);
  });
});
