import { formatMs } from "../base/deadline.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { adoptForItem, type ItemDecided, prepareItemRelease } from "../daemon/reservations/batch-decide.js";
import { batchRecordsOf } from "../daemon/reservations/batches.js";
import { heldPosts } from "../provision/batch/by-hand.js";
import { largestBatch } from "../provision/batch/entries.js";
import type { Batch } from "../provision/batch/fold.js";
import type { BatchStore } from "../provision/batch/store.js";
import { realDisk } from "../provision/store/disk.js";
import { requireTyped, whyOf } from "./reservation-words.js";
import { namedBatch, numberOf, othersOf, type ReserveCall, unknownBatch, withApi, withBatch } from "./reserve-call.js";
import { headText } from "./reserve-text.js";

/** `esimd reserve --adopt SID` and `--release ITEM`: what a person decides about an item. */

export async function adoptItem(call: ReserveCall, sid: string): Promise<number> {
  const item = numberOf(call, "item", largestBatch);
  const why = whyOf(call);
  return decide(call, async (store, batch) =>
    withApi(call, undefined, async (api) => {
      // What cannot be fetched is not adopted: it might not be there, or be another's.
      if (isEsimdError(api)) throw api;
      const decided = await adoptForItem({ store, batch, api }, sid, { item, why }, await othersOf(call), call.signal);
      const text = decided.changed
        ? `item ${decided.item} has the reservation ${sid} (${decided.reservation?.status}) from now on\n`
        : `${decided.remark}; nothing was changed\n`;
      return { action: "adopt", sid, decided, text };
    }),
  );
}

export async function releaseItem(call: ReserveCall): Promise<number> {
  const number = numberOf(call, "release", largestBatch) ?? 0;
  const why = whyOf(call);
  return decide(call, async (store, batch) =>
    withApi(call, undefined, async (api) => {
      const release = await prepareItemRelease({ store, batch, api }, number, why, call.signal);
      const none = { item: number, reservation: undefined };
      if ("remark" in release) {
        const decided = { ...none, changed: false, remark: release.remark };
        return { action: "release", sid: null, decided, text: `${release.remark}; nothing was changed\n` };
      }
      const what = `item ${number} of the batch ${batch.name}`;
      await requireTyped(call, `${batch.name}/${number}`, {
        unconfirmed: `giving up ${what} has no refund, and it was not confirmed`,
        question: `${lagText(call, batch, number)}Giving up ${what} has no refund, and allows to pay for one more. Type ${batch.name}/${number}: `,
        undone: "nothing was given up",
      });
      await release.carryOut();
      const decided = { ...none, changed: true, remark: undefined };
      return { action: "release", sid: null, decided, text: `${what} is given up: it stays paid\n` };
    }),
  );
}

/** The provider's list may not show yet what the POST made; who gives it up now may pay twice for one code. */
function lagText({ context, config }: ReserveCall, batch: Batch, number: number): string {
  const post = heldPosts(batch).find((one) => one.number === number);
  if (post === undefined) return "";
  const { reserveSettleMs } = config.reservation;
  const leftMs = post.atMs + reserveSettleMs - context.clock.nowMs();
  if (leftMs <= 0 || leftMs > reserveSettleMs) return "";
  return `The provider's list may show what its POST made only in ${formatMs(leftMs)}; then it can be adopted. `;
}

interface Change {
  readonly action: "adopt" | "release";
  readonly sid: string | null;
  readonly decided: ItemDecided;
  readonly text: string;
}

async function decide(call: ReserveCall, work: (store: BatchStore, batch: Batch) => Promise<Change>): Promise<number> {
  const { context, args, config } = call;
  const name = namedBatch(call);
  if (name === undefined) {
    throw new EsimdError("usage", "reserve: --batch must name the batch that is decided about", {
      hint: "`esimd reserve list` shows those that there are.",
    });
  }
  const known = await batchRecordsOf(config.stateDir, name, realDisk);
  if (known.batch === undefined && known.trouble === undefined) throw await unknownBatch(call, name);
  return withBatch(call, name, async (store) => {
    const { batch } = store;
    if (batch === undefined) throw await unknownBatch(call, name);
    const { action, sid, decided, text } = await work(store, batch);
    const after = store.batch ?? batch;
    const { spent, allowed, left } = after;
    const result = {
      schema: "esimd.reserve-change/1",
      batch: name,
      action,
      item: decided.item ?? null,
      sid,
      changed: decided.changed,
      remark: decided.remark ?? null,
      status: decided.reservation?.status ?? null,
      budget: { spent, allowed, left },
      error: null,
    };
    const next = decided.changed ? `next: esimd reserve --batch ${name} --activation-code\n` : "";
    context.stdout(args.has("json") ? `${JSON.stringify(result)}\n` : `${text}${headText(after)}${next}`);
    return 0;
  });
}
