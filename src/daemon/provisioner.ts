import type { ProviderApi } from "../api/resources.js";
import type { Clock } from "../base/clock.js";
import { deadlineSignal } from "../base/deadline.js";
import type { Log } from "../base/logging.js";
import type { Random } from "../base/random.js";
import type { Es9PlusClient } from "../lpa/es9plus/client.js";
import { openLpa } from "../lpa/open.js";
import { detectDialect } from "../modem/detect.js";
import type { Catalogue } from "../modem/dialects/catalogue.js";
import type { LpaSwitch } from "../modem/dialects/dialect.js";
import type { ModemLine } from "../modem/exchange.js";
import { takeIsdR } from "../modem/lpa-switch.js";
import type { Hints } from "../provision/hints.js";
import type { Policy } from "../provision/policy.js";
import type { Gate, Observation, RunParts } from "../provision/run.js";
import { exitStatusOf, type RunOutcome, runProvisioning } from "../provision/runner.js";
import { openStore } from "../provision/store/store.js";
import { UsualWait } from "../provision/usual-wait.js";
import { buildReport } from "../report/build.js";
import type { Report } from "../report/schema.js";
import { type HostRoots, realHost } from "../serial/host-roots.js";
import type { OpenPort } from "../serial/port.js";
import type { Config } from "./config/config.js";
import { connectFound } from "./connect-found.js";
import { probesOf } from "./connectivity/probes.js";
import { loadCatalogue } from "./dialect-files.js";
import { lazyEs9Plus } from "./es9plus.js";
import { nameOfPort } from "./modem-name.js";
import { putReport } from "./outbox/put-report.js";
import { type Outside, realOutside } from "./outside.js";
import { openProvider } from "./provider-api.js";
import { runThroughAbsences } from "./resume.js";
import { createSegmentMemory } from "./segment-memory.js";
import { writeStatus } from "./status-file.js";
import { Whereabouts } from "./whereabouts.js";

export interface ProvisionerParts {
  readonly config: Config;
  /** As the operator named it: a port, or `auto`. */
  readonly port: string;
  /** The name under which the modem is served; made from its port when left out. */
  readonly name?: string;
  /** Where the modem is, for a caller that runs more than once. */
  readonly whereabouts?: Whereabouts;
  /** The real one when left out. */
  readonly host?: HostRoots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly observe: (observation: Observation) => void;
  /** How the port is opened, for who wants to see what crosses it. */
  readonly openPort?: OpenPort;
  /** The real one when left out. */
  readonly outside?: Outside;
  /** Callbacks of the provider, where the daemon listens for them. */
  readonly hints?: Hints;
  /** Who has a say before anything is paid for. */
  readonly gate?: Gate;
  /** Connections that outlive the run, and are their owner's to close; left out, the run has its own. */
  readonly connections?: Connections;
}

/** To the provider and to SM-DP+s, for many runs: a token, and a TLS session, serves more than one of them. */
export interface Connections {
  readonly api: ProviderApi | undefined;
  readonly es9Plus: () => Promise<Es9PlusClient>;
  /** What the provider took last. */
  readonly usualWait: UsualWait;
}

export interface ProvisionResult {
  readonly outcome: RunOutcome;
  readonly report: Report;
  readonly exitStatus: number;
}

/**
 * One run for one modem, wired to the real world: serial port, provider, SM-DP+, state folder. It outlives an absence of the modem. Rejects
 * only for what comes before a run (a configuration that cannot work); everything else is in the report, which is in the status file and in the outbox when this resolves.
 */
export async function provisionOnce(parts: ProvisionerParts, signal: AbortSignal): Promise<ProvisionResult> {
  const { config, clock, log, outside = realOutside } = parts;
  const catalogue = await loadCatalogue(config.modem.dialects);
  const { api, es9Plus, usualWait, close } =
    parts.connections === undefined ? openConnections(parts, outside) : borrowed(parts.connections);
  const bound = deadlineSignal({ clock, timeoutMs: config.deadlineMs, signal, what: "the run" });
  try {
    const whereabouts = parts.whereabouts ?? new Whereabouts(parts.port, parts.host ?? realHost);
    const run = { ...runParts(parts, whereabouts, catalogue, api, es9Plus), usualWait };
    const outcome = await runThroughAbsences(
      {
        run: (observe) => runProvisioning({ ...run, observe }, bound.signal),
        whereabouts,
        returnWaitMs: config.modem.returnWaitMs,
        clock,
        log,
        observe: parts.observe,
      },
      bound.signal,
    );
    const report = buildReport(outcome, whereabouts.last, api !== undefined);
    await writeStatus(outside.disk, config.stateDir, report, log, parts.port);
    await putReport({ config, outside, clock, log }, report, parts.name ?? nameOfPort(parts.port));
    return { outcome, report, exitStatus: exitStatusOf(outcome) };
  } finally {
    bound.release();
    await close();
  }
}

function runParts(
  parts: ProvisionerParts,
  whereabouts: Whereabouts,
  catalogue: Catalogue,
  api: ProviderApi | undefined,
  es9Plus: () => Promise<Es9PlusClient>,
): RunParts {
  const { config, clock, random, log, openPort, host = realHost, outside = realOutside } = parts;
  const { disk, processes, newId, reach, hostClock } = outside;
  const session = {
    host,
    clock,
    random,
    log,
    wakeMs: config.modem.wakeWaitMs,
    baud: config.modem.baud,
    modemManager: { inhibit: config.modem.inhibitModemManager },
    ...(openPort && { open: openPort }),
  };
  // Where the modem's LPA is to download, there is no use for its eUICC.
  const mayTake = config.modem.takeIsdR && config.modem.lpa !== "modem";
  return {
    policy: policyOf(config),
    portName: whereabouts.named,
    connect: async (signal) => {
      const line = await connectFound(whereabouts, session, signal);
      whereabouts.noteAnswer();
      return line;
    },
    detect: (line, identity, signal) => detectDialect(line, config.modem.dialect, catalogue, identity, signal),
    openLpa: (line, dialect, identity, signal) =>
      openLpa(
        {
          line,
          dialect,
          wanted: config.modem.lpa,
          imei: identity.imei,
          segments: createSegmentMemory(disk, config.stateDir, identity, log),
          es9Plus,
          log,
        },
        signal,
      ),
    ...(mayTake && {
      takeIsdR: (line: ModemLine, lpaSwitch: LpaSwitch, signal: AbortSignal) =>
        takeIsdR(line, lpaSwitch, config.modem.wakeWaitMs, signal),
    }),
    api,
    probes: probesOf(config, { clock, log }),
    process: processes.birthOf(processes.ownPid),
    apiUrls: [config.api.url, config.api.tokenUrl ?? ""].filter((url) => url !== ""),
    reach,
    hostClock,
    openStore: (eid) => openStore(config.stateDir, eid, { disk, processes, clock, log }),
    clock,
    random,
    log,
    newId,
    observe: parts.observe,
    ...(parts.hints && { hints: parts.hints }),
    ...(parts.gate && { gate: parts.gate }),
  };
}

export interface OwnConnections extends Connections {
  readonly close: () => Promise<void>;
}

function borrowed(connections: Connections): OwnConnections {
  return { ...connections, close: async () => undefined };
}

/** Nothing is connected before it is needed. @throws EsimdError `credentials_missing`, `config_invalid`. */
export function openConnections(
  parts: Pick<ProvisionerParts, "config" | "clock" | "random" | "log">,
  outside: Pick<Outside, "openTransport" | "openExchange" | "loadRoots">,
): OwnConnections {
  const api = openProvider({ ...parts, openTransport: outside.openTransport });
  const es9Plus = lazyEs9Plus({ ...parts, openExchange: outside.openExchange, loadRoots: outside.loadRoots });
  return {
    api,
    es9Plus: es9Plus.get,
    usualWait: new UsualWait(),
    close: async () => {
      await api?.close();
      await es9Plus.close();
    },
  };
}

export function policyOf(config: Config): Policy {
  const { reservation, sim, download, boot, defaultSmdp } = config;
  return {
    provider: config.api.provider,
    expectedEid: config.modem.expectedEid,
    method: reservation.method,
    maxReservations: reservation.maxReservations,
    reserveSettleMs: reservation.reserveSettleMs,
    onUnclear: reservation.onUnclear,
    availableWaitMs: reservation.availableWaitMs,
    sim,
    smdpAddress: download.smdpAddress,
    defaultSmdp,
    confirmationCode: download.confirmationCode,
    downloadAttempts: download.attempts,
    downloadTimeoutMs: download.timeoutMs,
    simSlot: config.modem.simSlot,
    apn: config.modem.apn,
    wakeWaitMs: config.modem.wakeWaitMs,
    clockWaitMs: boot.clockWaitMs,
    clockTrust: boot.clockTrust,
    networkWaitMs: boot.networkWaitMs,
    registrationWaitMs: config.network.registrationWaitMs,
    connectivity: config.connectivity,
    connectivityWaitMs: config.connectivity.waitMs,
    confirmWaitMs: config.confirm.waitMs,
  };
}
