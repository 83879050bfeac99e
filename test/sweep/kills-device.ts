import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeCause, isEsimdError } from "../../src/base/errors.js";
import type { Iccid } from "../../src/base/identifiers.js";
import { parseJournal } from "../../src/provision/journal.js";
import { parseLedger } from "../../src/provision/ledger.js";
import { type Report, reportSchema } from "../../src/report/schema.js";
import { againWrong, alwaysWrong, endWrong, type Past, type RunEnd, type Sight, wronglySaid } from "./kills-check.js";
import type { DevicePlan, Moment } from "./kills-plan.js";
import { type ProcessEnd, runProcess } from "./kills-run.js";
import { type DeviceWorld, startDeviceWorld } from "./kills-world.js";

/** A kill, as it fell. */
export interface Kill {
  readonly moment: Moment;
  /** Events since that moment came. */
  readonly events: number;
}

export interface DeviceHearers {
  readonly onKill: (kill: Kill) => void;
  /** `when` is where in the device's life. */
  readonly onViolation: (when: string, what: string) => void;
}

/** Lives one device's life: killed at each target, started again at once, left in peace at last, and then once more. */
export async function liveThroughKills(plan: DevicePlan, hearers: DeviceHearers, signal: AbortSignal): Promise<void> {
  const world = await startDeviceWorld(plan, signal);
  try {
    await new Life(plan, world, hearers, signal).live();
  } finally {
    await world.close();
  }
}

class Life {
  readonly #plan: DevicePlan;
  readonly #world: DeviceWorld;
  readonly #hearers: DeviceHearers;
  readonly #signal: AbortSignal;
  readonly #iccids = new Set<Iccid>();
  #killedInDownload = false;
  #run = 0;

  constructor(plan: DevicePlan, world: DeviceWorld, hearers: DeviceHearers, signal: AbortSignal) {
    this.#plan = plan;
    this.#world = world;
    this.#hearers = hearers;
    this.#signal = signal;
  }

  async live(): Promise<void> {
    for (const target of this.#plan.targets) {
      const end = await runProcess(this.#world, target, this.#signal);
      if (end.kind === "stopped") return;
      await this.#judge(end);
      // A person must decide now: more kills would tell nothing.
      if (end.moment === "held") break;
    }
    const last = await runProcess(this.#world, undefined, this.#signal);
    if (last.kind === "stopped") return;
    await this.#judge(last);
    const postsBefore = this.#posts();
    const again = await runProcess(this.#world, undefined, this.#signal);
    if (again.kind === "stopped") return;
    await this.#judge(again);
    const wrong = [...againWrong(endOf(again), endOf(last))];
    if (this.#posts() > postsBefore) wrong.push("run again, it reserves again");
    this.#complain(again, wrong);
  }

  async #judge(end: ProcessEnd): Promise<void> {
    this.#run++;
    if (end.kind === "killed") {
      this.#killedInDownload ||= end.moment === "downloading";
      this.#hearers.onKill({ moment: end.moment, events: end.events });
    }
    const sight = await this.#see();
    const past: Past = { iccids: new Set(this.#iccids), killedInDownload: this.#killedInDownload };
    for (const { iccid } of sight.profiles) this.#iccids.add(iccid);
    const wrong = [...alwaysWrong(sight, past, this.#plan), ...wronglySaid(end.stderr)];
    if (end.kind === "killed" && end.moment === "failed") wrong.push("the run failed before it was killed");
    if (end.kind === "hung") wrong.push("hung: the run did not end within its deadline");
    if (end.kind === "exited") wrong.push(...endWrong(endOf(end), sight, past, this.#plan));
    this.#complain(end, wrong);
  }

  #complain({ kind, moment, before, events, stderr }: ProcessEnd, wrong: readonly string[]): void {
    const when = `run ${this.#run}, ${kind} in ${moment} (from ${before}) after ${events} events`;
    const said = stderr.trim().slice(-stderrTailCharacters);
    for (const what of wrong) this.#hearers.onViolation(when, said === "" ? what : `${what}\n  stderr: ${said}`);
  }

  #posts(): number {
    const { api } = this.#world.fake;
    return api.requests().filter(({ method, path }) => method === "POST" && path === "/v1/ESimProfiles").length;
  }

  async #see(): Promise<Sight> {
    const { api, smdp, modem } = this.#world.fake;
    const results = smdp.notifications().filter(({ outcome, verified }) => outcome === "success" && verified);
    const journal = await journalIn(this.#world.store);
    const ledger = await ledgerIn(this.#world.store);
    return {
      charges: api.ledger().length,
      reservationPosts: this.#posts(),
      orders: smdp.orders(),
      profiles: modem.euicc.profiles,
      notifications: modem.euicc.toJSON().notifications.length,
      successResults: new Set(results.map(({ seqNumber }) => seqNumber)).size,
      journal,
      ledger,
    };
  }
}

const stderrTailCharacters = 600;

function endOf(end: ProcessEnd): RunEnd {
  return { status: end.status, report: reportOf(end) };
}

function reportOf({ stdout }: ProcessEnd): Report | undefined {
  try {
    return reportSchema.safeParse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).data;
  } catch {
    // Not even JSON: there is no report, and who asks for one will say so.
    return undefined;
  }
}

async function journalIn(store: string): Promise<Sight["journal"]> {
  const text = await textOf(join(store, "journal.json"));
  if (text === undefined) return undefined;
  try {
    const reading = parseJournal(text, "the journal");
    return reading.kind === "good" ? reading.journal : reading.why;
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    return describeCause(error);
  }
}

/** SIGKILL takes nothing back that was written, so that a torn line is wrong here; a power cut may leave one. */
async function ledgerIn(store: string): Promise<Sight["ledger"]> {
  const reading = parseLedger((await textOf(join(store, "ledger.jsonl"))) ?? "");
  if (reading.kind === "damaged") return reading.why;
  return reading.torn ? "its last line is torn" : reading.entries;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
