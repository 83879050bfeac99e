import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { reportSchema } from "../../src/report/schema.js";
import { until } from "./conditions.js";
import { builtProgram, lastLine } from "./field.js";

/** What a newcomer types first, as the README has it: processes of their own, from the built program. */

const root = resolve(import.meta.dirname, "../..");

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(file, words, { cwd: root, env }, (_error, stdout, stderr) =>
      done({ status: child.exitCode, stdout, stderr }),
    );
  });
}

/** Without what a developer has set for esimd. */
const plainEnv: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("ESIMD_")),
);

const demoLine = z.object({
  schema: z.literal("esimd.demo/1"),
  ledger: z.object({ charges: z.array(z.object({ iccid: z.string() })) }),
});

describe("npm run -s demo -- --json", { concurrent: true }, () => {
  it.for([
    [],
    ["--method", "activation-code"],
    ["--provider", "kore"],
    ["--provider", "none"],
    ["--dialect", "quectel-nwmode"],
    ["--lpa", "modem"],
    ["--dialect", "quectel-nwmode", "--lpa", "modem"],
  ])("ends provisioned with one charge: %s", async (flags) => {
    // A stray setting of the caller must not reach the demo.
    const env = {
      ...plainEnv,
      ESIMD_API_URL: "https://supersim.twilio.com",
      ESIMD_API_KEY: "AC1",
      ESIMD_API_SECRET: "real",
    };
    const { status, stdout } = await run("npm", ["run", "-s", "demo", "--", "--json", ...flags], env);
    expect(status).toBe(0);
    const report = reportSchema.parse(JSON.parse(lastLine(stdout)));
    expect(report).toMatchObject({ state: "provisioned", changed: true, error: null });
    const { ledger } = demoLine.parse(JSON.parse(stdout.trimEnd().split("\n").at(-2) ?? ""));
    expect(ledger.charges.map(({ iccid }) => iccid)).toEqual([report.iccid]);
  });
});

const worldLine = z.object({
  port: z.string(),
  apiUrl: z.string(),
  smdp: z.string(),
  ciRoots: z.string(),
  env: z.record(z.string(), z.string()),
});

describe("esimd fake-world", () => {
  it("is all that provision needs: its port and its env", async (test) => {
    const dir = await mkdtemp(join(tmpdir(), "esimd-world-"));
    test.onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const world = spawn(process.execPath, [builtProgram, "fake-world", "--dir", dir], {
      env: plainEnv,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(world, "exit");
    test.onTestFinished(() => void world.kill("SIGKILL"));
    let said = "";
    world.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    await until(() => said.endsWith("\n"), "fake-world says where it is");
    expect(said.trimEnd().split("\n")).toHaveLength(1);
    const { port, apiUrl, env } = worldLine.parse(JSON.parse(said));
    expect(env["ESIMD_API_URL"]).toBe(apiUrl);

    const provision = (): Promise<Ran> =>
      run(process.execPath, [builtProgram, "provision", "--port", port, "--json"], { ...plainEnv, ...env });
    const ended = await provision();
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(reportSchema.parse(JSON.parse(lastLine(ended.stdout)))).toMatchObject({
      state: "provisioned",
      changed: true,
    });
    expect(reportSchema.parse(JSON.parse(lastLine((await provision()).stdout)))).toMatchObject({ changed: false });
    const ledger = await fetch(`${apiUrl}/_ledger`);
    expect(demoLine.shape.ledger.parse(await ledger.json()).charges).toHaveLength(1);

    world.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  });
});
