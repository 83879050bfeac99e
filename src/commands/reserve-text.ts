import type { ESimProfile } from "../api/resources.js";
import { isEsimdError } from "../base/errors.js";
import type { ItemsLook } from "../daemon/reservations/batch-look.js";
import type { ItemCandidate } from "../provision/batch/by-hand.js";
import { codeOf, codeText, hasCode, maskedCode } from "../provision/batch/code.js";
import type { Batch, BatchItem } from "../provision/batch/fold.js";
import { isoOf } from "./charges-text.js";
import { oneLine } from "./failure.js";
import { ageText } from "./reservation-list.js";
import { tableOf } from "./text-table.js";

/** A batch for programs and for people. Codes are whole only where they were asked for. */

export interface BatchShown {
  readonly batch: Batch;
  readonly look: ItemsLook;
  /** Undefined: no POST is in doubt, or the account was not asked. */
  readonly candidates: readonly ItemCandidate[] | undefined;
  readonly showCodes: boolean;
}

export const nothingLookedAt: ItemsLook = { shown: new Map(), missing: new Set(), error: undefined };

export function batchJson({ batch, look, candidates, showCodes }: BatchShown): object {
  const { name, provider, count, spent, allowed, left } = batch;
  return {
    batch: name,
    provider,
    count,
    ready: readyOf(batch),
    budget: { spent, allowed, left },
    items: batch.items.map((item) => itemJson(item, look, showCodes)),
    candidates:
      candidates?.map(({ reservation, near }) => ({
        sid: reservation.sid,
        status: reservation.status,
        createdAt: isoOf(reservation.dateCreatedMs),
        item: near?.item ?? null,
        secondsAfterPost: near === undefined ? null : Math.round(near.afterMs / 1000),
      })) ?? null,
  };
}

function itemJson({ number, state }: BatchItem, { shown, missing }: ItemsLook, showCodes: boolean): object {
  const reservation = shown.get(number);
  const code = reservation === undefined ? undefined : codeOf(reservation);
  return {
    item: number,
    state: state.kind,
    sid: "sid" in state ? state.sid : null,
    post: "post" in state ? state.post : null,
    askedAt: "atMs" in state ? isoOf(state.atMs) : null,
    why: "why" in state ? state.why : null,
    missing: missing.has(number),
    status: reservation?.status ?? null,
    iccid: reservation?.iccid ?? null,
    simSid: reservation?.simSid ?? null,
    smdp: code?.smdpAddress ?? null,
    activationCode: showCodes && reservation !== undefined ? (codeText(reservation) ?? null) : null,
    matchingId: showCodes ? (code?.matchingId ?? null) : null,
  };
}

export function readyOf({ items }: Batch): number {
  return items.filter(({ state }) => state.kind === "ready").length;
}

export function headText(batch: Batch): string {
  const { name, provider, count, spent, allowed } = batch;
  return `batch ${name} at ${provider}: ${readyOf(batch)} of ${count} codes, ${spent} of ${allowed} charge(s) spent\n`;
}

export function itemsText({ batch, look, candidates, showCodes }: BatchShown): string {
  const rows = batch.items.map((item) => {
    const reservation = look.shown.get(item.number);
    const sid = "sid" in item.state ? item.state.sid : "post" in item.state ? `POST ${item.state.post}` : "-";
    return [
      String(item.number),
      stateText(item),
      sid,
      look.missing.has(item.number) ? "does not know it" : providerText(reservation),
      codeCell(reservation, showCodes),
    ];
  });
  return [
    rows.length === 0 ? "" : tableOf(["ITEM", "LEDGER", "SID", "PROVIDER", "CODE"], rows),
    candidatesText(candidates),
    ...batch.items.flatMap((item) => nextText(batch.name, item)),
  ].join("");
}

function stateText({ state }: BatchItem): string {
  switch (state.kind) {
    case "open":
      return "not charged, open";
    case "asked":
      return "no answer yet";
    case "held":
      return `in doubt since ${new Date(state.atMs).toISOString()}`;
    case "reserved":
      return "reserved";
    case "ready":
      return "charged";
    case "lost":
      return oneLine(state.why);
  }
}

function providerText(reservation: ESimProfile | undefined): string {
  if (reservation === undefined) return "-";
  const { status, errorCode } = reservation;
  return oneLine(`${status.replace(/^unknown:/, "")}${errorCode === undefined ? "" : ` (${errorCode})`}`);
}

function codeCell(reservation: ESimProfile | undefined, showCodes: boolean): string {
  if (reservation === undefined || !hasCode(reservation)) return "-";
  return (showCodes ? codeText(reservation) : maskedCode(reservation)) ?? "-";
}

function candidatesText(candidates: readonly ItemCandidate[] | undefined): string {
  if (candidates === undefined) return "";
  if (candidates.length === 0) return "the account shows nothing that a POST in doubt may have made\n";
  const rows = candidates.map(({ reservation, near }) => [
    isoOf(reservation.dateCreatedMs) ?? "-",
    reservation.sid,
    providerText(reservation),
    near === undefined ? "-" : `${ageText(near.afterMs)} the POST of item ${near.item}`,
  ]);
  return `what a POST in doubt may have made (claimed by no eUICC, in no ledger here; another site's, perhaps):\n${tableOf(
    ["CREATED", "SID", "PROVIDER", "MADE"],
    rows,
  )}`;
}

function nextText(name: string, { number, state }: BatchItem): readonly string[] {
  if (state.kind === "held")
    return [`next: esimd reserve --batch ${name} --adopt SID, or esimd reserve --batch ${name} --release ${number}\n`];
  return state.kind === "lost" ? [`next: esimd reserve --batch ${name} --release ${number}\n`] : [];
}

export function errorJson(error: unknown): object | null {
  if (!isEsimdError(error)) return null;
  const { code, message, hint, entry } = error;
  return { code, message: oneLine(message), actor: entry.actor, retry: entry.retry, hint: oneLine(hint) };
}
