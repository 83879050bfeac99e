import type { Eid, Iccid } from "../base/identifiers.js";
import type { Service } from "./trial.js";

/** A check of service that the host makes, since the way to the network is its own: esimd configures no interface and no route. */
export interface ServiceProbe {
  readonly name: string;
  /** Resolves for every outcome, within a time of its own; rejects only when `signal` aborts. */
  look(subject: ProbeSubject, signal: AbortSignal): Promise<Service>;
}

export interface ProbeSubject {
  readonly port: string;
  readonly eid: Eid;
  readonly iccid: Iccid;
}
