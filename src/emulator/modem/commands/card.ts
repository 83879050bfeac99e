/** Raw access to the card: CSIM and logical channels (TS 27.007 8.17, 8.45 to 8.47). Lengths count hex characters in both directions. */

import { isdrAid } from "../../euicc/card.js";
import { type Answer, cme, cmeError, incorrectParameters, ok } from "../answers.js";
import type { Parameter } from "../command-line.js";
import {
  type CommandForms,
  type CommandTable,
  fixed,
  type Handler,
  hexAt,
  looseTextAt,
  numberAt,
} from "../command-set.js";
import type { World } from "../scenario.js";
import type { Sim } from "../sim.js";

export interface CardParts {
  readonly sim: Sim;
  readonly world: () => Pick<World, "cardAccess" | "maxApduBytes">;
  /** True while the modem's own LPA works on the eUICC. */
  readonly isOwnLpaBusy: () => boolean;
  /** True while that LPA keeps the ISD-R to itself; left out: never. */
  readonly holdsIsdR?: (() => boolean) | undefined;
}

export function cardCommands(parts: CardParts): CommandTable {
  const { sim, world, isOwnLpaBusy, holdsIsdR = () => false } = parts;
  const isHeld = (aid: Uint8Array): boolean => holdsIsdR() && Buffer.compare(aid, isdrAid) === 0;
  const guarded = (use: () => Answer): Answer => {
    const refusal = sim.refusal();
    if (refusal !== undefined) return refusal;
    return isOwnLpaBusy() ? cmeError(cme.simBusy) : use();
  };
  /** What is sent to the card from `index` on: `<length>,"<hex>"`. */
  const apduAt = (parameters: readonly Parameter[], index: number): Uint8Array | undefined => {
    const bytes = hexAt(parameters, index + 1);
    if (bytes === undefined || parameters.length !== index + 2) return undefined;
    if (numberAt(parameters, index, 8, 2 * world().maxApduBytes) !== 2 * bytes.length) return undefined;
    return bytes;
  };
  const reply = (name: string, response: Uint8Array): Answer => {
    const hex = Buffer.from(response).toString("hex").toUpperCase();
    return ok(`${name}: ${hex.length},"${hex}"`);
  };
  /** A modem without logical channels does not know their commands at all. */
  const channelForms = (forms: CommandForms): CommandForms => {
    const known =
      (handler: Handler): Handler =>
      (parameters) =>
        world().cardAccess === "channels" ? handler(parameters) : cmeError(cme.notSupported);
    return Object.fromEntries(Object.entries(forms).map(([form, handler]) => [form, known(handler)]));
  };
  return {
    "+CCHO": channelForms({
      test: fixed(),
      set: (parameters) => {
        const aid = hexAt(parameters, 0);
        if (parameters.length !== 1 || aid === undefined || aid.length < 1 || aid.length > 16)
          return incorrectParameters;
        return guarded(() => {
          if (isHeld(aid)) return cmeError(cme.notAllowed);
          const opened = sim.open(aid);
          if ("session" in opened) return ok(`+CCHO: ${opened.session}`);
          // 6A82: no such application. Else no channel is free.
          return cmeError(opened.statusWord === 0x6a82 ? cme.notFound : cme.memoryFull);
        });
      },
    }),
    "+CCHC": channelForms({
      test: fixed(),
      set: (parameters) => {
        const session = looseTextAt(parameters, 0);
        if (parameters.length !== 1 || session === undefined) return incorrectParameters;
        return guarded(() => (sim.close(session) ? ok() : cmeError(cme.notFound)));
      },
    }),
    "+CGLA": channelForms({
      test: fixed(),
      set: (parameters) => {
        const session = looseTextAt(parameters, 0);
        const apdu = apduAt(parameters, 1);
        if (session === undefined || apdu === undefined) return incorrectParameters;
        return guarded(() => {
          const response = sim.exchange(session, apdu);
          if (response === undefined) return cmeError(cme.notFound);
          return withRefresh(sim, reply("+CGLA", response), response);
        });
      },
    }),
    "+CSIM": {
      test: fixed(),
      set: (parameters) => {
        const apdu = apduAt(parameters, 0);
        if (apdu === undefined) return incorrectParameters;
        return guarded(() => {
          const selected = selectedAid(apdu);
          if (selected !== undefined && isHeld(selected)) return reply("+CSIM", conditionsNotSatisfied);
          const response = sim.raw(apdu);
          return withRefresh(sim, reply("+CSIM", response), response);
        });
      },
    },
  };
}

const conditionsNotSatisfied = Uint8Array.of(0x69, 0x85);

/** The application that SELECT by DF name asks for (ETSI TS 102 221, 11.1.1); undefined for any other command. */
function selectedAid(apdu: Uint8Array): Uint8Array | undefined {
  const [cla = 0, instruction, p1, , length = 0] = apdu;
  return (cla & 0x7c) === 0 && instruction === 0xa4 && p1 === 0x04 ? apdu.subarray(5, 5 + length) : undefined;
}

/** 91xx: a proactive command waits, and after enable or disable it is REFRESH. The modem fetches it once it has answered. */
function withRefresh(sim: Sim, answer: Answer, response: Uint8Array): Answer {
  return response.at(-2) === 0x91 ? { ...answer, after: () => sim.refresh() } : answer;
}
