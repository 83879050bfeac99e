import type { z } from "zod";
import { withDeadline } from "../../base/deadline.js";
import { EsimdError } from "../../base/errors.js";
import { version } from "../../base/version.js";
import type { Daemon } from "../companions.js";
import type { EventHistory } from "./event-history.js";
import { streamEvents } from "./event-stream.js";
import { type DaemonForm, type DaemonPhaseForm, isoOf, modemFormOf, releaseForm } from "./forms.js";
import type { Lateness } from "./lateness.js";
import { pauseMs, reloadMs } from "./limits.js";
import { viewOf } from "./named.js";
import { Occupied } from "./occupied.js";
import { releaseByDaemon, requireConfirmed } from "./release.js";
import type { ControlReply, ControlRequest } from "./routes.js";

/** What the control socket answers by itself: docs/control-socket.md has each with an example. */

export interface EndpointParts {
  readonly daemon: Daemon;
  readonly events: EventHistory;
  readonly lateness: Lateness;
  readonly phase: () => DaemonPhaseForm;
  readonly sinceMs: number;
  readonly pid: number;
}

/** @returns what takes the routes away again. */
export function addEndpoints(parts: EndpointParts): () => void {
  const { daemon, events, lateness, phase } = parts;
  const { routes, modems, clock } = daemon;
  const occupied = new Occupied();
  const shown = (name: string, status = 200): ControlReply =>
    json({ schema: "esimd.modem/1", ...modemFormOf(viewOf(modems, name)) }, status);
  const nameOf = ({ params }: ControlRequest): string => viewOf(modems, params["name"] ?? "").name;

  const added = [
    routes.add("GET", "/v1/status", () => json(statusOf(parts))),
    routes.add("GET", "/v1/modems/:name", (request) => shown(nameOf(request))),
    routes.add("GET", "/v1/events", ({ headers }) => {
      const given = headers["last-event-id"];
      const lastEventId = typeof given === "string" && given !== "" ? given : null;
      const from =
        lastEventId === null
          ? { sequence: events.lastSequence, isForeign: false }
          : events.cursorOf(lastEventId.slice(0, 100));
      return {
        kind: "stream",
        contentType: "text/event-stream",
        open: (outlet) => streamEvents(events, outlet, { from, lastEventId, clock }),
      };
    }),
    routes.add("POST", "/v1/modems/:name/provision", async (request) => {
      const name = nameOf(request);
      occupied.refuse(name);
      modems.provision(name);
      await begun();
      return shown(name, 202);
    }),
    routes.add("POST", "/v1/modems/:name/pause", async (request) => {
      const name = nameOf(request);
      occupied.refuse(name);
      await withDeadline({ clock, timeoutMs: pauseMs, what: `the pause of ${name}` }, () => modems.pause(name));
      return shown(name);
    }),
    routes.add("POST", "/v1/modems/:name/resume", async (request) => {
      const name = nameOf(request);
      occupied.refuse(name);
      modems.resume(name);
      await begun();
      return shown(name, 202);
    }),
    routes.add("POST", "/v1/modems/:name/release", async (request) => {
      const name = nameOf(request);
      const form = checked(releaseForm, await request.body(), `{"id", "confirm", "why", "askModem"}`);
      requireConfirmed(form);
      return json(
        await occupied.during(name, `the release of ${form.id}`, () =>
          releaseByDaemon(daemon, name, form, request.signal),
        ),
      );
    }),
    routes.add("POST", "/v1/reload", async () => {
      occupied.refuse();
      await withDeadline({ clock, timeoutMs: reloadMs, what: "the reload" }, () => daemon.reload());
      return json(statusOf(parts));
    }),
    routes.add("POST", "/v1/drain", async () => {
      daemon.drain();
      await begun();
      return json(statusOf(parts), 202);
    }),
    routes.add("GET", "/healthz", () => json({ alive: true })),
    routes.add("GET", "/readyz", () => {
      const late = lateness.of(modems.list());
      const ready = phase() === "ready" && late.length === 0;
      return json({ ready, phase: phase(), late }, ready ? 200 : 503);
    }),
  ];
  return () => {
    for (const remove of added) remove();
  };
}

function statusOf({ daemon, events, phase, sinceMs, pid }: EndpointParts): DaemonForm {
  return {
    schema: "esimd.daemon/1",
    version: version(),
    pid,
    since: isoOf(sinceMs),
    phase: phase(),
    lastEventId: events.lastId,
    modems: daemon.modems.list().map(modemFormOf),
  };
}

/** One turn of the loop: what was set off begins, so that the answer shows it. */
function begun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function json(body: object, status = 200): ControlReply {
  return { kind: "json", status, body };
}

/** @throws EsimdError `bad_input` naming the first key that does not fit. */
function checked<Type extends z.ZodType>(type: Type, body: unknown, takes: string): z.output<Type> {
  const parsed = type.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue === undefined || issue.path.length === 0 ? "it" : issue.path.join(".");
  throw new EsimdError("bad_input", `the request's body is not what is wanted: ${key}: ${issue?.message ?? "?"}`, {
    hint: `It takes one JSON object: ${takes}.`,
  });
}
