import { readFileSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { parseEid, parseIccid } from "../../../src/base/identifiers.js";
import { silentLog } from "../../../src/base/logging.js";
import { hookProbe } from "../../../src/daemon/connectivity/hook-probe.js";
import type { Service } from "../../../src/provision/trial.js";
import { until } from "../../stories/conditions.js";

/** The operator's own program, as it is called and as it may behave. */

const subject = {
  port: "/dev/ttyUSB2",
  eid: parseEid("89049032123451234512345678901235", "the test"),
  iccid: parseIccid("8988307000000000019", "the test"),
};
let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "esimd-hook-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function hook(lines: string): Promise<string> {
  const path = join(dir, "hook");
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

function call(path: string, timeoutMs = 10_000, signal = new AbortController().signal): Promise<Service> {
  return hookProbe({ clock: systemClock, log: silentLog, path, timeoutMs }).look(subject, signal);
}

/** Gone, or a zombie that nobody has to fear. */
function isGone(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return true;
  }
}

describe("a hook", () => {
  it("says yes by its exit status 0, and no by any other or by a signal", async () => {
    expect(await call(await hook("exit 0"))).toEqual({ up: true });
    const path = await hook("echo no route >&2; exit 3");
    expect(await call(path)).toEqual({ up: false, why: `the hook ${path} ended with status 3` });
    expect(await call(await hook("kill -SEGV $$"))).toMatchObject({
      up: false,
      why: expect.stringContaining("SIGSEGV"),
    });
  });

  it("gets no words, and of the environment what it needs and no secret", async () => {
    process.env["ESIMD_API_SECRET"] = "not-for-hooks";
    try {
      const out = join(dir, "out");
      await call(await hook(`{ echo "words: $#"; env | grep -v '^_=' | grep -v '^PWD=' | sort; } > ${out}`));
      expect((await readFile(out, "utf8")).trim().split("\n")).toEqual([
        "words: 0",
        `ESIMD_EID=${subject.eid}`,
        `ESIMD_ICCID=${subject.iccid}`,
        "ESIMD_PORT=/dev/ttyUSB2",
        expect.stringMatching(/^PATH=/),
      ]);
    } finally {
      delete process.env["ESIMD_API_SECRET"];
    }
  });

  it("that hangs and does not listen to SIGTERM is killed, with what it started", async () => {
    const pids = join(dir, "pids");
    const path = await hook(`trap '' TERM\nsleep 1000 &\necho $$ $! > ${pids}\nwait\nwait\nsleep 1000`);
    expect(await call(path, 500)).toEqual({
      up: false,
      why: `the hook ${path} did not end within 500 ms and was killed`,
    });
    const [shell = "", child = ""] = (await readFile(pids, "utf8")).trim().split(" ");
    for (const pid of [shell, child]) {
      expect(pid).toMatch(/^\d+$/);
      await until(() => isGone(pid), `process ${pid} is gone`);
    }
  });

  it("that leaves a child with its pipe behind is not waited for", async () => {
    const startMs = systemClock.monotonicMs();
    expect(await call(await hook("sleep 30 &\nexit 0"))).toEqual({ up: true });
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(25_000);
  });

  it("that cannot be started says nothing about the network", async () => {
    const path = join(dir, "hook");
    expect(await call(path)).toMatchObject({ up: undefined, why: expect.stringContaining("ENOENT") });
    await writeFile(path, "#!/bin/sh\nexit 0\n", { mode: 0o644 });
    expect(await call(path)).toMatchObject({ up: undefined, why: expect.stringContaining("EACCES") });
  });

  it("ends with the run", async () => {
    const stop = new AbortController();
    const started = join(dir, "started");
    const calling = call(await hook(`touch ${started}\nsleep 1000`), 60_000, stop.signal);
    const cause = new Error("esimd is stopped");
    stop.abort(cause);
    await expect(calling).rejects.toBe(cause);
  });
});
