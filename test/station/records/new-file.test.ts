import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeNewFile } from "../../../src/station/records/new-file.js";
import { compiled } from "../../support/compiled.js";

let folder: string;
let path: string;
let ids = 0;
const newId = (): string => `id${++ids}`;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "esimd-new-"));
  path = join(folder, "out.csv");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

describe("a new file", () => {
  it("has all of it, and nothing is left beside it", async () => {
    expect(await writeNewFile(path, pieces("é", "b"), newId)).toBe(3);
    expect(readFileSync(path, "utf8")).toBe("éb");
    expect(readdirSync(folder)).toEqual(["out.csv"]);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it.each(["file", "folder", "link to nowhere"])("is never made in place of a %s", async (what) => {
    if (what === "file") writeFileSync(path, "mine");
    if (what === "folder") mkdirSync(path);
    if (what === "link to nowhere") symlinkSync(join(folder, "none"), path);
    await expect(writeNewFile(path, pieces("x"), newId)).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining("is there already"),
    });
    if (what === "file") expect(readFileSync(path, "utf8")).toBe("mine");
    expect(readdirSync(folder)).toEqual(["out.csv"]);
  });

  it("is not made over one that came while it was written", async () => {
    async function* slow(): AsyncGenerator<string> {
      yield "ours";
      writeFileSync(path, "theirs");
    }
    await expect(writeNewFile(path, slow(), newId)).rejects.toMatchObject({ code: "bad_input" });
    expect(readFileSync(path, "utf8")).toBe("theirs");
    expect(readdirSync(folder)).toEqual(["out.csv"]);
  });

  it("is not there where what it is made of fails", async () => {
    async function* failing(): AsyncGenerator<string> {
      yield "half";
      throw new Error("the record is damaged");
    }
    await expect(writeNewFile(path, failing(), newId)).rejects.toMatchObject({ code: "bad_input" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("cannot be made in a folder that is not there", async () => {
    await expect(writeNewFile(join(folder, "none/x"), pieces("x"), newId)).rejects.toMatchObject({ code: "bad_input" });
  });

  it("is whole or not there when the process is killed while it writes", async () => {
    const built = compiled("station/records/new-file.js");
    const script = `
      const { writeNewFile } = await import(${JSON.stringify(built)});
      async function* pieces() {
        yield "half";
        process.stdout.write("half is written\\n");
        await new Promise((resolve) => setInterval(() => undefined, 1000));
      }
      await writeNewFile(${JSON.stringify(path)}, pieces(), () => "killed");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(existsSync(path)).toBe(false);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    expect(readdirSync(folder)).toEqual(["out.csv.killed.part"]);
    // What it left is in nobody's way.
    expect(await writeNewFile(path, pieces("whole"), newId)).toBe(5);
    expect(readFileSync(path, "utf8")).toBe("whole");
  });
});
