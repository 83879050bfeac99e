import { randomUUID } from "node:crypto";
import type { ESimProfile, ProviderApi } from "../api/resources.js";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { lookAtItems } from "../daemon/reservations/batch-look.js";
import { allBatches, knownBatches } from "../daemon/reservations/batches.js";
import { requireSaneClock } from "../daemon/sane-clock.js";
import { largestBatch } from "../provision/batch/entries.js";
import type { Batch } from "../provision/batch/fold.js";
import { type BatchEnd, type BatchSeen, runBatch } from "../provision/batch/run.js";
import { type Sized, sizeOf } from "../provision/batch/size.js";
import { type BatchStore, readBatch } from "../provision/batch/store.js";
import { realDisk } from "../provision/store/disk.js";
import { warnOfCredentials } from "./common-flags.js";
import { failureText } from "./failure.js";
import { askYesNo, canAsk } from "./prompt.js";
import { namedBatch, numberOf, type ReserveCall, withApi, withBatch } from "./reserve-call.js";
import { requireNewFile, writeCodes } from "./reserve-out.js";
import { batchJson, errorJson, headText, itemsText, nothingLookedAt, readyOf } from "./reserve-text.js";
import { createProgress, type Progress } from "./terminal.js";

/** `esimd reserve --count N --activation-code`: makes what is missing of a batch, after it asked. */

interface Wish {
  readonly name: string;
  readonly provider: "twilio" | "kore";
  readonly count: number | undefined;
  readonly parallel: number;
  readonly goOn: boolean;
  readonly out: string | undefined;
}

/** One request each: every request for a pause is the whole batch's to hear. */
const noRetry = { attempts: 1, backoff: { firstMs: 1_000, maxMs: 1_000 }, longestRetryAfterMs: 0 };

export async function makeBatch(call: ReserveCall): Promise<number> {
  const { context, args, config, log } = call;
  const wish = await wishOf(call);
  const progress = createProgress(context, {
    json: args.has("json"),
    quiet: args.has("quiet"),
    noColor: args.has("no-color"),
  });
  try {
    progress.note(`batch ${wish.name}`);
    const { batch: before, trouble } = await readBatch(config.stateDir, wish.name, realDisk);
    // A damaged one is told of by whoever opens it; nothing is asked about it.
    const sized = trouble === undefined ? allowedBy(before, wish) : undefined;
    if (args.has("dry-run")) return await showPlan(call, wish, sized);
    requireSaneClock(context.clock);
    warnOfCredentials(log, config);
    return await withApi(call, noRetry, async (api) => {
      if (isEsimdError(api)) throw api;
      if (sized !== undefined) await requireConsent(call, wish, sized);
      return withBatch(call, wish.name, (store) => make(call, wish, sized?.charges ?? 0, store, api, progress));
    });
  } finally {
    progress.done();
  }
}

/** @throws EsimdError `usage`, `bad_input`. */
async function wishOf(call: ReserveCall): Promise<Wish> {
  const { args, config, context } = call;
  if (!args.has("activation-code")) {
    throw new EsimdError(
      "usage",
      "reserve: reservations ahead are activation codes, and --activation-code is not given",
      {
        hint: "Add --activation-code. For an EID nothing is reserved ahead: `esimd provision` does it with the modem at hand.",
      },
    );
  }
  const { provider } = config.api;
  if (provider === "none") {
    throw new EsimdError("usage", "reserve: provider none never reserves", {
      hint: "Give --provider twilio or kore, and the credentials of the account that pays.",
    });
  }
  const count = numberOf(call, "count", largestBatch);
  const named = namedBatch(call);
  if (count === undefined && named === undefined) {
    throw new EsimdError("usage", "reserve: say how many codes: --count N", {
      hint: "To go on with a batch that was begun, give its --batch.",
    });
  }
  const out = args.text("out");
  if (out !== undefined) await requireNewFile(out);
  const name = named ?? (await freeName(config.stateDir, context.clock.nowMs()));
  const parallel = numberOf(call, "parallel", 16) ?? 4;
  return { name, provider, count, parallel, goOn: args.has("go-on"), out };
}

/** By the time; a second one of the same second gets a number. */
async function freeName(stateDir: string, nowMs: number): Promise<string> {
  const time = new Date(nowMs)
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, "")
    .replace("T", "-");
  const taken = new Set(await knownBatches(stateDir));
  for (let number = 1; ; number++) {
    const name = number === 1 ? time : `${time}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** A batch that waits for a person comes to no POST, unless it is to go on without the items in doubt. */
function allowedBy(batch: Batch | undefined, wish: Wish): Sized {
  const sized = sizeOf(batch, wish);
  const waits = batch?.items.some(({ state }) => ["asked", "held", "lost"].includes(state.kind)) === true;
  return waits && !wish.goOn ? { ...sized, fact: undefined, count: batch.count, charges: 0 } : sized;
}

async function requireConsent({ context, args, signal }: ReserveCall, wish: Wish, sized: Sized): Promise<void> {
  if (sized.charges === 0 || args.has("yes")) return;
  const what = costText(wish, sized);
  if (!canAsk(context)) {
    throw new EsimdError("not_confirmed", `${what}, which has no undo, and it was not confirmed`, {
      hint: "Give --yes; --dry-run shows what would be done.",
    });
  }
  if (await askYesNo(context, `${what}, which has no undo. Go on?`, signal)) return;
  throw new EsimdError("not_confirmed", "the reservations were not wanted; nothing was asked for", {
    hint: "Run again to make them.",
  });
}

function costText({ name, provider }: Wish, { charges, before, count }: Sized): string {
  const extends_ = before !== undefined && before !== count ? ` (its count goes from ${before} to ${count})` : "";
  return `the batch ${name}${extends_} comes to as many as ${charges} charge(s) at ${provider}`;
}

async function showPlan({ context, args, config }: ReserveCall, wish: Wish, sized: Sized | undefined): Promise<number> {
  const { batch } = await readBatch(config.stateDir, wish.name, realDisk);
  if (sized === undefined) {
    // As the run itself would be refused.
    const [records] = (await allBatches(config.stateDir, realDisk)).filter(({ name }) => name === wish.name);
    throw new EsimdError("ledger_damaged", `the ledger of the batch ${wish.name} cannot be used: ${records?.trouble}`);
  }
  const plan = { schema: "esimd.reserve-plan/1", batch: wish.name, provider: wish.provider, count: sized.count };
  const result = {
    ...plan,
    charges: sized.charges,
    spent: batch?.spent ?? 0,
    ready: batch === undefined ? 0 : readyOf(batch),
    error: null,
  };
  const state = batch === undefined ? "" : headText(batch);
  const text = `${state}${costText(wish, sized)}; nothing was asked for (--dry-run)\n`;
  context.stdout(args.has("json") ? `${JSON.stringify(result)}\n` : text);
  return 0;
}

async function make(
  call: ReserveCall,
  wish: Wish,
  consented: number,
  store: BatchStore,
  api: ProviderApi,
  progress: Progress,
): Promise<number> {
  const { context, config, log, signal } = call;
  const sized = allowedBy(store.batch, wish);
  if (sized.charges > consented) {
    throw new EsimdError("state_locked", `another process changed the batch ${wish.name} in the same moment`, {
      hint: "Run again.",
    });
  }
  if (sized.fact !== undefined) await store.record(sized.fact);
  const { clock, random } = context;
  const end = await runBatch(
    {
      store,
      api,
      clock,
      random,
      log,
      newId: randomUUID,
      parallel: wish.parallel,
      goOn: wish.goOn,
      availableWaitMs: config.reservation.availableWaitMs,
      observe: (seen) => show(call, store, progress, seen),
    },
    signal,
  );
  progress.done();
  return showEnd(call, wish, store, end);
}

const sentences: Readonly<Record<BatchSeen["step"], string>> = {
  asking: "the provider is asked",
  reserved: "reserved, and not yet available",
  ready: "there is a code",
  again: "nothing was charged, and it is tried again",
  held: "no whole answer came, and it may have been charged",
  lost: "it failed after it was charged",
};

/** The living line and programs get every step; a log of lines gets the ends. */
function show({ context, args }: ReserveCall, { batch }: BatchStore, progress: Progress, seen: BatchSeen): void {
  const isStep = seen.step === "asking" || seen.step === "reserved";
  if (isStep && !args.has("json") && !context.stderrIsTerminal) return;
  const { item, step, sid } = seen;
  const done = batch === undefined ? "" : ` (${readyOf(batch)} of ${batch.count})`;
  progress.state("reserving", `Item ${item}: ${sentences[step]}${done}.`, { item, step, sid: sid ?? null });
}

async function showEnd(call: ReserveCall, wish: Wish, store: BatchStore, end: BatchEnd): Promise<number> {
  const { context, args } = call;
  const { batch } = store;
  if (batch === undefined) throw new Error("the batch was never begun");
  const showCodes = args.has("show-codes");
  let { error } = end;
  const wantsCodes = showCodes || wish.out !== undefined;
  const look =
    error === undefined && wantsCodes
      ? await codesOf(call, batch, end.ready)
      : { ...nothingLookedAt, shown: end.ready };
  error ??= look.error;
  let written: number | undefined;
  if (wish.out !== undefined && error === undefined) {
    try {
      written = await writeCodes(
        wish.out,
        [...look.shown].map(([item, reservation]) => ({ item, reservation })),
      );
    } catch (cause) {
      if (!isEsimdError(cause)) throw cause;
      error = cause;
    }
  }
  if (error !== undefined) context.stderr(failureText(error));
  if (wish.out !== undefined && written === undefined) {
    context.stderr(
      `${wish.out} is not written: \`esimd reserve list --batch ${batch.name} --out FILE\` writes what there is\n`,
    );
  } else if (written !== undefined) context.stderr(`${written} code(s) written to ${wish.out}\n`);
  const shown = { batch, look, candidates: undefined, showCodes };
  const result = {
    schema: "esimd.reserve/1",
    ...batchJson(shown),
    out: wish.out ?? null,
    written: written ?? null,
    error: errorJson(error),
  };
  const rest = showCodes || error !== undefined ? itemsText(shown) : "";
  context.stdout(args.has("json") ? `${JSON.stringify(result)}\n` : `${headText(batch)}${rest}`);
  return error?.exitStatus ?? 0;
}

/** Those of earlier runs are asked for again. */
function codesOf(call: ReserveCall, batch: Batch, ready: ReadonlyMap<number, ESimProfile>) {
  return withApi(call, undefined, async (api) => {
    if (isEsimdError(api)) throw api;
    return lookAtItems(api, batch, ready, call.signal);
  });
}
