import type { StateName } from "../../provision/states.js";
import type { DaemonEvent, DaemonPhase } from "../events.js";

/** The line that `systemctl status` shows: one modem's own sentence, or how many stand where. Pure, but for what it has seen. */

interface Seen {
  readonly sentence: string;
  /** How the last run ended, or the state it is in now; undefined before the first. */
  readonly state: StateName | undefined;
  /** 0 to 100; undefined while nothing is counted. */
  readonly percent: number | undefined;
  /** The card holds a part of a profile, or is being changed: what must not be cut in half. */
  readonly mayBeCut: boolean;
}

/** What a stop in the middle leaves half done, on the card or at the provider. A download is so once the card is being written to. */
const delicate: ReadonlySet<StateName> = new Set([
  "addressing",
  "reserving",
  "verifying",
  "delivering",
  "enabling",
  "refreshing",
  "reverting",
]);
const delicateStages: ReadonlySet<string> = new Set(["loading", "reporting"]);

export class StatusLine {
  readonly #modems = new Map<string, Seen>();
  #phase: DaemonPhase | undefined;

  note(event: DaemonEvent): void {
    switch (event.kind) {
      case "daemon":
        this.#phase = event.is;
        break;
      case "served":
        this.#modems.set(event.modem, {
          sentence: "Waiting to begin.",
          state: undefined,
          percent: undefined,
          mayBeCut: true,
        });
        break;
      case "dropped":
        this.#modems.delete(event.modem);
        break;
      case "state":
        this.#modems.set(event.modem, {
          sentence: event.sentence,
          state: event.state,
          percent: undefined,
          mayBeCut: !delicate.has(event.state),
        });
        break;
      case "progress": {
        const seen = this.#modems.get(event.modem);
        if (seen === undefined) break;
        const percent =
          event.totalBytes > 0 ? Math.min(100, Math.floor((100 * event.doneBytes) / event.totalBytes)) : undefined;
        this.#modems.set(event.modem, {
          ...seen,
          percent,
          mayBeCut: seen.mayBeCut && !delicateStages.has(event.stage),
        });
        break;
      }
      case "rest": {
        const state = this.#modems.get(event.modem)?.state;
        this.#modems.set(event.modem, { sentence: event.sentence, state, percent: undefined, mayBeCut: true });
        break;
      }
      default:
        break;
    }
  }

  /** Modems whose work must not be cut off now. */
  get delicate(): readonly string[] {
    return [...this.#modems].flatMap(([modem, { mayBeCut }]) => (mayBeCut ? [] : [modem]));
  }

  text(): string {
    const prefix = this.#phase === undefined ? undefined : phaseWords[this.#phase];
    return prefix === undefined ? this.#modemsText() : `${prefix} ${this.#modemsText()}`;
  }

  #modemsText(): string {
    const all = [...this.#modems.values()];
    const [only] = all;
    if (only === undefined) return "No modem is served.";
    if (all.length === 1) return only.percent === undefined ? only.sentence : `${only.sentence} ${only.percent} %`;
    const counts = new Map<string, number>();
    for (const seen of all) {
      const words = wordsOf(seen);
      counts.set(words, (counts.get(words) ?? 0) + 1);
    }
    // The settled ones first, as they are the ones one hopes for.
    const sorted = [...counts].toSorted(([one], [other]) => rank(one) - rank(other));
    return `${all.length} modems: ${sorted.map(([words, count]) => `${count} ${words}`).join(", ")}`;
  }
}

const phaseWords: Readonly<Record<DaemonPhase, string | undefined>> = {
  ready: undefined,
  reloading: "Reading the configuration again.",
  draining: "Stopping once what runs has ended.",
  stopping: "Stopping.",
};

function wordsOf({ state, percent }: Seen): string {
  if (state === undefined) return "waiting";
  return percent === undefined ? state : `${state} ${percent} %`;
}

function rank(words: string): number {
  const order = ["provisioned", "held", "failed"];
  const index = order.indexOf(words);
  return index >= 0 ? index : order.length;
}
