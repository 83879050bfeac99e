import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EsimdError } from "../../src/base/errors.js";
import { configured, until } from "./conditions.js";
import { lastReport } from "./daemon.js";
import { inField } from "./in-field.js";

describe.concurrent("the daemon", () => {
  it("provisions its modem, lets the port go, and rests until SIGTERM", () =>
    inField({}, async (field) => {
      const stop = new AbortController();
      const words = ["run", "--port", field.world.port, ...(await configured(field))];
      const running = field.esimd(words, {}, stop.signal);
      await until(() => lastReport(field) !== undefined, "the daemon's first run ends");
      expect(lastReport(field)).toMatchObject({ state: "provisioned", changed: true });

      // The port is free for others while nothing is due, and they may look without being taken for a change.
      const again = await field.provision();
      expect(again).toMatchObject({ status: 0 });
      expect(again.report()).toMatchObject({ changed: false });

      stop.abort(new EsimdError("cancelled", "stopped by SIGTERM"));
      const ended = await running;
      expect(ended).toMatchObject({ status: 0, stdout: "" });
      expect(ended.stderr).toContain('"msg":"esimd stops"');
      expect(field.charges()).toBe(1);
      const file = join(field.env["ESIMD_STATE_DIR"] ?? "", "status");
      expect((await stat(file)).mode & 0o007).toBe(0);
    }));

  it("stops in the middle of a run when SIGTERM comes, and the next one goes on", () =>
    inField(
      { modem: { behaviours: [{ command: 'QESIM="download"', times: 1, do: { kind: "silence" } }] } },
      async (field) => {
        const stop = new AbortController();
        const running = field.esimd(["run", "--port", field.world.port, "--lpa", "modem"], {}, stop.signal);
        const asked = (): boolean => field.world.modem.transcript.some(({ text }) => text.includes('QESIM="download"'));
        await until(asked, "the download begins");
        stop.abort(new EsimdError("cancelled", "stopped by SIGTERM"));
        expect(await running).toMatchObject({ status: 0 });
        const next = await field.provision(["--lpa", "modem"]);
        expect(next).toMatchObject({ status: 0 });
        expect(next.report()).toMatchObject({ state: "provisioned" });
        expect(field.charges()).toBe(1);
      },
    ));

  it("without a port says so and ends, since no waiting mends that", () =>
    inField({}, async (field) => {
      const ended = await field.esimd(["run"]);
      expect(ended).toMatchObject({ status: 78, stdout: "" });
      expect(ended.stderr).toContain("modem.port is not set");
    }));

  it("without credentials says so and ends", () =>
    inField({}, async (field) => {
      const ended = await field.esimd(["run", "--port", field.world.port], { ESIMD_API_KEY: "", ESIMD_API_SECRET: "" });
      expect(ended).toMatchObject({ status: 78, stdout: "" });
    }));
});
