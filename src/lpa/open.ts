import { EsimdError, isEsimdError } from "../base/errors.js";
import type { Eid } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import type { Dialect } from "../modem/dialects/dialect.js";
import { type ModemLine, runQuery } from "../modem/exchange.js";
import { readEidFromCard } from "./card.js";
import type { Es9PlusClient } from "./es9plus/client.js";
import type { Lpa } from "./lpa.js";
import { createModemNetworkLpa } from "./modem-network.js";
import { createModemRelayLpa } from "./modem-relay.js";

/** The LPA that the modem's dialect offers. `es9Plus` is made only when the host has to carry HTTPS. */
export async function openLpa(
  line: ModemLine,
  dialect: Dialect,
  es9Plus: () => Promise<Es9PlusClient>,
  log: Log,
): Promise<Lpa> {
  const { download } = dialect;
  switch (download.kind) {
    case "host-relay":
      return createModemRelayLpa({ line, dialect, download, es9Plus: await es9Plus(), log });
    case "modem-network":
      return createModemNetworkLpa({ line, dialect, download, log });
  }
}

/** The EID, and by which way it was read. */
export interface EidReading {
  readonly eid: Eid;
  readonly from: "dialect" | "card";
}

/**
 * The EID by the dialect, or straight from the eUICC where the dialect has no answer or there is no dialect.
 * @throws EsimdError `no_euicc` when no way leads to one; what the modem refused is its cause.
 */
export async function readEid(line: ModemLine, dialect: Dialect | undefined, signal: AbortSignal): Promise<EidReading> {
  let refused: unknown;
  if (dialect !== undefined) {
    try {
      return { eid: await runQuery(line, dialect.eid, signal, dialect.describeResultCode), from: "dialect" };
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
  const eid = await readEidFromCard(line, signal);
  if (eid !== undefined) return { eid, from: "card" };
  if (isEsimdError(refused, "modem_protocol")) throw refused;
  throw new EsimdError("no_euicc", `the modem on ${line.channel.portName} has no eUICC that can be reached`, {
    cause: refused,
  });
}
