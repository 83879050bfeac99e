import type { Command } from "./command.js";

/**
 * Every command of the program. A command's code is imported only when it is called, so that `esimd status` does not pay for the
 * emulators; its name and summary stand here, too, for the help (a test compares them).
 */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "config",
    summary: "check the configuration, or show each value and where it came from",
    load: async () => (await import("./config.js")).configCommand,
  },
];
