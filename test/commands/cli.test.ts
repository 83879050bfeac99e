import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { version } from "../../src/base/version.js";

/** The process itself, as it is shipped: `npm test` builds it first. */
const cli = resolve(import.meta.dirname, "../../dist/cli.js");
const env = { ...process.env, ESIMD_CONFIG: "/dev/null" };

beforeAll(() => {
  if (!existsSync(cli)) throw new Error("dist/cli.js is missing: run `npm run build` first");
});

function esimd(...words: readonly string[]) {
  return spawnSync(process.execPath, [cli, ...words], { encoding: "utf8", env });
}

describe("the process", () => {
  it.each([
    [["--version"], 0, `esimd ${version()}\n`, ""],
    [["confg"], 64, "", 'esimd: there is no command "confg"; did you mean "config"? (usage)\n  See `esimd help`.\n'],
  ])("%j exits with %d", (words, status, stdout, stderr) => {
    const ended = esimd(...words);
    expect([ended.status, ended.stdout, ended.stderr]).toEqual([status, stdout, stderr]);
  });

  it("puts the result on stdout, and an error of the configuration on stderr with status 78", () => {
    expect(JSON.parse(esimd("config", "show", "--json").stdout)).toMatchObject({ schema: "esimd.config/1" });
    const ended = esimd("config", "show", "--config", "/nowhere");
    expect([ended.status, ended.stdout]).toEqual([78, ""]);
  });

  it("says nothing when the reader of its output has gone away", async () => {
    const child = spawn(process.execPath, [cli, "config", "show"], { env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const status = await new Promise((settle) => child.on("close", settle));
    expect(stderr).not.toContain("EPIPE");
    expect(status).toBe(0);
  });
});
