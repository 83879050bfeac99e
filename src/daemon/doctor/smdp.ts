import { describeCause, EsimdError } from "../../base/errors.js";
import { parseSmdpAddress, type SmdpAddress } from "../../base/identifiers.js";
import { networkStageOf } from "../../base/network-failure.js";
import { untrustedCodes } from "../../lpa/es9plus/client.js";
import { ConnectFailure, connectToSmdp } from "../../lpa/es9plus/tls.js";
import { readStatus } from "../status-file.js";
import { allFound, type Check, type Examination, type Outcome, skipped, type Trouble } from "./check.js";
import { carriesHttps } from "./trust.js";

const connectTimeoutMs = 15_000;

export const smdp: Check = {
  name: "smdp",
  asks: "Can the SM-DP+ be reached, and does it chain to a root of ci_roots?",
  knows:
    "A TLS handshake with each address that is known: the configured one, the last run's reservation's, the eUICC's default. No session is begun, so that nothing is known of the order there. Before the first reservation its address may be unknown; the eUICC's default counts only with provider `none`, since eUICCs are delivered with names that lead nowhere.",
  codes: ["smdp_unreachable", "smdp_untrusted", "deadline"],
  needs: ["ci-roots"],
  after: ["lpa"],
  timeoutMs: 2 * connectTimeoutMs,
  run: async (examination, signal): Promise<Outcome> => {
    if (!carriesHttps(examination))
      return skipped("the modem downloads by itself, and this host does not talk to the SM-DP+");
    const known = await addressesOf(examination);
    if (known.length === 0) return skipped("no address of an SM-DP+ is known yet; the reservation names it");
    const tried = await Promise.all(
      known.map(async (one) => ({ ...one, error: await shakeHands(one, examination, signal) })),
    );
    examination.facts.smdpTrusted = tried.some(({ error }) => error === undefined);
    const failed = tried.flatMap(({ isUsed, error }) => (error === undefined ? [] : [{ isUsed, error }]));
    const troubles = failed.filter(({ isUsed }) => isUsed).map(({ error }): Trouble => ({ severity: "error", error }));
    const unused = failed.find(({ isUsed }) => !isUsed)?.error.message;
    return allFound(troubles, unused === undefined ? undefined : `a run would not use it, but ${unused}`);
  },
};

interface KnownAddress {
  readonly address: SmdpAddress;
  /** Where it stands, for sentences. */
  readonly from: string;
  /** A run as things stand would use it; what fails at one that it would not use is no fault. */
  readonly isUsed: boolean;
}

/** Each address once, by the best of its sources; the order is a run's (provision/steps/download.ts). */
async function addressesOf({ surroundings, facts }: Examination): Promise<readonly KnownAddress[]> {
  const { config } = surroundings;
  const reserved = await reservedAddress(config.stateDir, facts.eid);
  const configured = config.download.smdpAddress;
  const wanted = config.defaultSmdp.address;
  const byDefault = facts.defaultSmdp;
  const known: KnownAddress[] = [];
  const add = (address: SmdpAddress | undefined, from: string, isUsed: boolean): void => {
    if (address !== undefined && known.every((one) => one.address !== address)) known.push({ address, from, isUsed });
  };
  add(reserved, "of the reservation", true);
  add(configured, "of download.smdp_address", reserved === undefined);
  add(wanted, "of default_smdp.address", reserved === undefined && configured === undefined);
  // Reservations name their SM-DP+; without them the default is all there is.
  const byDefaultOnly =
    [reserved, configured, wanted].every((one) => one === undefined) && config.api.provider === "none";
  add(byDefault, "that the eUICC has as its default", byDefaultOnly);
  return known;
}

async function reservedAddress(stateDir: string, eid: string | undefined): Promise<SmdpAddress | undefined> {
  // What cannot be read, the check of the last run says.
  const reports = eid === undefined ? [] : await readStatus(stateDir).catch(() => []);
  const text = reports.find((report) => report.eid === eid)?.esimProfile?.smdpAddress;
  return text === undefined || text === null ? undefined : parseSmdpAddress(text, "the last report's SM-DP+");
}

async function shakeHands(
  known: KnownAddress,
  { surroundings, facts }: Examination,
  signal: AbortSignal,
): Promise<EsimdError | undefined> {
  const [host = "", port = "443"] = known.address.split(":");
  const { clock, config } = surroundings;
  try {
    const options = { ciRoots: facts.roots ?? [], pins: config.download.smdpPins, clock, timeoutMs: connectTimeoutMs };
    const socket = await connectToSmdp({ host, port: Number(port) }, options);
    socket.destroy();
    return undefined;
  } catch (cause) {
    signal.throwIfAborted();
    return handshakeError(known, cause, config.ciRoots);
  }
}

function handshakeError({ address, from }: KnownAddress, cause: unknown, folder: string): EsimdError {
  const subject = `the SM-DP+ ${address} ${from}`;
  if (cause instanceof ConnectFailure && untrustedCodes.has(cause.code)) {
    const hint = `Put the root that this SM-DP+ uses into ${folder}, or find out who answers in its place.`;
    return new EsimdError("smdp_untrusted", `${subject} is not trusted: ${describeCause(cause)}`, { cause, hint });
  }
  const hint = hints[networkStageOf(cause) ?? "connect"];
  return new EsimdError("smdp_unreachable", `${subject} cannot be reached: ${describeCause(cause)}`, { cause, hint });
}

const hints = {
  dns: "The name is not found: check the host's DNS and the spelling of the address.",
  connect: "The name is known and the connection is not made: check route and firewall towards port 443 of the SM-DP+.",
  tls: "The server breaks the TLS handshake off: check that it is the SM-DP+ and no proxy that answers.",
} as const;
