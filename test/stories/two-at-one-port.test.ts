import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { reportSchema } from "../../src/report/schema.js";
import { until } from "./conditions.js";
import { type Field, lastLine } from "./field.js";
import { inField, modemDialects } from "./in-field.js";

/** Two processes of esimd at one modem: the second says who holds it, and the first does not notice. */

describe.concurrent("a second esimd at the same port", () => {
  it.each(modemDialects)("says who holds the port, and harms nothing: %s", (dialect) =>
    // Slow enough that the first is still at work whenever the second comes.
    inField({ dialect, world: { delayMs: 60 } }, async (field) => {
      const first = field.spawnProvision(["--lpa", "modem"]);
      const ended = endOf(first);
      const said = heard(field);
      await until(() => said("AT+CGMI"), "the first holds the port");
      const holder = `is held by esimd (pid ${first.pid})`;
      const second = await endOf(field.spawnProvision(["--lpa", "modem"]));
      expect({ status: second.status, report: reportOf(second) }).toMatchObject({
        status: 75,
        report: {
          state: "failed",
          error: {
            code: "port_busy",
            retry: "later",
            message: expect.stringContaining(holder),
            hint: expect.stringContaining("Another esimd works on this modem"),
          },
        },
      });

      await until(() => said("download"), "the first downloads", 20_000);
      const probed = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(probed).toMatchObject({ status: 75, stderr: expect.stringContaining(holder) });

      const done = await ended;
      expect({ status: done.status, report: reportOf(done) }).toMatchObject({
        status: 0,
        report: { state: "provisioned", changed: true },
      });
      expect(field.charges()).toBe(1);
    }),
  );
});

/** Where nobody may make lock files there is nothing to find stale; the flock of a killed process ends with it. */
const locks = "/run/lock";

describe("an esimd that was killed", () => {
  it.skipIf(!existsSync(locks))("leaves a lock file that does not block the next run (skipped without /run/lock)", () =>
    inField({ world: { delayMs: 20 } }, async (field) => {
      const lock = `${locks}/LCK..${basename(realpathSync(field.world.port))}`;
      const first = field.spawnProvision();
      const ended = once(first, "close");
      await until(() => heard(field)("AT+CGMI"), "the first holds the port");
      const left = existsSync(lock) ? readFileSync(lock, "utf8") : undefined;
      first.kill("SIGKILL");
      await ended;
      if (left !== undefined) expect(readFileSync(lock, "utf8")).toBe(`${String(first.pid).padStart(10)}\n`);

      const next = await field.provision();
      expect(next).toMatchObject({ status: 0 });
      expect(next.report()).toMatchObject({ state: "provisioned" });
      expect(existsSync(lock)).toBe(false);
      expect(field.charges()).toBe(1);
    }),
  );
});

/** Has the modem been sent a line with this text? */
function heard(field: Field): (text: string) => boolean {
  return (text) => field.world.modem.transcript.some((line) => line.from === "host" && line.text.includes(text));
}

interface EndedProcess {
  readonly status: unknown;
  readonly stdout: string;
}

const reportOf = ({ stdout }: EndedProcess): unknown => reportSchema.parse(JSON.parse(lastLine(stdout)));

async function endOf(child: ChildProcess): Promise<EndedProcess> {
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const [status] = await once(child, "close");
  return { status, stdout };
}
