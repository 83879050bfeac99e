/** What one ES10 command gave. */
export interface Es10Answer {
  /** DER of the answer; empty inside a package that goes on, and for a refusal by status word. */
  readonly response: Uint8Array;
  /** The eUICC asks the modem to read the card anew (a REFRESH, shown as 91xx). */
  readonly refresh: boolean;
  /** 9000, or why the command was refused before any ES10 result: 6A80, 6985, 6A88. */
  readonly statusWord: number;
}

/** An ES10 result. */
export function answer(response: Uint8Array): Es10Answer {
  return { response, refresh: false, statusWord: 0x9000 };
}

/** A status word in place of any result. */
export function refusal(statusWord: number): Es10Answer {
  return { response: new Uint8Array(), refresh: false, statusWord };
}
