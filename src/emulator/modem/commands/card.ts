/** Raw access to the card: CSIM and logical channels (TS 27.007 8.17, 8.45 to 8.47). Lengths count hex characters in both directions. */

import { isdrAid } from "../../euicc/card.js";
import { type Answer, cme, cmeError, incorrectParameters, ok, plainError, silence } from "../answers.js";
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
import type { CardCommand, ModemStyle } from "../dialects/style.js";
import type { World } from "../scenario.js";
import type { Sim } from "../sim.js";

export interface CardParts {
  readonly sim: Sim;
  readonly world: () => Pick<World, "cardAccess" | "maxApduBytes">;
  readonly style: Pick<
    ModemStyle,
    "cchoAnswer" | "cardAnswerSpace" | "getResponse" | "hostChannelBits" | "csim" | "cardTestForms" | "heldIsdrCme"
  >;
  /** True while the modem's own LPA works on the eUICC. */
  readonly isOwnLpaBusy: () => boolean;
  /** True while that LPA keeps the ISD-R to itself; left out: never. */
  readonly holdsIsdR?: (() => boolean) | undefined;
}

export function cardCommands(parts: CardParts): CommandTable {
  const { sim, world, style, isOwnLpaBusy, holdsIsdR = () => false } = parts;
  const isHeld = (aid: Uint8Array): boolean => (holdsIsdR() || sim.isIsdrAway) && Buffer.compare(aid, isdrAid) === 0;
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
    return ok(`${name}:${style.cardAnswerSpace ? " " : ""}${hex.length},"${hex}"`);
  };
  const testForm = (name: CardCommand): Handler => {
    const form = style.cardTestForms[name];
    return form === undefined ? fixed() : () => (form === "silent" ? silence : plainError);
  };
  const transmit = (apdu: Uint8Array): Uint8Array =>
    style.getResponse === "modem" ? wholeResponse(sim, apdu) : sim.raw(apdu);
  const handles = new SessionHandles(style.cchoAnswer);
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
      test: testForm("+CCHO"),
      set: (parameters) => {
        const aid = hexAt(parameters, 0);
        if (parameters.length !== 1 || aid === undefined || aid.length < 1 || aid.length > 16)
          return incorrectParameters;
        return guarded(() => {
          if (isHeld(aid)) return style.heldIsdrCme === "plain" ? plainError : cmeError(style.heldIsdrCme);
          const opened = sim.open(aid);
          if ("session" in opened) return ok(handles.tell(opened.session));
          // 6A82: no such application. Else no channel is free.
          return cmeError(opened.statusWord === 0x6a82 ? cme.notFound : cme.memoryFull);
        });
      },
    }),
    "+CCHC": channelForms({
      test: testForm("+CCHC"),
      set: (parameters) => {
        const session = looseTextAt(parameters, 0);
        if (parameters.length !== 1 || session === undefined) return incorrectParameters;
        return guarded(() => (sim.close(handles.session(session)) ? ok() : cmeError(cme.notFound)));
      },
    }),
    "+CGLA": channelForms({
      test: testForm("+CGLA"),
      set: (parameters) => {
        const session = looseTextAt(parameters, 0);
        const apdu = apduAt(parameters, 1);
        if (session === undefined || apdu === undefined) return incorrectParameters;
        return guarded(() => {
          const channel = sim.channelOf(handles.session(session));
          if (channel === undefined) return cmeError(cme.notFound);
          const [cla = 0, ...rest] = apdu;
          if (style.hostChannelBits === "refused" && (cla & 0x03) !== 0) return reply("+CGLA", channelNotSupported);
          const response = transmit(Uint8Array.of((cla & 0xfc) | channel, ...rest));
          return withRefresh(sim, reply("+CGLA", response), response);
        });
      },
    }),
    "+CSIM": {
      test: testForm("+CSIM"),
      set: (parameters) => {
        if (style.csim === "error") return plainError;
        const apdu = apduAt(parameters, 0);
        if (apdu === undefined) return incorrectParameters;
        return guarded(() => {
          const selected = selectedAid(apdu);
          if (selected !== undefined && isHeld(selected)) return reply("+CSIM", conditionsNotSatisfied);
          const response = transmit(apdu);
          return withRefresh(sim, reply("+CSIM", response), response);
        });
      },
    },
  };
}

const conditionsNotSatisfied = Uint8Array.of(0x69, 0x85);
const channelNotSupported = Uint8Array.of(0x68, 0x81);

/** A modem that fetches what 61xx announces, as often as the card announces more (TS 102 221, 7.3.1.1.5.2). */
function wholeResponse(sim: Sim, apdu: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let response = sim.raw(apdu);
  while (response.at(-2) === 0x61) {
    parts.push(response.subarray(0, -2));
    response = sim.raw(Uint8Array.of(apdu[0] ?? 0, 0xc0, 0, 0, response.at(-1) ?? 0));
  }
  return new Uint8Array(Buffer.concat([...parts, response]));
}

/** How a session's number looks to the host. */
class SessionHandles {
  readonly #style: ModemStyle["cchoAnswer"];

  constructor(style: ModemStyle["cchoAnswer"]) {
    this.#style = style;
  }

  /** The line that answers CCHO. */
  tell(session: string): string {
    switch (this.#style) {
      case "prefixed":
        return `+CCHO: ${session}`;
      case "bare":
        return session;
      case "opaque":
        return `+CCHO: ${opaque(session)}`;
    }
  }

  /** The number behind what the host calls the session; what is none is left as it is and found nowhere. */
  session(handle: string): string {
    if (this.#style !== "opaque") return handle;
    const number = (Number.parseInt(handle, 16) - firstHandle) / handleStep + 1;
    return opaque(String(number)) === handle ? String(number) : "";
  }
}

/** As seen on MC7455 (lpac 138); it looks like an address, and the next one is some way behind it. */
const firstHandle = 0x0385a7cf;
const handleStep = 0x4b60;

function opaque(session: string): string {
  return (firstHandle + handleStep * (Number(session) - 1)).toString(16).padStart(16, "0");
}

/** The application that SELECT by DF name asks for (ETSI TS 102 221, 11.1.1); undefined for any other command. */
function selectedAid(apdu: Uint8Array): Uint8Array | undefined {
  const [cla = 0, instruction, p1, , length = 0] = apdu;
  return (cla & 0x7c) === 0 && instruction === 0xa4 && p1 === 0x04 ? apdu.subarray(5, 5 + length) : undefined;
}

/** 91xx: a proactive command waits, and after enable or disable it is REFRESH. The modem fetches it once it has answered. */
function withRefresh(sim: Sim, answer: Answer, response: Uint8Array): Answer {
  return response.at(-2) === 0x91 ? { ...answer, after: () => sim.refresh() } : answer;
}
