import { mkdirSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/base/error-registry.js";
import { errorRegistry } from "../../src/base/error-registry.js";
import { EsimdError } from "../../src/base/errors.js";
import type { Accounts } from "../../src/daemon/doctor/accounts.js";
import { checkNames } from "../../src/daemon/doctor/check.js";
import { realStateDisk, type StateDisk } from "../../src/daemon/doctor/state-disk.js";
import { loadPki } from "../../src/emulator/pki/pki.js";
import { realProcesses } from "../../src/provision/store/lock.js";
import { ManagedHost } from "../daemon/fake-mmcli.js";
import { eg25, FakeHost } from "../support/fake-host.js";
import { configured } from "./conditions.js";
import { type Consultation, clockAt, consult, diagnose, hurried } from "./doctor-bench.js";
import type { Field, FieldOptions } from "./field.js";
import { inField } from "./in-field.js";

/** `esimd doctor`: each planted fault is named with its code and its next step, and where all is well nothing is said. */

interface Planted {
  readonly field?: FieldOptions;
  /** Plants the fault; whatever it gives is how the doctor is called. */
  readonly plant: (field: Field) => Consultation | Promise<Consultation>;
  readonly check: string;
  readonly code: ErrorCode;
  readonly severity?: "warning";
  readonly says: RegExp;
  readonly next: RegExp;
  /** Codes that are found besides it, being true as well. */
  readonly also?: readonly ErrorCode[];
}

const etsi: FieldOptions = { dialect: "etsi-apdu", lpa: "host" };
const byHost = ["--lpa", "host"];

const planted: Readonly<Record<string, Planted>> = {
  "the port is held by another program": {
    plant: (field) => {
      const host = new FakeHost();
      host.addProcess({ pid: process.ppid, comm: "minicom", open: [field.world.port] });
      const name = `LCK..${basename(realpathSync(field.world.port))}`;
      writeFileSync(join(host.roots.run, "lock", name), `${String(process.ppid).padStart(10)}\n`);
      return { host: host.roots };
    },
    check: "holder",
    code: "port_busy",
    says: new RegExp(`is held by minicom \\(pid ${process.ppid}\\)`),
    next: /Close minicom/,
  },
  "the user may not open the port": {
    plant: (field) => ({
      seams: {
        open: (address) =>
          Promise.reject(new EsimdError("port_forbidden", `${address} may not be opened by this user`)),
        accounts: accountsOf(statSync(field.world.port).gid, "dialout"),
      },
    }),
    check: "modem",
    code: "port_forbidden",
    says: /may not be opened by this user: its mode is 0\d\d\d, its group dialout/,
    next: /GROUP="dialout"|usermod -aG dialout alice/,
  },
  "there is no such port, and another one is": {
    plant: (field) => {
      const host = new FakeHost();
      host.plug(eg25({ target: field.world.port }));
      return { host: host.roots, port: join(host.dir, "ttyUSB9") };
    },
    check: "port",
    code: "port_missing",
    says: /there is no port .*ttyUSB9/,
    next: /Ports of this host: .*if02-port0 \(2c7c:0125, at\)/,
  },
  "`auto` finds two modems": {
    plant: () => {
      const host = new FakeHost();
      host.plug(eg25({ busPath: "1-1.1" }));
      host.plug(eg25({ busPath: "1-1.2", firstTty: 4 }));
      return { host: host.roots, port: "auto" };
    },
    check: "port",
    code: "port_ambiguous",
    says: /2 modems are there/,
    next: /--port or modem\.port/,
  },
  "no port is named": {
    plant: () => {
      const host = new FakeHost();
      host.plug(eg25({}));
      return { host: host.roots, port: "" };
    },
    check: "port",
    code: "config_invalid",
    says: /modem\.port is not set/,
    next: /to auto, or to .*if02-port0/,
  },
  "the port is the modem's GNSS port": {
    field: {
      modem: { behaviours: [{ do: { kind: "raw", text: "$GPGSV,1,1,00*79\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n" } }] },
    },
    plant: async (field) => {
      const host = new FakeHost();
      host.plug(eg25({ target: field.world.port }));
      return {
        host: host.roots,
        port: host.node("ttyUSB2"),
        words: await configured(field, { modem: { wake_wait: "1s" } }),
        clock: hurried(5),
      };
    },
    check: "modem",
    code: "wrong_port",
    says: /is not a modem's AT port: it speaks NMEA 0183/,
    next: /Ports of this host: .*\(2c7c:0125, at\)/,
  },
  "the modem is silent": {
    field: { modem: "silence" },
    plant: async (field) => ({
      words: await configured(field, { modem: { wake_wait: "1s" } }),
      clock: hurried(5),
    }),
    check: "modem",
    code: "modem_silent",
    says: /did not answer AT/,
    next: /has power/,
  },
  "ModemManager works with the modem": {
    plant: (field) => {
      const host = new ManagedHost(field.world.port);
      host.udev("device", []);
      host.manager();
      return { host: host.roots, port: host.port };
    },
    check: "modem-manager",
    code: "port_managed",
    severity: "warning",
    says: /ModemManager \(pid 312\) works with the modem on .*ttyUSB2/,
    next: /77-esimd-ports\.rules/,
  },
  "ModemManager has the port open": {
    plant: (field) => {
      const host = new ManagedHost(field.world.port);
      host.manager([host.port]);
      return { host: host.roots, port: host.port };
    },
    check: "modem-manager",
    code: "port_managed",
    says: /ModemManager \(pid 312\) works with the modem and has open .*ttyUSB2/,
    next: /77-esimd-ports\.rules/,
  },
  "the modem is of no known kind": {
    field: { modem: { behaviours: [{ command: "QESIM|CCHO|CSIM|CGEUICCID", do: { kind: "error" } }] } },
    plant: () => ({}),
    check: "dialect",
    code: "modem_unknown",
    says: /Quectel \S+ speaks no dialect that esimd knows and gives no access to its card/,
    next: /AT\+CCHO, AT\+CGLA and AT\+CCHC/,
  },
  "no eSIM is fitted": {
    field: { ...etsi, modem: "no-euicc" },
    plant: () => ({ words: byHost }),
    check: "euicc",
    code: "no_euicc",
    says: /has no eUICC that can be reached/,
    next: /an eSIM is fitted/,
  },
  "the eUICC may be in another slot, as far as the modem tells": {
    field: { modem: "wrong-slot" },
    plant: () => ({}),
    check: "euicc",
    code: "no_euicc",
    says: /has no eUICC that can be reached/,
    next: /active SIM slot is 1; if the eSIM is in another, set modem\.sim_slot/,
  },
  "the eUICC is in another slot, as the modem tells": {
    field: { modem: "wrong-slot", world: { dialect: "fibocom-mtk" } },
    plant: () => ({}),
    check: "euicc",
    code: "euicc_other_slot",
    says: /slot \d has no eUICC, and slot \d has one/,
    next: /Set modem\.sim_slot = \d/,
  },
  "the eUICC is of the M2M kind": {
    field: { ...etsi, modem: "m2m-euicc" },
    plant: () => ({ words: byHost, clock: hurried(10) }),
    check: "euicc",
    code: "euicc_m2m",
    says: /opens its ISD-R and refuses every command of a local LPA \(6985\)/,
    next: /SM-SR/,
  },
  "the modem's own LPA holds the eUICC": {
    field: { dialect: "quectel-index" },
    plant: () => ({}),
    check: "lpa",
    code: "lpa_holds_isdr",
    says: /lpa_enable is 1/,
    next: /modem\.take_isdr = true/,
  },
  "the SIM is locked": {
    field: { modem: "pin-locked", bootstrap: true },
    plant: () => ({}),
    check: "sim",
    code: "sim_locked",
    says: /asks for its PIN/,
    next: /Switch the PIN of the profile off/,
  },
  "another eUICC than the expected one": {
    field: etsi,
    plant: async (field) => ({
      words: [...byHost, ...(await configured(field, { modem: { expected_eid: "89049032000000000000000000000066" } }))],
    }),
    check: "euicc",
    code: "eid_mismatch",
    says: /and 8904…0066 was expected/,
    next: /right unit/,
  },
  "the modem tells another EID than its eUICC": {
    field: {
      modem: {
        behaviours: [
          {
            command: 'QESIM="eid"',
            do: { kind: "raw", text: '\r\n+QESIM: "eid",89049032000000000000000000000066\r\n\r\nOK\r\n' },
          },
        ],
      },
    },
    plant: () => ({}),
    check: "euicc",
    code: "eid_mismatch",
    says: /the modem says that the EID is 8904…0066, the eUICC itself says 8904…/,
    next: /Restart the modem/,
  },
  "the eUICC is full": {
    field: { ...etsi, modem: "full-euicc" },
    plant: () => ({ words: byHost }),
    check: "lpa",
    code: "euicc_full",
    says: /too few for any profile/,
    next: /Delete a profile/,
  },
  "a modem that downloads by its own network is on none": {
    field: { dialect: "quectel-nwmode", bootstrap: false },
    plant: () => ({ words: ["--lpa", "modem"] }),
    check: "lpa",
    code: "not_registered",
    says: /is not registered/,
    next: /bootstrap profile/,
  },
  "the clock stands in 1970": {
    plant: () => ({ clock: clockAt(86_400_000) }),
    check: "clock",
    code: "clock_insane",
    says: /the clock says 1970-01-02/,
    next: /time synchronisation/,
  },
  "the clock is two years ahead, as the API's answer shows": {
    plant: () => ({ clock: clockAt(Date.now() + 2 * 365 * 86_400_000) }),
    check: "clock",
    code: "clock_insane",
    says: /the clock says \d{4}-\d\d-\d\d, and the API's answer \d{4}-/,
    next: /set the clock/,
  },
  "the clock and the modem's differ, and no API was asked": {
    field: { ...etsi, world: { modemWorld: { clockErrorMs: 400 * 86_400_000 } } },
    plant: () => ({ words: [...byHost, "--provider", "none"] }),
    check: "clock",
    code: "clock_insane",
    severity: "warning",
    says: /which is 400 days apart/,
    next: /Compare both with the right time/,
  },
  "the API's name is unknown to DNS": {
    plant: () => ({ env: { ESIMD_API_URL: "https://api.esimd.invalid" } }),
    check: "api",
    code: "api_unreachable",
    says: /GET https:\/\/api\.esimd\.invalid.*no connection/,
    next: /check the host's DNS/,
  },
  "the API's certificate is of another root": {
    plant: ({ world }) => ({ env: { ESIMD_API_URL: `https://${world.smdpAddress}` } }),
    check: "api",
    code: "api_unreachable",
    says: /no connection: .*(certificate|issuer)/,
    next: /not trusted here: check the clock/,
  },
  "nothing listens at the API": {
    plant: () => ({ env: { ESIMD_API_URL: "http://127.0.0.1:1" } }),
    check: "api",
    code: "api_unreachable",
    says: /ECONNREFUSED/,
    next: /route, firewall and proxy/,
  },
  "the API gives server errors": {
    field: { api: [{ actions: [{ do: "error", status: 503 }] }] },
    plant: () => ({}),
    check: "api",
    code: "api_unavailable",
    says: /GET \/v1\/ESimProfiles: 503/,
    next: /tries again later/,
  },
  "the API asks for a pause": {
    field: { api: [{ actions: [{ do: "error", status: 429, code: 20_429 }] }] },
    plant: () => ({}),
    check: "api",
    code: "api_rate_limited",
    says: /429/,
    next: /tries again later/,
  },
  "a captive portal answers in the API's place": {
    field: { api: [{ actions: [{ do: "html", status: 200 }] }] },
    plant: () => ({}),
    check: "api",
    code: "api_protocol",
    says: /an HTML page, as a proxy or a captive portal gives/,
    next: /captive portal/,
  },
  "the API refuses the credentials": {
    plant: () => ({ env: { ESIMD_API_SECRET: "not-the-secret" } }),
    check: "api",
    code: "api_credentials",
    says: /401/,
    next: /Check key, secret and account/,
  },
  "KORE refuses the client": {
    plant: () => ({ words: ["--provider", "kore"], env: { ESIMD_API_SECRET: "not-the-secret" } }),
    check: "api",
    code: "api_credentials",
    says: /POST \/api-services\/v1\/auth\/token: 401/,
    next: /Check key, secret and account/,
  },
  "credentials are missing": {
    plant: () => ({ env: { ESIMD_API_SECRET: "" } }),
    check: "credentials",
    code: "credentials_missing",
    says: /the secret is not set/,
    next: /CREDENTIALS_DIRECTORY=\/etc\/credstore esimd doctor/,
  },
  "the provider was out of stock when it was last asked": {
    field: {
      ...etsi,
      api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "stock-out" }] }],
    },
    plant: async (field) => {
      expect((await field.provision(["--deadline", "2"])).status).toBe(75);
      return { words: byHost };
    },
    check: "last-run",
    code: "no_stock",
    severity: "warning",
    says: /the last run, which ended \d{4}-\S+Z, failed: .*83500/,
    next: /ask the provider when stock returns/,
  },
  "the disk is full": {
    plant: () => ({ seams: { disk: diskThat({ tryWriting: () => Promise.reject(diskError("ENOSPC")) }) } }),
    check: "state-folder",
    code: "disk_full",
    says: /takes no file any more: ENOSPC/,
    next: /Free some space/,
  },
  "the disk is nearly full": {
    plant: () => ({ seams: { disk: diskThat({ room: async () => ({ freeBytes: 40_960, freeFiles: 7 }) }) } }),
    check: "state-folder",
    code: "disk_full",
    says: /only 40960 bytes are free/,
    next: /Free some space/,
  },
  "the disk has no inode left": {
    plant: () => ({ seams: { disk: diskThat({ room: async () => ({ freeBytes: 1e9, freeFiles: 0 }) }) } }),
    check: "state-folder",
    code: "disk_full",
    says: /no inodes/,
    next: /df -i/,
  },
  "the state folder belongs to another user": {
    plant: () => ({
      seams: {
        disk: diskThat({ tryWriting: () => Promise.reject(diskError("EACCES")) }),
        accounts: accountsOf(20, "dialout"),
      },
    }),
    check: "state-folder",
    code: "state_unwritable",
    says: /cannot be written: EACCES/,
    next: /may not be written by alice/,
  },
  "the file system is mounted read-only": {
    plant: () => ({ seams: { disk: diskThat({ tryWriting: () => Promise.reject(diskError("EROFS")) }) } }),
    check: "state-folder",
    code: "state_unwritable",
    says: /cannot be written: EROFS/,
    next: /mounted read-only/,
  },
  "a file stands where the state folder is to be": {
    plant: (field) => {
      const path = join(field.dir, "a-file");
      writeFileSync(path, "");
      return { env: { ESIMD_STATE_DIR: join(path, "state") } };
    },
    check: "state-folder",
    code: "state_unwritable",
    says: /a-file/,
    next: /state folder/,
  },
  "the ledger is gone": {
    field: { ...etsi },
    plant: async (field) => {
      expect((await field.provision()).status).toBe(0);
      const folder = join(field.env["ESIMD_STATE_DIR"] ?? "", "euicc");
      writeFileSync(join(folder, readdirSync(folder)[0] ?? "", "ledger.jsonl"), "");
      return { words: byHost };
    },
    check: "records",
    code: "ledger_damaged",
    says: /the ledger .* is missing or empty, and the journal saw \d/,
    next: /Restore the ledger/,
  },
  "the last run is held": {
    field: {
      ...etsi,
      api: [{ match: { method: "POST", path: "/v1/ESimProfiles" }, actions: [{ do: "fails-after-available", ms: 1 }] }],
    },
    plant: async (field) => {
      expect((await field.provision()).status).toBe(79);
      return { words: byHost };
    },
    check: "last-run",
    code: "reservation_lost",
    says: /the last run, which ended \S+Z, is held: a person must decide/,
    next: /Ask the provider/,
  },
  "the ci_roots folder is empty": {
    plant: (field) => {
      mkdirSync(join(field.dir, "no-roots"));
      return { words: ["--ci-roots", join(field.dir, "no-roots")] };
    },
    check: "ci-roots",
    code: "smdp_untrusted",
    says: /there is no GSMA root in .*no-roots/,
    next: /ci_roots/,
  },
  "the ci_roots folder has the roots of others": {
    field: etsi,
    plant: (field) => ({ words: [...byHost, "--ci-roots", foreignRoots(field)] }),
    check: "ci-keys",
    code: "smdp_untrusted",
    says: /has no root of a CI key that the eUICC lists; missing is [0-9A-F]{40}/,
    next: /Put the root certificate with this subject key id into .*foreign/,
  },
  "the SM-DP+ chains to another root": {
    field: etsi,
    plant: async (field) => ({
      words: [
        ...byHost,
        ...["--ci-roots", foreignRoots(field)],
        ...(await configured(field, { download: { smdp_address: field.world.smdpAddress } })),
      ],
    }),
    check: "smdp",
    code: "smdp_untrusted",
    says: /the SM-DP\+ \S+ of download\.smdp_address is not trusted/,
    next: /Put the root that this SM-DP\+ uses into .*foreign/,
    also: ["smdp_untrusted"],
  },
  "the SM-DP+'s name is unknown to DNS": {
    plant: async (field) => ({
      words: await configured(field, { download: { smdp_address: "smdp.esimd.invalid" } }),
    }),
    check: "smdp",
    code: "smdp_unreachable",
    says: /the SM-DP\+ smdp\.esimd\.invalid of download\.smdp_address cannot be reached/,
    next: /check the host's DNS/,
  },
  "the configuration has a key that does not exist": {
    plant: (field) => {
      const path = join(field.dir, "wrong.toml");
      writeFileSync(path, '[modem]\nprot = "/dev/ttyUSB2"\n');
      return { words: ["--config", path] };
    },
    check: "configuration",
    code: "config_invalid",
    says: /wrong\.toml: unknown key "modem\.prot"; did you mean "modem\.port"\?/,
    next: /esimd config check/,
  },
  "a dialect file is wrong": {
    plant: async (field) => {
      const folder = join(field.dir, "dialects");
      mkdirSync(folder);
      writeFileSync(join(folder, "mine.toml"), 'name = "mine"\n');
      return { words: await configured(field, { modem: { dialects: folder } }) };
    },
    check: "dialect-files",
    code: "dialect_invalid",
    says: /mine\.toml/,
    next: /dialect/,
    also: ["dialect_invalid"],
  },
};

describe.concurrent("esimd doctor names the fault and the next step where", () => {
  it.each(Object.entries(planted))("%s", (_name, fault) =>
    inField(fault.field ?? {}, async (field) => {
      const { check, code, severity = "error", says, next, also = [] } = fault;
      const what = await fault.plant(field);
      const diagnosis = await diagnose(field, what);
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
      const what = { words: byHost, host: host.roots };
      expect(await consult(field, what)).toEqual({
        status: 0,
        stdout: "",
        stderr: expect.stringMatching(/^note: esimd works on .* at the moment \(pid \d+\).*\n$/),
      });
      const { checks } = await diagnose(field, what);
      const left = checks.filter(({ result }) => result === "skipped").map(({ name }) => name);
      expect(left).toEqual(["holder", "modem", "dialect", "sim", "euicc", "lpa", "smdp", "ci-keys"]);
      expect(field.world.modem.transcript.length).toBe(heard);
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
      const late = await diagnose(field, { words: ["--deadline", "1"] });
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

/** Everything but what the test says is the host's own. */
function diskThat(does: Partial<StateDisk>): StateDisk {
  return { ...realStateDisk, ...does };
}

function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: as planted`), { code });
}

/** A user who is in no group but her own. */
function accountsOf(gid: number, groupName: string): Accounts {
  return {
    uid: 1000,
    gids: [1000],
    userName: "alice",
    group: async (asked) => (asked === gid ? { name: groupName, members: [] } : undefined),
  };
}

/** A folder with the root of another CI. */
function foreignRoots(field: Field): string {
  const folder = join(field.dir, "foreign");
  mkdirSync(join(field.dir, "foreign-pki"));
  mkdirSync(folder);
  writeFileSync(join(folder, "ci.pem"), loadPki(join(field.dir, "foreign-pki")).ciPem);
  return folder;
}
