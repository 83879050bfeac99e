import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Command } from "./command.js";
import { commonFlags } from "./common-flags.js";
import { euiccFlags } from "./euicc-call.js";
import { callReservations, type ReservationCall } from "./reservation-call.js";
import { adoptOne, releaseOne } from "./reservation-change.js";
import { listReservations } from "./reservation-list.js";
import { rebuildOne } from "./reservation-rebuild.js";

const actions: Readonly<Record<string, (call: ReservationCall) => Promise<number>>> = {
  list: listReservations,
  adopt: adoptOne,
  release: releaseOne,
  rebuild: rebuildOne,
};

/** `esimd reservation …`: what was paid for, and what a person decides about a held one. Never asks for a reservation. */
export const reservationCommand: Command = {
  name: "reservation",
  summary: "what was paid for, and deciding a held one: list, adopt, release, rebuild",
  positionals: "list|adopt SID|release ID|rebuild",
  flags: {
    ...euiccFlags,
    ...commonFlags("provider"),
    eid: { type: "string", value: "EID", help: "The eUICC that is meant, in place of asking the modem at --port." },
    offline: { type: "boolean", help: "list: show what the ledger knows; the provider is not asked." },
    why: { type: "string", value: "TEXT", help: "adopt, release, rebuild: why, for the ledger." },
    confirm: {
      type: "string",
      value: "ID",
      help: "release: the whole SID or POST id, rebuild: the whole EID, in place of typing it.",
    },
  },
  run: (context, args) => {
    const [name] = args.positionals;
    const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action !== undefined) return callReservations(context, args, action);
    const known = Object.keys(actions).join(", ");
    throw new EsimdError(
      "usage",
      name === undefined
        ? `reservation: say what to do: ${known}`
        : `reservation: there is no ${quote(name)}; there are ${known}`,
      { hint: "See `esimd help reservation`." },
    );
  },
};
