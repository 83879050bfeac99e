/** Commands about the SIM and the modem's power: TS 27.007 5.6, 8.2, 8.3, 8.18, and the makers' ICCID commands. */

import { type Iccid, iccidToBcd } from "../../../base/identifiers.js";
import { type Answer, cme, cmeError, incorrectParameters, ok } from "../answers.js";
import { type CommandTable, fixed, type Handler, looseTextAt, numberAt } from "../command-set.js";
import type { ModemStyle } from "../dialects/style.js";
import type { Registration } from "../registration.js";
import type { PortSettings } from "../settings.js";
import type { Sim } from "../sim.js";
import type { World } from "../world-options.js";

export interface SimParts {
  readonly sim: Sim;
  readonly registration: Registration;
  readonly settings: PortSettings;
  readonly world: () => Pick<World, "silentAtCfun0">;
  readonly style: Pick<ModemStyle, "iccid" | "withoutProfile">;
  /** `AT+CFUN=1,1`: the modem starts anew, once it has answered. */
  readonly restart: () => void;
}

/** EF ICCID, 2FE2 (ETSI TS 102 221, 13.2). */
const efIccid = 0x2fe2;
const readBinary = 0xb0;
const getResponse = 0xc0;
const status = 0xf2;

export function simCommands(parts: SimParts): CommandTable {
  const { sim, registration, settings, world, style, restart } = parts;
  /** What needs a SIM application needs an enabled profile: an eUICC without one answers as a SIM that fails. */
  const withProfile = (answer: (iccid: Iccid) => Answer): Answer => {
    const pin = sim.pinWanted();
    if (pin !== undefined) return cmeError(pin === "SIM PIN" ? cme.simPin : cme.simPuk);
    return withCard(answer);
  };
  /** What can be read without the PIN, such as EF ICCID (ETSI TS 102 221, 13.2). */
  const withCard = (answer: (iccid: Iccid) => Answer): Answer => {
    const profile = sim.enabledProfile();
    if (profile !== undefined) return answer(profile.iccid);
    return sim.refusal() ?? cmeError(cme.simFailure);
  };
  const pinState = (): Answer => {
    const isEmpty = sim.refusal() === undefined && sim.enabledProfile() === undefined;
    // MediaTek's word for an eUICC that is well and has nothing enabled (field notes on FM350).
    if (isEmpty && style.withoutProfile === "EMPTY_EUICC") return ok("+CPIN: EMPTY_EUICC");
    return withCard(() => ok(`+CPIN: ${sim.pinWanted() ?? "READY"}`));
  };
  const enterPin: Handler = (parameters) => {
    const pin = looseTextAt(parameters, 0);
    if (parameters.length !== 1 || pin === undefined || !/^\d{4,8}$/.test(pin)) return incorrectParameters;
    return withCard(() => {
      const wanted = sim.pinWanted();
      if (wanted === undefined) return cmeError(cme.notAllowed);
      if (sim.enterPin(pin)) return { ...ok(), after: () => sim.unlocked() };
      return cmeError(wanted === "SIM PIN" ? cme.incorrectPassword : cme.simPuk);
    });
  };
  const iccidTable: CommandTable = Object.fromEntries(
    style.iccid.map(({ command, form, prefix, filler }) => {
      const tell: Handler = () =>
        withCard((iccid) => ok(`${prefix}: ${iccid}${filler && iccid.length % 2 === 1 ? "F" : ""}`));
      return [command, form === "read" ? { read: tell } : { execute: tell, test: fixed() }];
    }),
  );
  const functionality = (): number => (!sim.hasPowerBy("functionality") ? 0 : registration.radioOn ? 1 : 4);
  return {
    ...iccidTable,
    "+CPIN": { read: pinState, test: fixed(), set: enterPin },
    "+CIMI": { execute: () => withProfile((iccid) => ok(imsiOf(iccid))), test: fixed() },
    "+CRSM": {
      test: fixed(),
      set: (parameters) => {
        const command = numberAt(parameters, 0, 0, 255);
        if (command === undefined) return incorrectParameters;
        return withCard((iccid) => ok(`+CRSM: ${readElementaryFile(command, parameters, iccid)}`));
      },
    },
    "+CFUN": {
      read: () => ok(`+CFUN: ${functionality()}`),
      test: fixed("+CFUN: (0,1,4),(0,1)"),
      set: (parameters) => {
        const level = numberAt(parameters, 0, 0, 4);
        const reset = parameters.length === 1 ? 0 : numberAt(parameters, 1, 0, 1);
        if ((level !== 0 && level !== 1 && level !== 4) || reset === undefined || parameters.length > 2) {
          return incorrectParameters;
        }
        if (reset === 1) return { ...ok(), after: restart };
        // The answer to CFUN=0 is lost with the rest, and the one to CFUN=1 is the first to be heard again.
        settings.muted = level === 0 && world().silentAtCfun0;
        return {
          ...ok(),
          after: () => {
            sim.setPower(level !== 0);
            registration.setRadio(level === 1);
          },
        };
      },
    },
  };
}

/** `sw1,sw2[,"data"]`, in decimal (TS 27.007 8.18). Only EF ICCID can be read. */
function readElementaryFile(command: number, parameters: Parameters<typeof numberAt>[0], iccid: Iccid): string {
  if (command === status) return "144,0";
  if (command !== readBinary && command !== getResponse) return "109,0";
  if (numberAt(parameters, 1, 0, 0xffff) !== efIccid) return "106,130";
  if (command === getResponse) return '144,0,"621A82024121"';
  const offset = 256 * (numberAt(parameters, 2, 0, 255) ?? 0) + (numberAt(parameters, 3, 0, 255) ?? 0);
  const length = numberAt(parameters, 4, 0, 255) ?? 0;
  const content = iccidToBcd(iccid);
  if (offset > content.length) return "107,0";
  // 6Cxx: this many bytes are there.
  if (offset + length > content.length || length === 0) return `108,${content.length - offset}`;
  return `144,0,"${Buffer.from(content.subarray(offset, offset + length))
    .toString("hex")
    .toUpperCase()}"`;
}

/** An IMSI of the test network 001 01: the profile package of the emulator holds none that the modem could read. */
function imsiOf(iccid: Iccid): string {
  return `00101${iccid.slice(-10)}`;
}
