import type { ESimProfile } from "../api/resources.js";
import { type EsimdError, isEsimdError } from "../base/errors.js";
import { maskIdentifiers } from "../base/identifiers.js";
import { lookAtItems, lookForCandidates } from "../daemon/reservations/batch-look.js";
import { allBatches, batchRecordsOf } from "../daemon/reservations/batches.js";
import type { ItemCandidate } from "../provision/batch/by-hand.js";
import type { Batch } from "../provision/batch/fold.js";
import type { BatchRecords } from "../provision/batch/store.js";
import { realDisk } from "../provision/store/disk.js";
import { wordsOf } from "./euicc-call.js";
import { failureText, oneLine } from "./failure.js";
import { namedBatch, othersOf, type ReserveCall, unknownBatch, withApi } from "./reserve-call.js";
import { requireNewFile, writeCodes } from "./reserve-out.js";
import { type BatchShown, batchJson, errorJson, headText, itemsText, nothingLookedAt } from "./reserve-text.js";

/** `esimd reserve list`: what the ledgers of the batches say, and what the provider says of their items now. */

/** A person waits, and what is known without the provider is shown all the same. */
const retry = { attempts: 3, backoff: { firstMs: 500, maxMs: 2_000 }, longestRetryAfterMs: 5_000 };

interface Shown {
  readonly records: BatchRecords;
  readonly shown: BatchShown | undefined;
  readonly error: EsimdError | undefined;
}

export async function listBatches(call: ReserveCall): Promise<number> {
  wordsOf("reserve", call.args, []);
  const { context, args, config } = call;
  const name = namedBatch(call);
  const out = args.text("out");
  if (out !== undefined) await requireNewFile(out);
  const all =
    name === undefined
      ? await allBatches(config.stateDir, realDisk)
      : [await batchRecordsOf(config.stateDir, name, realDisk)];
  if (name !== undefined && all.every(({ batch, trouble }) => batch === undefined && trouble === undefined)) {
    throw await unknownBatch(call, name);
  }
  // Of one, item by item; of all, one line each, for which nobody need be asked.
  const wanted = name !== undefined || out !== undefined || args.has("show-codes");
  const shown = await Promise.all(all.map((records) => lookAt(call, records, wanted && !args.has("offline"))));
  const error = shown.find((one) => one.error !== undefined)?.error;
  if (args.has("json")) {
    const result = {
      schema: "esimd.reserve-list/1",
      batches: shown.map(recordsJson),
      error: errorJson(error),
    };
    context.stdout(`${JSON.stringify(result)}\n`);
  } else
    context.stdout(shown.length === 0 ? `the state folder ${config.stateDir} has no batch\n` : textOf(shown, name));
  if (error !== undefined) context.stderr(failureText(error));
  if (out === undefined) return 0;
  // A file that lacks codes because the provider could not be asked would pass for one of all.
  if (error !== undefined) return error.exitStatus;
  const rows = shown.flatMap((one) =>
    [...(one.shown?.look.shown ?? [])].map(([item, reservation]) => ({ item, reservation })),
  );
  const written = await writeCodes(out, rows);
  context.stderr(`${written} code(s) written to ${out}\n`);
  return 0;
}

async function lookAt(call: ReserveCall, records: BatchRecords, ask: boolean): Promise<Shown> {
  const { batch } = records;
  const { args, signal } = call;
  if (batch === undefined) return { records, shown: undefined, error: undefined };
  const base = { batch, candidates: undefined, showCodes: args.has("show-codes") };
  if (!ask) return { records, shown: { ...base, look: nothingLookedAt }, error: undefined };
  return withApi(call, retry, async (api) => {
    if (isEsimdError(api)) return { records, shown: { ...base, look: nothingLookedAt }, error: api };
    const look = await lookAtItems(api, batch, new Map<number, ESimProfile>(), signal);
    const found = await candidatesIn(call, api, batch);
    return { records, shown: { ...base, look, candidates: found.candidates }, error: look.error ?? found.error };
  });
}

async function candidatesIn(
  call: ReserveCall,
  api: Parameters<typeof lookForCandidates>[0],
  batch: Batch,
): Promise<{ readonly candidates: readonly ItemCandidate[] | undefined; readonly error: EsimdError | undefined }> {
  try {
    const candidates = await lookForCandidates(api, batch, await othersOf(call), call.signal);
    return { candidates, error: undefined };
  } catch (error) {
    if (call.signal.aborted || !isEsimdError(error)) throw error;
    return { candidates: undefined, error };
  }
}

function recordsJson({ records: { name, trouble }, shown }: Shown): object {
  if (shown === undefined) return { batch: name, trouble: trouble ?? null };
  return { ...batchJson(shown), trouble: null };
}

function textOf(all: readonly Shown[], name: string | undefined): string {
  return all
    .map(({ records, shown }) => {
      if (shown === undefined)
        return `batch ${records.name}: the ledger cannot be used: ${maskIdentifiers(oneLine(records.trouble ?? ""))}\n`;
      const whole = name !== undefined || shown.showCodes;
      return `${headText(shown.batch)}${whole ? itemsText(shown) : ""}`;
    })
    .join("");
}
