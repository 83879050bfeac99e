import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { sleep, systemClock } from "../../src/base/clock.js";
import type { Ended, Field } from "./field.js";

/** What stories wait for and how they are configured: conditions in place of pauses, and a configuration with short waits. */

const pollMs = 5;

/** Resolves once `condition` holds. @throws Error naming `what` when it does not within `timeoutMs`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  const startMs = systemClock.monotonicMs();
  while (!condition()) {
    if (systemClock.monotonicMs() - startMs >= timeoutMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(systemClock, pollMs);
  }
}

/** Sections of a configuration, as TOML has them. */
export type Sections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** What a person would set to see an end soon: one second in place of minutes. */
const shortWaits: Sections = {
  api: { timeout: "2s" },
  reservation: { reserve_settle: "1s", available_wait: "10s" },
  sim: { fleet: "default" },
  confirm: { wait: "5s" },
  network: { registration_wait: "5s" },
  boot: { clock_wait: "1s", network_wait: "1s" },
};

/** Writes a configuration with short waits and `changes` into the field's folder; the words that name it on a command line. */
export async function configured(field: Field, changes: Sections = {}): Promise<readonly string[]> {
  const names = new Set([...Object.keys(shortWaits), ...Object.keys(changes)]);
  const lines = [...names].flatMap((name) => [
    `[${name}]`,
    // An empty text takes a key away.
    ...Object.entries({ ...shortWaits[name], ...changes[name] })
      .filter(([, value]) => value !== "")
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ]);
  const path = join(field.dir, "story.toml");
  await writeFile(path, `${lines.join("\n")}\n`);
  return ["--config", path];
}

/**
 * A file that shortens how long a family's modem is given to use a new profile by itself: for stories of modems that never do. To be
 * passed to {@link configured}.
 */
export async function impatient(field: Field, waitMs = 1_000): Promise<{ readonly dialects: string }> {
  const dialects = join(field.dir, "dialects");
  await mkdir(dialects, { recursive: true });
  const text = `based_on = "${field.world.modem.dialect}"\n[refresh]\nwait_ms = ${waitMs}\n`;
  await writeFile(join(dialects, "impatient.toml"), text);
  return { dialects };
}

/** Requests that would cost money, as the API has seen them so far. */
export function reservationPosts(field: Field): number {
  return field.world.api.requests().filter(({ method, path }) => method === "POST" && path === "/v1/ESimProfiles")
    .length;
}

/** Success results that the SM-DP+ holds for true; one that was delivered twice is one. */
export function successResults(field: Field): number {
  const results = field.world.smdp.notifications().filter(({ outcome, verified }) => outcome === "success" && verified);
  return new Set(results.map(({ seqNumber }) => seqNumber)).size;
}

/** How a run ended, in one object: what a story compares at once, so that its failure tells why. */
export function endOf(ended: Ended): { readonly status: number; readonly state: string; readonly error: unknown } {
  const { state, error } = ended.report();
  return { status: ended.status, state, error: error === null ? null : { code: error.code, message: error.message } };
}

export const provisioned = { status: 0, state: "provisioned", error: null };

/** The end of a run that did not reach its goal. */
export function endsAs(status: number, state: "failed" | "held", code: string): object {
  return { status, state, error: { code, message: expect.any(String) } };
}
