import { z } from "zod";
import { EsimdError } from "../../base/errors.js";
import type { Eid, Iccid } from "../../base/identifiers.js";
import { concatBytes } from "../../lpa/asn1/tlv.js";
import { decodeCancelSessionResponse } from "../../lpa/es10/cancel-session.js";
import { encodeSignature, hexOf } from "../../lpa/es10/common.js";
import { decodeEuiccInfo2 } from "../../lpa/es10/euicc-info.js";
import { encodeStoreMetadata } from "../../lpa/es10/metadata.js";
import { decodePendingNotification } from "../../lpa/es10/pending-notification.js";
import { decodePrepareDownloadResponse, encodeSmdpSigned2 } from "../../lpa/es10/prepare-download.js";
import { signPlain, verifyPlain } from "../pki/curves.js";
import type { Pki, SmdpIdentity } from "../pki/pki.js";
import { hashedConfirmationCode } from "../rsp/confirmation-code.js";
import {
  authenticateEuicc,
  authenticateShape,
  base64,
  der,
  initiateAuthentication,
  initiateShape,
  read,
  refusedBy,
  type ServerParty,
  transactionId,
} from "./authentication.js";
import { bindPackage } from "./bind-package.js";
import { FunctionFailure, refusals } from "./failures.js";
import { NotificationInbox, type ReceivedNotification } from "./notification-inbox.js";
import type { Order, OrderBook } from "./orders.js";
import type { ProfileSource } from "./profile-source.js";
import type { ProgressEvent } from "./progress.js";
import type { Action, Es9Function } from "./scenario.js";
import { SessionTable } from "./sessions.js";

export interface Es9PlusOptions {
  readonly pki: Pki;
  readonly address: string;
  readonly orders: OrderBook;
  readonly profiles: ProfileSource;
  readonly checksMemory: boolean;
  /** Bytes of the profile in each protected element of a package. */
  readonly segmentBytes?: number;
  readonly onProgress: (order: Order, event: ProgressEvent) => void;
}

const shapes = {
  initiateAuthentication: initiateShape,
  authenticateClient: authenticateShape,
  getBoundProfilePackage: z.object({ transactionId, prepareDownloadResponse: der }),
  cancelSession: z.object({ transactionId, cancelSessionResponse: der }),
  handleNotification: z.object({ pendingNotification: der }),
} as const;

const ofSession = z.object({ transactionId });

/** The SM-DP+'s side of ES9+ (SGP.22, 5.6): JSON fields in, JSON fields out, every refusal a {@link FunctionFailure}. */
export class Es9Plus {
  readonly #options: Es9PlusOptions;
  readonly #smdp: SmdpIdentity;
  readonly #party: ServerParty;
  readonly #sessions = new SessionTable();
  readonly #inbox: NotificationInbox;
  /** The one-time public key of an eUICC whose download did not come to an end, by ICCID. */
  readonly #oneTimeKeys = new Map<Iccid, Uint8Array>();

  constructor(options: Es9PlusOptions) {
    this.#options = options;
    this.#smdp = options.pki.smdp();
    const { pki, address, orders, onProgress } = options;
    this.#party = { address, auth: this.#smdp.dpAuth, ci: pki.ci };
    const onEnded = (iccid: Iccid): void => {
      this.#oneTimeKeys.delete(iccid);
    };
    this.#inbox = new NotificationInbox({ ci: pki.ci, sessions: this.#sessions, orders, onProgress, onEnded });
  }

  notifications(): readonly ReceivedNotification[] {
    return this.#inbox.list();
  }

  /** The eUICC whose session a request belongs to, once it has authenticated. */
  eidOf(body: unknown): Eid | undefined {
    const named = ofSession.safeParse(body);
    return named.success ? this.#sessions.find(named.data.transactionId)?.eid : undefined;
  }

  /** @throws FunctionFailure */
  call(fn: Es9Function, body: unknown, action: Action | undefined): Readonly<Record<string, string>> {
    try {
      return this.#call(fn, body, action);
    } catch (error) {
      // DER that is not what it should be is a malformed element (SGP.22, 5.2.6.2).
      if (error instanceof EsimdError)
        throw new FunctionFailure({ ...refusals.mandatoryMissing, message: error.message });
      throw error;
    }
  }

  #call(fn: Es9Function, body: unknown, action: Action | undefined): Readonly<Record<string, string>> {
    switch (fn) {
      case "initiateAuthentication":
        return this.#initiate(read(shapes.initiateAuthentication, body));
      case "authenticateClient":
        return this.#authenticate(read(shapes.authenticateClient, body), action?.kind === "wrong-iccid");
      case "getBoundProfilePackage":
        return this.#package(read(shapes.getBoundProfilePackage, body), action?.kind === "wrong-mac");
      case "cancelSession":
        return this.#cancel(read(shapes.cancelSession, body));
      case "handleNotification":
        this.#inbox.receive(decodePendingNotification(read(shapes.handleNotification, body).pendingNotification));
        return {};
    }
  }

  #initiate(body: z.output<typeof shapes.initiateAuthentication>): Readonly<Record<string, string>> {
    const { challenge, fields } = initiateAuthentication(body, this.#party);
    this.#sessions.keep({
      ...challenge,
      stage: "initiated",
      order: undefined,
      offeredIccid: undefined,
      eid: undefined,
      euicc: undefined,
      smdpSignature2: undefined,
    });
    return fields;
  }

  #authenticate(body: z.output<typeof shapes.authenticateClient>, wrongIccid: boolean): Record<string, string> {
    const session = this.#sessions.get(body.transactionId, "initiated");
    // Whatever comes of it, the challenge is used up.
    session.stage = "over";
    const { euicc, eid, signed, euiccSignature1 } = authenticateEuicc(
      body.authenticateServerResponse,
      session,
      this.#party,
    );
    const { orders, profiles, checksMemory } = this.#options;
    const found = orders.find(eid, signed.ctxParams1.matchingId);
    const free = decodeEuiccInfo2(signed.euiccInfo2).freeNonVolatileBytes;
    if (checksMemory && free < profiles.sizeOf(found.iccid)) throw new FunctionFailure(refusals.noMemory);
    const order = this.#claim(found, eid);

    session.stage = "authenticated";
    session.order = order;
    session.eid = eid;
    session.euicc = euicc;
    session.offeredIccid = wrongIccid ? profiles.strangerTo(order.iccid) : order.iccid;
    const smdpSigned2 = encodeSmdpSigned2({
      transactionId: session.transactionId,
      confirmationCodeRequired: order.confirmationHash !== undefined,
      bppEuiccOtpk: this.#oneTimeKeys.get(order.iccid),
    });
    const { dpPb } = this.#smdp;
    const tbs = concatBytes(smdpSigned2, encodeSignature(euiccSignature1));
    const signature = signPlain(dpPb.privateKey, tbs);
    session.smdpSignature2 = signature;
    return {
      transactionId: hexOf(session.transactionId),
      profileMetadata: base64(this.#metadata(session.offeredIccid)),
      smdpSigned2: base64(smdpSigned2),
      smdpSignature2: base64(encodeSignature(signature)),
      smdpCertificate: base64(dpPb.certificate.der),
    };
  }

  #package(body: z.output<typeof shapes.getBoundProfilePackage>, breakMac: boolean): Record<string, string> {
    const session = this.#sessions.get(body.transactionId, "authenticated");
    const { order, eid, euicc, offeredIccid, smdpSignature2 } = session;
    if (order === undefined || eid === undefined || euicc === undefined || offeredIccid === undefined) {
      throw new FunctionFailure(refusals.noPackage);
    }
    const answer = decodePrepareDownloadResponse(body.prepareDownloadResponse);
    if (answer.kind === "error") {
      session.stage = "over";
      throw refusedBy("PrepareDownload", answer.reason);
    }
    const tbs = concatBytes(answer.euiccSigned2, encodeSignature(smdpSignature2 ?? new Uint8Array()));
    if (
      !verifyPlain(euicc.publicKey, tbs, answer.euiccSignature2) ||
      Buffer.compare(answer.signed.transactionId, session.transactionId) !== 0
    ) {
      throw new FunctionFailure(refusals.euiccSignature);
    }
    const { orders, profiles, pki, onProgress, segmentBytes } = this.#options;
    session.stage = "over"; // A wrong code ends the session as well; the next try is a new one.
    const hash = order.confirmationHash;
    const expected = hash === undefined ? undefined : hashedConfirmationCode(hash, session.transactionId);
    try {
      orders.checkCode(order.iccid, answer.signed.hashCc, expected);
    } catch (error) {
      if (error instanceof FunctionFailure && orders.get(order.iccid)?.state === "Error") {
        onProgress(order, { point: 3, eid, refusal: error.refusal });
      }
      throw error;
    }
    const boundProfilePackage = bindPackage({
      transactionId: session.transactionId,
      eid,
      euiccOtpk: answer.signed.euiccOtpk,
      curve: pki.curve,
      dpPb: this.#smdp.dpPb,
      metadata: this.#metadata(offeredIccid),
      profile: profiles.profile(offeredIccid),
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      breakMac,
    });
    session.stage = "delivered";
    orders.delivered(order.iccid);
    this.#oneTimeKeys.set(order.iccid, answer.signed.euiccOtpk.slice());
    onProgress(order, { point: 3, eid });
    return { transactionId: hexOf(session.transactionId), boundProfilePackage: base64(boundProfilePackage) };
  }

  #cancel(body: z.output<typeof shapes.cancelSession>): Record<string, string> {
    const session = this.#sessions.get(body.transactionId, "authenticated", "delivered");
    const answer = decodeCancelSessionResponse(body.cancelSessionResponse);
    if (answer.kind === "error") throw refusedBy("CancelSession", answer.error);
    if (
      session.euicc === undefined ||
      !verifyPlain(session.euicc.publicKey, answer.signed, answer.signature) ||
      Buffer.compare(answer.transactionId, session.transactionId) !== 0 ||
      answer.smdpOid !== this.#smdp.oid
    ) {
      throw new FunctionFailure(refusals.euiccSignature);
    }
    const hadPackage = session.stage === "delivered";
    session.stage = "over";
    const { order, eid } = session;
    if (order !== undefined && this.#options.orders.cancelled(order.iccid, answer.reason, hadPackage)) {
      const refusal = { subjectCode: "8.2.6", reasonCode: "3.8", message: `The device cancelled: ${answer.reason}` };
      this.#options.onProgress(order, { point: hadPackage ? 4 : 3, eid, refusal });
    }
    return {};
  }

  #claim(found: Order, eid: Eid): Order {
    try {
      return this.#options.orders.claim(found.iccid, eid);
    } catch (error) {
      if (error instanceof FunctionFailure && this.#options.orders.get(found.iccid)?.state === "Error") {
        this.#options.onProgress(found, { point: 3, eid, refusal: error.refusal });
      }
      throw error;
    }
  }

  #metadata(iccid: Iccid): Uint8Array {
    const { address, profiles } = this.#options;
    return encodeStoreMetadata({
      iccid,
      serviceProvider: profiles.serviceProvider,
      name: profiles.name,
      profileClass: "operational",
      notifications: (["enable", "disable", "delete"] as const).map((operation) => ({ operation, address })),
      policyRules: [],
    });
  }
}
