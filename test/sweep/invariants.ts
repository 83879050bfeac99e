import type { Iccid } from "../../src/base/identifiers.js";
import { parseJournal } from "../../src/provision/journal.js";
import { type LedgerEntry, parseLedger } from "../../src/provision/ledger.js";
import { type Report, reportSchema } from "../../src/report/schema.js";
import type { Point } from "./points.js";
import type { SimWorld } from "./world.js";

/**
 * What holds whatever happens: what the product is bought for. The first list is checked at every point of every sweep, the second
 * when a run ended by itself, the third when the world was healthy again.
 */

/** A sentence that says what is violated, for each violation. */
export type Complaints = Iterable<string>;

/** What a sweep did to the world, as far as a rule depends on it. */
export interface Circumstances {
  /** Reservations that a person asked for beyond the first. */
  readonly askedFor: number;
  /**
   * The provider's list lagged for longer than `reserve_settle`, and `on_unclear` is `retry`: then a second charge cannot be told from the
   * first one's absence (contract, rule 1).
   */
  readonly mayPayTwice: boolean;
  /** `on_unclear` is `hold`. */
  readonly holdsWhenUnclear: boolean;
  /** The disk forgets what it had said was durable: a ledger that is shorter than the journal saw is held. */
  readonly diskLies: boolean;
  /** The modem's LPA downloads: what it lost of an install result cannot be sent again, no command asks it to. */
  readonly resultMayBeLost: boolean;
  /** What was on the eUICC before the first run. */
  readonly before: readonly Iccid[];
  /** No network takes the new profile, and the one that the device came with has one. */
  readonly noService?: boolean;
}

// --- at every point ---

export function* alwaysHolds(world: SimWorld, { askedFor, mayPayTwice }: Circumstances, seen: Seen): Complaints {
  const charges = world.api.ledger().length;
  const allowed = 1 + askedFor + (mayPayTwice ? 1 : 0);
  if (charges > allowed) yield `${charges} charges for one EID, ${allowed} allowed`;
  for (const order of world.smdp.orders()) {
    if (order.state === "Error") yield `the order of ${order.iccid} was moved to Error`;
  }
  const onEuicc = new Set(world.modem.euicc.profiles.map(({ iccid }) => iccid));
  for (const iccid of seen.profiles) if (!onEuicc.has(iccid)) yield `the profile ${iccid} is no longer on the eUICC`;
  for (const iccid of onEuicc) seen.profiles.add(iccid);
  yield* switchesSeldom(world, seen);
}

/** `connectivity.switches_per_day`. */
const switchesPerDay = 3;
const dayMs = 86_400_000;

/** From a profile that was there and enabled to another one: at most three times in any 24 hours; the way back is free. */
function* switchesSeldom(world: SimWorld, seen: Seen): Complaints {
  const enabled = world.modem.euicc.profiles.find(({ state }) => state === "enabled")?.iccid;
  if (enabled === undefined || enabled === seen.enabled) return;
  const nowMs = world.clock.monotonicMs();
  if (seen.came !== undefined && enabled !== seen.came) seen.switchesMs.push(nowMs);
  seen.enabled = enabled;
  const within = seen.switchesMs.filter((atMs) => nowMs - atMs < dayMs).length;
  if (within > switchesPerDay) yield `${within} switches within a day, ${switchesPerDay} allowed`;
}

/** However a run ended: the device that came with an enabled profile has one. */
export function* keepsAProfile(world: SimWorld, { came }: Seen): Complaints {
  if (came === undefined || world.modem.euicc.profiles.some(({ state }) => state === "enabled")) return;
  yield "no profile is enabled, and the device came with one";
}

/** Once a byte of a package went to the card its session is not cancelled any more, with whatever reason: it may be installed. */
export function* neverCancelsALoad(points: readonly Point[]): Complaints {
  let isLoading = false;
  for (const { room, effect } of points) {
    if (room !== "serial") continue;
    if (/STORE DATA BF38/.test(effect)) isLoading = false;
    if (/STORE DATA BF36/.test(effect)) isLoading = true;
    if (isLoading && /STORE DATA BF41/.test(effect)) yield "a session was cancelled when its package was being loaded";
  }
}

/** What was there at an earlier point. */
export interface Seen {
  readonly profiles: Set<Iccid>;
  /** The profile that was enabled at first, and the one that was when it was looked at last. */
  readonly came: Iccid | undefined;
  enabled: Iccid | undefined;
  /** When another one was enabled in place of it. */
  readonly switchesMs: number[];
}

export function seenAtFirst({ modem: { euicc } }: SimWorld, before: readonly Iccid[] = []): Seen {
  const came = euicc.profiles.find(({ state }) => state === "enabled")?.iccid;
  return { profiles: new Set(before), came, enabled: came, switchesMs: [] };
}

// --- when a run ended ---

export function* holdsAtEnd(world: SimWorld, report: Report, exitStatus: number): Complaints {
  const shape = reportSchema.safeParse(report);
  if (!shape.success) yield `the report is not one: ${shape.error.message}`;
  const { state, error } = report;
  if (state === "provisioned") {
    if (error !== null) yield `provisioned, with the error ${error.code}`;
    if (exitStatus !== 0 && exitStatus !== 11) yield `provisioned, with exit status ${exitStatus}`;
    const enabled = world.modem.euicc.profiles.filter((profile) => profile.state === "enabled");
    if (!enabled.some(({ iccid }) => iccid === report.iccid)) yield "provisioned, and the profile is not enabled";
  } else {
    if (error === null) yield `${state} without an error`;
    if (exitStatus === 0) yield `${state} with exit status 0`;
    if ((state === "held") !== (exitStatus === 79)) yield `${state} with exit status ${exitStatus}`;
  }
  if (error === null) return;
  if (error.code === "unexpected") yield `a defect: ${error.message}`;
  if (/undefined|\[object|\bat .+:\d+:\d+/.test(error.message)) yield `no sentence: ${error.message}`;
  if (error.message.length < 10 || error.hint === "") yield `the error ${error.code} says too little`;
}

/**
 * Nothing that passes by itself is a reason to give up: whoever runs it again gets further. Held, as elsewhere, only where the contract
 * says so.
 */
export function* holdsAfterPassingFault(world: SimWorld, report: Report, circumstances: Circumstances): Complaints {
  const { state, error } = report;
  if (error === null) return;
  if (state === "held" && mayHold(world, report, filesOf(world), circumstances)) return;
  if (state === "held" || error.retry === "never") yield `${state} for what passes: ${error.code}: ${error.message}`;
}

/** A run has an end: by itself, within its deadline and what closing takes. */
export function* hasAnEnd(elapsedMs: number, deadlineMs: number): Complaints {
  if (elapsedMs > deadlineMs + 120_000)
    yield `the run took ${Math.round(elapsedMs / 1000)} s, its deadline is ${deadlineMs / 1000} s`;
}

// --- when the world was healthy again ---

export function* holdsAfterHealing(world: SimWorld, report: Report, circumstances: Circumstances): Complaints {
  const charges = world.api.ledger();
  const files = filesOf(world);
  if (report.state === "held") {
    if (!mayHold(world, report, files, circumstances))
      yield `held, where the contract wants an end: ${report.error?.code}: ${report.error?.message}`;
    return;
  }
  if (circumstances.noService) {
    yield* holdsWithoutService(world, report);
    return;
  }
  if (report.state !== "provisioned") {
    yield `in a healthy world it ends ${report.state}: ${report.error?.code}: ${report.error?.message}`;
    return;
  }
  const paid = charges.map(({ iccid }) => iccid);
  if (world.setup.provider !== "none" && !paid.includes(report.iccid ?? ""))
    yield `it uses ${report.iccid}, paid was ${paid.join()}`;
  if (paid.length > 1 + circumstances.askedFor && !circumstances.mayPayTwice) yield `${paid.length} charges`;
  const known = new Set([...circumstances.before, ...paid]);
  for (const { iccid } of world.modem.euicc.profiles)
    if (!known.has(iccid)) yield `on the eUICC is ${iccid}, which nobody paid for`;
  yield* reportsAreDelivered(world, report.iccid, circumstances, files);
}

/** The new profile is there, paid once, and not in use; the device is on the one it came with, and on a network. */
function* holdsWithoutService(world: SimWorld, { state, error, iccid, connectivity }: Report): Complaints {
  if (state !== "failed" || error?.code !== "profile_no_service")
    yield `without service it ends ${state}: ${error?.code}: ${error?.message}`;
  const { profiles } = world.modem.euicc;
  const enabled = profiles.find((profile) => profile.state === "enabled");
  if (enabled?.profileClass !== "provisioning") yield `the device is on ${enabled?.iccid}, which has no network`;
  if (!world.modem.isRegistered) yield "the modem has no network, and the profile of before has one";
  if (!profiles.some((profile) => profile.iccid === iccid && profile.state === "disabled"))
    yield `the new profile ${iccid} is not there, disabled`;
  if (connectivity?.fallbackIccid !== enabled?.iccid)
    yield `the report says that the device is on ${connectivity?.fallbackIccid}`;
}

/** A report that was owed is delivered, or still in the outbox. */
function* reportsAreDelivered(
  world: SimWorld,
  iccid: string | null,
  { resultMayBeLost }: Circumstances,
  { outbox }: Files,
): Complaints {
  const told = world.smdp
    .notifications()
    .some((note) => note.kind === "install" && note.outcome === "success" && note.verified && note.iccid === iccid);
  const { notifications } = world.modem.euicc.toJSON();
  const kept = notifications.some((note) => note.operation === "install" && note.iccid === iccid) || outbox > 0;
  if (!told && !kept && !resultMayBeLost) yield "the SM-DP+ never heard of the installation, and nobody will tell it";
}

interface Files {
  readonly ledger: readonly LedgerEntry[];
  readonly isLedgerWhole: boolean;
  readonly outbox: number;
}

function filesOf(world: SimWorld): Files {
  const contents = world.files.contents();
  const folder = `/state/euicc/${world.eid}`;
  const ledger = parseLedger(contents.get(`${folder}/ledger.jsonl`) ?? "");
  const journal = parseJournal(contents.get(`${folder}/journal.json`) ?? "", "journal.json");
  const entries = ledger.kind === "good" ? ledger.entries : [];
  const journalled = journal.kind === "good" ? journal.journal.ledgerEntries : 0;
  return {
    ledger: entries,
    isLedgerWhole: ledger.kind === "good" && entries.length >= journalled,
    outbox: journal.kind === "good" ? journal.journal.outbox.length : 0,
  };
}

/**
 * Held, only where the contract says so (rule 1): a POST by activation code whose answer never came; a POST by EID in doubt under
 * `on_unclear = "hold"`, or for the second time, since the budget counts unclear POSTs and `retry` allows one more; a ledger that is damaged
 * or missing beside a journal, which an honest disk never leaves. What was paid for is named.
 */
function mayHold(
  world: SimWorld,
  { error }: Report,
  { ledger, isLedgerWhole }: Files,
  { holdsWhenUnclear, diskLies }: Circumstances,
): boolean {
  switch (error?.code) {
    case "reservation_unclear":
      if (ledger.filter(({ kind }) => kind === "unclear").length > (holdsWhenUnclear ? 0 : 1)) return true;
      return world.setup.method === "activation-code" && hasPending(ledger);
    case "ledger_damaged":
      return diskLies && !isLedgerWhole;
    default:
      return false;
  }
}

function hasPending(ledger: readonly LedgerEntry[]): boolean {
  const ended = new Set(ledger.flatMap((entry) => (entry.kind !== "intent" && "id" in entry ? [entry.id] : [])));
  return ledger.some((entry) => entry.kind === "intent" && !ended.has(entry.id));
}
