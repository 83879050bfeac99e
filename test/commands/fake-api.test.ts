import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseArguments } from "../../src/commands/arguments.js";
import { fakeApiCommand } from "../../src/commands/fake-api.js";
import { fakeApiDefaults } from "../../src/emulator/api/fake-api.js";
import { testContext } from "./test-context.js";

const line = z.strictObject({
  apiUrl: z.string(),
  tokenUrl: z.string(),
  accountSid: z.string(),
  env: z.record(z.string(), z.string()),
});

/** Runs the command until its line is there and `look` is done with it, then stops it as SIGTERM does. */
async function runWhile(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  look: (ready: z.output<typeof line>) => Promise<void>,
): Promise<{ readonly status: number; readonly stdout: string }> {
  const test = testContext({ env });
  const running = fakeApiCommand.run(test.context, parseArguments(fakeApiCommand, words));
  running.catch(() => undefined);
  while (test.stdout() === "") await Promise.race([running, new Promise(setImmediate)]);
  try {
    await look(line.parse(test.result()));
  } finally {
    test.abort(new Error("SIGTERM"));
  }
  return { status: await running, stdout: test.stdout() };
}

const basic = (key: string, secret: string) => `Basic ${Buffer.from(`${key}:${secret}`).toString("base64")}`;

describe("esimd fake-api", () => {
  it("prints one JSON line that a shell can use, serves, and exits 0 when told to stop", async () => {
    const { status, stdout } = await runWhile(["--fleet", "field", "--fleet", "lab"], {}, async ({ apiUrl, env }) => {
      expect(env).toMatchObject({ ESIMD_API_URL: apiUrl, ESIMD_TOKEN_URL: `${apiUrl}/api-services/v1/auth/token` });
      const authorization = basic(env["ESIMD_API_KEY"] ?? "", env["ESIMD_API_SECRET"] ?? "");
      const response = await fetch(`${apiUrl}/v1/Fleets`, { headers: { authorization } });
      const { fleets } = z
        .object({ fleets: z.array(z.object({ unique_name: z.string() })) })
        .parse(await response.json());
      expect(fleets.map((fleet) => fleet.unique_name).sort()).toEqual(["field", "lab"]);
    });
    expect(status).toBe(0);
    expect(stdout.match(/\n/g)).toHaveLength(1);
  });

  it("takes key and secret from the environment and does not repeat them", async () => {
    const env = { ESIMD_API_KEY: `SK${"1".repeat(32)}`, ESIMD_API_SECRET: "my-own-secret" };
    const { stdout } = await runWhile([], env, async ({ apiUrl, accountSid }) => {
      const ask = async (authorization: string) =>
        (await fetch(`${apiUrl}/v1/Sims`, { headers: { authorization } })).status;
      expect(await ask(basic(env.ESIMD_API_KEY, env.ESIMD_API_SECRET))).toBe(200);
      expect(await ask(basic(fakeApiDefaults.key, fakeApiDefaults.secret))).toBe(401);
      expect(accountSid).toMatch(/^AC[0-9a-f]{32}$/);
    });
    expect(stdout).not.toContain(env.ESIMD_API_SECRET);
    expect(stdout).not.toContain("ESIMD_API_KEY");
  });

  it("plays a scenario", async () => {
    const folder = await mkdtemp(join(tmpdir(), "esimd-fake-api-"));
    const path = join(folder, "s.json");
    await writeFile(
      path,
      JSON.stringify({ behaviours: [{ actions: [{ do: "error", status: 503, shape: "empty" }] }] }),
    );
    await runWhile(["--scenario", path], {}, async ({ apiUrl }) => {
      expect((await fetch(`${apiUrl}/v1/Sims`)).status).toBe(503);
    });
    await rm(folder, { recursive: true });
  });

  it.each([
    [["--listen", "8080"], "usage"],
    [["--listen", "127.0.0.1:99999"], "usage"],
    [["--listen", "0.0.0.0:0"], "bad_input"],
    [["--smdp", "http://127.0.0.1:1"], "usage"],
    [["--scenario", "/nowhere.json"], "scenario_invalid"],
    [["--log-level", "loud"], "usage"],
  ])("refuses %j", async (words, code) => {
    const { context } = testContext();
    await expect(fakeApiCommand.run(context, parseArguments(fakeApiCommand, words))).rejects.toMatchObject({ code });
  });
});
