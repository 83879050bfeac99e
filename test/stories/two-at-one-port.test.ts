import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { reportSchema } from "../../src/report/schema.js";
import { until } from "./conditions.js";
import { type Field, lastLine } from "./field.js";
import { inField, modemDialects } from "./in-field.js";

/** Two processes of esimd at one modem: the second says so, and the first does not notice. */

describe.concurrent("a second esimd at the same port", () => {
  it.each(modemDialects)("says that the port is held, and harms nothing: %s", (dialect) =>
    // Slow enough that the first is still at work whenever the second comes.
    inField({ dialect, world: { delayMs: 60 } }, async (field) => {
      const first = field.spawnProvision(["--lpa", "modem"]);
      const ended = endOf(first);
      const said = heard(field);
      await until(() => said("AT+CGMI"), "the first holds the port");
      const second = await field.provision(["--lpa", "modem"]);
      expect(second).toMatchObject({ status: 75 });
      expect(second.report()).toMatchObject({ state: "failed", error: { code: "port_busy", retry: "later" } });

      await until(() => said("download"), "the first downloads", 20_000);
      const probed = await field.esimd(["probe", "--port", field.world.port, "--json"]);
      expect(probed).toMatchObject({ status: 75 });
      expect(probed.stderr).toContain("is held by another program");

      const { status, stdout } = await ended;
      expect({ status, report: reportSchema.parse(JSON.parse(lastLine(stdout))) }).toMatchObject({
        status: 0,
        report: { state: "provisioned", changed: true },
      });
      expect(field.charges()).toBe(1);
    }),
  );
});

/** Has the modem been sent a line with this text? */
function heard(field: Field): (text: string) => boolean {
  return (text) => field.world.modem.transcript.some((line) => line.from === "host" && line.text.includes(text));
}

async function endOf(child: ChildProcess): Promise<{ readonly status: unknown; readonly stdout: string }> {
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const [status] = await once(child, "close");
  return { status, stdout };
}
