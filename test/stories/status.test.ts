import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Field } from "./field.js";
import { lastLine } from "./field.js";
import { inField } from "./in-field.js";

/** What `esimd status` shows a person who comes to a device later. */

describe.concurrent("esimd status", () => {
  it("before any run says that none has ended yet, and is no failure", () =>
    inField({}, async (field) => {
      const text = await field.esimd(["status"]);
      expect(text).toMatchObject({ status: 0, stderr: "" });
      expect(text.stdout).toMatch(/^no run has ended yet/);
      const json = await field.esimd(["status", "--json"]);
      expect(JSON.parse(json.stdout)).toEqual({ schema: "esimd.status/1", reports: [] });
    }));

  it("after a failure and after a success shows the last one of the port, with the EID masked for people", () =>
    inField({}, async (field) => {
      const { eid } = field.world.modem.euicc;
      field.world.modem.prependBehaviour({ command: 'QESIM="list"', times: 1, do: { kind: "error", number: 100 } });
      const failed = await field.provision(["--lpa", "modem"]);
      expect(failed).toMatchObject({ status: 69 });
      const shown = await field.esimd(["status"]);
      expect(shown).toMatchObject({ status: 0 });
      expect(shown.stdout).toMatch(/ {2}failed {2}/);
      expect(shown.stdout).toContain("(modem_refused; acts: vendor)");

      const provisioned = await field.provision(["--lpa", "modem"]);
      expect(provisioned).toMatchObject({ status: 0 });
      const after = await field.esimd(["status"]);
      expect(after.stdout).toBe(
        `${field.world.port}  provisioned  EID ${eid.slice(0, 4)}…${eid.slice(-4)}  ${provisioned.report().finishedAt}\n`,
      );
      const json = await field.esimd(["status", "--json"]);
      expect(JSON.parse(lastLine(json.stdout))).toEqual({
        schema: "esimd.status/1",
        reports: [provisioned.report()],
      });
    }));

  it.each([
    ["cut off", '{"schema":"esimd.report/1","state":'],
    ["another file's", '{"hello":"world"}'],
    ["empty", ""],
  ])("with a status file that is %s names the file, and the next run replaces it", (_name, content) =>
    inField({}, async (field) => {
      expect(await field.provision()).toMatchObject({ status: 0 });
      const path = await statusFile(field);
      await writeFile(path, content);
      const ended = await field.esimd(["status"]);
      expect(ended).toMatchObject({ status: 65, stdout: "" });
      expect(ended.stderr).toContain(path);
      expect(ended.stderr.trimEnd().split("\n")).toHaveLength(2);

      expect(await field.provision()).toMatchObject({ status: 0 });
      expect(await field.esimd(["status"])).toMatchObject({ status: 0 });
    }),
  );
});

async function statusFile(field: Field): Promise<string> {
  const folder = join(field.env["ESIMD_STATE_DIR"] ?? "", "status");
  const names = await readdir(folder);
  return join(folder, names[0] ?? "");
}
