import { z } from "zod";
import { describeCause, EsimdError } from "../../base/errors.js";
import type { Iccid } from "../../base/identifiers.js";
import {
  decodeAuthenticateResponse,
  decodeServerSigned1,
  encodeAuthenticateServer,
} from "../../lpa/es10/authenticate-server.js";
import { segmentBoundProfilePackage } from "../../lpa/es10/bound-profile-package.js";
import { encodeCancelSession } from "../../lpa/es10/cancel-session.js";
import { decodeEuiccChallenge, encodeGetEuiccChallenge } from "../../lpa/es10/challenge.js";
import { hexOf } from "../../lpa/es10/common.js";
import { encodeGetEuiccInfo1 } from "../../lpa/es10/euicc-info.js";
import { decodeInstallResult, type InstallResult } from "../../lpa/es10/install-result.js";
import { encodeRemoveNotification } from "../../lpa/es10/notifications.js";
import {
  decodePrepareDownloadResponse,
  decodeSmdpSigned2,
  encodePrepareDownload,
} from "../../lpa/es10/prepare-download.js";
import type { CancelReason } from "../../lpa/es10/result-codes.js";
import { hashedConfirmationCode, innerConfirmationHash } from "../rsp/confirmation-code.js";
import type { EmulatedEuicc } from "./euicc.js";

/** The LPA inside the emulated modem: one download from SM-DP+ to eUICC (SGP.22, 3.1.3), over whatever carries its ES9+ requests. */

export type Es9Function =
  | "initiateAuthentication"
  | "authenticateClient"
  | "getBoundProfilePackage"
  | "handleNotification"
  | "cancelSession";

/** Posts one function's JSON to the SM-DP+; rejects when no answer came. */
export type Es9Post = (fn: Es9Function, body: object) => Promise<{ readonly status: number; readonly body: string }>;

export interface ModemDownload {
  readonly euicc: EmulatedEuicc;
  readonly smdpAddress: string;
  /** Absent or empty: the SM-DP+ finds the order by the EID. */
  readonly matchingId?: string | undefined;
  readonly confirmationCode?: string | undefined;
  readonly post: Es9Post;
  /** Type allocation code: the first eight digits of the modem's IMEI. */
  readonly tac?: string | undefined;
  /** Runs when the profile is on the eUICC and its notification is not yet delivered. */
  readonly afterInstall?: ((iccid: Iccid) => void | Promise<void>) | undefined;
}

export type ModemDownloadResult =
  | {
      readonly ok: true;
      readonly iccid: Iccid;
      /** False when the SM-DP+ did not take the install result; it then stays on the eUICC. */
      readonly notificationDelivered: boolean;
    }
  | {
      readonly ok: false;
      /** Where it ended: an ES9+ function, `eUICC`, or `package`. */
      readonly stage: Es9Function | "authenticateServer" | "prepareDownload" | "package";
      readonly reason: string;
      /** Of SGP.22, 5.2.6, where the SM-DP+ refused. */
      readonly subjectCode?: string;
      readonly reasonCode?: string;
    };

class DownloadError extends Error {
  readonly result: Extract<ModemDownloadResult, { ok: false }>;

  constructor(result: Extract<ModemDownloadResult, { ok: false }>) {
    super(result.reason);
    this.result = result;
  }
}

const defaultTac = "35290611";

const header = z.object({
  functionExecutionStatus: z.object({
    status: z.string(),
    statusCodeData: z
      .object({ subjectCode: z.string(), reasonCode: z.string(), message: z.string().nullish() })
      .nullish(),
  }),
});
const der = z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64")));
const initiateAnswer = z.object({
  transactionId: z.string(),
  serverSigned1: der,
  serverSignature1: der,
  euiccCiPKIdToBeUsed: der,
  serverCertificate: der,
});
const clientAnswer = z.object({ smdpSigned2: der, smdpSignature2: der, smdpCertificate: der });
const packageAnswer = z.object({ boundProfilePackage: der });

/** Never rejects: what went wrong is in the result. */
export async function runModemDownload(download: ModemDownload): Promise<ModemDownloadResult> {
  try {
    return await run(download);
  } catch (error) {
    if (error instanceof DownloadError) return error.result;
    throw error;
  }
}

async function run(download: ModemDownload): Promise<ModemDownloadResult> {
  const { euicc, smdpAddress, matchingId, confirmationCode, tac = defaultTac } = download;
  const challenge = decodeEuiccChallenge(euicc.es10(encodeGetEuiccChallenge()).response);
  const started = await ask(download, "initiateAuthentication", initiateAnswer, {
    smdpAddress,
    euiccChallenge: base64(challenge),
    euiccInfo1: base64(euicc.es10(encodeGetEuiccInfo1()).response),
  });
  const { transactionId } = started;

  const serverResponse = command(download, "authenticateServer", () => {
    // The server's word is for our call and our address (SGP.22, 3.0.1); everything else is the eUICC's to judge.
    const signed = decodeServerSigned1(started.serverSigned1);
    if (signed.serverAddress.toLowerCase() !== smdpAddress.toLowerCase())
      throw failed("authenticateServer", "serverAddress");
    return encodeAuthenticateServer({
      serverSigned1: started.serverSigned1,
      serverSignature1: started.serverSignature1.subarray(3),
      ciKeyId: started.euiccCiPKIdToBeUsed.subarray(2),
      serverCertificate: started.serverCertificate,
      ctxParams1: { matchingId, deviceInfo: { tac: Buffer.from(tac, "hex") } },
    });
  });
  const authenticated = decodeAuthenticateResponse(serverResponse);
  const client = await ask(
    download,
    "authenticateClient",
    clientAnswer,
    { transactionId, authenticateServerResponse: base64(serverResponse) },
    authenticated.kind === "error" ? failed("authenticateServer", authenticated.reason) : undefined,
  );

  const signed2 = decodeOrFail("prepareDownload", () => decodeSmdpSigned2(client.smdpSigned2));
  if (signed2.confirmationCodeRequired && confirmationCode === undefined) {
    await cancel(download, signed2.transactionId, "postponed");
    throw failed("prepareDownload", "confirmationCodeRequired");
  }
  const hashCc =
    confirmationCode === undefined || !signed2.confirmationCodeRequired
      ? undefined
      : hashedConfirmationCode(innerConfirmationHash(confirmationCode), signed2.transactionId);
  const prepareResponse = command(download, "prepareDownload", () =>
    encodePrepareDownload({
      smdpSigned2: client.smdpSigned2,
      smdpSignature2: client.smdpSignature2.subarray(3),
      hashCc,
      smdpCertificate: client.smdpCertificate,
    }),
  );
  const prepared = decodePrepareDownloadResponse(prepareResponse);
  const { boundProfilePackage } = await ask(
    download,
    "getBoundProfilePackage",
    packageAnswer,
    { transactionId, prepareDownloadResponse: base64(prepareResponse) },
    prepared.kind === "error" ? failed("prepareDownload", prepared.reason) : undefined,
  );

  const { result, raw } = load(euicc, boundProfilePackage);
  if (result.outcome.kind === "success" && result.iccid !== undefined) await download.afterInstall?.(result.iccid);
  const notificationDelivered = await deliver(download, result.seqNumber, raw);
  if (result.outcome.kind === "error") {
    throw failed("package", `${result.outcome.bppCommand}/${result.outcome.reason}`);
  }
  if (result.iccid === undefined) throw failed("package", "the install result names no ICCID");
  return { ok: true, iccid: result.iccid, notificationDelivered };
}

/** Feeds the eUICC part by part until it gives its result, which may be long before the end. */
function load(euicc: EmulatedEuicc, bpp: Uint8Array): { readonly result: InstallResult; readonly raw: Uint8Array } {
  const parts = decodeOrFail("package", () => segmentBoundProfilePackage(bpp));
  for (const part of parts) {
    const { response, statusWord } = euicc.es10(part);
    if (statusWord !== 0x9000) throw failed("package", `the eUICC answers ${statusWord.toString(16).toUpperCase()}`);
    if (response.length > 0) return { result: decodeInstallResult(response), raw: response };
  }
  throw failed("package", "the package ended and the eUICC gave no result");
}

/** The install result goes to the SM-DP+ and, once it is accepted, from the eUICC. */
async function deliver(download: ModemDownload, seqNumber: number, notification: Uint8Array): Promise<boolean> {
  try {
    const { status } = await download.post("handleNotification", { pendingNotification: base64(notification) });
    if (status < 200 || status > 299) return false;
  } catch {
    return false; // No answer: the notification stays on the eUICC, for the next who delivers.
  }
  download.euicc.es10(encodeRemoveNotification(seqNumber));
  return true;
}

async function cancel(download: ModemDownload, transactionId: Uint8Array, reason: CancelReason): Promise<void> {
  const { response } = download.euicc.es10(encodeCancelSession({ transactionId, reason }));
  await download
    .post("cancelSession", { transactionId: hexOf(transactionId), cancelSessionResponse: base64(response) })
    .catch(() => undefined); // The session is over on this side whether the server hears of it or not.
}

/** One ES9+ function. `ownError` is thrown once the server has been told that the eUICC refused. */
async function ask<T>(
  download: ModemDownload,
  fn: Es9Function,
  shape: z.ZodType<T>,
  body: object,
  ownError?: DownloadError,
): Promise<T> {
  let answer: { readonly status: number; readonly body: string };
  try {
    answer = await download.post(fn, body);
  } catch (cause) {
    throw ownError ?? failed(fn, `no answer: ${describeCause(cause)}`);
  }
  if (ownError !== undefined) throw ownError;
  if (answer.status !== 200) throw failed(fn, `HTTP ${answer.status}`);
  const json = parseJson(answer.body);
  const execution = z.object({ header }).safeParse(json).data?.header.functionExecutionStatus;
  if (execution === undefined) throw failed(fn, "the answer has no functionExecutionStatus");
  if (execution.status !== "Executed-Success" && execution.status !== "Executed-WithWarning") {
    const { subjectCode = "", reasonCode = "", message } = execution.statusCodeData ?? {};
    throw new DownloadError({ ok: false, stage: fn, reason: message ?? execution.status, subjectCode, reasonCode });
  }
  const parsed = shape.safeParse(json);
  if (!parsed.success) throw failed(fn, `the answer lacks ${parsed.error.issues[0]?.path.join(".") ?? "a field"}`);
  return parsed.data;
}

function command(
  download: ModemDownload,
  stage: "authenticateServer" | "prepareDownload",
  make: () => Uint8Array,
): Uint8Array {
  const request = decodeOrFail(stage, make);
  const { response, statusWord } = download.euicc.es10(request);
  if (statusWord !== 0x9000) throw failed(stage, `the eUICC answers ${statusWord.toString(16).toUpperCase()}`);
  return response;
}

function decodeOrFail<T>(stage: "authenticateServer" | "prepareDownload" | "package", decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof EsimdError) throw failed(stage, error.message);
    throw error;
  }
}

function failed(stage: Extract<ModemDownloadResult, { ok: false }>["stage"], reason: string): DownloadError {
  return new DownloadError({ ok: false, stage, reason });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
