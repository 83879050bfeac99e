import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

it("a run whose tests all pass fails for what they let out, and says where it was", async () => {
  const words = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/leaks/leaky/vitest.config.ts"];
  const child = spawn(process.execPath, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  await once(child, "close");
  const folder = / in (\S+esimd-collected-\w+)/.exec(said)?.[1] ?? "";
  rmSync(folder, { recursive: true, force: true });
  expect(said).toMatch(/4 passed/);
  expect(child.exitCode).not.toBe(0);
  const places = [...said.matchAll(/^ {2}((?:log|result|folders)\/.*): the secret in ESIMD_API_SECRET$/gm)];
  expect(places.map(([, place = ""]) => place.replace(/~\d+-\d+/, "")).sort()).toEqual([
    "folders/leaks_leaky_leaky.case.ts~left/status/port.json:1",
    "log/leaks_leaky_leaky.case.ts~log:1",
    "log/leaks_leaky_leaky.case.ts~node_-e_stderr:1",
    "result/leaks_leaky_leaky.case.ts~work_stdout:1",
  ]);
  expect(said).not.toContain("Planted-Secret");
});
