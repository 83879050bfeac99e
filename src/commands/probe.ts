import { deadlineSignal } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Eid } from "../base/identifiers.js";
import { createRedactor } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { loadCatalogue } from "../daemon/dialect-files.js";
import { connectModem } from "../daemon/modem-session.js";
import { Whereabouts } from "../daemon/whereabouts.js";
import type { InstalledProfile } from "../lpa/lpa.js";
import { listByModem } from "../lpa/modem-profiles.js";
import { readEid } from "../lpa/open.js";
import { detectDialect } from "../modem/detect.js";
import { type Dialect, hasOwnLpa } from "../modem/dialects/dialect.js";
import type { ModemLine } from "../modem/exchange.js";
import { readIdentity } from "../modem/identity.js";
import { readRegistration } from "../modem/registration.js";
import { errorOf } from "../report/build.js";
import { realHost } from "../serial/host-roots.js";
import type { Command } from "./command.js";
import { commonFlags, configFor, everyFlag, oneShotDefaults, openLog } from "./common-flags.js";
import { recordFlag, recordingOf } from "./recording.js";

const probeBudgetMs = 180_000;

/** `esimd probe`: what is there. It asks and changes nothing, and shows what it found even where something is missing. */
export const probeCommand: Command = {
  name: "probe",
  summary: "show what is on a port: modem, eUICC, dialect, LPA, profiles",
  positionals: "",
  flags: { ...commonFlags(...everyFlag, "dialect"), ...recordFlag },
  run: async (context, args) => {
    const { config } = configFor(context, args, { ...oneShotDefaults, "api.provider": "none" });
    const { port: named, wakeWaitMs } = config.modem;
    if (named === undefined) throw new EsimdError("usage", "no port is given", { hint: "Give --port." });
    const log = openLog(context, config, createRedactor());
    const { clock, random, host = realHost } = context;
    const port = await new Whereabouts(named, host).locate();
    const timeoutMs = Math.min(config.deadlineMs, probeBudgetMs);
    const recording = recordingOf(context, args, port);
    const session = { host, clock, random, log, wakeMs: wakeWaitMs, ...(recording.open && { open: recording.open }) };
    const bound = deadlineSignal({ clock, timeoutMs, signal: context.signal, what: "the probe" });
    try {
      const line = await connectModem(port, session, bound.signal);
      try {
        const findings = await probe(line, config, port, bound.signal);
        context.stdout(args.has("json") ? `${JSON.stringify(findings)}\n` : renderFindings(findings));
        return findings.error === null ? 0 : findings.exitStatus;
      } finally {
        await line.channel.close();
      }
    } finally {
      bound.release();
      recording.finish();
    }
  },
};

interface Findings {
  readonly schema: "esimd.probe/1";
  readonly port: string;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly revision: string | null;
  readonly imei: string | null;
  readonly dialect: string | null;
  /** How sure the dialect's facts are. */
  readonly evidence: string | null;
  readonly lpa: string | null;
  readonly eid: string | null;
  readonly eidFrom: string | null;
  readonly profiles: readonly InstalledProfile[] | null;
  readonly network: { readonly registered: boolean; readonly state: string; readonly operator: string | null };
  readonly error: ReturnType<typeof errorOf> | null;
  readonly exitStatus: number;
}

async function probe(line: ModemLine, config: Config, port: string, signal: AbortSignal): Promise<Findings> {
  const identity = await readIdentity(line, signal);
  const catalogue = loadCatalogue(config.modem.dialects);
  const dialect = await detectDialect(line, config.modem.dialect, catalogue, identity, signal);
  let error: EsimdError | undefined;
  const attempt = async <Value>(work: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await work();
    } catch (thrown) {
      if (signal.aborted || !isEsimdError(thrown) || thrown.code === "serial_gone") throw thrown;
      error ??= thrown;
      return undefined;
    }
  };
  const reading = await attempt<{ eid: Eid; from: string }>(() => readEid(line, dialect, signal));
  const profiles =
    !hasOwnLpa(dialect) || reading === undefined ? undefined : await attempt(() => listByModem(line, dialect, signal));
  const registration = await readRegistration(line, signal);
  if (dialect === undefined) {
    error ??= new EsimdError("modem_unknown", `the modem on ${port} has no LPA that esimd can drive`);
  }
  return {
    schema: "esimd.probe/1",
    port,
    vendor: identity.vendor ?? null,
    model: identity.model ?? null,
    revision: identity.revision ?? null,
    imei: identity.imei ?? null,
    dialect: dialect?.name ?? null,
    evidence: dialect?.evidence ?? null,
    lpa: lpaOf(dialect),
    eid: reading?.eid ?? null,
    eidFrom: reading?.from ?? null,
    profiles: profiles ?? null,
    network: {
      registered: registration.registered,
      state: registration.state,
      operator: registration.operator ?? null,
    },
    error: error === undefined ? null : errorOf(error),
    exitStatus: error?.exitStatus ?? 0,
  };
}

function lpaOf(dialect: Dialect | undefined): string | null {
  if (dialect === undefined) return null;
  switch (dialect.ownLpa?.download.kind) {
    case undefined:
      return "host";
    case "host-relay":
      return "modem-relay";
    case "modem-network":
      return "modem-network";
    case "none":
      return "modem-only";
  }
}

function renderFindings(findings: Findings): string {
  const { profiles, network, error } = findings;
  const rows: [string, string][] = [
    ["port", findings.port],
    [
      "modem",
      [findings.vendor, findings.model, findings.revision].filter((part) => part !== null).join(" ") || "unknown",
    ],
    ["IMEI", findings.imei ?? "unknown"],
    ["dialect", findings.dialect === null ? "none that esimd speaks" : `${findings.dialect} (${findings.evidence})`],
    ["LPA", findings.lpa ?? "none"],
    ["EID", findings.eid === null ? "none" : `${findings.eid} (read by the ${findings.eidFrom})`],
    ["network", network.registered ? `registered, ${network.state}` : `not registered, ${network.state}`],
  ];
  if (profiles?.length === 0) rows.push(["profiles", "none"]);
  for (const { iccid, enabled } of profiles ?? [])
    rows.push(["profile", `${iccid} ${enabled ? "enabled" : "disabled"}`]);
  if (error !== null) rows.push(["trouble", `${error.message} (${error.code})`], ["next", error.hint]);
  return rows.map(([name, value]) => `${name.padEnd(10)} ${value}\n`).join("");
}
