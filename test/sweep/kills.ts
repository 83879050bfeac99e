import { systemClock } from "../../src/base/clock.js";
import { describeCause } from "../../src/base/errors.js";
import { type Kill, liveThroughKills } from "./kills-device.js";
import { type DevicePlan, drawDevice, type Moment } from "./kills-plan.js";

/**
 * SIGKILL of the real program on a real pty, at random points of many devices' lives: each is killed, started again at once, killed
 * again, and has to end as if nothing had happened. The seed decides where; the machine's speed does not.
 */

export interface KillsOptions {
  /** In all, over as many devices as it takes. */
  readonly kills: number;
  readonly seed: number;
  /** Cores to keep busy. */
  readonly workers: number;
  readonly onViolation: (violation: { readonly where: string; readonly what: string }) => void;
  readonly progress?: (done: number) => void;
  /** Ends the sweep soon; what was done until then is its result. */
  readonly signal: AbortSignal;
}

export interface KillsResult {
  readonly kills: number;
  readonly devices: number;
  readonly elapsedMs: number;
  /** How many kills fell into each moment of the journey. */
  readonly moments: Readonly<Partial<Record<Moment, number>>>;
  /** Devices by who downloaded and what was reserved how, for a look at the spread. */
  readonly kinds: Readonly<Record<string, number>>;
}

/** Runs mostly wait for emulators' and their own pauses, so that a core serves several devices. */
const devicesPerWorker = 3;

export async function sweepKills(options: KillsOptions): Promise<KillsResult> {
  const { seed, signal, onViolation, progress } = options;
  const startedMs = systemClock.monotonicMs();
  const moments: Partial<Record<Moment, number>> = {};
  const kinds: Record<string, number> = {};
  let [next, devices, done] = [0, 0, 0];
  /** Kills that no device has taken on yet. */
  let left = options.kills;

  const live = async (plan: DevicePlan): Promise<void> => {
    const kind = `${plan.family.dialect}, ${plan.family.by}`;
    const name = `seed ${seed}, device ${plan.index} (${kind}, ${plan.method}, ${plan.provider})`;
    let fell = 0;
    const onKill = ({ moment }: Kill): void => {
      fell++;
      done++;
      moments[moment] = (moments[moment] ?? 0) + 1;
      progress?.(done);
    };
    try {
      await liveThroughKills(
        plan,
        { onKill, onViolation: (when, what) => onViolation({ where: `${name}: ${when}`, what }) },
        signal,
      );
      left += plan.targets.length - fell;
    } catch (error) {
      // What the emulators or this sweep do wrong is not to pass for a device that held.
      if (!signal.aborted) onViolation({ where: name, what: `the sweep itself failed: ${describeCause(error)}` });
    }
    devices++;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  };
  const lane = async (): Promise<void> => {
    while (left > 0 && !signal.aborted) {
      const drawn = drawDevice(seed, next++);
      const plan = { ...drawn, targets: drawn.targets.slice(0, left) };
      left -= plan.targets.length;
      await live(plan);
    }
  };
  await Promise.all(Array.from({ length: options.workers * devicesPerWorker }, lane));
  return { kills: done, devices, elapsedMs: Math.round(systemClock.monotonicMs() - startedMs), moments, kinds };
}
