import { EsimdError } from "../../base/errors.js";
import { describePort, type FoundModem, type FoundPort, modemsOf } from "./found-port.js";

/** The word in place of a port that asks for the one that is there. */
export const autoPort = "auto";

/** The word in place of a port that asks the daemon for every modem that is there, and that comes. */
export const allPorts = "all";

/** What a sentence can hold. */
const maxNamed = 8;

/**
 * What `--port auto` means: the AT ports of the one modem that is there, the preferred one first, and at least one. Ports of unknown role are never taken, since what is
 * behind them may be anything, and opening it may do anything. Pure.
 * @throws EsimdError `port_missing`, `port_ambiguous`.
 */
export function choosePorts(ports: readonly FoundPort[]): readonly [FoundPort, ...FoundPort[]] {
  const modems = modemsOf(ports).flatMap((modem) => {
    const [preferred, ...rest] = modem.atPorts;
    return preferred === undefined ? [] : [{ modem, preferred, rest }];
  });
  const [first, ...others] = modems;
  if (first === undefined) throw missing(ports);
  if (others.length === 0) return [first.preferred, ...first.rest];
  const names = modems.map(({ modem, preferred }) => nameOf(modem, preferred));
  throw new EsimdError("port_ambiguous", `${modems.length} modems are there: ${listed(names)}`);
}

/** The preferred one. @throws EsimdError as {@link choosePorts}. */
export function choosePort(ports: readonly FoundPort[]): FoundPort {
  return choosePorts(ports)[0];
}

function nameOf(modem: FoundModem, port: FoundPort): string {
  return `${port.stableName ?? port.path}, the AT port of ${modem.name}`;
}

function missing(ports: readonly FoundPort[]): EsimdError {
  const seen =
    ports.length === 0 ? "this host has no serial port at all" : `what is there: ${listed(ports.map(describePort))}`;
  return new EsimdError("port_missing", `no modem was found whose AT port esimd knows; ${seen}`, {
    hint:
      ports.length === 0
        ? "Plug the modem in; if it is, look with lsusb and dmesg whether the kernel has a driver for it."
        : "Plug the modem in, or name its AT port with --port or modem.port.",
  });
}

function listed(names: readonly string[]): string {
  const rest = names.length - maxNamed;
  return `${names.slice(0, maxNamed).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
}
