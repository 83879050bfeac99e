import type { Eid, Iccid } from "../../base/identifiers.js";
import { hexOf } from "../../lpa/es10/common.js";
import type { Certificate } from "../pki/certificate-reader.js";
import { FunctionFailure, refusals } from "./failures.js";
import type { Order } from "./orders.js";

/** One RSP session, from initiateAuthentication on (SGP.22, 3.0.1). */
export interface Session {
  readonly transactionId: Uint8Array;
  readonly serverChallenge: Uint8Array;
  stage: "initiated" | "authenticated" | "delivered" | "over";
  order: Order | undefined;
  offeredIccid: Iccid | undefined;
  eid: Eid | undefined;
  euicc: Certificate | undefined;
  smdpSignature2: Uint8Array | undefined;
}

/** Sessions are kept for the notifications that may come long after; the oldest make room. */
const maxSessions = 2000;

export class SessionTable {
  readonly #sessions = new Map<string, Session>();

  keep(session: Session): void {
    if (this.#sessions.size >= maxSessions) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    this.#sessions.set(hexOf(session.transactionId), session);
  }

  /** The session of an upper-case transaction id, at whatever stage. */
  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** @throws FunctionFailure when it is unknown, or not at one of the stages. */
  get(id: string, ...stages: readonly Session["stage"][]): Session {
    const session = this.#sessions.get(id);
    if (session === undefined || !stages.includes(session.stage)) {
      throw new FunctionFailure(refusals.unknownTransaction);
    }
    return session;
  }
}
