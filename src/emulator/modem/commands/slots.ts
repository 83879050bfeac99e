/** Commands about SIM slots and the SIM's own power, by maker. */

import { cme, cmeError, incorrectParameters, ok } from "../answers.js";
import { type CommandTable, numberAt } from "../command-set.js";
import type { Sim } from "../sim.js";
import type { World } from "../world-options.js";

export interface SlotParts {
  readonly sim: Sim;
  readonly world: () => Pick<World, "slots">;
}

/** Quectel: slots 1 and 2, kept in NVM (RG520N AT manual V1.0, AT+QUIMSLOT). A modem with one slot does not know the command. */
export function quectelSlotCommands(parts: SlotParts): CommandTable {
  const { sim, world } = parts;
  const unknown = cmeError(cme.notSupported);
  return {
    "+QUIMSLOT": {
      read: () => {
        const { slots } = world();
        return slots === undefined ? unknown : ok(`+${slots.spelling}: ${sim.slots.active}`);
      },
      test: () => (world().slots === undefined ? unknown : ok("+QUIMSLOT: (1,2)")),
      set: (parameters) => {
        if (world().slots === undefined) return unknown;
        const slot = numberAt(parameters, 0, 1, 2);
        if (parameters.length !== 1 || (slot !== 1 && slot !== 2)) return incorrectParameters;
        return { ...ok(), after: () => sim.selectSlot(slot) };
      },
    },
  };
}

/**
 * Telit: 0 simulates that no SIM is inserted, 1 that one is, 2 looks at the detection pin (Telit AT reference; Eclipse Kura's
 * TelitHe910AtCommands). MediaTek: 0 and 1 take and give the SIM's power (`at+esimpower=x` in the comments of its RIL).
 */
export function simPowerCommands(sim: Sim, world: () => Pick<World, "simPower">): CommandTable {
  const power = (on: boolean): void => sim.setPower(on, "sim-power");
  let detection = 2;
  const onlyIf = (kind: World["simPower"], use: () => ReturnType<typeof ok>) =>
    world().simPower === kind ? use() : cmeError(cme.notSupported);
  return {
    "#SIMDET": {
      read: () => onlyIf("simdet", () => ok(`#SIMDET: ${detection},1`)),
      test: () => onlyIf("simdet", () => ok("#SIMDET: (0-2)")),
      set: (parameters) =>
        onlyIf("simdet", () => {
          const mode = numberAt(parameters, 0, 0, 2);
          if (parameters.length !== 1 || mode === undefined) return incorrectParameters;
          detection = mode;
          return { ...ok(), after: () => power(mode !== 0) };
        }),
    },
    "+ESIMPOWER": {
      set: (parameters) =>
        onlyIf("esimpower", () => {
          const mode = numberAt(parameters, 0, 0, 1);
          if (parameters.length !== 1 || mode === undefined) return incorrectParameters;
          return { ...ok(), after: () => power(mode === 1) };
        }),
    },
  };
}
