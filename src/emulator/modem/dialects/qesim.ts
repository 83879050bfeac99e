/** `AT+QESIM="operation",…`: what Quectel's families share. */

import { type Answer, incorrectParameters, ok } from "../answers.js";
import type { Parameter } from "../command-line.js";
import { type CommandForms, type Handler, stringAt } from "../command-set.js";
import type { Sim } from "../sim.js";

/** The operations take the parameters behind their name. */
export type Operations = Readonly<Record<string, Handler>>;

/**
 * The command in its two forms that exist; `AT+QESIM` and `AT+QESIM?` are refused, as reported. Every operation needs the SIM: what it
 * refuses is answered before the operation looks.
 */
export function qesimForms(sim: Sim, operations: Operations, syntax: readonly string[]): CommandForms {
  return {
    test: () => ok(...syntax.map((line) => `+QESIM: ${line}`)),
    set: (parameters: readonly Parameter[]): Answer | Promise<Answer> => {
      const name = stringAt(parameters, 0);
      const operation = name !== undefined && Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (operation === undefined) return incorrectParameters;
      return sim.euiccRefusal() ?? operation(parameters.slice(1));
    },
  };
}

/** Profile classes by number, as SGP.22 has them. */
export const classNumber = { test: 0, provisioning: 1, operational: 2 } as const;

/** Text between quotes; the line has no way to write a quote inside them. */
export function quoted(text: string | undefined): string {
  return `"${(text ?? "").replaceAll('"', "'")}"`;
}
