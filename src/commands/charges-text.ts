import type { ESimProfile } from "../api/resources.js";
import type { BatchesCost } from "../daemon/reservations/batches.js";
import type { Budget } from "../provision/budget.js";
import type { Charge } from "../provision/charges.js";
import { oneLine } from "./failure.js";

/** The charges of one eUICC, as `esimd status` and `esimd reservation list` show them. */

export function chargeJson({ at, why, outcome, sid, postId, method, remark, decidedAt }: Charge): object {
  return {
    at,
    why,
    outcome,
    sid: sid ?? null,
    post: postId ?? null,
    method: method ?? null,
    remark: remark ?? null,
    decidedAt: decidedAt ?? null,
  };
}

/** What people call it: the reservation, or the POST while there is none. */
export function chargeName({ sid, postId }: Charge): string {
  return sid ?? `POST ${postId ?? "?"}`;
}

export function outcomeText({ outcome, decidedAt, remark }: Charge): string {
  const byPerson = decidedAt === undefined ? "" : " by a person";
  const words: Readonly<Record<Charge["outcome"], string>> = {
    undecided: "no answer yet",
    unclear: "unclear",
    reserved: `reserved${byPerson === "" ? "" : ", adopted by a person"}`,
    charged: `charged${byPerson === "" ? "" : ", adopted by a person"}`,
    uncharged: "failed, not charged",
    burned: "used up",
    released: `given up${byPerson}`,
  };
  const text = words[outcome];
  return remark === undefined ? text : `${text} (${oneLine(remark)})`;
}

/** The batches of activation codes, in one line; one more for each whose ledger cannot be used. */
export function costText({ batches, charges, undecided, troubles }: BatchesCost): string {
  const waits = undecided === 0 ? "" : `, ${undecided} item(s) wait for a person`;
  const next = batches === 1 ? "its" : "their";
  return [
    `${charges} charge(s) in ${batches} batch(es) of activation codes${waits}; \`esimd reserve list\` shows ${next} items\n`,
    ...troubles.map(({ name, trouble }) => `the ledger of the batch ${name} cannot be used: ${oneLine(trouble)}\n`),
  ].join("");
}

export function costJson({ batches, charges, undecided, troubles }: BatchesCost): object {
  return { batches, charges, undecided, troubles };
}

export function budgetText({ spent, allowed, left }: Budget): string {
  return `spent ${spent} of ${allowed}, left ${left}`;
}

export function reservationJson(reservation: ESimProfile): object {
  const { sid, status, iccid, simSid, eid, errorCode, errorMessage, dateCreatedMs, dateUpdatedMs } = reservation;
  return {
    sid,
    status,
    iccid: iccid ?? null,
    simSid: simSid ?? null,
    eid: eid ?? null,
    errorCode: errorCode ?? null,
    errorMessage: errorMessage ?? null,
    createdAt: isoOf(dateCreatedMs),
    updatedAt: isoOf(dateUpdatedMs),
  };
}

export function isoOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
