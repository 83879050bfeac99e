import { z } from "zod";
import type { Clock } from "../../base/clock.js";
import { withDeadline } from "../../base/deadline.js";
import { errorRegistry } from "../../base/error-registry.js";
import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import type { StationControl } from "../control.js";
import type { Assets } from "./assets.js";
import { bounds } from "./bounds.js";
import type { ViewFeed } from "./feed.js";
import type { Gate } from "./gate.js";
import { checkJson } from "./origin.js";
import { type ExportFile, PageRefusal, type PageReply, type PageRequest } from "./reply.js";
import { streamView } from "./view-stream.js";

/** What the page can be asked, and what it tells the station. */

/** Makes an export anew at each call. By the name that stands behind `/api/export.`: `csv`, `json`, `report`. */
export type Exports = Readonly<Record<string, (signal: AbortSignal) => Promise<ExportFile>>>;

export interface RouteParts {
  readonly control: StationControl;
  readonly feed: ViewFeed;
  readonly exports: Exports;
  readonly assets: Assets;
  readonly gate: Gate;
  readonly clock: Clock;
}

const slot = z.int().min(1).max(64);
const serial = z.string().min(1).max(64);
const forms = {
  scan: z.strictObject({ text: z.string().min(1).max(256), slot: slot.optional() }),
  retry: z.strictObject({ slot }),
  off: z.strictObject({ slot, off: z.boolean() }),
  reprint: z.strictObject({ serial }),
  void: z.strictObject({ serial, why: z.string().min(1).max(500), by: z.string().min(1).max(64).optional() }),
  nothing: z.strictObject({}),
  login: z.strictObject({ password: z.string().max(1024) }),
};

type Handler = (request: PageRequest) => PageReply | Promise<PageReply>;

/** @returns what answers a request that came through {@link Gate.check}. */
export function pageRoutes(parts: RouteParts): (request: PageRequest) => Promise<PageReply> {
  const { control, feed, exports, assets, gate, clock } = parts;
  const done: PageReply = { kind: "json", body: { done: true } };
  /** A request with a body, read and checked before the station hears of it. */
  const post =
    <Form>(
      form: z.ZodType<Form>,
      act: (asked: Form, request: PageRequest) => PageReply | Promise<PageReply>,
    ): Handler =>
    async (request) => {
      checkJson(request.headers);
      return act(parsed(form, await request.body()), request);
    };

  const gets: Readonly<Record<string, Handler>> = {
    "/api/view": () => ({ kind: "json", body: feed.view() }),
    "/api/events": () => ({ kind: "stream", open: (outlet) => streamView(feed, outlet, clock) }),
    "/api/errors": () => ({ kind: "json", body: whoMustAct }),
    "/api/search": ({ query }) => {
      const text = (query.get("text") ?? "").trim();
      if (text === "" || text.length > 64)
        throw new EsimdError("bad_input", `/api/search: text is ${quote(text)}`, {
          hint: "Give 1 to 64 characters of a serial number, an EID, an ICCID or an IMEI.",
        });
      return { kind: "json", body: { units: control.search(text, bounds.found) } };
    },
  };
  const posts: Readonly<Record<string, Handler>> = {
    "/api/scan": post(forms.scan, (asked) => ({ kind: "json", body: control.scan(asked.text, asked.slot) })),
    "/api/retry": post(forms.retry, (asked) => {
      control.retry(asked.slot);
      return done;
    }),
    "/api/off": post(forms.off, (asked) => {
      control.setOff(asked.slot, asked.off);
      return done;
    }),
    "/api/reprint": post(forms.reprint, async (asked, { signal }) => {
      const bound = { clock, timeoutMs: bounds.reprintMs, signal, what: `the label of ${quote(asked.serial)}` };
      await withDeadline(bound, (until) => control.reprint(asked.serial, until));
      return done;
    }),
    "/api/void": post(forms.void, async (asked) => {
      await control.voidUnit(asked.serial, asked.why, asked.by ?? null);
      return done;
    }),
    "/api/drain": post(forms.nothing, () => {
      control.drain();
      return done;
    }),
    "/api/stop": post(forms.nothing, () => {
      control.stop();
      return done;
    }),
    "/api/login": post(forms.login, (asked, request) => ({
      kind: "json",
      body: { done: true },
      cookie: gate.logIn(asked.password, request),
    })),
    "/api/logout": post(forms.nothing, (_, request) => ({
      kind: "json",
      body: { done: true },
      cookie: gate.logOut(request),
    })),
  };

  return async (request) => {
    const { method, path } = request;
    const exported = /^\/api\/export\.([a-z]+)$/.exec(path)?.[1];
    const asset = assets.get(path);
    const get =
      (Object.hasOwn(gets, path) ? gets[path] : undefined) ??
      (asset === undefined ? undefined : (): PageReply => ({ kind: "asset", asset }));
    const handlers = { GET: get, POST: Object.hasOwn(posts, path) ? posts[path] : undefined };
    if (exported !== undefined && Object.hasOwn(exports, exported)) {
      const make = exports[exported];
      if (make !== undefined) handlers.GET = async ({ signal }) => ({ kind: "file", file: await make(signal) });
    }
    const handler = method === "GET" || method === "POST" ? handlers[method] : undefined;
    if (handler !== undefined) return handler(request);
    const allow = handlers.GET !== undefined ? "GET" : handlers.POST !== undefined ? "POST" : undefined;
    if (allow === undefined)
      throw new PageRefusal(404, `the page has no ${quote(path)}`, { hint: "docs/station-page.md has what there is." });
    throw new PageRefusal(405, `${quote(path)} takes ${allow}, and was asked by ${quote(method)}`, {
      hint: `Ask it by ${allow}.`,
      allow,
    });
  };
}

/** Of each code, who must act and how: what the page shows beside an error. */
const whoMustAct = Object.fromEntries(
  Object.entries(errorRegistry).map(([code, { actor, next, sentence }]) => [code, { actor, next, sentence }]),
);

function parsed<Form>(form: z.ZodType<Form>, body: unknown): Form {
  const read = form.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "the request's body" : issue.path.join(".");
  throw new EsimdError("bad_input", `${place}: ${issue?.message ?? "it is of another form"}`, {
    hint: "docs/station-page.md has what each request takes.",
  });
}
