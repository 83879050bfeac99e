import type { Pool } from "undici";
import type { z } from "zod";
import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { type ErrorCode, errorRegistry } from "../../base/error-registry.js";
import { describeCause, EsimdError } from "../../base/errors.js";
import type { ReleaseForm } from "./forms.js";
import {
  type DaemonForm,
  daemonForm,
  type EventForm,
  errorForm,
  eventForm,
  type ModemForm,
  modemForm,
  type ReleaseAnswerForm,
  releaseAnswerForm,
} from "./forms.js";
import { heartbeatMs, pauseMs, releaseMs, reloadMs } from "./limits.js";
import { readFrames } from "./sse.js";

/** Who asks a daemon by its control socket: every answer is bounded, has a deadline and is checked. */

export type ModemAction = "provision" | "pause" | "resume";

/** An event as it came, and as far as this esimd understands it: a newer daemon may say more. */
export interface SeenEvent {
  readonly text: string;
  readonly event: EventForm | undefined;
}

export interface ControlClient {
  readonly path: string;
  status(signal: AbortSignal): Promise<DaemonForm>;
  act(name: string, action: ModemAction, signal: AbortSignal): Promise<ModemForm>;
  release(name: string, form: ReleaseForm, signal: AbortSignal): Promise<ReleaseAnswerForm>;
  reload(signal: AbortSignal): Promise<DaemonForm>;
  drain(signal: AbortSignal): Promise<DaemonForm>;
  /** Until the daemon ends, or says nothing for longer than its heartbeat. Throws when it cannot be reached. */
  events(lastEventId: string | null, signal: AbortSignal): AsyncGenerator<SeenEvent, void, void>;
  close(): Promise<void>;
}

const maxAnswerBytes = 4 * 1024 * 1024;
const answerMs = 10_000;
/** What stands around the longest work of the daemon's own deadlines. */
const slackMs = 15_000;
/** A busy machine may be late once or twice. */
const silenceMs = 3 * heartbeatMs;

/** Nothing is connected before the first question. */
export function createControlClient(path: string, clock: Clock): ControlClient {
  let opened: Promise<Pool> | undefined;
  const pool = (): Promise<Pool> => {
    // The deadlines are ours, by the clock. More than one connection: a stream of events must not keep a question out.
    opened ??= import("undici").then(
      ({ Pool }) => new Pool("http://esimd", { socketPath: path, connections: 4, headersTimeout: 0, bodyTimeout: 0 }),
    );
    return opened;
  };

  const ask = <Type extends z.ZodType>(
    method: "GET" | "POST",
    target: string,
    type: Type,
    options: { readonly signal: AbortSignal; readonly timeoutMs?: number; readonly body?: object },
  ): Promise<z.output<Type>> => {
    const { signal, timeoutMs = answerMs, body } = options;
    return withDeadline({ clock, timeoutMs, signal, what: `the daemon on ${path}` }, async (bounded) => {
      const response = await reached(path, bounded, async () =>
        (await pool()).request({
          method,
          path: target,
          signal: bounded,
          ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
        }),
      );
      const text = await reached(path, bounded, () => readAll(response.body, path));
      const answer = parsed(text, path);
      if (response.statusCode >= 400) throw refusedBy(answer, response.statusCode, path);
      const checked = type.safeParse(answer);
      if (checked.success) return checked.data;
      throw foreign(path, `its answer to ${method} ${target} has another form`);
    });
  };

  return {
    path,
    status: (signal) => ask("GET", "/v1/status", daemonForm, { signal }),
    act: (name, action, signal) =>
      ask("POST", `/v1/modems/${encodeURIComponent(name)}/${action}`, modemForm, {
        signal,
        timeoutMs: action === "pause" ? pauseMs + slackMs : answerMs,
      }),
    release: (name, body, signal) =>
      ask("POST", `/v1/modems/${encodeURIComponent(name)}/release`, releaseAnswerForm, {
        signal,
        body,
        timeoutMs: pauseMs + releaseMs + slackMs,
      }),
    reload: (signal) => ask("POST", "/v1/reload", daemonForm, { signal, timeoutMs: reloadMs + slackMs }),
    drain: (signal) => ask("POST", "/v1/drain", daemonForm, { signal }),
    events: async function* (lastEventId, signal) {
      const response = await withDeadline(
        { clock, timeoutMs: answerMs, signal, what: `the daemon on ${path}` },
        async () =>
          reached(path, signal, async () =>
            (await pool()).request({
              method: "GET",
              path: "/v1/events",
              signal,
              headers: lastEventId === null ? {} : { "last-event-id": lastEventId },
            }),
          ),
      );
      if (response.statusCode >= 400) {
        const text = await readAll(response.body, path);
        throw refusedBy(parsed(text, path), response.statusCode, path);
      }
      for await (const text of readFrames(response.body, { clock, silenceMs, signal })) {
        const checked = eventForm.safeParse(jsonOf(text));
        yield { text, event: checked.success ? checked.data : undefined };
      }
    },
    close: async () => {
      await (await opened)?.destroy();
    },
  };
}

/** Who has a socket, for a sentence: "esimd 0.1.0, process 4711"; undefined when he does not say. */
export async function whoAnswers(path: string, clock: Clock): Promise<string | undefined> {
  const client = createControlClient(path, clock);
  try {
    const timeoutMs = 2_000;
    const { version, pid } = await withDeadline({ clock, timeoutMs, what: "the answer" }, (signal) =>
      client.status(signal),
    );
    return `esimd ${version}, process ${pid},`;
  } catch {
    return undefined;
  } finally {
    await client.close();
  }
}

/** @throws EsimdError `daemon_absent`, `socket_forbidden`. */
async function reached<Value>(path: string, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof EsimdError) throw cause;
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EACCES" || code === "EPERM")
      throw new EsimdError("socket_forbidden", `the control socket ${path} may not be opened by this user`, { cause });
    throw new EsimdError("daemon_absent", `no daemon answers on ${path}: ${describeCause(cause)}`, { cause });
  }
}

async function readAll(body: AsyncIterable<Uint8Array>, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw foreign(path, `its answer has more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string, path: string): unknown {
  const value = jsonOf(text);
  if (value === undefined) throw foreign(path, "its answer is no JSON");
  return value;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The daemon's own error, as if it had come up here. */
function refusedBy(answer: unknown, status: number, path: string): EsimdError {
  const checked = errorForm.safeParse(answer);
  if (!checked.success) return foreign(path, `it answers ${status} without a reason`);
  const { code, message, hint } = checked.data.error;
  return new EsimdError(isErrorCode(code) ? code : "unexpected", message, { hint });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorRegistry, code);
}

function foreign(path: string, what: string): EsimdError {
  return new EsimdError("bad_input", `what listens on ${path} is not a daemon of this version: ${what}`, {
    hint: "Restart the daemon after an upgrade, and check daemon.socket.",
  });
}
