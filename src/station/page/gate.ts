import type { Clock } from "../../base/clock.js";
import type { Log } from "../../base/logging.js";
import { checkHost, checkSameOrigin, type Origin } from "./origin.js";
import { PageRefusal, type PageReply, type PageRequest } from "./reply.js";
import { isSamePassword, Sessions } from "./sessions.js";
import { Tries } from "./tries.js";

/** Everything that a request has to pass before it is looked at: name, origin, session. And the password, which opens a session. */

export interface GateParts {
  readonly origin: Origin;
  /** Undefined: whoever comes so far may do all. */
  readonly password: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Gate {
  readonly #parts: GateParts;
  readonly #sessions: Sessions;
  readonly #tries: Tries;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#sessions = new Sessions(parts.clock, parts.origin.scheme === "https");
    this.#tries = new Tries(parts.clock);
  }

  /** @returns what to answer instead of what was asked for. @throws EsimdError. */
  check({ method, path, headers }: PageRequest): PageReply | undefined {
    const { origin, password } = this.#parts;
    checkHost(headers, origin);
    if (method !== "GET" || path.startsWith("/api/")) checkSameOrigin(headers, origin);
    if (password === undefined || this.#sessions.has(headers.cookie)) return undefined;
    if (path === "/") return { kind: "redirect", to: "/login" };
    // The program's own files tell nothing of the line, and the login page is made of them.
    if (path === "/api/login" || !path.startsWith("/api/")) return undefined;
    throw new PageRefusal(401, "the page is locked", { hint: "Give the station's password." });
  }

  /** @returns the session's cookie. @throws PageRefusal 401 for a wrong password, 429 after several. */
  logIn(given: string, { address }: PageRequest): string {
    const { password, log } = this.#parts;
    const waitMs = this.#tries.waitMs(address);
    if (waitMs > 0)
      throw new PageRefusal(429, "there were too many wrong passwords", {
        hint: `Try again in ${Math.ceil(waitMs / 1000)} s.`,
        code: "daemon_busy",
        retryAfterMs: waitMs,
      });
    if (password === undefined || isSamePassword(given, password)) {
      this.#tries.right(address);
      return this.#sessions.open();
    }
    this.#tries.wrong(address);
    log.warn({ address }, "a wrong password was given on the station's page");
    throw new PageRefusal(401, "this is not the station's password", { hint: "Try again." });
  }

  logOut({ headers }: PageRequest): string {
    return this.#sessions.close(headers.cookie);
  }
}
