import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseArguments } from "../../src/commands/arguments.js";
import { fakeSmdpCommand } from "../../src/commands/fake-smdp.js";
import { EmulatedEuicc } from "../../src/emulator/euicc/euicc.js";
import { runModemDownload } from "../../src/emulator/euicc/modem-lpa.js";
import { loadPki } from "../../src/emulator/pki/pki.js";
import { loadCiRoots } from "../../src/lpa/es9plus/trust.js";
import { httpsPost, plainHttp, testEid } from "../support/rsp-world.js";
import { testContext } from "./test-context.js";

const line = z.strictObject({ smdp: z.string(), es2plusUrl: z.string(), ciRoots: z.string() });

const dirs: string[] = [];
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "esimd-fake-smdp-"));
  dirs.push(dir);
  return dir;
}
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

/** Runs the command until its line is there and `look` is done with it, then stops it as SIGTERM does. */
async function runWhile(
  words: readonly string[],
  look: (ready: z.output<typeof line>) => Promise<void>,
): Promise<{ readonly status: number; readonly stdout: string }> {
  const test = testContext();
  const running = fakeSmdpCommand.run(test.context, parseArguments(fakeSmdpCommand, words));
  running.catch(() => undefined);
  while (test.stdout() === "") await Promise.race([running, new Promise(setImmediate)]);
  try {
    await look(line.parse(test.result()));
  } finally {
    test.abort(new Error("SIGTERM"));
  }
  return { status: await running, stdout: test.stdout() };
}

function runFails(...words: readonly string[]): Promise<number> {
  return fakeSmdpCommand.run(testContext().context, parseArguments(fakeSmdpCommand, words));
}

describe("esimd fake-smdp", () => {
  it("prints one JSON line, serves a waiting order under its own root, and exits 0 when told to stop", async () => {
    const dir = folder();
    let rootsDir = "";
    const { status, stdout } = await runWhile(
      ["--pki", dir, "--order", testEid],
      async ({ smdp, es2plusUrl, ciRoots }) => {
        rootsDir = ciRoots;
        expect(smdp).toMatch(/^127\.0\.0\.1:\d+$/);
        expect(es2plusUrl).toBe(`http://${smdp}/gsma/rsp2/es2plus`);
        expect(readdirSync(ciRoots)).toEqual(["ci.pem"]);
        const [root = ""] = await loadCiRoots(ciRoots);
        const euicc = new EmulatedEuicc({ pki: loadPki(dir), state: { eid: testEid } });
        const result = await runModemDownload({ euicc, smdpAddress: smdp, post: httpsPost(smdp, root) });
        expect(result).toMatchObject({ ok: true });
        expect((await plainHttp(`http://${smdp}/_orders`)).body).toContain('"state":"Installed"');
      },
    );
    expect(status).toBe(0);
    expect(stdout.match(/\n/g)).toHaveLength(1);
    expect(existsSync(rootsDir)).toBe(false);
  });

  it("serves a profile of the size that is asked for", async () => {
    const dir = folder();
    await runWhile(["--pki", dir, "--order", testEid, "--profile-size", "40000"], async ({ smdp, ciRoots }) => {
      const [root = ""] = await loadCiRoots(ciRoots);
      const euicc = new EmulatedEuicc({ pki: loadPki(dir), state: { eid: testEid } });
      await runModemDownload({ euicc, smdpAddress: smdp, post: httpsPost(smdp, root) });
      expect(euicc.profiles.map(({ sizeBytes }) => sizeBytes)).toEqual([40_000]);
    });
  });

  it.each([
    { what: "an address without port", words: ["--listen", "localhost"], code: "usage" },
    { what: "a port that is none", words: ["--listen", "127.0.0.1:99999"], code: "usage" },
    { what: "an IPv6 address", words: ["--listen", "[::1]:0"], code: "usage" },
    { what: "a wrong EID", words: ["--order", "8904"], code: "bad_eid" },
    { what: "a size that is no number", words: ["--profile-size", "big"], code: "usage" },
    { what: "a size that cannot be", words: ["--profile-size", "10"], code: "bad_input" },
    { what: "a profile that is not there", words: ["--profile", "/nonexistent.der"], code: "bad_input" },
    { what: "an unknown scenario", words: ["--scenario", "nonsense"], code: "scenario_invalid" },
    { what: "a log level that is none", words: ["--log-level", "loud"], code: "usage" },
  ])("refuses $what", async ({ words, code }) => {
    await expect(runFails(...words)).rejects.toMatchObject({ code });
  });

  it("refuses a profile file that is no profile, and a scenario file that is no JSON", async () => {
    const file = join(folder(), "file");
    writeFileSync(file, "nonsense");
    await expect(runFails("--profile", file)).rejects.toThrow("is not an unprotected profile package");
    await expect(runFails("--scenario", file)).rejects.toMatchObject({ code: "scenario_invalid" });
  });
});
