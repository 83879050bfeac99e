import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorRegistry } from "../../src/base/error-registry.js";
import { checkNames } from "../../src/daemon/doctor/check.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { FakeHost } from "../support/fake-host.js";
import { configured } from "./conditions.js";
import { byHost, consult, diagnose, diskError, diskThat, etsi } from "./doctor-bench.js";
import { hostFaults } from "./doctor-faults/host.js";
import { modemFaults } from "./doctor-faults/modem.js";
import { networkFaults } from "./doctor-faults/network.js";
import { portFaults } from "./doctor-faults/port.js";
import type { FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** `esimd doctor`: each planted fault is named with its code and its next step, and where all is well nothing is said. */

const planted = { ...portFaults, ...modemFaults, ...networkFaults, ...hostFaults };

describe.concurrent("esimd doctor names the fault and the next step where", () => {
  it.each(Object.entries(planted))("%s", (_name, fault) =>
    inField(fault.field ?? {}, async (field) => {
      const { check, code, severity = "error", says, next, also = [] } = fault;
      const what = await fault.plant(field);
      const diagnosis = await diagnose(field, what).finally(() => what.host?.close());
      const codes = diagnosis.findings.map((finding) => finding.code);
      expect(codes.toSorted()).toEqual([code, ...also].toSorted());
      const finding = diagnosis.findings.find((one) => one.check === check);
      expect(finding).toMatchObject({ code, severity, actor: errorRegistry[code].actor });
      expect(finding?.message).toMatch(says);
      expect(finding?.hint).toMatch(next);
      expect(diagnosis.status).toBe(severity === "error" ? errorRegistry[code].exit : 0);
      expect(diagnosis.checks.find(({ name }) => name === check)?.result).toBe("found");
    }),
  );
});

interface WholeWorld {
  readonly field: FieldOptions;
  readonly words: readonly string[];
}

const wholeWorlds: Readonly<Record<string, WholeWorld>> = {
  "a modem whose LPA has us carry its HTTPS": { field: { dialect: "quectel-iccid" }, words: ["--lpa", "modem"] },
  "a modem that downloads by its own network": { field: { dialect: "quectel-nwmode" }, words: ["--lpa", "modem"] },
  "a modem with raw card access": { field: etsi, words: byHost },
  "no provider": { field: etsi, words: [...byHost, "--provider", "none"] },
  KORE: { field: etsi, words: [...byHost, "--provider", "kore"] },
};

describe.concurrent("esimd doctor says nothing where all is well:", () => {
  it.each(Object.entries(wholeWorlds))("%s", (_name, { field: options, words }) =>
    inField(options, async (field) => {
      expect(await consult(field, { words })).toEqual({ status: 0, stdout: "", stderr: "" });
      const whole = await diagnose(field, { words });
      expect(whole).toMatchObject({ status: 0, findings: [] });
      expect(whole.checks.map(({ name }) => name)).toEqual(checkNames);
      // What was not looked at has its reason.
      expect(whole.checks.filter(({ result, why }) => result !== "ok" && why === null)).toEqual([]);
    }),
  );

  it.each(["a modem with raw card access", "no provider"])("%s, once it is provisioned", (name) =>
    inField(etsi, async (field) => {
      const words = wholeWorlds[name]?.words ?? [];
      if (words.includes("none")) await field.world.reserveForEuicc(new AbortController().signal);
      expect((await field.provision([...words, ...(await configured(field))])).status).toBe(0);
      expect(await consult(field, { words })).toEqual({ status: 0, stdout: "", stderr: "" });
    }),
  );
});

describe.concurrent("esimd doctor", () => {
  it("says each finding in two lines: what is wrong, its code, who acts, and the next step", () =>
    inField({}, async (field) => {
      const env = { ESIMD_API_SECRET: "not-the-secret" };
      const { status, stdout, stderr } = await consult(field, { env });
      expect(status).toBe(77);
      expect(stdout).toMatch(
        /^error: GET \/v1\/ESimProfiles: 401.* \(api_credentials; acts: operator\)\n {4}Check key.*\n$/,
      );
      expect(stderr).toBe("");
    }));

  it("leaves the modem to an esimd that works on it, and that is no fault", () =>
    inField(etsi, async (field) => {
      const { eid } = field.world.modem.euicc;
      const folder = join(field.env["ESIMD_STATE_DIR"] ?? "", "euicc", eid);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "lock"), `${process.ppid} ${realProcesses.birthOf(process.ppid)}\n`);
      const host = new FakeHost();
      host.addProcess({ pid: process.ppid, comm: "node", open: [field.world.port] });
      const heard = field.world.modem.transcript.length;
      const what = { words: byHost, host };
      expect(await consult(field, what)).toEqual({
        status: 0,
        stdout: "",
        stderr: expect.stringMatching(/^note: esimd works on .* at the moment \(pid \d+\).*\n$/),
      });
      expect((await consult(field, what, ["--quiet"])).stderr).toBe("");
      const { checks } = await diagnose(field, what);
      const left = checks.filter(({ result }) => result === "skipped").map(({ name }) => name);
      expect(left).toEqual(["holder", "modem", "dialect", "sim", "euicc", "lpa", "smdp", "ci-keys"]);
      expect(field.world.modem.transcript.length).toBe(heard);
      host.close();
    }));

  it("names the fault that blocks first by its exit status, and all of them in that order", () =>
    inField({ modem: "no-euicc", ...etsi }, async (field) => {
      const env = { ESIMD_API_SECRET: "not-the-secret" };
      const disk = diskThat({ tryWriting: () => Promise.reject(diskError("ENOSPC")) });
      const many = await diagnose(field, { words: byHost, env, seams: { disk } });
      expect(many.findings.map(({ code }) => code)).toEqual(["no_euicc", "disk_full", "api_credentials"]);
      expect(many.status).toBe(errorRegistry.no_euicc.exit);
      const { stderr } = await consult(field, { words: byHost, env, seams: { disk } });
      expect(stderr).toBe("not looked at: lpa, smdp, ci-keys\n");
    }));

  it("ends by its deadline whatever is silent, and says what it waited for", () =>
    inField({ modem: "silence" }, async (field) => {
      const late = await diagnose(field, { words: ["--deadline", "10", "--provider", "none"] });
      expect(late.findings).toMatchObject([
        { check: "modem", code: "deadline", hint: expect.stringContaining("does a modem answer AT on it?") },
      ]);
      expect(late.status).toBe(75);
    }));

  it("goes on without a configuration that can be used, as far as a port is given", () =>
    inField(etsi, async (field) => {
      const path = join(field.dir, "wrong.toml");
      writeFileSync(path, "[modem\n");
      const { checks } = await diagnose(field, { words: ["--config", path] });
      const looked = checks.filter(({ result }) => result === "ok").map(({ name }) => name);
      expect(looked).toEqual(["clock", "port", "holder", "modem-manager", "modem", "dialect", "sim", "euicc", "lpa"]);
    }));
});
