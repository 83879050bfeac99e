import type { ErrorEntry } from "./entry.js";

/** The serial line and the modem. */
export const modemErrors = {
  port_missing: {
    sentence: "There is no such port.",
    actor: "operator",
    retry: "later",
    exit: 66,
    next: "Plug the modem in, and look at /dev/serial/by-id for its name.",
  },
  port_busy: {
    sentence: "Another program holds the port.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Stop the other program, or give esimd a port of its own (ModemManager: a udev rule with ID_MM_PORT_IGNORE).",
  },
  port_forbidden: {
    sentence: "The port may not be opened by this user.",
    actor: "operator",
    retry: "never",
    exit: 77,
    next: "Add the user to the group that owns the port (on Debian: dialout).",
  },
  serial_io: {
    sentence: "Reading from or writing to the port failed.",
    actor: "device-maker",
    retry: "later",
    exit: 74,
    next: "Check the cable, the hub and the modem's power.",
  },
  serial_gone: {
    sentence: "The port disappeared while esimd used it: the modem was unplugged or restarted.",
    actor: "none",
    retry: "later",
    exit: 74,
    next: "Plug the modem in and run again: esimd goes on where it stopped.",
  },
  modem_silent: {
    sentence: "The modem does not answer.",
    actor: "operator",
    retry: "later",
    exit: 69,
    next: "Check that this is the modem's AT port, and that the modem has power; restart it if it hangs.",
  },
  modem_unknown: {
    sentence: "The modem answers, but in no dialect that esimd speaks.",
    actor: "device-maker",
    retry: "never",
    exit: 69,
    next: "Run `esimd probe`, and check that the modem offers AT+CCHO, AT+CGLA and AT+CCHC, or AT+CSIM.",
  },
  modem_refused: {
    sentence: "The modem refused a command.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Run again; if it stays, look the command and the error up in the modem's manual.",
  },
  modem_busy: {
    sentence: "The modem or its SIM stayed busy.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Run again in a minute.",
  },
  modem_protocol: {
    sentence: "The modem's answer breaks the protocol.",
    actor: "vendor",
    retry: "later",
    exit: 76,
    next: "Record the exchange (`--log-level trace`) and report it to the modem's vendor.",
  },
  not_registered: {
    sentence: "The modem downloads by its own network, and it is not registered on one.",
    actor: "network",
    retry: "later",
    exit: 75,
    next: "The modem needs a bootstrap profile that is enabled and in coverage, or a dialect whose download the host relays.",
  },
  registration_missing: {
    sentence: "The profile is installed and enabled, but the modem is not registered on a network.",
    actor: "network",
    retry: "later",
    exit: 11,
    next: "Check coverage, antenna and the Sim's status and Fleet.",
  },
} as const satisfies Record<string, ErrorEntry>;
