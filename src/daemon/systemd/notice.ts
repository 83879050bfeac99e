/**
 * What systemd is told of a service, by the protocol of sd_notify(3): pure. A notice is one fact; several that wait are put together, and
 * of each kind only the latest is worth telling.
 */
export type Notice =
  | { readonly kind: "ready" }
  /** `monotonicUs`: CLOCK_MONOTONIC, by which Type=notify-reload (systemd 253) knows that this reload is the one it asked for. */
  | { readonly kind: "reloading"; readonly monotonicUs: bigint }
  | { readonly kind: "stopping" }
  | { readonly kind: "status"; readonly text: string }
  | { readonly kind: "watchdog" }
  /** Whatever is timed, start or stop, may last this long from now. */
  | { readonly kind: "extend"; readonly forMs: number };

const longestStatus = 240;

/** A notice as sd_notify(3) writes it: assignments, one a line. */
export function assignmentsOf(notice: Notice): readonly string[] {
  switch (notice.kind) {
    case "ready":
      return ["READY=1"];
    case "reloading":
      return ["RELOADING=1", `MONOTONIC_USEC=${notice.monotonicUs}`];
    case "stopping":
      return ["STOPPING=1"];
    case "status":
      return [`STATUS=${oneLine(notice.text)}`];
    case "watchdog":
      return ["WATCHDOG=1"];
    case "extend":
      return [`EXTEND_TIMEOUT_USEC=${Math.round(notice.forMs * 1000)}`];
  }
}

/** A line break would begin another assignment: whoever writes a sentence must not be able to say READY=1 by it. */
function oneLine(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, " ").trim();
  return line.length <= longestStatus ? line : `${line.slice(0, longestStatus - 1)}…`;
}

/** Where the service stands: systemd takes one such step from a message, so that two of them never travel together. */
function isStep({ kind }: Notice): boolean {
  return kind === "ready" || kind === "reloading" || kind === "stopping";
}

/** Notices that wait to be sent. It never holds more than one of a kind. */
export class NoticeQueue {
  #waiting: Notice[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(notice: Notice): void {
    this.#waiting = [...this.#waiting.filter(({ kind }) => kind !== notice.kind), notice];
  }

  /** What goes into the next message: up to a second step. Taken out. */
  take(): readonly Notice[] {
    const [first, second] = this.#waiting.flatMap((notice, index) => (isStep(notice) ? [index] : []));
    const end = first === undefined ? undefined : second;
    const taken = this.#waiting.slice(0, end);
    this.#waiting = this.#waiting.slice(taken.length);
    return taken;
  }

  /** Puts back what could not be sent, before what has come since; of one kind, what has come since. */
  putBack(notices: readonly Notice[]): void {
    const newer = new Set(this.#waiting.map(({ kind }) => kind));
    this.#waiting = [...notices.filter(({ kind }) => !newer.has(kind)), ...this.#waiting];
  }
}

/** One message. Lines end with a line break, so that they can be told apart on a stream, too. */
export function messageOf(notices: readonly Notice[]): string {
  return notices
    .flatMap(assignmentsOf)
    .map((line) => `${line}\n`)
    .join("");
}
