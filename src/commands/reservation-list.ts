import type { ESimProfile } from "../api/resources.js";
import { type EsimdError, isEsimdError } from "../base/errors.js";
import { type Eid, type Iccid, maskIdentifiers } from "../base/identifiers.js";
import { type AccountView, askAccount, type Orphan } from "../daemon/reservations/account.js";
import { allBatches, type BatchesCost, costOf } from "../daemon/reservations/batches.js";
import { knownEids, recordsOf } from "../daemon/reservations/files.js";
import { type Budget, budgetOf } from "../provision/budget.js";
import { type Charge, chargesOf } from "../provision/charges.js";
import { foldLedger } from "../provision/ledger.js";
import { realDisk } from "../provision/store/disk.js";
import type { Records } from "../provision/store/records.js";
import {
  budgetText,
  chargeJson,
  chargeName,
  costJson,
  costText,
  isoOf,
  outcomeText,
  reservationJson,
} from "./charges-text.js";
import { wordsOf } from "./euicc-call.js";
import { oneLine } from "./failure.js";
import type { ReservationCall } from "./reservation-call.js";
import { tableOf } from "./text-table.js";

/** `esimd reservation list`: what the ledgers say, and what the provider says now, where it can be asked. */

/** A person waits, and what is known without the provider is shown all the same. */
const retry = { attempts: 2, backoff: { firstMs: 500, maxMs: 1_000 }, longestRetryAfterMs: 2_000 };

export async function listReservations(call: ReservationCall): Promise<number> {
  wordsOf("reservation", call.args, []);
  const { args, config, signal } = call;
  const subject = await call.named();
  const known = await knownEids(config.stateDir);
  const eids = subject === undefined || known.includes(subject.eid) ? known : [...known, subject.eid];
  const all = await Promise.all(eids.map((eid) => recordsOf(config.stateDir, eid, realDisk)));
  const batches = await allBatches(config.stateDir, realDisk);
  const wanted = subject === undefined ? all : all.filter(({ eid }) => eid === subject.eid);
  const asked: Asked = args.has("offline")
    ? { view: nothingAsked, error: undefined }
    : await call.withApi(retry, async (api) => {
        if (isEsimdError(api)) return { view: nothingAsked, error: api };
        const view = await askAccount(api, wanted, all, signal, batches);
        return { view, error: view.error };
      });
  const rows = wanted.map((records) => rowOf(call, records, asked.view, subject?.onEuicc));
  const result = {
    schema: "esimd.reservations/1",
    provider: {
      name: config.api.provider,
      asked: !args.has("offline") && asked.error === undefined,
      error: asked.error === undefined ? null : errorJson(asked.error),
    },
    euiccs: rows.map(rowJson),
    orphans: asked.view.orphans?.map(orphanJson) ?? null,
    batches: costJson(costOf(batches)),
  };
  call.context.stdout(args.has("json") ? `${JSON.stringify(result)}\n` : textOf(call, rows, asked, costOf(batches)));
  return 0;
}

interface Asked {
  readonly view: AccountView;
  readonly error: EsimdError | undefined;
}

const nothingAsked: AccountView = { byEid: new Map(), missing: new Set(), orphans: undefined, error: undefined };

interface Row {
  readonly eid: Eid;
  readonly worksOn: string | undefined;
  readonly trouble: string | undefined;
  readonly budget: Budget | undefined;
  readonly charges: readonly Charge[];
  readonly reservations: readonly ESimProfile[] | undefined;
  readonly missing: ReadonlySet<string>;
  readonly onEuicc: readonly Iccid[] | undefined;
}

function rowOf(
  call: ReservationCall,
  { eid, journal, entries, trouble }: Records,
  { byEid, missing }: AccountView,
  onEuicc: readonly Iccid[] | undefined,
): Row {
  const reservations = byEid.get(eid);
  return {
    eid,
    worksOn: journal?.reservationSid ?? undefined,
    trouble,
    budget:
      entries === undefined ? undefined : budgetOf(foldLedger(entries), reservations ?? [], call.config.reservation),
    charges: chargesOf(entries ?? []),
    reservations,
    missing,
    onEuicc,
  };
}

function unknownToLedger({ charges, reservations }: Row): readonly ESimProfile[] {
  return (reservations ?? []).filter((one) => !charges.some(({ sid }) => sid === one.sid));
}

function rowJson(row: Row): object {
  const { eid, worksOn, trouble, budget, charges, reservations, missing, onEuicc } = row;
  return {
    eid,
    worksOn: worksOn ?? null,
    ledger: { whole: trouble === undefined, trouble: trouble ?? null },
    budget: budget ?? null,
    onEuicc: onEuicc ?? null,
    charges: charges.map((charge) => {
      const now = reservations?.find(({ sid }) => sid === charge.sid);
      const isMissing = charge.sid !== undefined && missing.has(charge.sid);
      return { ...chargeJson(charge), provider: now === undefined ? null : reservationJson(now), missing: isMissing };
    }),
    unknownToLedger: reservations === undefined ? null : unknownToLedger(row).map(reservationJson),
  };
}

function orphanJson({ reservation, post }: Orphan): object {
  return {
    ...reservationJson(reservation),
    candidateFor:
      post === undefined
        ? null
        : {
            ...("eid" in post ? { eid: post.eid } : { batch: post.batch, item: post.item }),
            post: post.id,
            secondsAfterPost: Math.round(post.afterMs / 1000),
          },
  };
}

function errorJson({ code, message, hint }: EsimdError): object {
  return { code, message: oneLine(message), hint: oneLine(hint) };
}

function textOf(call: ReservationCall, rows: readonly Row[], { view, error }: Asked, cost: BatchesCost): string {
  const parts = rows.map((row) => `${rowText(row)}\n`);
  if (rows.length === 0) parts.push(`the state folder ${call.config.stateDir} knows no eUICC\n\n`);
  if (cost.batches > 0) parts.push(`${costText(cost)}\n`);
  const { orphans } = view;
  if (orphans !== undefined && orphans.length > 0) parts.push(`${orphansText(orphans)}\n`);
  if (call.args.has("offline")) parts.push("the provider was not asked (--offline)\n");
  else if (error === undefined) parts.push("the provider was asked just now\n");
  else parts.push(`the provider could not be asked: ${maskIdentifiers(oneLine(error.message))} (${error.code})\n`);
  return parts.join("");
}

function rowText(row: Row): string {
  const { eid, trouble, budget, charges, worksOn, onEuicc } = row;
  const head = `eUICC ${eid}: ${budget === undefined ? `the ledger cannot be used: ${trouble}` : budgetText(budget)}\n`;
  const lines = charges.map((charge) => [
    charge.at,
    `${chargeName(charge)}${charge.sid !== undefined && charge.sid === worksOn ? " *" : ""}`,
    outcomeText(charge),
    providerText(row, charge),
    oneLine(charge.why),
  ]);
  const table = lines.length === 0 ? "" : tableOf(["WHEN", "WHAT", "LEDGER", "PROVIDER", "WHY"], lines);
  const unknown = unknownToLedger(row);
  return [
    head,
    table,
    !charges.some(({ sid }) => sid !== undefined && sid === worksOn) ? "" : `* what this eUICC works on\n`,
    onEuicc === undefined ? "" : `on the eUICC now: ${onEuicc.length === 0 ? "no profile" : onEuicc.join(", ")}\n`,
    unknown.length === 0
      ? ""
      : `at the provider for this EID, and unknown to the ledger:\n${tableOf(
          ["CREATED", "SID", "PROVIDER"],
          unknown.map((one) => [isoOf(one.dateCreatedMs) ?? "-", one.sid, nowText(one)]),
        )}`,
    ...charges.flatMap((charge) => nextText(charge, eid)),
  ].join("");
}

function providerText({ reservations, missing }: Row, { sid }: Charge): string {
  if (sid === undefined) return "-";
  if (missing.has(sid)) return "does not know it";
  const now = reservations?.find((one) => one.sid === sid);
  return now === undefined ? "-" : nowText(now);
}

/** Status, ICCID and Sim as far as the provider tells them. */
function nowText({ status, iccid, simSid, errorCode, errorMessage }: ESimProfile): string {
  const error = [errorCode, errorMessage].filter((part) => part !== undefined).join(" ");
  const parts = [status.replace(/^unknown:/, ""), iccid, simSid, error === "" ? undefined : `(${error})`];
  return oneLine(parts.filter((part) => part !== undefined).join(" "));
}

/** What a person can do about one that waits for a person. */
function nextText({ outcome, sid, postId, method }: Charge, eid: Eid): readonly string[] {
  if (outcome === "burned" && sid !== undefined) {
    return [`next: esimd reservation release ${sid} --eid ${eid}, or adopt it once the provider released its order\n`];
  }
  const isInDoubt = outcome === "unclear" || (outcome === "undecided" && method === "activation-code");
  if (!isInDoubt || postId === undefined) return [];
  return [`next: esimd reservation adopt SID --eid ${eid}, or esimd reservation release ${postId} --eid ${eid}\n`];
}

function orphansText(orphans: readonly Orphan[]): string {
  const rows = orphans.map(({ reservation, post }) => [
    isoOf(reservation.dateCreatedMs) ?? "-",
    reservation.sid,
    nowText(reservation),
    post === undefined
      ? "-"
      : `${ageText(post.afterMs)} the POST ${post.id} of ${"eid" in post ? post.eid : `item ${post.item} of the batch ${post.batch}`}`,
  ]);
  return `made with an activation code, claimed by no eUICC, in no ledger here (another site's, perhaps):\n${tableOf(
    ["CREATED", "SID", "PROVIDER", "MADE"],
    rows,
  )}`;
}

/** The API's times have whole seconds, so that a moment before is the same as a moment after. */
export function ageText(afterMs: number): string {
  const seconds = Math.round(Math.abs(afterMs) / 1000);
  const [size, unit] =
    seconds < 120
      ? [seconds, "s"]
      : seconds < 7_200
        ? [seconds / 60, "min"]
        : seconds < 172_800
          ? [seconds / 3_600, "h"]
          : [seconds / 86_400, "d"];
  return `${Math.round(size)} ${unit} ${afterMs < -1_000 ? "before" : "after"}`;
}
