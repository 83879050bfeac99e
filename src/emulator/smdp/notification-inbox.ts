import { type Eid, type Iccid, parseEid } from "../../base/identifiers.js";
import type { PendingNotification } from "../../lpa/es10/pending-notification.js";
import { checkEuiccChain } from "../pki/certificate-chain.js";
import { type Certificate, readCertificate } from "../pki/certificate-reader.js";
import { verifyPlain } from "../pki/curves.js";
import type { Order, OrderBook } from "./orders.js";
import type { ProgressEvent } from "./progress.js";
import type { SessionTable } from "./sessions.js";

/** A notification that a device delivered. */
export interface ReceivedNotification {
  readonly kind: "install" | "enable" | "disable" | "delete";
  readonly seqNumber: number;
  readonly iccid: Iccid | undefined;
  readonly eid: Eid | undefined;
  /** For an install: "success", or the names of SGP.22 for the error. */
  readonly outcome: string | undefined;
  /** False when the signature does not hold, or when nothing is known of its session; such a one has no effect. */
  readonly verified: boolean;
}

export interface NotificationInboxOptions {
  readonly ci: Certificate;
  readonly sessions: SessionTable;
  readonly orders: OrderBook;
  readonly onProgress: (order: Order, event: ProgressEvent) => void;
  /** The eUICC's last word on a download: no session will go on from it. */
  readonly onEnded: (iccid: Iccid) => void;
}

const maxNotifications = 5000;

/** What devices deliver by handleNotification (SGP.22, 5.6.4): kept, verified, and put into effect where it moves an order. */
export class NotificationInbox {
  readonly #options: NotificationInboxOptions;
  readonly #received: ReceivedNotification[] = [];

  constructor(options: NotificationInboxOptions) {
    this.#options = options;
  }

  list(): readonly ReceivedNotification[] {
    return [...this.#received];
  }

  receive(pending: PendingNotification): void {
    if (this.#received.length >= maxNotifications) this.#received.shift();
    this.#received.push(
      pending.kind === "install-result" ? this.#installed(pending.result) : this.#changed(pending.notification),
    );
  }

  /** The signed result of an installation moves the order, once. */
  #installed(result: Extract<PendingNotification, { kind: "install-result" }>["result"]): ReceivedNotification {
    const session = this.#options.sessions.find(result.transactionId);
    const { order, euicc, eid } = session ?? {};
    const verified = euicc !== undefined && verifyPlain(euicc.publicKey, result.signedData, result.signature);
    const { outcome, seqNumber, iccid } = result;
    const reason = outcome.kind === "error" ? `${outcome.bppCommand}/${outcome.reason}` : "success";
    if (verified && session !== undefined && order !== undefined) {
      session.stage = "over";
      this.#options.onEnded(order.iccid);
      if (this.#options.orders.ended(order.iccid, outcome)) {
        const refusal = { subjectCode: "8.1", reasonCode: "4.2", message: reason };
        this.#options.onProgress(order, outcome.kind === "success" ? { point: 4, eid } : { point: 4, eid, refusal });
      }
    }
    return { kind: "install", seqNumber, iccid, eid, outcome: reason, verified };
  }

  #changed(notification: Extract<PendingNotification, { kind: "other" }>["notification"]): ReceivedNotification {
    const euicc = readCertificate(notification.euiccCertificate);
    const chain = checkEuiccChain(euicc, readCertificate(notification.eumCertificate), this.#options.ci);
    const verified = chain.ok && verifyPlain(euicc.publicKey, notification.signedData, notification.signature);
    const { operation, seqNumber, iccid } = notification.metadata;
    const eid = chain.ok ? parseEid(chain.eid, "the eUICC's certificate") : undefined;
    return { kind: operation, seqNumber, iccid, eid, outcome: undefined, verified };
  }
}
