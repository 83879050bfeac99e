import { readdirSync } from "node:fs";
import { PassThrough } from "node:stream";
import { z } from "zod";
import { type Clock, systemClock } from "../../src/base/clock.js";
import type { ErrorCode } from "../../src/base/error-registry.js";
import { seededRandom } from "../../src/base/random.js";
import { createDoctorCommand, type DoctorSeams } from "../../src/commands/doctor.js";
import { main } from "../../src/commands/main.js";
import type { Accounts } from "../../src/daemon/doctor/accounts.js";
import { checks } from "../../src/daemon/doctor/checks.js";
import { realStateDisk, type StateDisk } from "../../src/daemon/doctor/state-disk.js";
import { realHost } from "../../src/serial/host-roots.js";
import type { FakeHost } from "../support/fake-host.js";
import { type Field, type FieldOptions, lastLine } from "./field.js";

/** What the stories of the doctor share: how it is called on a field with a planted fault, and what must not have changed after it. */

export interface Consultation {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: string;
  /** In the place of the real one; whoever calls the doctor closes it. */
  readonly host?: FakeHost;
  readonly clock?: Clock;
  readonly seams?: DoctorSeams;
}

const diagnosisSchema = z.strictObject({
  schema: z.literal("esimd.doctor/1"),
  findings: z.array(
    z.strictObject({
      check: z.string(),
      severity: z.enum(["error", "warning"]),
      code: z.string(),
      actor: z.string(),
      message: z.string(),
      hint: z.string(),
    }),
  ),
  checks: z.array(
    z.strictObject({ name: z.string(), result: z.enum(["ok", "found", "skipped"]), why: z.string().nullable() }),
  ),
});
export type Diagnosis = z.output<typeof diagnosisSchema>;

export interface Consulted {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `esimd doctor` on the field's modem, in this process. @throws when it changed anything in the field. */
export async function consult(field: Field, what: Consultation = {}, more: readonly string[] = []): Promise<Consulted> {
  let stdout = "";
  let stderr = "";
  const command = createDoctorCommand(what.seams);
  const { name, summary } = command;
  const before = stateOf(field);
  const status = await main(
    ["doctor", ...(what.port === "" ? [] : ["--port", what.port ?? field.world.port]), ...(what.words ?? []), ...more],
    {
      env: { ...field.env, ...what.env },
      clock: what.clock ?? systemClock,
      random: seededRandom(3),
      signal: new AbortController().signal,
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      stderrIsTerminal: false,
      stdin: new PassThrough(),
      host: what.host?.roots ?? realHost,
    },
    [{ name, summary, load: async () => command }],
  );
  const after = stateOf(field);
  if (after !== before) throw new Error(`the doctor changed the field from ${before} to ${after}`);
  return { status, stdout, stderr };
}

/** The same with `--json`, as another program reads it. */
export async function diagnose(
  field: Field,
  what: Consultation = {},
): Promise<Diagnosis & { readonly status: number }> {
  const { status, stdout } = await consult(field, what, ["--json"]);
  const diagnosis = diagnosisSchema.parse(JSON.parse(lastLine(stdout)));
  for (const { check, code } of diagnosis.findings) {
    const { codes } = checks.find(({ name }) => name === check) ?? { codes: [] };
    const documented: readonly string[] = [...codes, "deadline"];
    if (check !== "last-run" && !documented.includes(code))
      throw new Error(`${check} does not say that it finds ${code}`);
  }
  return { status, ...diagnosis };
}

/** What the doctor may not touch: the eUICC, what was paid, what the SM-DP+ was told, what a modem does not forget, and the folder that the state folder is in. */
function stateOf({ world, dir }: Field): string {
  const posts = world.api.requests().filter(({ method, path }) => method === "POST" && !path.endsWith("/token"));
  const settings = world.modem.transcript.filter(
    ({ from, text }) =>
      from === "host" && /^AT(\+(CFUN|QUIMSLOT|GTDUALSIM|CGDCONT|IPR|CPIN|QPRTPARA)=|.*lpa_enable",)/.test(text),
  );
  const told = world.smdp.notifications().length;
  return JSON.stringify([world.modem.euicc.toJSON(), posts.length, told, settings.length, readdirSync(dir)]);
}

/** A clock that goes `times` as fast, for stories of patience. */
export function hurried(times: number): Clock {
  const startMs = systemClock.monotonicMs();
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => startMs + (systemClock.monotonicMs() - startMs) * times,
    setTimer: (delayMs, fire) => systemClock.setTimer(delayMs / times, fire),
  };
}

/** A clock that somebody set wrong. */
export function clockAt(ms: number): Clock {
  const wrongByMs = ms - systemClock.nowMs();
  return { ...systemClock, nowMs: () => systemClock.nowMs() + wrongByMs };
}

/** A fault in a field, and what the doctor has to say of it. */
export interface Planted {
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

export const etsi: FieldOptions = { dialect: "etsi-apdu", lpa: "host" };
export const byHost = ["--lpa", "host"];

/** Everything but what the test says is the host's own. */
export function diskThat(does: Partial<StateDisk>): StateDisk {
  return { ...realStateDisk, ...does };
}

export function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: as planted`), { code });
}

/** A user who is in no group but her own. */
export function accountsOf(gid: number, groupName: string): Accounts {
  return {
    uid: 1000,
    gids: [1000],
    userName: "alice",
    group: async (asked) => (asked === gid ? { name: groupName, members: [] } : undefined),
  };
}
