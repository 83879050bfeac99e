import { deadlineSignal } from "../base/deadline.js";
import { EsimdError } from "../base/errors.js";
import { createRedactor } from "../base/logging.js";
import { connectFound } from "../daemon/connect-found.js";
import { type Probe, probeModem } from "../daemon/probe.js";
import { Whereabouts } from "../daemon/whereabouts.js";
import type { Dialect } from "../modem/dialects/dialect.js";
import { evidenceOf } from "../modem/dialects/facts.js";
import { errorOf } from "../report/build.js";
import { realHost } from "../serial/host-roots.js";
import type { Command } from "./command.js";
import { commonFlags, configFor, everyFlag, oneShotDefaults, openLog } from "./common-flags.js";
import { oneLine } from "./failure.js";
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
    const whereabouts = new Whereabouts(named, host);
    const timeoutMs = Math.min(config.deadlineMs, probeBudgetMs);
    const recording = await recordingOf(context, args, named, log);
    const session = { host, clock, random, log, wakeMs: wakeWaitMs, ...(recording.open && { open: recording.open }) };
    const bound = deadlineSignal({ clock, timeoutMs, signal: context.signal, what: "the probe" });
    try {
      const line = await connectFound(whereabouts, session, bound.signal);
      try {
        const findings = findingsOf(whereabouts.last, await probeModem(line, config, bound.signal));
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

/** The findings as other programs read them; keys are only ever added. */
function findingsOf(port: string, found: Probe): Findings {
  const { identity, dialect, registration, radio, context } = found;
  return {
    schema: "esimd.probe/1",
    port,
    vendor: identity.vendor ?? null,
    model: identity.model ?? null,
    revision: identity.revision ?? null,
    imei: identity.imei ?? null,
    dialect: dialect?.name ?? null,
    dialectFrom: dialect?.origin ?? null,
    evidence: dialect?.evidence ?? null,
    facts: dialect === undefined ? {} : evidenceOf(dialect),
    lpa: lpaOf(dialect),
    cardAccess: found.cardAccess ?? null,
    lpaSwitch: found.lpaSwitch ?? null,
    offers: found.offers,
    eid: found.eid?.eid ?? null,
    eidFrom: found.eid?.from ?? null,
    profiles:
      found.profiles?.map(({ iccid, enabled, nickname, provider, name, profileClass }) => ({
        iccid,
        enabled,
        nickname: nickname ?? null,
        provider: provider ?? null,
        name: name ?? null,
        class: profileClass ?? null,
      })) ?? null,
    sim: {
      pin: found.pin,
      iccid: found.iccidInUse ?? null,
      slot: found.slot ?? null,
      slots: found.slots ?? null,
    },
    network: {
      registered: registration.registered,
      state: registration.state,
      operator: registration.operator ?? null,
      signal: radio ?? null,
      apn: context?.apn ?? null,
    },
    clock: found.clockMs === undefined ? null : new Date(found.clockMs).toISOString(),
    error: found.error === undefined ? null : errorOf(found.error),
    exitStatus: found.error?.exitStatus ?? 0,
  };
}

interface Findings {
  readonly schema: "esimd.probe/1";
  readonly port: string;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly revision: string | null;
  readonly imei: string | null;
  readonly dialect: string | null;
  /** `esimd`, or the operator's file. */
  readonly dialectFrom: string | null;
  /** How sure the dialect's facts are as a whole. */
  readonly evidence: string | null;
  /** How sure each is. */
  readonly facts: Readonly<Record<string, string>>;
  /** The modem's own, or host where it has none. */
  readonly lpa: string | null;
  /** By which command esimd's own LPA gets to the eUICC. */
  readonly cardAccess: string | null;
  readonly lpaSwitch: { readonly name: string; readonly on: boolean } | null;
  /** Commands of its family that the modem has and esimd does not use. */
  readonly offers: readonly string[];
  readonly eid: string | null;
  readonly eidFrom: string | null;
  readonly profiles:
    | readonly {
        readonly iccid: string;
        readonly enabled: boolean;
        readonly nickname: string | null;
        readonly provider: string | null;
        readonly name: string | null;
        readonly class: string | null;
      }[]
    | null;
  readonly sim: {
    readonly pin: string;
    /** Of the profile that the modem uses. */
    readonly iccid: string | null;
    readonly slot: number | null;
    readonly slots: readonly { readonly slot: number; readonly hasEuicc: boolean }[] | null;
  };
  readonly network: {
    readonly registered: boolean;
    readonly state: string;
    readonly operator: string | null;
    readonly signal: { readonly dBm: number; readonly measure: string } | null;
    readonly apn: string | null;
  };
  /** The modem's, UTC; null while no network has set it. */
  readonly clock: string | null;
  readonly error: ReturnType<typeof errorOf> | null;
  readonly exitStatus: number;
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
  const { profiles, network, sim, error, lpaSwitch } = findings;
  const { signal } = network;
  const ownAccess = findings.cardAccess === null ? "" : `; esimd's own by AT+${findings.cardAccess}`;
  const rows: [string, string | null][] = [
    ["port", findings.port],
    [
      "modem",
      [findings.vendor, findings.model, findings.revision].filter((part) => part !== null).join(" ") || "unknown",
    ],
    ["IMEI", findings.imei ?? "unknown"],
    ["dialect", dialectText(findings)],
    ["facts", factsText(findings.facts)],
    ["LPA", `${findings.lpa ?? "none"}${ownAccess}`],
    ["", lpaSwitch === null ? null : `${lpaSwitch.name} is ${lpaSwitch.on ? 1 : 0}`],
    ["offers", findings.offers.length === 0 ? null : findings.offers.join(", ")],
    ["EID", findings.eid === null ? "none" : `${findings.eid} (read by the ${findings.eidFrom})`],
    ["SIM", `${sim.pin}${sim.iccid === null ? "" : `, in use: ${sim.iccid}`}`],
    ["slot", slotText(sim)],
    ["network", `${network.registered ? "registered" : "not registered"}, ${network.state}`],
    ["operator", network.operator],
    ["signal", signal === null ? null : `${signal.dBm} dBm (${signal.measure})`],
    ["APN", network.apn],
    ["clock", findings.clock ?? "not set"],
  ];
  if (profiles?.length === 0) rows.push(["profiles", "none"]);
  for (const { iccid, enabled, nickname, provider, name } of profiles ?? []) {
    const names = [nickname, provider, name].filter((part) => part !== null && part !== "").join(", ");
    rows.push(["profile", `${iccid} ${enabled ? "enabled" : "disabled"}${names === "" ? "" : `  ${names}`}`]);
  }
  if (error !== null) rows.push(["trouble", `${error.message} (${error.code})`], ["next", error.hint]);
  return rows.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(10)} ${oneLine(value)}\n`])).join("");
}

function dialectText({ dialect, dialectFrom, evidence }: Findings): string {
  if (dialect === null) return "none that esimd speaks";
  return dialectFrom === "esimd" ? `${dialect} (${evidence})` : `${dialect} (${evidence}), from ${dialectFrom}`;
}

function factsText(facts: Findings["facts"]): string | null {
  const text = Object.entries(facts)
    .map(([what, evidence]) => `${what}: ${evidence}`)
    .join(", ");
  return text === "" ? null : text;
}

function slotText({ slot, slots }: Findings["sim"]): string | null {
  if (slot === null) return null;
  const other = slots?.find((row) => row.hasEuicc);
  return other === undefined ? String(slot) : `${slot}; the eUICC is in ${other.slot}`;
}
