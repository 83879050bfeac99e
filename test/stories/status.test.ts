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
      expect(text).toMatchObject({ status: 0, stderr: expect.stringMatching(/^no daemon answers on .*esimd\.sock/) });
      expect(text.stdout).toMatch(/^no run has ended yet/);
      expect(await field.esimd(["status", "--quiet"])).toMatchObject({ status: 0, stderr: "" });
      const json = await field.esimd(["status", "--json"]);
      expect(JSON.parse(json.stdout)).toEqual({
        schema: "esimd.status/1",
        daemon: null,
        modems: [],
        reports: [],
        ledgers: [],
      });
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
      const masked = `${eid.slice(0, 4)}…${eid.slice(-4)}`;
      const charge = field.world.api.ledger()[0];
      const lines = after.stdout.split("\n");
      expect(lines.slice(0, 2)).toEqual([
        `${field.world.port}  provisioned  EID ${masked}  ${provisioned.report().finishedAt}`,
        `paid for EID ${masked}: spent 1 of 1, left 0`,
      ]);
      // When, what, how it ended, and why it was made.
      expect(lines[2]).toMatch(new RegExp(`^ {4}\\S+Z  ${charge?.sid}  charged  the world shows no reservation$`));
      expect(lines.slice(3)).toEqual([""]);
      const json = await field.esimd(["status", "--json"]);
      expect(JSON.parse(lastLine(json.stdout))).toEqual({
        schema: "esimd.status/1",
        daemon: null,
        modems: [],
        reports: [provisioned.report()],
        ledgers: [
          {
            eid,
            trouble: null,
            budget: { spent: 1, allowed: 1, left: 0 },
            charges: [
              {
                at: expect.any(String),
                why: "the world shows no reservation",
                outcome: "charged",
                sid: charge?.sid,
                post: expect.any(String),
                method: "eid",
                remark: null,
                decidedAt: null,
              },
            ],
          },
        ],
      });
      const elsewhere = await field.esimd(["status", "--json", "--port", "/dev/elsewhere"]);
      expect(JSON.parse(lastLine(elsewhere.stdout))).toMatchObject({ reports: [], ledgers: [] });
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
      expect(ended.stderr.trimEnd().split("\n")).toHaveLength(3);

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
