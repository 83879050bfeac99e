import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createLog, createRedactor } from "../../../src/base/logging.js";
import type { Command } from "../../../src/commands/command.js";
import { main } from "../../../src/commands/main.js";
import { testContext } from "../../commands/test-context.js";

/** Run by whole-run.test.ts alone: tests that pass, and let out what they were given. None does anything to be collected. */

const secret = "Planted-Secret-4711";

it("a command that prints a secret", async () => {
  const test = testContext({ env: { ESIMD_API_SECRET: secret } });
  const command: Command = {
    name: "work",
    summary: "",
    positionals: "",
    flags: {},
    run: async (context) => {
      context.stdout(`the result is ${secret}\n`);
      return 0;
    },
  };
  const table = [{ name: "work", summary: "", load: async () => command }];
  expect(await main(["work"], test.context, table)).toBe(0);
});

it("a log whose redactor was not told", () => {
  const log = createLog({ level: "info", write: () => undefined, redactor: createRedactor(), journald: false });
  log.info({ token: secret }, "said");
});

it("a child that prints one", () => {
  spawnSync(process.execPath, ["-e", `console.error("Planted-Secret-" + 4711)`]);
});

it("a state folder that keeps one", () => {
  const folder = mkdtempSync(join(tmpdir(), "esimd-leaky-"));
  mkdirSync(join(folder, "status"));
  writeFileSync(join(folder, "status", "port.json"), secret);
  rmSync(folder, { recursive: true });
});
