import { backoffMs } from "../../base/backoff.js";
import { type Clock, sleep } from "../../base/clock.js";
import { type EsimdError, isEsimdError } from "../../base/errors.js";
import type { Random } from "../../base/random.js";
import type { Report } from "../../report/schema.js";
import { readStatus } from "../status-file.js";
import type { ControlClient, SeenEvent } from "./client.js";
import type { DaemonForm } from "./forms.js";

/** What the daemon does, for as long as somebody looks: its events while it lives, the status files while it does not. */
export type Sight =
  /** How everything stands: at the beginning, when the daemon is back, and when events were lost. */
  | { readonly kind: "daemon"; readonly status: DaemonForm }
  | { readonly kind: "event"; readonly seen: SeenEvent }
  /** Once for each absence. `files`: whether the status files can be followed meanwhile. */
  | { readonly kind: "absent"; readonly error: EsimdError | undefined; readonly files: EsimdError | undefined }
  /** A status file that was written meanwhile. */
  | { readonly kind: "report"; readonly report: Report };

export interface FollowParts {
  /** Undefined: the configuration says that there is no socket. */
  readonly client: ControlClient | undefined;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly random: Random;
}

const pause = { firstMs: 500, maxMs: 5_000 };

/** Until the signal aborts. @throws EsimdError for what waiting does not change: a socket that is not ours to open, or not esimd's. */
export async function* follow(parts: FollowParts, signal: AbortSignal): AsyncGenerator<Sight, void, void> {
  const { client, stateDir, clock, random } = parts;
  const shown = new Map<string, string>();
  for (let tries = 0; !signal.aborted; ) {
    let error: EsimdError | undefined;
    if (client !== undefined) {
      try {
        for await (const sight of live(client, signal)) {
          tries = 0;
          yield sight;
        }
      } catch (cause) {
        if (signal.aborted) return;
        if (!isEsimdError(cause) || !passes(cause)) throw cause;
        error = cause;
      }
    }
    if (signal.aborted) return;
    const files = await reportsOf(stateDir);
    if (tries === 0) yield { kind: "absent", error, files: isEsimdError(files) ? files : undefined };
    for (const report of isEsimdError(files) ? [] : files) {
      const { port } = report.modem;
      if (shown.get(port) === report.finishedAt) continue;
      shown.set(port, report.finishedAt);
      yield { kind: "report", report };
    }
    tries++;
    if (!(await rested(clock, backoffMs(pause, tries, random), signal))) return;
  }
}

/** One life of the daemon, as far as it can be seen. */
async function* live(client: ControlClient, signal: AbortSignal): AsyncGenerator<Sight, void, void> {
  const status = await client.status(signal);
  yield { kind: "daemon", status };
  for await (const seen of client.events(status.lastEventId, signal)) {
    yield { kind: "event", seen };
    if (seen.event?.kind === "lost") yield { kind: "daemon", status: await client.status(signal) };
  }
}

/** A daemon that is not there, starts, ends or hangs. */
function passes({ code }: EsimdError): boolean {
  return code === "daemon_absent" || code === "daemon_busy" || code === "deadline";
}

async function reportsOf(stateDir: string): Promise<readonly Report[] | EsimdError> {
  try {
    return await readStatus(stateDir);
  } catch (error) {
    if (!isEsimdError(error)) throw error;
    return error;
  }
}

async function rested(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(clock, ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
