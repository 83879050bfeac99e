import { sleep } from "../base/clock.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Eid, Imei } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import { type Dialect, hasOwnLpa } from "../modem/dialects/dialect.js";
import { type ModemLine, runQuery } from "../modem/exchange.js";
import { readLpaSwitch } from "../modem/lpa-switch.js";
import { isdrAid, whyNoChannel } from "../modem/uicc-access.js";
import type { Es10Channel } from "./apdu/es10-channel.js";
import type { SegmentMemory } from "./apdu/segment-size.js";
import { openIsdR, readEidFromCardPatiently } from "./card.js";
import type { Es9PlusClient } from "./es9plus/client.js";
import { lazyEs9PlusClient } from "./es9plus/lazy-client.js";
import { HostLpa } from "./host-lpa.js";
import type { Lpa } from "./lpa.js";
import { createModemNetworkLpa } from "./modem-network.js";
import { createModemOnlyLpa } from "./modem-only.js";
import { createModemRelayLpa } from "./modem-relay.js";

export interface LpaOptions {
  readonly line: ModemLine;
  readonly dialect: Dialect;
  /** `auto`: ours where the ISD-R opens, else the modem's own. */
  readonly wanted: "auto" | "host" | "modem";
  readonly imei: Imei | undefined;
  readonly segments: SegmentMemory;
  /** Made only when the host has to carry HTTPS. */
  readonly es9Plus: () => Promise<Es9PlusClient>;
  readonly log: Log;
}

/** The LPA that does the work. @throws EsimdError `no_euicc` when the one that is wanted cannot be had. */
export async function openLpa(options: LpaOptions, signal: AbortSignal): Promise<Lpa> {
  const { line, dialect, wanted, imei, segments, log } = options;
  const https = { es9Plus: lazyEs9PlusClient(options.es9Plus), requireRoots: options.es9Plus };
  if (wanted !== "modem") {
    const isdR = await openIsdRInWindow(line, dialect, signal);
    if (isdR !== undefined) {
      return new HostLpa({ line, isdR, imei, segments, ...https, clock: line.clock, log });
    }
    const forbidden = wanted === "host" || !hasOwnLpa(dialect) ? await whyNoChannel(line, isdrAid, signal) : undefined;
    if (forbidden !== undefined) throw forbidden;
    if (wanted === "host")
      throw new EsimdError("no_euicc", `the modem on ${line.channel.portName} opens no channel to its eUICC`);
  }
  if (!hasOwnLpa(dialect)) {
    throw new EsimdError(
      "no_euicc",
      `the modem on ${line.channel.portName} has no LPA of its own, and opens no channel to its eUICC`,
      {
        hint: "Leave modem.lpa at auto, or set it to host.",
      },
    );
  }
  const { download } = dialect.ownLpa;
  switch (download.kind) {
    case "host-relay":
      return createModemRelayLpa({ line, dialect, download, ...https, log });
    case "modem-network":
      return createModemNetworkLpa({ line, dialect, download, log });
    case "none":
      return createModemOnlyLpa(line, dialect, download);
  }
}

const windowPollMs = 5_000;
/** The rest of a longer window is for a later run: a state has its deadline, and nobody watches. */
const windowPatienceMs = 60_000;

/**
 * Opens the ISD-R; where the modem itself uses it for a while after its start, and has no LPA for us, waits a part of that while.
 * @throws EsimdError `modem_busy` when it is not over by then.
 */
async function openIsdRInWindow(
  line: ModemLine,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<Es10Channel | undefined> {
  const startMs = line.clock.monotonicMs();
  for (;;) {
    const isdR = await openIsdR(line, signal);
    if (isdR !== undefined || dialect.isdrWindowMs === 0 || hasOwnLpa(dialect)) return isdR;
    if (line.clock.monotonicMs() - startMs >= Math.min(windowPatienceMs, dialect.isdrWindowMs)) {
      const minutes = Math.ceil(dialect.isdrWindowMs / 60_000);
      throw new EsimdError(
        "modem_busy",
        `the modem on ${line.channel.portName} keeps its eUICC to itself, as ${dialect.name} does for up to ${minutes} min after a start or a switch of slots`,
        {
          hint: `Run again in ${minutes} minutes; if it stays, no eUICC is in the active slot, or the modem's firmware never lets it go.`,
        },
      );
    }
    await sleep(line.clock, windowPollMs, signal);
  }
}

/** Why the ISD-R does not open: the modem's LPA may hold it. @throws EsimdError `lpa_holds_isdr`. */
async function requireUnheld(line: ModemLine, dialect: Dialect | undefined, signal: AbortSignal): Promise<void> {
  const lpaSwitch = dialect?.lpaSwitch;
  if (lpaSwitch === undefined || (await readLpaSwitch(line, lpaSwitch, signal)) !== true) return;
  throw new EsimdError(
    "lpa_holds_isdr",
    `the LPA of the modem on ${line.channel.portName} holds the eUICC (${lpaSwitch.name} is 1), and it may be switched off only with modem.take_isdr = true`,
  );
}

/** The EID, and by which way it was read. */
export interface EidReading {
  readonly eid: Eid;
  readonly from: "dialect" | "card";
}

/**
 * The EID by the dialect, or straight from the eUICC where the dialect has no answer or there is no dialect.
 * @throws EsimdError `no_euicc` when no way leads to one; what the modem refused is its cause. `lpa_holds_isdr` when its LPA is why.
 */
export async function readEid(line: ModemLine, dialect: Dialect | undefined, signal: AbortSignal): Promise<EidReading> {
  let refused: unknown;
  if (dialect?.eid !== undefined) {
    try {
      return {
        eid: await runQuery(line, dialect.eid, signal, dialect.ownLpa?.describeResultCode),
        from: "dialect",
      };
    } catch (error) {
      // Silence or a lost port is no statement about the eUICC; a refusal or nonsense is worth asking the card itself.
      const asksOn =
        isEsimdError(error, "modem_refused") ||
        isEsimdError(error, "no_euicc") ||
        isEsimdError(error, "modem_protocol");
      if (!asksOn) throw error;
      refused = error;
    }
  }
  const eid = await readEidFromCardPatiently(line, signal);
  if (eid !== undefined) return { eid, from: "card" };
  if (isEsimdError(refused, "modem_protocol")) throw refused;
  await requireUnheld(line, dialect, signal);
  throw (
    (await whyNoChannel(line, isdrAid, signal)) ??
    new EsimdError("no_euicc", `the modem on ${line.channel.portName} has no eUICC that can be reached`, {
      cause: refused,
    })
  );
}
