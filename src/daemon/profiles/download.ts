import { withDeadline } from "../../base/deadline.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { ActivationCode, Iccid } from "../../base/identifiers.js";
import type { DownloadRequest, DownloadSession, InstalledProfile, OfferedProfile } from "../../lpa/lpa.js";
import { realDisk } from "../../provision/store/disk.js";
import { storeFolder } from "../../provision/store/store.js";
import { requireSaneClock } from "../sane-clock.js";
import { deliverOf, type Told } from "./deliver.js";
import { listComesTo, listPatiently } from "./patience.js";
import type { LockedEuicc } from "./session.js";
import { beginning, leftBy, type Unfinished, type UnfinishedFile, unfinishedFile } from "./unfinished.js";

/**
 * One download by hand, without an API: nothing is reserved and nothing is spent. What a session says of its end is hearsay, the eUICC's
 * list decides; and nothing of ours ever ends the order at the SM-DP+.
 */

export interface DownloadWish {
  readonly activationCode: ActivationCode;
  readonly confirmationCode: string | undefined;
  /** Stops at the offer, and leaves the order as it was. */
  readonly previewOnly: boolean;
  /** A person may refuse here, by a rejection. Without an offer where the modem downloads by itself and shows none. */
  readonly agree: (offer: OfferedProfile | undefined, signal: AbortSignal) => Promise<void>;
  readonly onProgress: DownloadRequest["onProgress"];
}

export type DownloadEnd =
  | { readonly kind: "previewed"; readonly offer: OfferedProfile }
  /** `isNew` is false for a profile that was there before: from an earlier try, or by other hands. */
  | {
      readonly kind: "installed";
      readonly iccid: Iccid;
      readonly offer: OfferedProfile | undefined;
      readonly isNew: boolean;
      readonly told: Told;
      /** What the session complained of, though the profile is there. */
      readonly complaint: EsimdError | undefined;
    };

/** A list may lag behind the install result for a moment. */
const listPatienceMs = 10_000;

/** @throws EsimdError when the profile is not on the eUICC in the end, with the best known reason. */
export async function downloadProfile(
  euicc: LockedEuicc,
  wish: DownloadWish,
  signal: AbortSignal,
): Promise<DownloadEnd> {
  const { lpa, eid, config, store, clock } = euicc;
  requireSaneClock(clock);
  const file = unfinishedFile(realDisk, storeFolder(config.stateDir, eid));
  lpa.expectDownload?.(wish.activationCode.smdpAddress);
  const before = await listPatiently(euicc, signal);
  const begun = beginning(wish.activationCode, before);
  const { iccid, installedIccid } = store.journal;
  const left = leftBy(await file.read(), begun, before, [iccid, installedIccid]);
  if (left !== undefined && !wish.previewOnly) {
    await file.remove();
    return finish(euicc, wish, { iccid: left, offer: undefined, isNew: false, complaint: undefined }, signal);
  }
  if (wish.previewOnly && lpa.kind !== "host") {
    // An SM-DP+ counts sessions that nobody cancelled, and a modem's own LPA does not cancel one as `postponed`.
    throw new EsimdError(
      "profile_operation_unsupported",
      "an offer can be looked at only by esimd's own LPA: with a modem's own the look costs the order a session, or takes the profile",
    );
  }
  requireWayForCode(euicc, wish);
  await lpa.requireReady(signal);
  if (lpa.kind === "modem-network") await wish.agree(undefined, signal);
  const gate = new OfferGate(before, begun, file, wish);
  if (!wish.previewOnly) await file.write(begun);
  const session = await boundedSession(euicc, wish, gate, signal);
  return judge(euicc, wish, { before, gate, session, file }, signal);
}

/** A session without the confirmation code that its order wants costs the order one of its few. @throws EsimdError `download_unsupported`. */
function requireWayForCode({ lpa, dialect }: LockedEuicc, wish: DownloadWish): void {
  if (!wish.activationCode.confirmationCodeRequired || lpa.kind === "host") return;
  const way = dialect.ownLpa?.download;
  if (way?.kind === "modem-network" && way.startWithCode !== undefined) return;
  throw new EsimdError(
    "download_unsupported",
    `the activation code asks for a confirmation code as well, and the LPA of a modem of the family ${dialect.name} takes none over AT`,
    { hint: "Use esimd's own LPA (--lpa host), where the modem lets it at the eUICC." },
  );
}

/** What happens when the SM-DP+ shows what it has; a rejection cancels the session with `postponed`. */
class OfferGate {
  /** Why the session was stopped here; undefined while it was not. */
  stopped: "preview" | "there-already" | undefined;
  readonly #before: readonly InstalledProfile[];
  readonly #begun: Unfinished;
  readonly #file: UnfinishedFile;
  readonly #wish: DownloadWish;

  constructor(before: readonly InstalledProfile[], begun: Unfinished, file: UnfinishedFile, wish: DownloadWish) {
    this.#before = before;
    this.#begun = begun;
    this.#file = file;
    this.#wish = wish;
  }

  async pass(offer: OfferedProfile, signal: AbortSignal): Promise<void> {
    if (this.#wish.previewOnly) this.stopped = "preview";
    else if (this.#before.some(({ iccid }) => iccid === offer.iccid)) this.stopped = "there-already";
    if (this.stopped !== undefined) throw new EsimdError("cancelled", "the session was stopped at the offer");
    await this.#wish.agree(offer, signal);
    await this.#file.write({ ...this.#begun, iccid: offer.iccid });
  }
}

async function boundedSession(
  { lpa, clock, config }: LockedEuicc,
  wish: DownloadWish,
  gate: OfferGate,
  signal: AbortSignal,
): Promise<DownloadSession> {
  const { timeoutMs } = config.download;
  const request: DownloadRequest = {
    activationCode: wish.activationCode,
    confirmationCode: wish.confirmationCode,
    expectedIccid: undefined,
    timeoutMs,
    onOffer: (offer, abort) => gate.pass(offer, abort),
    onProgress: wish.onProgress,
  };
  try {
    const bound = { clock, timeoutMs, signal, what: "the download" };
    return await withDeadline(bound, (bounded) => lpa.download(request, bounded));
  } catch (error) {
    if (signal.aborted || !isEsimdError(error, "deadline")) throw error;
    return { reported: "unknown", offer: undefined, installResult: undefined, resultDelivery: "none", error };
  }
}

interface Ended {
  readonly before: readonly InstalledProfile[];
  readonly gate: OfferGate;
  readonly session: DownloadSession;
  readonly file: UnfinishedFile;
}

async function judge(
  euicc: LockedEuicc,
  wish: DownloadWish,
  { before, gate, session, file }: Ended,
  signal: AbortSignal,
): Promise<DownloadEnd> {
  const { offer, installResult, error } = session;
  let arrived: Iccid | undefined;
  const isThere = (list: readonly InstalledProfile[]): boolean => {
    const fresh = list.filter(({ iccid }) => !before.some((old) => old.iccid === iccid));
    arrived = offer === undefined ? fresh[0]?.iccid : list.find(({ iccid }) => iccid === offer.iccid)?.iccid;
    return arrived !== undefined;
  };
  // Read whatever the session said; waited for only where it said that the profile is there.
  await listComesTo(euicc, isThere, session.reported === "installed" ? listPatienceMs : 0, signal);
  if (gate.stopped === "preview" && offer !== undefined) return { kind: "previewed", offer };
  if (arrived !== undefined) {
    await file.remove();
    const isNew = gate.stopped === undefined;
    return finish(euicc, wish, { iccid: arrived, offer, isNew, complaint: isNew ? error : undefined }, signal);
  }
  // What nobody saw the end of may still come; anything else is over.
  if (session.reported !== "unknown") await file.remove();
  // An error result ends the order, and is told only now, with the list read and the profile not on it.
  if (installResult?.outcome.kind === "error" && offer !== undefined) await deliverOf(euicc, offer.iccid, signal);
  throw error ?? unconfirmed();
}

function unconfirmed(): EsimdError {
  return new EsimdError(
    "install_unconfirmed",
    "the modem says that the profile was installed, and the eUICC's list does not have it",
    { hint: "Restart the modem and look with `esimd profile list`; then run again with the same code." },
  );
}

async function finish(
  euicc: LockedEuicc,
  wish: DownloadWish,
  end: Omit<DownloadEnd & { readonly kind: "installed" }, "kind" | "told">,
  signal: AbortSignal,
): Promise<DownloadEnd> {
  const { store } = euicc;
  const { baseline } = store.journal;
  // A run of provisioning that was cut off takes what is new since for its own; what came by a code of somebody else's is not.
  if (baseline !== null && wish.activationCode.matchingId !== undefined && !baseline.includes(end.iccid)) {
    await store.saveJournal({ baseline: [...baseline, end.iccid] });
  }
  return { kind: "installed", ...end, told: await deliverOf(euicc, end.iccid, signal) };
}
