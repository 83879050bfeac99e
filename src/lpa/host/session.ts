import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.js";
import { EsimdError, isEsimdError } from "../../base/errors.js";
import type { Imei } from "../../base/identifiers.js";
import type { Log } from "../../base/logging.js";
import type { Random } from "../../base/random.js";
import type { Es10Channel } from "../apdu/es10-channel.js";
import { decodeFrom } from "../asn1/tlv.js";
import { RefusedByServer } from "../es9plus/status-codes.js";
import { decodeAuthenticateResponse } from "../es10/authenticate-server.js";
import { segmentBoundProfilePackage } from "../es10/bound-profile-package.js";
import { encodeCancelSession } from "../es10/cancel-session.js";
import { hexOf } from "../es10/common.js";
import { decodeEuiccInfo2, toldFreeBytes } from "../es10/euicc-info.js";
import { decodeInstallResult, type InstallResult } from "../es10/install-result.js";
import { decodeStoreMetadata } from "../es10/metadata.js";
import { decodePrepareDownloadResponse, decodeSmdpSigned2, encodePrepareDownload } from "../es10/prepare-download.js";
import { becauseOf } from "../es10/result-sentences.js";
import type { DownloadRequest, OfferedProfile } from "../lpa.js";
import { authenticateServer, initiateAuthentication } from "./authentication.js";
import { ask, authenticateClientAnswer, base64, type Es9Call, packageAnswer } from "./es9.js";

/** One download session of our own LPA, from initiateAuthentication to the install result (SGP.22 3.1.3). */

export interface HostSessionParts {
  readonly isdR: Es10Channel;
  readonly call: Es9Call;
  readonly request: DownloadRequest;
  readonly imei: Imei | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface HostSessionEnd {
  readonly offer: OfferedProfile | undefined;
  readonly installResult: InstallResult;
  /** The result as the SM-DP+ wants it, whole and signed. */
  readonly notification: Uint8Array;
}

/** What was learned before a session failed. */
export interface SessionTrace {
  offer: OfferedProfile | undefined;
  /** AuthenticateServer is the first long command: when it goes through, the segment size is good. */
  segments: "untried" | "trying" | "accepted";
  /** A byte of the package was sent: nothing may be cancelled any more, and the list decides. */
  loading: boolean;
}

/** @throws EsimdError for every way to fail; `trace` then says how far it came. */
export async function runHostSession(
  parts: HostSessionParts,
  trace: SessionTrace,
  signal: AbortSignal,
): Promise<HostSessionEnd> {
  const { isdR, call, request, imei, clock, random } = parts;
  request.onProgress("authenticating", 0, 0);
  const { matchingId } = request.activationCode;
  const authentication = { isdR, call, matchingId, imei, clock, random };
  const started = await initiateAuthentication(authentication, signal);
  const { transactionId } = started;
  const onCard = (): void => {
    trace.segments = "trying";
  };
  const answer = await authenticateServer(authentication, started, onCard, signal);
  trace.segments = "accepted";
  try {
    const authenticated = decodeAuthenticateResponse(answer);
    const client = await ask(
      call,
      "authenticateClient",
      { transactionId, authenticateServerResponse: base64(answer) },
      authenticateClientAnswer,
      signal,
    ).catch((error: unknown) => {
      // The eUICC's own refusal says more than the server's answer to it.
      throw authenticated.kind === "error" ? euiccRefusal("the SM-DP+'s authentication", authenticated.reason) : error;
    });
    if (authenticated.kind === "error") throw euiccRefusal("the SM-DP+'s authentication", authenticated.reason);
    if (client.profileMetadata !== undefined) {
      const metadata = client.profileMetadata;
      const { iccid, serviceProvider, name } = decodeFrom("smdp_protocol", "the profile's metadata", () =>
        decodeStoreMetadata(metadata),
      );
      trace.offer = { iccid, serviceProvider, name };
      await request.onOffer(trace.offer, signal);
    }
    const prepared = await prepare(parts, client, signal);
    request.onProgress("authorising", 0, 0);
    const { boundProfilePackage } = await ask(
      call,
      "getBoundProfilePackage",
      { transactionId, prepareDownloadResponse: base64(prepared) },
      packageAnswer,
      signal,
    );
    const parted = decodeFrom("smdp_protocol", "the profile package", () =>
      segmentBoundProfilePackage(boundProfilePackage),
    );
    requireRoom(boundProfilePackage.length, toldFreeBytes(decodeEuiccInfo2(authenticated.signed.euiccInfo2)));
    return await load(parts, parted, boundProfilePackage.length, trace, signal);
  } catch (error) {
    // A session that the SM-DP+ itself refused is over there already.
    const refused = isEsimdError(error) && error.cause instanceof RefusedByServer;
    if (!trace.loading && !signal.aborted && !refused) await cancel(parts, transactionId, signal);
    throw error;
  }
}

async function prepare(
  parts: HostSessionParts,
  client: (typeof authenticateClientAnswer)["_output"],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { isdR, request } = parts;
  const signed2 = decodeFrom("smdp_protocol", "smdpSigned2", () => decodeSmdpSigned2(client.smdpSigned2));
  const { confirmationCode } = request;
  if (signed2.confirmationCodeRequired && confirmationCode === undefined) {
    throw new EsimdError("smdp_refused", "the SM-DP+ wants a confirmation code for this profile, and none was given", {
      hint: "Ask the provider for the confirmation code, and give it with --confirmation-code-file.",
    });
  }
  const hashCc =
    signed2.confirmationCodeRequired && confirmationCode !== undefined
      ? sha256(Buffer.concat([sha256(Buffer.from(confirmationCode, "utf8")), signed2.transactionId]))
      : undefined;
  const command = encodePrepareDownload({
    smdpSigned2: client.smdpSigned2,
    smdpSignature2: client.smdpSignature2.subarray(3),
    ...(hashCc === undefined ? {} : { hashCc }),
    smdpCertificate: client.smdpCertificate,
  });
  const response = await isdR.command(command, signal);
  const prepared = decodePrepareDownloadResponse(response);
  if (prepared.kind === "error") throw euiccRefusal("the download", prepared.reason);
  return response;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** A package that does not fit would end in an error result, and that would end the order; unloaded, the order lives on. */
function requireRoom(packageBytes: number, freeBytes: number | undefined): void {
  if (freeBytes === undefined || packageBytes <= freeBytes) return;
  throw new EsimdError(
    "euicc_full",
    `the profile has ${packageBytes} bytes and the eUICC ${freeBytes} free: nothing was loaded, the reservation is kept`,
  );
}

/** Part by part; an empty answer means go on, a BF37 is the end, good or bad, wherever it comes (SGP.22 5.7.6). */
async function load(
  parts: HostSessionParts,
  segments: readonly Uint8Array[],
  totalBytes: number,
  trace: SessionTrace,
  signal: AbortSignal,
): Promise<HostSessionEnd> {
  const { isdR, request } = parts;
  let doneBytes = 0;
  trace.loading = true;
  for (const segment of segments) {
    const answer = await isdR.command(segment, signal, "installing");
    doneBytes += segment.length;
    request.onProgress("loading", doneBytes, totalBytes);
    if (answer.length > 0)
      return { offer: trace.offer, installResult: decodeInstallResult(answer), notification: answer };
  }
  throw new EsimdError("modem_protocol", "the package was loaded to its end, and the eUICC gave no result");
}

/** Our own failures keep the order: `postponed`, by the eUICC's signature, and no other reason ever. */
async function cancel(parts: HostSessionParts, transactionId: string, signal: AbortSignal): Promise<void> {
  const { isdR, call, log } = parts;
  try {
    const command = encodeCancelSession({ transactionId: Buffer.from(transactionId, "hex"), reason: "postponed" });
    const response = await isdR.command(command, signal);
    const body = JSON.stringify({ transactionId, cancelSessionResponse: base64(response) });
    await call.es9Plus.post(call.smdp, "cancelSession", body, signal);
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    log.debug(
      { error, transactionId: hexOf(Buffer.from(transactionId, "hex")).slice(0, 8) },
      "the session could not be cancelled; it ends by itself",
    );
  }
}

function euiccRefusal(what: string, reason: string): EsimdError {
  return new EsimdError("download_failed", `the eUICC refuses ${what}, because ${becauseOf(reason)}`);
}
