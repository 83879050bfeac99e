import type { Iccid } from "../../src/base/identifiers.js";
import type { OrderState } from "../../src/emulator/smdp/orders.js";
import type { Journal } from "../../src/provision/journal.js";
import { foldLedger, type LedgerEntry } from "../../src/provision/ledger.js";
import type { Report } from "../../src/report/schema.js";
import type { DevicePlan } from "./kills-plan.js";

/** What must hold of a device that is killed at will: judged from what can be seen from outside. Pure. */

/** A device's world at one moment. */
export interface Sight {
  readonly charges: number;
  readonly reservationPosts: number;
  readonly orders: readonly { readonly iccid: Iccid; readonly state: OrderState }[];
  readonly profiles: readonly { readonly iccid: Iccid; readonly state: "enabled" | "disabled" }[];
  /** On the eUICC, still to be told. */
  readonly notifications: number;
  /** Install results that the SM-DP+ holds for true; one that came twice is one. */
  readonly successResults: number;
  /** Undefined while there is none; a sentence when it cannot be read. */
  readonly journal: Journal | string | undefined;
  /** A sentence when it cannot be read. */
  readonly ledger: readonly LedgerEntry[] | string;
}

/** What became of a device until now. */
export interface Past {
  /** Every profile that was ever seen on the eUICC. */
  readonly iccids: ReadonlySet<Iccid>;
  /** It was killed while a session was under way. */
  readonly killedInDownload: boolean;
}

/** How a run ended by itself. */
export interface RunEnd {
  readonly status: number | null;
  readonly report: Report | undefined;
}

type Kind = Pick<DevicePlan, "family" | "method" | "provider">;

/** What holds at every moment, whatever was killed where. */
export function alwaysWrong(sight: Sight, past: Past, plan: Kind): readonly string[] {
  const { charges, orders, profiles, reservationPosts, ledger, journal } = sight;
  const wrong: string[] = [];
  if (charges > 1) wrong.push(`${charges} charges`);
  for (const { iccid, state } of orders) if (state === "Error") wrong.push(`the order of ${iccid} is in Error`);
  const there = new Set(profiles.map(({ iccid }) => iccid));
  for (const iccid of past.iccids) if (!there.has(iccid)) wrong.push(`the profile ${iccid} is gone from the eUICC`);
  if (typeof journal === "string") wrong.push(`the journal cannot be read: ${journal}`);
  if (typeof ledger === "string") {
    wrong.push(`the ledger cannot be read: ${ledger}`);
  } else {
    const intents = ledger.filter(({ kind }) => kind === "intent").length;
    // Provider none has a back end that reserves, and no ledger.
    if (plan.provider !== "none" && reservationPosts > intents)
      wrong.push(`the API has seen ${reservationPosts} POSTs, and the ledger has ${intents} intents`);
  }
  return wrong;
}

/** No stack trace of ours, nor of Node's, reaches a person. */
export function wronglySaid(stderr: string): readonly string[] {
  return /^\s+at \S|\\n\s+at \S|node:internal|"stack":/m.test(stderr) ? [`stderr has a stack trace: ${stderr}`] : [];
}

/** A run that nobody disturbed, in a world that is well. */
export function endWrong(end: RunEnd, sight: Sight, past: Past, plan: Kind): readonly string[] {
  const { status, report } = end;
  if (report === undefined) return [`the run ended with ${status} and without a report`];
  if (report.state === "held") return heldWrong(end, sight, plan);
  const wrong: string[] = [];
  if (report.state !== "provisioned" || status !== 0) {
    wrong.push(`the run ended ${report.state} with ${status}: ${report.error?.code} ${report.error?.message}`);
    return wrong;
  }
  const { charges, orders, profiles, journal } = sight;
  if (charges !== 1) wrong.push(`provisioned with ${charges} charges`);
  const own = profiles.find(({ iccid }) => iccid === report.iccid);
  if (own?.state !== "enabled") wrong.push(`the profile ${report.iccid} is ${own?.state ?? "not there"}`);
  if (plan.provider !== "none" && report.sim?.status !== "ready") wrong.push(`the Sim is ${report.sim?.status}`);
  if (report.network?.registered !== true) wrong.push("the modem is not registered");
  if (orders.length !== 1 || orders[0]?.iccid !== report.iccid)
    wrong.push(`the SM-DP+ has ${orders.length} orders, the first for ${orders[0]?.iccid}`);
  wrong.push(...tellingWrong(sight, past, plan));
  if (typeof journal !== "object" || journal.state !== "provisioned" || !journal.provisioned)
    wrong.push("the journal does not say provisioned");
  return [...wrong, ...ledgerWrong(sight, plan)];
}

/** The SM-DP+ knows of the installation, and nothing is left to tell it. */
function tellingWrong(sight: Sight, past: Past, { family }: Kind): readonly string[] {
  const { orders, successResults, notifications, journal } = sight;
  const wrong: string[] = [];
  // A modem that relays gives its result up with its host: it was installed, and only the modem's maker could have it told.
  const mayBeLost = family.by === "modem-relay" && past.killedInDownload;
  const isTold = successResults === 1 && orders.every(({ state }) => state === "Installed");
  if (!isTold && !mayBeLost) wrong.push(`the SM-DP+ has ${successResults} results, the order is ${orders[0]?.state}`);
  if (family.by !== "host") return wrong;
  if (notifications > 0) wrong.push(`${notifications} notifications are left on the eUICC`);
  if (typeof journal === "object" && journal.outbox.length > 0)
    wrong.push(`${journal.outbox.length} notifications are left in the outbox`);
  return wrong;
}

/** The ledger knows the one reservation, and no POST is without its outcome. */
function ledgerWrong({ ledger }: Sight, { provider }: Kind): readonly string[] {
  if (typeof ledger === "string" || provider === "none") return [];
  const money = foldLedger(ledger);
  const wrong: string[] = [];
  if (money.reserved.size !== 1) wrong.push(`the ledger has ${money.reserved.size} reservations`);
  if (money.pending !== undefined) wrong.push("a POST is without its outcome in the ledger");
  return wrong;
}

/**
 * Held is right only where nobody can know whether a POST was processed: by activation code after one, by EID after as many as
 * `on_unclear = "retry"` allows, which is two.
 */
function heldWrong({ status, report }: RunEnd, { ledger }: Sight, { method }: Kind): readonly string[] {
  const { code, message } = report?.error ?? {};
  const wrong: string[] = [];
  if (status !== 79) wrong.push(`held, and the exit status is ${status}`);
  if (code !== "reservation_unclear") return [...wrong, `held for ${code}: ${message}`];
  const unanswered = typeof ledger === "string" ? 0 : unansweredPosts(ledger);
  if (unanswered < (method === "eid" ? 2 : 1))
    wrong.push(`held for ${code}, and the ledger has ${unanswered} intents without an answer: ${message}`);
  return wrong;
}

/** Intents whose POST got no answer that was journalled. */
function unansweredPosts(ledger: readonly LedgerEntry[]): number {
  const answered = new Set(
    ledger.flatMap((entry) => (entry.kind === "created" || entry.kind === "refused" ? [entry.id] : [])),
  );
  return ledger.filter((entry) => entry.kind === "intent" && !answered.has(entry.id)).length;
}

/** The run after the last one, in a world where nothing happened since. */
export function againWrong(again: RunEnd, before: RunEnd): readonly string[] {
  const [was, is] = [before.report, again.report];
  if (was?.state === "held")
    return is?.state === "held" ? [] : [`it was held, and ended ${is?.state} when it was run again`];
  return is?.changed === false ? [] : ["run again, it says that it changed something"];
}
