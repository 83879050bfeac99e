import type { Command } from "./command.js";

/**
 * Every command of the program. A command's code is imported only when it is called, so that `esimd status` does not pay for the
 * emulators; its name and summary stand here, too, for the help (a test compares them).
 */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** It computes for long: cryptography and forms by the thousand, or pictures. All others are frugal (frugal.ts). */
  readonly computes?: true;
  readonly load: () => Promise<Command>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "the whole main job on emulators: no hardware, no account, no root",
    computes: true,
    load: async () => (await import("./demo.js")).demoCommand,
  },
  {
    name: "run",
    summary: "the daemon: keep the configured modems provisioned until stopped",
    load: async () => (await import("./run.js")).runCommand,
  },
  {
    name: "provision",
    summary: "provision one modem; run it again and it goes on where it stopped",
    load: async () => (await import("./provision.js")).provisionCommand,
  },
  {
    name: "probe",
    summary: "show what is on a port: modem, eUICC, dialect, LPA, profiles",
    load: async () => (await import("./probe.js")).probeCommand,
  },
  {
    name: "at",
    summary: "a raw AT terminal, which can record a redacted transcript",
    load: async () => (await import("./at.js")).atCommand,
  },
  {
    name: "doctor",
    summary: "say why esimd will not work here, and what to do about each fault",
    load: async () => (await import("./doctor.js")).doctorCommand,
  },
  {
    name: "clock",
    summary: "whether the host's clock can be trusted; as root, set it by the modem's",
    load: async () => (await import("./clock.js")).clockCommand,
  },
  {
    name: "profile",
    summary: "the profiles on the eUICC: list, download, enable, disable, delete, name",
    load: async () => (await import("./profile.js")).profileCommand,
  },
  {
    name: "notification",
    summary: "what the eUICC still has to tell its SM-DP+s: list, deliver, remove",
    load: async () => (await import("./notification.js")).notificationCommand,
  },
  {
    name: "reservation",
    summary: "what was paid for, and deciding a held one: list, adopt, release, rebuild",
    load: async () => (await import("./reservation.js")).reservationCommand,
  },
  {
    name: "label",
    summary: "labels with serial, EID, ICCID and activation code: SVG, PNG, PDF, ZPL, terminal",
    computes: true,
    load: async () => (await import("./label.js")).labelCommand,
  },
  {
    name: "reserve",
    summary: "activation codes in a batch, paid for once and recorded: make, list, decide",
    load: async () => (await import("./reserve.js")).reserveCommand,
  },
  {
    name: "status",
    summary: "show what the daemon does, how each modem's last run ended, and what was paid",
    load: async () => (await import("./status.js")).statusCommand,
  },
  {
    name: "watch",
    summary: "show what the daemon does as it happens, until stopped",
    load: async () => (await import("./watch.js")).watchCommand,
  },
  {
    name: "ctl",
    summary: "tell the running daemon: provision, pause or resume a modem; reload, drain",
    load: async () => (await import("./ctl.js")).ctlCommand,
  },
  {
    name: "station",
    summary: "the factory line: up to 64 modems at once, with scanner, page, records and labels",
    computes: true,
    load: async () => (await import("./station.js")).stationCommand,
  },
  {
    name: "config",
    summary: "check the configuration, or show each value and where it came from",
    load: async () => (await import("./config.js")).configCommand,
  },
  {
    name: "fake-api",
    summary: "serve an emulated ESimProfiles API on loopback",
    computes: true,
    load: async () => (await import("./fake-api.js")).fakeApiCommand,
  },
  {
    name: "fake-line",
    summary: "an emulated factory line: units, slots, the provider, and an operator",
    computes: true,
    load: async () => (await import("./fake-line.js")).fakeLineCommand,
  },
  {
    name: "fake-modem",
    summary: "an emulated modem with an eSIM, on a pseudo-terminal or a socket",
    computes: true,
    load: async () => (await import("./fake-modem.js")).fakeModemCommand,
  },
  {
    name: "fake-world",
    summary: "an emulated modem, SM-DP+ and API wired together, until stopped",
    computes: true,
    load: async () => (await import("./fake-world.js")).fakeWorldCommand,
  },
  {
    name: "fake-smdp",
    summary: "run an emulated SM-DP+: ES9+ over HTTPS, ES2+ over HTTP, on one port",
    computes: true,
    load: async () => (await import("./fake-smdp.js")).fakeSmdpCommand,
  },
];

/** Whether what stands first on a command line is a command that is over soon, or rests for years. */
export function isFrugal(name: string | undefined): boolean {
  return commands.some((entry) => entry.name === name && entry.computes === undefined);
}
