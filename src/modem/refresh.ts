import { EsimdError, isEsimdError } from "../base/errors.js";
import { type Iccid, maskIdentifiers } from "../base/identifiers.js";
import type { Log } from "../base/logging.js";
import { bringUp } from "./bring-up.js";
import type { Dialect, RefreshStep } from "./dialects/dialect.js";
import type { ModemLine } from "./exchange.js";
import { cycleFunctionality, cycleSimPower, resetModem } from "./power.js";
import { isSameIccid, type PinState, readIccidInUse, readPinState } from "./sim-status.js";
import { urcWait } from "./urc-wait.js";

/**
 * After a switch of profiles the eUICC asks for a REFRESH, and the modem is to read the card anew (ETSI TS 102 223 6.4.7). Many do not:
 * openpilot cycles CFUN, RG650E wants its SIM's power cycled (ddimension/wwand), Quectel's staff advises a reboot. So the modem itself is
 * asked which profile it uses, and what its family needs is done until it is the right one.
 */

export type TakeUp =
  /** The modem uses the wanted profile, after the named step or by itself. */
  | { readonly kind: "taken-up"; readonly after: RefreshStep | "itself"; readonly pin: PinState }
  /** It does not tell which profile it uses; its SIM is ready again, as far as it says. */
  | { readonly kind: "untold"; readonly pin: PinState }
  | { readonly kind: "not-taken-up"; readonly tried: readonly RefreshStep[]; readonly uses: Iccid | undefined };

export interface RefreshOptions {
  readonly line: ModemLine;
  readonly dialect: Pick<Dialect, "iccid" | "refresh">;
  /** How long the modem may be silent after a reset. */
  readonly wakeMs: number;
  /** False: only looks, within the family's patience. */
  readonly mayRestart: boolean;
  /** Told of each step before it is taken; the port may go with it. */
  readonly onRestart?: (step: RefreshStep) => Promise<void>;
  readonly log: Log;
}

const pollMs = 1_000;
/** A SIM that is starting, as after the modem's reset, is not restarted for it: modems need up to a minute for that. */
const simStartMs = 60_000;
/** So often a SIM that says READY may keep its ICCID to itself before it counts as one that never tells. */
const untoldLooks = 3;

/** The URCs that say that the SIM was read anew. */
const restarted = /^\+(CPIN|QUSIM|QIND|SIM)\b/i;

/**
 * Waits until the modem uses the profile `wanted`, and restarts what does not. Rejects with `serial_gone` where the port goes with the
 * modem's reset: the next run looks again.
 */
export async function takeUpProfile(options: RefreshOptions, wanted: Iccid, signal: AbortSignal): Promise<TakeUp> {
  const { dialect, mayRestart, log } = options;
  let look = await waitFor(options, wanted, signal);
  if (look.kind !== "differs") return ended(look, "itself");
  const tried: RefreshStep[] = [];
  for (const step of mayRestart ? dialect.refresh.ladder : []) {
    log.warn(
      { step, uses: look.uses, wanted },
      "the modem goes on with another profile than the enabled one; it is restarted",
    );
    tried.push(step);
    await options.onRestart?.(step);
    // What the modem refused at once changes nothing that would be worth the wait.
    if (!(await restart(options, step, signal))) continue;
    look = await waitFor(options, wanted, signal);
    if (look.kind !== "differs") return ended(look, step);
  }
  return { kind: "not-taken-up", tried, uses: look.uses };
}

type Look =
  | { readonly kind: "same" | "untold"; readonly pin: PinState }
  | { readonly kind: "differs"; readonly uses: Iccid | undefined };

function ended(look: Look & { readonly pin: PinState }, after: RefreshStep | "itself"): TakeUp {
  return look.kind === "same" ? { kind: "taken-up", after, pin: look.pin } : { kind: "untold", pin: look.pin };
}

async function waitFor(options: RefreshOptions, wanted: Iccid, signal: AbortSignal): Promise<Look> {
  const { line, dialect } = options;
  const startMs = line.clock.monotonicMs();
  const urcs = urcWait(line, restarted);
  try {
    for (let untold = 0; ; ) {
      const { uses, pin } = await look(line, dialect, signal);
      if (uses !== undefined && isSameIccid(uses, wanted)) return { kind: "same", pin };
      // A PIN is asked for by a SIM that was read; its ICCID is readable without (ETSI TS 102 221 13.2).
      const isRead = pin === "ready" || pin === "pin" || pin === "puk";
      if (uses === undefined && isRead) untold++;
      if (untold >= untoldLooks) return { kind: "untold", pin };
      const patienceMs = pin === "busy" ? Math.max(simStartMs, dialect.refresh.waitMs) : dialect.refresh.waitMs;
      if (line.clock.monotonicMs() - startMs >= patienceMs) {
        // A modem that tells neither its ICCID nor the state of its SIM cannot be judged; one whose SIM fails is worth a restart.
        return pin === "unknown" && uses === undefined ? { kind: "untold", pin } : { kind: "differs", uses };
      }
      await urcs.orAfter(pollMs, signal);
    }
  } finally {
    urcs.stop();
  }
}

async function look(
  line: ModemLine,
  dialect: RefreshOptions["dialect"],
  signal: AbortSignal,
): Promise<{ readonly uses: Iccid | undefined; readonly pin: PinState }> {
  try {
    const pin = await readPinState(line, signal);
    const hasSim = pin !== "absent" && pin !== "busy" && pin !== "empty-euicc";
    return { pin, uses: hasSim ? await readIccidInUse(line, dialect, signal) : undefined };
  } catch (error) {
    // A modem that restarts its SIM may be silent for a while; the patience above bounds it.
    if (signal.aborted || !isEsimdError(error, "modem_silent")) throw error;
    return { pin: "busy", uses: undefined };
  }
}

/** Resolves with false where nothing can have happened. */
async function restart(options: RefreshOptions, step: RefreshStep, signal: AbortSignal): Promise<boolean> {
  const { line, dialect, wakeMs } = options;
  switch (step) {
    case "cfun":
      await tolerating(() => cycleFunctionality(line, signal), options, signal);
      return true;
    case "sim-power": {
      const { simPower } = dialect.refresh;
      let done = simPower !== undefined;
      if (simPower === undefined) return done;
      await tolerating(
        async () => {
          done = await cycleSimPower(line, simPower, signal);
        },
        options,
        signal,
      );
      return done;
    }
    case "reset":
      await tolerating(() => resetModem(line, signal), options, signal);
      // Echo and words came back with the reset; the modem answers for a moment before it goes down, so this may run too early, which
      // costs nothing: the answers are understood with an echo, too.
      await bringUp(line, wakeMs, signal);
      return true;
  }
}

/** A step that the modem refuses leaves the next one; a port that is gone ends the run. */
async function tolerating(work: () => Promise<unknown>, options: RefreshOptions, signal: AbortSignal): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (signal.aborted || !isEsimdError(error) || error.code === "serial_gone") throw error;
    options.log.warn({ error }, "the modem refused to be restarted in this way");
  }
}

/** The error for a modem that never took the profile up. */
export function notTakenUp(end: TakeUp & { readonly kind: "not-taken-up" }, wanted: Iccid, earlier = 0): EsimdError {
  const uses = end.uses === undefined ? "none" : maskIdentifiers(end.uses);
  const before = earlier === 0 ? "" : `; ${earlier} ${earlier === 1 ? "restart" : "restarts"} before did not help`;
  const tried = `${end.tried.length === 0 ? "nothing was restarted" : `tried: ${end.tried.join(", ")}`}${before}`;
  return new EsimdError(
    "refresh_missing",
    `the eUICC has ${maskIdentifiers(wanted)} enabled, and the modem goes on with ${uses} (${tried})`,
  );
}
