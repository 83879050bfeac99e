import type { AnswerPattern } from "../../at/channel.js";
import type { Eid } from "../../base/identifiers.js";
import type { ProfileRow } from "../profile-row.js";

/** How far a fact can be relied upon, best first; shown by `esimd probe`. */
export type Evidence = "documented" | "seen in code" | "forum" | "guess";

/** One AT exchange as data. `{name}` in `send` is filled in by the caller; a value with a quote or a control character is refused. */
export interface Exchange {
  readonly send: string;
  readonly answer: AnswerPattern;
  readonly timeoutMs: number;
  /** The result code inside the answer. Without it, OK alone decides. */
  readonly resultCode?: {
    /** First group: the code as it stands in the line. */
    readonly pattern: RegExp;
    readonly success: RegExp;
  };
  /** A second try after silence or garbage cannot do harm (reads, and operations that are their own undo). */
  readonly repeatable: boolean;
}

export interface Query<Value> extends Exchange {
  /** Pure: the value in the answer's lines, or undefined when they hold none. */
  readonly parse: (lines: readonly string[]) => Value | undefined;
}

/** The host carries the modem's HTTPS: `start` is answered by requests, each of which is answered by chunks of a whole HTTP response. */
export interface HostRelayDownload {
  readonly kind: "host-relay";
  readonly start: Exchange;
  /** Fields: total, more, sequence, length, hex. */
  readonly chunk: Exchange;
  readonly maxChunkHex: number;
  /** The prefix of lines that carry a request or the end. */
  readonly prefix: string;
  /** How long the modem may think between our last chunk and its next request; loading a package into the eUICC is in it. */
  readonly stepTimeoutMs: number;
  /** How long it may take from the delivered install result to the line that ends the download; without it, the list decides. */
  readonly endTimeoutMs: number;
}

/** The modem downloads over its own network; its word about the end is hearsay until the list has the profile. */
export interface ModemNetworkDownload {
  readonly kind: "modem-network";
  readonly start: Exchange;
  /** A line that says the download ended. First group: result code, 0 for success. */
  readonly end: RegExp;
  readonly windowMs: number;
  readonly pollEveryMs: number;
}

/** What is known of a family, whatever it can do. */
interface Family {
  readonly name: string;
  readonly summary: string;
  readonly evidence: Evidence;
  /** Where the facts come from, for docs and for `probe`. */
  readonly sources: readonly string[];
}

/** A family without commands of its own for the eSIM: raw card access leads to the eUICC, and the LPA is the host's. */
export interface CardDialect extends Family {
  readonly kind: "card";
}

/** A family whose modem has an LPA of its own. */
export interface OwnLpaDialect extends Family {
  readonly kind: "own-lpa";
  readonly probe: {
    readonly send: string;
    readonly timeoutMs: number;
    /** Pure: do these answer lines (to an OK) say that the modem speaks this dialect? */
    readonly matches: (lines: readonly string[]) => boolean;
  };
  readonly eid: Query<Eid>;
  readonly list: Query<readonly ProfileRow[]>;
  readonly enable: Exchange;
  readonly disable: Exchange;
  readonly download: HostRelayDownload | ModemNetworkDownload;
  /** Result codes of this family: what they mean, and whether they end the order at the SM-DP+. */
  readonly describeResultCode: (code: string) => string | undefined;
}

export type Dialect = CardDialect | OwnLpaDialect;
