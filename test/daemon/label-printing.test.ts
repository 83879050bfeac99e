import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemClock, VirtualClock } from "../../src/base/clock.js";
import { type LabelPrint, printLabel } from "../../src/daemon/label-printing.js";

const folder = mkdtempSync(join(tmpdir(), "esimd-printing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let scripts = 0;

/** A program of /bin/sh, and the file that it is to write to. */
function program(body: string): { readonly command: string; readonly out: string } {
  const command = join(folder, `print-${++scripts}`);
  const out = `${command}.out`;
  writeFileSync(command, `#!/bin/sh\nout=${out}\n${body}\n`);
  chmodSync(command, 0o755);
  return { command, out };
}

function print(command: string, more: Partial<LabelPrint> = {}): Promise<void> {
  return printLabel({
    command,
    bytes: Uint8Array.of(0, 1, 255, 10),
    env: { PATH: process.env["PATH"], TZ: "UTC", ESIMD_API_SECRET: "not-for-printers" },
    clock: systemClock,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    ...more,
  });
}

/** Resolves when the program has written its first line. */
async function begun(out: string): Promise<number> {
  for (;;) {
    try {
      const text = readFileSync(out, "utf8");
      if (text.endsWith("\n")) return Number(text);
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie waits for its parent and runs no more.
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** A child of the program that would go on for ever. */
const withChild = 'sleep 1000 & echo $! > "$out"; wait';

describe("a program that prints a label", () => {
  it("has its bytes on stdin, and in its environment what it needs and no secret", async () => {
    const { command, out } = program('cat > "$out"; env | sort > "$out.env"; pwd > "$out.pwd"');
    await print(command, { facts: { ESIMD_LABEL_FORMAT: "png", ESIMD_SERIAL: "A $(id) 1" } });
    expect([...readFileSync(out)]).toEqual([0, 1, 255, 10]);
    const env = readFileSync(`${out}.env`, "utf8");
    expect(env).toContain("ESIMD_LABEL_FORMAT=png\n");
    expect(env).toContain("ESIMD_SERIAL=A $(id) 1\n");
    expect(env).toContain("TZ=UTC\n");
    expect(env).not.toContain("not-for-printers");
    expect(readFileSync(`${out}.pwd`, "utf8")).toBe("/\n");
  });

  it("may leave its stdin unread", async () => {
    await print(program("exit 0").command, { bytes: new Uint8Array(1_000_000) });
  });

  it.each([
    ["echo no paper >&2; exit 3", /print-\d+ ended with exit status 3; it says "no paper"$/],
    ["exit 1", /ended with exit status 1$/],
    ["kill -9 $$", /ended by SIGKILL$/],
    // The pipe that its child still has holds nothing up.
    ["sleep 1000 & echo jam; exit 2", /ended with exit status 2; it says "jam"$/],
    ["yes no | head -n 10000; exit 1", /it says "(no ){19}\.\.\."$/],
    ["echo 89049032000000000000000000000042; exit 1", /it says "8904…0042"$/],
  ])("that fails (%s) is told of", async (body, sentence) => {
    await expect(print(program(body).command)).rejects.toMatchObject({
      code: "label_unprinted",
      message: expect.stringMatching(sentence),
    });
  });

  it("that is not there is told of", async () => {
    await expect(print(join(folder, "no-such-program"))).rejects.toMatchObject({
      code: "label_unprinted",
      message: expect.stringMatching(/no-such-program cannot be started: .*ENOENT/),
    });
  });

  it("is killed at its deadline, with what it started", async () => {
    const clock = new VirtualClock();
    const { command, out } = program(withChild);
    const printing = print(command, { clock, timeoutMs: 30_000 });
    const refused = expect(printing).rejects.toMatchObject({
      code: "label_unprinted",
      message: `${command} did not end within 30 s, and was killed`,
    });
    const child = await begun(out);
    await clock.advance(30_000);
    await refused;
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it("ends with the one who asked for it, and is not begun after that", { timeout: 20_000 }, async () => {
    const controller = new AbortController();
    const { command, out } = program(withChild);
    const reason = new Error("stopped");
    const refused = expect(print(command, { clock: new VirtualClock(), signal: controller.signal })).rejects.toBe(
      reason,
    );
    const child = await begun(out);
    controller.abort(reason);
    await refused;
    await expect.poll(() => isAlive(child)).toBe(false);
    const never = program('echo > "$out"');
    await expect(print(never.command, { signal: controller.signal })).rejects.toBe(reason);
    expect(() => readFileSync(never.out)).toThrow("ENOENT");
  });
});
