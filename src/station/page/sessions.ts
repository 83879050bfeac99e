import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.js";

/** Who has given the password: a random token in a cookie, and here only its hash. Bounded in number and in time. */

export const idleMs = 12 * 3_600_000;
export const longestMs = 7 * 24 * 3_600_000;
export const mostSessions = 64;
const cookieName = "esimd_session";

interface Session {
  readonly sinceMs: number;
  readonly usedMs: number;
}

export class Sessions {
  readonly #clock: Clock;
  readonly #isSecure: boolean;
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock, isSecure: boolean) {
    this.#clock = clock;
    this.#isSecure = isSecure;
  }

  /** @returns the cookie that opens the page. The session that was not used for the longest gives way to a new one. */
  open(): string {
    const token = randomBytes(32).toString("base64url");
    const nowMs = this.#clock.monotonicMs();
    this.#sessions.set(hashOf(token), { sinceMs: nowMs, usedMs: nowMs });
    for (const id of this.#sessions.keys()) {
      if (this.#sessions.size <= mostSessions) break;
      this.#sessions.delete(id);
    }
    return this.#cookie(token, longestMs);
  }

  /** Whether the cookie is that of a living session, which goes on by this. */
  has(cookies: string | undefined): boolean {
    const id = idIn(cookies);
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (id === undefined || session === undefined) return false;
    const nowMs = this.#clock.monotonicMs();
    this.#sessions.delete(id);
    if (nowMs - session.usedMs >= idleMs || nowMs - session.sinceMs >= longestMs) return false;
    this.#sessions.set(id, { ...session, usedMs: nowMs });
    return true;
  }

  /** @returns the cookie that takes the other one away. */
  close(cookies: string | undefined): string {
    const id = idIn(cookies);
    if (id !== undefined) this.#sessions.delete(id);
    return this.#cookie("", 0);
  }

  #cookie(value: string, ageMs: number): string {
    const secure = this.#isSecure ? "; Secure" : "";
    return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(ageMs / 1000)}${secure}`;
  }
}

function idIn(cookies: string | undefined): string | undefined {
  for (const part of (cookies ?? "").split(";")) {
    const [name, value] = part.split("=");
    if (name?.trim() === cookieName && value !== undefined && /^[\w-]{43}$/.test(value.trim()))
      return hashOf(value.trim());
  }
  return undefined;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** In a time that tells nothing of the password, not even its length. */
export function isSamePassword(given: string, password: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text.normalize("NFC")).digest();
  return timingSafeEqual(digest(given), digest(password));
}
