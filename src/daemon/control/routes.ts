import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";

/** What the control socket can be asked: methods and paths, and who answers. A companion adds routes of its own. */

export interface ControlRequest {
  /** What stood in the place of each `:name` of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as JSON; an empty object when there is none. Bounded in size and time. @throws EsimdError `bad_input`. */
  readonly body: () => Promise<unknown>;
  /** Aborts when the daemon ends. A client that goes away ends nothing that it asked for. */
  readonly signal: AbortSignal;
}

export type ControlReply =
  | { readonly kind: "json"; readonly status?: number; readonly body: object }
  | { readonly kind: "text"; readonly contentType: string; readonly text: string }
  /** Goes on until one of both sides ends it. */
  | { readonly kind: "stream"; readonly contentType: string; readonly open: (outlet: Outlet) => StreamEnd };

/** The way to a client that reads a stream. */
export interface Outlet {
  /** False: the client reads too slowly, and no more is to be written until {@link Outlet.onRoom} calls. */
  readonly write: (text: string) => boolean;
  readonly onRoom: (listener: () => void) => void;
  /** Ends it; `why` goes into the log. */
  readonly drop: (why: string) => void;
}

/** Called once when the stream is over, whoever ended it. */
export type StreamEnd = () => void;

export type ControlHandler = (request: ControlRequest) => ControlReply | Promise<ControlReply>;
export type ControlMethod = "GET" | "POST";

interface Route {
  readonly method: ControlMethod;
  readonly path: readonly string[];
  readonly handle: ControlHandler;
}

export type FoundRoute =
  | { readonly kind: "found"; readonly handle: ControlHandler; readonly params: Readonly<Record<string, string>> }
  /** There is the path, for other methods only. */
  | { readonly kind: "other-method"; readonly allowed: readonly ControlMethod[] }
  | { readonly kind: "unknown" };

export class ControlRoutes {
  readonly #routes: Route[] = [];

  /** `path`: as `/v1/modems/:name/pause`. @returns what takes the route away again. */
  add(method: ControlMethod, path: string, handle: ControlHandler): () => void {
    const route: Route = { method, path: path.split("/"), handle };
    if (this.#routes.some((one) => one.method === method && one.path.join("/") === path))
      throw new EsimdError("unexpected", `the control socket has two answers to ${method} ${quote(path)}`);
    this.#routes.push(route);
    return () => {
      const index = this.#routes.indexOf(route);
      if (index !== -1) this.#routes.splice(index, 1);
    };
  }

  find(method: string, path: string): FoundRoute {
    const words = path.split("/");
    const fitting = this.#routes.flatMap((route) => {
      const params = matched(route.path, words);
      return params === undefined ? [] : [{ route, params }];
    });
    const found = fitting.find(({ route }) => route.method === method);
    if (found !== undefined) return { kind: "found", handle: found.route.handle, params: found.params };
    if (fitting.length === 0) return { kind: "unknown" };
    return { kind: "other-method", allowed: [...new Set(fitting.map(({ route }) => route.method))] };
  }

  /** Every route as a person would write it, for the sentence that refuses another. */
  list(): readonly string[] {
    return this.#routes.map(({ method, path }) => `${method} ${path.join("/")}`);
  }
}

function matched(path: readonly string[], words: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (path.length !== words.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of path.entries()) {
    const word = words[index] ?? "";
    if (!part.startsWith(":")) {
      if (part !== word) return undefined;
      continue;
    }
    const value = decoded(word);
    if (value === undefined || value === "") return undefined;
    params[part.slice(1)] = value;
  }
  return params;
}

function decoded(word: string): string | undefined {
  try {
    return decodeURIComponent(word);
  } catch {
    return undefined;
  }
}
