import { EsimdError } from "../base/errors.js";
import { oneLine } from "./failure.js";
import { ask, canAsk } from "./prompt.js";
import type { ReservationCall } from "./reservation-call.js";

/** A person's own words, for what `--yes` is not enough for. */

/** Who asks, and what the call was given. */
export type Asking = Pick<ReservationCall, "context" | "args" | "signal">;

export interface Consent {
  /** The sentence for a script that did not give them. */
  readonly unconfirmed: string;
  readonly question: string;
  readonly undone: string;
}

/** The very `word`, typed at a terminal or given with `--confirm`. @throws EsimdError `not_confirmed`. */
export async function requireTyped(call: Asking, word: string, consent: Consent): Promise<void> {
  const { context, args, signal } = call;
  const given = args.text("confirm");
  if (given === undefined && !canAsk(context)) {
    throw new EsimdError("not_confirmed", consent.unconfirmed, {
      hint: `Give --confirm ${word} (--yes is not enough).`,
    });
  }
  const typed = given ?? (await ask(context, consent.question, signal));
  if (typed.trim() === word) return;
  throw new EsimdError(
    "not_confirmed",
    `what was ${given === undefined ? "typed" : "given with --confirm"} is not ${word}; ${consent.undone}`,
    { hint: `Type ${word} when asked, or give it with --confirm.` },
  );
}

/** What a line of the ledger takes (ledger.ts). */
const longestWhy = 500;

/** @throws EsimdError `usage`. */
export function whyOf({ args }: Pick<Asking, "args">): string | undefined {
  const why = args.text("why");
  if (why === undefined || why.length <= longestWhy) return why === undefined ? undefined : oneLine(why);
  throw new EsimdError("usage", `--why has ${why.length} characters, and the ledger takes ${longestWhy}`);
}
